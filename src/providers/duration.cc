// Reads durations (see duration.h). Pure; any thread.
#include "providers/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/json.h"

namespace pilot::providers {
namespace {

using std::chrono::microseconds;

constexpr double kLongest = 1e15;  // 31 years in microseconds; callers have tighter limits

struct Unit {
  std::string_view name;
  double micros;
};

constexpr double kSecond = 1e6;
constexpr std::array<Unit, 22> kUnits = {{{"ms", 1e3},
                                          {"millisecond", 1e3},
                                          {"milliseconds", 1e3},
                                          {"s", kSecond},
                                          {"sec", kSecond},
                                          {"second", kSecond},
                                          {"seconds", kSecond},
                                          {"m", 60 * kSecond},
                                          {"min", 60 * kSecond},
                                          {"minute", 60 * kSecond},
                                          {"minutes", 60 * kSecond},
                                          {"h", 3600 * kSecond},
                                          {"hr", 3600 * kSecond},
                                          {"hour", 3600 * kSecond},
                                          {"hours", 3600 * kSecond},
                                          {"d", 86400 * kSecond},
                                          {"day", 86400 * kSecond},
                                          {"days", 86400 * kSecond},
                                          {"w", 604800 * kSecond},
                                          {"week", 604800 * kSecond},
                                          {"weeks", 604800 * kSecond},
                                          {"", 0}}};

Error bad_duration(std::string_view text) {
  return invalid("invalid_value", fmt::format("\"{}\" is no duration; write 90s, 5m, 2h30m or 1d",
                                              utf8_prefix(text, 40)));
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

double unit_micros(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.micros;
  }
  return 0;
}

}  // namespace

Result<microseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  double total = 0;
  skip_spaces(rest);
  if (rest.empty()) return bad_duration(text);
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return bad_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    skip_spaces(rest);
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const double micros = unit_micros(rest.substr(0, letters));
    if (micros == 0) return bad_duration(text);
    rest.remove_prefix(letters);
    skip_spaces(rest);
    total += number * micros;
    if (total > kLongest) return bad_duration(text);
  }
  return microseconds{std::llround(total)};
}

}  // namespace pilot::providers
