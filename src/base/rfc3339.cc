// to_rfc3339 and parse_rfc3339 of clock.h. Pure; any thread. Error code: invalid_time.
#include <fmt/format.h>

#include "base/clock.h"

namespace pilot {
namespace {

// Takes digits, separators and the like from the front of a text; `good` goes false at the first
// that does not fit.
struct Scanner {
  std::string_view rest;
  bool good = true;

  bool at(char c) const { return !rest.empty() && rest[0] == c; }
  bool at_digit() const { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; }

  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (!at_digit()) {
        good = false;
        return 0;
      }
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  void one_of(std::string_view allowed) {
    if (rest.empty() || allowed.find(rest[0]) == std::string_view::npos) {
      good = false;
    } else {
      rest.remove_prefix(1);
    }
  }
};

int scan_micros(Scanner& in) {
  if (!in.at('.')) return 0;
  in.one_of(".");
  if (!in.at_digit()) in.good = false;
  int micros = 0;
  for (int scale = 100'000; in.at_digit(); scale /= 10) micros += in.digits(1) * scale;
  return micros;
}

std::chrono::minutes scan_offset(Scanner& in) {
  if (in.at('Z') || in.at('z')) {
    in.one_of("Zz");
    return {};
  }
  const int sign = in.at('-') ? -1 : 1;
  in.one_of("+-");
  const int hours = in.digits(2);
  in.one_of(":");
  const int minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.good = false;
  return std::chrono::minutes{sign * (hours * 60 + minutes)};
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{time - days};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const auto micros = clock.subseconds().count(); micros != 0) {
    text += fmt::format(".{:06}", micros);
    while (text.back() == '0') text.pop_back();
  }
  return text += 'Z';
}

// Digits past the microseconds are cut; leap seconds are refused, as no clock here has them.
Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Scanner in{text};
  const int y = in.digits(4);
  in.one_of("-");
  const int m = in.digits(2);
  in.one_of("-");
  const int d = in.digits(2);
  in.one_of("Tt ");
  const int hour = in.digits(2);
  in.one_of(":");
  const int minute = in.digits(2);
  in.one_of(":");
  const int second = in.digits(2);
  const int micros = scan_micros(in);
  const minutes offset = scan_offset(in);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  if (!in.good || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return invalid("invalid_time",
                   "not a time as RFC 3339 has it; write it like 2026-11-23T02:18:41Z");
  }
  return WallTime{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} +
         microseconds{micros} - offset;
}

}  // namespace pilot
