// Builtins over time: seconds since 1970, the "broken down" arrays [year, month from 0, day, hours,
// minutes, seconds, weekday from Sunday, day of the year from 0]. All in UTC: a server has no zone
// of its own. What is written and read by format is in time_text.h.
#include <chrono>
#include <cmath>
#include <cstdint>

#include "jq/builtins.h"
#include "jq/time_text.h"

namespace pilot::jq {

namespace {

constexpr std::size_t kParts = 8;
constexpr double kLargestPart = 1e9;  // far past anything sensible, far from overflow

bool year_fits(std::int64_t year) { return year >= -kLastYear && year <= kLastYear; }

// False: not a number of seconds within the years.
bool break_down(double seconds, TimeParts& parts) {
  if (!(std::abs(seconds) < 1e12)) return false;
  return break_down_seconds(static_cast<std::int64_t>(seconds), parts) && year_fits(parts.year);
}

Val to_array(Meter& meter, const TimeParts& parts, double fraction) {
  Val result = Val::array(meter, kParts);
  for (const int part : {parts.year, parts.month, parts.day, parts.hour, parts.minute}) {
    result.push(meter, Val::integer(part));
  }
  result.push(meter, Val::number(parts.second + fraction));
  result.push(meter, Val::integer(parts.weekday));
  result.push(meter, Val::integer(parts.yearday));
  return result;
}

// False: not eight numbers of a sensible size.
bool from_array(const Val& list, TimeParts& parts) {
  if (!list.is_array() || list.size() < kParts) return false;
  int* const places[kParts] = {&parts.year,   &parts.month,  &parts.day,     &parts.hour,
                               &parts.minute, &parts.second, &parts.weekday, &parts.yearday};
  for (std::size_t i = 0; i < kParts; ++i) {
    const Val part = list.at(i);
    if (!part.is_number() || !(std::abs(part.as_double()) <= kLargestPart)) return false;
    *places[i] = static_cast<int>(part.as_double());
  }
  return true;
}

constexpr std::string_view kYears = ": years go from -9999 to 9999";

Val now(Call& call, Val, Val*) {
  const auto since =
      std::chrono::duration_cast<std::chrono::microseconds>(call.now.time_since_epoch());
  return Val::number(static_cast<double>(since.count()) / 1e6);
}

Val gmtime_as(Call& call, const Val& input, std::string_view name) {
  if (!input.is_number()) return call.fail(std::string(name) + "() requires numeric inputs");
  const double seconds = input.as_double();
  TimeParts parts;
  if (!break_down(seconds, parts)) {
    return call.fail("error converting number of seconds since epoch to datetime" +
                     std::string(kYears));
  }
  return to_array(call.meter, parts, seconds - std::floor(seconds));
}
Val gmtime(Call& call, Val input, Val*) { return gmtime_as(call, input, "gmtime"); }
Val localtime(Call& call, Val input, Val*) { return gmtime_as(call, input, "localtime"); }

Val mktime(Call& call, Val input, Val*) {
  if (!input.is_array()) return call.fail("mktime requires array inputs");
  TimeParts parts;
  if (!from_array(input, parts)) return call.fail("mktime requires parsed datetime inputs");
  const std::int64_t seconds = seconds_of(parts);
  TimeParts normal;
  if (!break_down(static_cast<double>(seconds), normal)) {
    return call.fail("invalid gmtime representation" + std::string(kYears));
  }
  return Val::integer(seconds);
}

Val format_as(Call& call, const Val& input, const Val& format, std::string_view name) {
  TimeParts parts;
  if (input.is_number()) {
    if (!break_down(input.as_double(), parts)) {
      return call.fail("error converting number of seconds since epoch to datetime" +
                       std::string(kYears));
    }
  } else if (!from_array(input, parts)) {
    return call.fail(std::string(name) + " requires parsed datetime inputs");
  }
  if (!format.is_string()) return call.fail(std::string(name) + " requires a string format");
  if (!year_fits(parts.year)) {
    return call.fail(std::string(name) + ": no such year" + std::string(kYears));
  }
  std::string out;
  format_time(call.meter, format.as_text(), parts, out);
  return Val::text(call.meter, out);
}
Val strftime(Call& call, Val input, Val* args) {
  return format_as(call, input, args[0], "strftime/1");
}
Val strflocaltime(Call& call, Val input, Val* args) {
  return format_as(call, input, args[0], "strflocaltime/1");
}

Val strptime(Call& call, Val input, Val* args) {
  if (!input.is_string() || !args[0].is_string()) {
    return call.fail("strptime/1 requires string inputs and arguments");
  }
  const std::string_view text = input.as_text();
  const std::string_view format = args[0].as_text();
  if (!call.meter.spend_bytes(text.size() + 16 * format.size())) return {};
  TimeParts parts;
  std::string_view rest;
  if (!parse_time(call.meter, text, format, parts, rest) || !year_fits(parts.year)) {
    if (!call.meter.fits(text.size() + format.size())) return {};
    return call.fail("date \"" + std::string(text) + "\" does not match format \"" +
                     std::string(format) + "\"");
  }
  Val result = to_array(call.meter, parts, 0);
  if (!rest.empty()) result.push(call.meter, Val::text(call.meter, rest));
  return result;
}

constexpr Builtin kTime[] = {
    {"now", 0, now},           {"mktime", 0, mktime},
    {"gmtime", 0, gmtime},     {"localtime", 0, localtime},
    {"strftime", 1, strftime}, {"strflocaltime", 1, strflocaltime},
    {"strptime", 1, strptime},
};

}  // namespace

std::span<const Builtin> time_builtins() { return kTime; }

}  // namespace pilot::jq
