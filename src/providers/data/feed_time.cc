// Times as feeds write them (see feed.h).
#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "providers/data/feed.h"

namespace pilot::providers::data {
namespace {

std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), out);
  if (error != std::errc{} || end != text.end() || out < 0) return std::nullopt;
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t from = text.find_first_not_of(" ,\t\r\n");
    if (from == std::string_view::npos) break;
    text.remove_prefix(from);
    const std::size_t to = std::min(text.find_first_of(" ,\t\r\n"), text.size());
    words.push_back(text.substr(0, to));
    text.remove_prefix(to);
  }
  return words;
}

std::optional<unsigned> month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string low(name.substr(0, 3));
  std::ranges::transform(low, low.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  const auto found = std::ranges::find(kMonths, low);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

// RFC 822's zones; a letter or a word that it does not have means nothing certain, so UTC.
std::optional<std::chrono::minutes> zone_of(std::string_view text) {
  struct Zone {
    std::string_view name;
    int hours;
  };
  constexpr std::array kZones{Zone{"EST", -5}, Zone{"EDT", -4}, Zone{"CST", -6}, Zone{"CDT", -5},
                              Zone{"MST", -7}, Zone{"MDT", -6}, Zone{"PST", -8}, Zone{"PDT", -7}};
  if (text.size() >= 5 && (text[0] == '+' || text[0] == '-')) {
    const auto hours = number(text.substr(1, 2));
    const auto minutes = number(text.substr(text.size() - 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return text[0] == '-' ? -offset : offset;
  }
  const auto found = std::ranges::find(kZones, text, &Zone::name);
  return std::chrono::hours{found == kZones.end() ? 0 : found->hours};
}

// "13:00:05" or "13:00".
std::optional<std::chrono::seconds> clock_of(std::string_view text) {
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  const auto hours = number(text.substr(0, 2));
  const auto minutes = number(text.substr(3, 2));
  const auto seconds = text.size() == 8 ? number(text.substr(6, 2)) : std::optional(0);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) {
    return std::nullopt;
  }
  return std::chrono::seconds{*hours * 3600 + *minutes * 60 + *seconds};
}

}  // namespace

std::optional<WallTime> parse_feed_time(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return *time;
  std::vector<std::string_view> words = words_of(text);
  if (!words.empty() && (words[0][0] | 0x20) >= 'a')
    words.erase(words.begin());  // the day of the week
  if (words.size() == 1 && words[0].size() == 10) {
    const auto day = parse_rfc3339(std::string(words[0]) + "T00:00:00Z");
    return day ? std::optional(*day) : std::nullopt;
  }
  if (words.size() < 4) return std::nullopt;
  const auto day = number(words[0]);
  const auto month = month_of(words[1]);
  auto year = number(words[2]);
  const auto clock = clock_of(words[3]);
  const auto zone = zone_of(words.size() > 4 ? words[4] : "GMT");
  if (!day || !month || !year || !clock || !zone) return std::nullopt;
  if (*year < 100) *year += *year < 50 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + *clock - *zone;
}

}  // namespace pilot::providers::data
