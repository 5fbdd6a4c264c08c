// Filters on numbers. Whole numbers stay exact: what does not fit into 64 bits is an error, never
// wrapped and never quietly a double.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "params/filters.h"

namespace pilot::params {
namespace {

using Wide = __int128;  // sums and differences of any two 64-bit numbers fit

bool is_whole(const Json& value) { return !value.is_double(); }

Wide wide_of(const Json& value) {
  return value.is_int64() ? Wide{value.get_int64()} : Wide{value.get_uint64()};
}

double real_of(const Json& value) {
  if (value.is_double()) return value.get_double();
  return static_cast<double>(wide_of(value));
}

Error overflow() { return filter_error("the result is too large for a number"); }

Result<Json> whole_json(Wide value) {
  if (value > Wide{std::numeric_limits<std::uint64_t>::max()} ||
      value < Wide{std::numeric_limits<std::int64_t>::min()}) {
    return overflow();
  }
  if (value > Wide{std::numeric_limits<std::int64_t>::max()}) {
    return Json(static_cast<std::uint64_t>(value));
  }
  return Json(static_cast<std::int64_t>(value));
}

Result<Json> real_json(double value) {
  if (!std::isfinite(value)) return overflow();
  return Json(value);
}

Result<Json> rounded_json(double value) {
  if (value >= -0x1p63 && value < 0x1p63) return Json(static_cast<std::int64_t>(value));
  return overflow();
}

Result<Json> plus(const Json& in, Arguments arguments) {
  const auto& other = arguments[0];
  if (is_whole(in) && is_whole(other)) return whole_json(wide_of(in) + wide_of(other));
  return real_json(real_of(in) + real_of(other));
}

Result<Json> minus(const Json& in, Arguments arguments) {
  const auto& other = arguments[0];
  if (is_whole(in) && is_whole(other)) return whole_json(wide_of(in) - wide_of(other));
  return real_json(real_of(in) - real_of(other));
}

Result<Json> times(const Json& in, Arguments arguments) {
  const auto& other = arguments[0];
  if (!is_whole(in) || !is_whole(other)) return real_json(real_of(in) * real_of(other));
  Wide product = 0;  // two unsigned 64-bit numbers can pass even 127 bits
  if (__builtin_mul_overflow(wide_of(in), wide_of(other), &product)) return overflow();
  return whole_json(product);
}

Result<Json> divided_by(const Json& in, Arguments arguments) {
  const auto& other = arguments[0];
  if (real_of(other) == 0) return filter_error("a number cannot be divided by 0");
  if (is_whole(in) && is_whole(other) && wide_of(in) % wide_of(other) == 0) {
    return whole_json(wide_of(in) / wide_of(other));
  }
  return real_json(real_of(in) / real_of(other));
}

Result<Json> modulo(const Json& in, Arguments arguments) {
  const auto& other = arguments[0];
  if (real_of(other) == 0) return filter_error("a number cannot be divided by 0");
  if (is_whole(in) && is_whole(other)) return whole_json(wide_of(in) % wide_of(other));
  return real_json(std::fmod(real_of(in), real_of(other)));
}

Result<Json> abs(const Json& in, Arguments) {
  if (is_whole(in)) return whole_json(wide_of(in) < 0 ? -wide_of(in) : wide_of(in));
  return real_json(std::fabs(real_of(in)));
}

Result<Json> floor(const Json& in, Arguments) {
  return is_whole(in) ? Result<Json>(in) : rounded_json(std::floor(real_of(in)));
}
Result<Json> ceil(const Json& in, Arguments) {
  return is_whole(in) ? Result<Json>(in) : rounded_json(std::ceil(real_of(in)));
}

// Halves go away from zero. With digits the result stays a number with a fraction.
Result<Json> round(const Json& in, Arguments arguments) {
  const auto digits = arguments.empty() ? 0 : arguments[0].get_int64();
  if (digits < 0 || digits > 15) return filter_error("it rounds to 0 to 15 digits");
  if (is_whole(in)) return in;
  if (digits == 0) return rounded_json(std::round(real_of(in)));
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const double scaled = real_of(in) * scale;
  // Past 2^53 there is no fraction left to round, and scaling would only lose digits.
  return std::fabs(scaled) < 0x1p53 ? real_json(std::round(scaled) / scale) : Result<Json>(in);
}

Result<Json> number(const Json& in, Arguments) {
  if (!in.is_string()) return in;
  auto value = parse_json(text_of(in));
  if (!value || !value->is_number()) return filter_error("the text is no number");
  return value;
}

Result<Json> integer(const Json& in, Arguments arguments) {
  auto value = number(in, arguments);
  if (!value || is_whole(*value)) return value;
  return rounded_json(std::trunc(real_of(*value)));
}

constexpr Filter kFilters[] = {
    {"abs", kNumber, 0, 0, {}, "without its sign", abs},
    {"add", kNumber, 1, 1, {kNumber, 0}, "the sum (also written plus)", plus},
    {"ceil", kNumber, 0, 0, {}, "up to a whole number", ceil},
    {"divided_by",
     kNumber,
     1,
     1,
     {kNumber, 0},
     "the quotient; whole when it comes out even",
     divided_by},
    {"floor", kNumber, 0, 0, {}, "down to a whole number", floor},
    {"integer", kText | kNumber, 0, 0, {}, "a whole number; a fraction is cut off", integer},
    {"minus", kNumber, 1, 1, {kNumber, 0}, "the difference", minus},
    {"modulo",
     kNumber,
     1,
     1,
     {kNumber, 0},
     "the rest of a division, with the sign of the input",
     modulo},
    {"number", kText | kNumber, 0, 0, {}, "the number that a text stands for", number},
    {"plus", kNumber, 1, 1, {kNumber, 0}, "the sum", plus},
    {"round", kNumber, 0, 1, {kInteger, 0}, "to so many digits (0) after the point", round},
    {"times", kNumber, 1, 1, {kNumber, 0}, "the product", times},
};

}  // namespace

std::span<const Filter> number_filters() { return kFilters; }

}  // namespace pilot::params
