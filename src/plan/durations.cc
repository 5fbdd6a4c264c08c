// Reading and writing durations; no locale, no exponents.
#include "plan/durations.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace pilot::plan {
namespace {

struct Unit {
  std::string_view name;
  double millis;
};
constexpr std::array<Unit, 5> kUnits{
    {{"ms", 1.0}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
constexpr double kMostMillis = 1000.0 * 366 * 86400e3;

Error not_a_duration() {
  return invalid("invalid_value",
                 "a duration is a number of seconds or a text like \"500ms\", \"30s\", \"5m\", "
                 "\"2h\" or \"1d\"");
}

Result<Millis> from_millis(double millis) {
  if (std::isnan(millis) || millis < 0) return not_a_duration();
  if (millis > kMostMillis) return invalid("invalid_value", "the duration is too long");
  return Millis{std::llround(millis)};
}

}  // namespace

Result<Millis> parse_duration(const Json& value) {
  if (value.is_int64()) return from_millis(static_cast<double>(value.get_int64()) * 1e3);
  if (value.is_uint64()) return from_millis(static_cast<double>(value.get_uint64()) * 1e3);
  if (value.is_double()) return from_millis(value.get_double() * 1e3);
  if (!value.is_string()) return not_a_duration();

  const std::string_view text = as_view(value.get_string());
  // Digits and a point only: from_chars alone would take "inf" and "1e9", too.
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const char* const end = text.data() + digits;
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || stop != end) return not_a_duration();
  for (const Unit& unit : kUnits) {
    if (text.substr(digits) == unit.name) return from_millis(number * unit.millis);
  }
  return not_a_duration();
}

Json duration_to_json(Millis duration) {
  if (duration.count() % 1000 == 0) return duration.count() / 1000;
  return Json(fmt::format("{}ms", duration.count()));
}

std::string duration_text(Millis duration) {
  const std::int64_t count = duration.count();
  if (count != 0 && count % 3'600'000 == 0) return fmt::format("{}h", count / 3'600'000);
  if (count % 1000 == 0) return fmt::format("{}s", count / 1000);
  return fmt::format("{}ms", count);
}

}  // namespace pilot::plan
