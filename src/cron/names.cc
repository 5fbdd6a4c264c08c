#include "cron/names.h"

#include <fmt/format.h>

namespace pilot::cron {
namespace {

constexpr std::size_t kShort = 3;  // letters of a short name

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 7> kShortWeekdays{"sun", "mon", "tue", "wed",
                                                         "thu", "fri", "sat"};

template <std::size_t N>
std::optional<int> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::string full = lower(names[i]);
    if (name == full || name == std::string_view(full).substr(0, kShort))
      return static_cast<int>(i);
  }
  return std::nullopt;
}

template <std::size_t N>
std::vector<std::string> both_forms(const std::array<std::string_view, N>& names) {
  std::vector<std::string> out;
  for (const std::string_view name : names) out.push_back(lower(name.substr(0, kShort)));
  for (const std::string_view name : names) out.push_back(lower(name));
  return out;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::optional<int> month_from(std::string_view name) {
  const auto index = index_of(kMonths, name);
  if (!index) return std::nullopt;
  return *index + 1;
}

std::optional<int> weekday_from(std::string_view name) { return index_of(kWeekdays, name); }

std::optional<int> ordinal_from(std::string_view word) {
  for (int number = 1; number <= 5; ++number) {
    if (word == ordinal(number)) return number;
  }
  return std::nullopt;
}

std::vector<std::string> names_of(FieldKind kind) {
  if (kind == FieldKind::month) return both_forms(kMonths);
  if (kind == FieldKind::weekday) return both_forms(kWeekdays);
  return {};
}

std::string_view month_name(int month) { return kMonths.at(static_cast<std::size_t>(month - 1)); }

std::string_view weekday_name(int weekday) {
  return kWeekdays.at(static_cast<std::size_t>(weekday) % kWeekdays.size());
}

std::string_view short_weekday(int weekday) {
  return kShortWeekdays.at(static_cast<std::size_t>(weekday) % kShortWeekdays.size());
}

std::string ordinal(int number) {
  const bool teen = number % 100 / 10 == 1;
  const char* ending = "th";
  if (!teen && number % 10 == 1) ending = "st";
  if (!teen && number % 10 == 2) ending = "nd";
  if (!teen && number % 10 == 3) ending = "rd";
  return fmt::format("{}{}", number, ending);
}

}  // namespace pilot::cron
