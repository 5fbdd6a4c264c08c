// Builtins over numbers: C's mathematics. 64-bit integers stay exact where a function would only
// round them or take their absolute value.
#include <math.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "jq/builtins.h"
#include "jq/messages.h"

namespace pilot::jq {

namespace {

Val not_a_number(Call& call, const Val& value) {
  return type_error(call, value, "number required");
}
bool is_integer(const Val& value) {
  return value.tag() == Val::Tag::integer || value.tag() == Val::Tag::natural;
}

template <double (*function)(double)>
Val unary(Call& call, Val input, Val*) {
  if (!input.is_number()) return not_a_number(call, input);
  return Val::number(function(input.as_double()));
}

// For functions that leave whole numbers as they are.
template <double (*function)(double)>
Val rounding(Call& call, Val input, Val*) {
  if (is_integer(input)) return input;
  return unary<function>(call, std::move(input), nullptr);
}

template <double (*function)(double, double)>
Val binary(Call& call, Val, Val* args) {
  if (!args[0].is_number()) return not_a_number(call, args[0]);
  if (!args[1].is_number()) return not_a_number(call, args[1]);
  return Val::number(function(args[0].as_double(), args[1].as_double()));
}

// The library's lgamma and gamma write the global signgam, which threads would share.
double log_gamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

double scale_by(double x, double exponent) {
  if (std::isnan(x) || std::isnan(exponent)) return std::nan("");
  // Any double is 0 or infinite well before these.
  constexpr double kMost = 5000;
  return std::scalbn(x, static_cast<int>(std::fmin(std::fmax(exponent, -kMost), kMost)));
}

double next_toward(double x, double y) { return ::nexttoward(x, static_cast<long double>(y)); }

Val absolute(const Val& value) {
  if (value.tag() == Val::Tag::natural) return value;
  if (value.tag() != Val::Tag::integer) return Val::number(std::fabs(value.as_real()));
  const std::int64_t integer = value.as_integer();
  return integer >= 0 ? value
                      : Val::natural(std::uint64_t{0} - static_cast<std::uint64_t>(integer));
}
Val fabs_of(Call& call, Val input, Val*) {
  return input.is_number() ? absolute(input) : not_a_number(call, input);
}
Val abs_of(Call& call, Val input, Val*) {
  if (!input.is_number()) return type_error(call, input, "has no absolute value");
  return absolute(input);
}

Val pair(Call& call, Val first, Val second) {
  Val both = Val::array(call.meter, 2);
  both.push(call.meter, std::move(first));
  both.push(call.meter, std::move(second));
  return both;
}

Val frexp_of(Call& call, Val input, Val*) {
  if (!input.is_number()) return not_a_number(call, input);
  int exponent = 0;
  const double fraction = std::frexp(input.as_double(), &exponent);
  if (!std::isfinite(fraction)) exponent = 0;  // C leaves it open
  return pair(call, Val::number(fraction), Val::integer(exponent));
}

Val modf_of(Call& call, Val input, Val*) {
  if (!input.is_number()) return not_a_number(call, input);
  if (is_integer(input)) {
    return pair(call, Val::number(std::copysign(0.0, input.as_double())), input);
  }
  double whole = 0;
  const double fraction = std::modf(input.as_double(), &whole);
  return pair(call, Val::number(fraction), Val::number(whole));
}

Val lgamma_r_of(Call& call, Val input, Val*) {
  if (!input.is_number()) return not_a_number(call, input);
  int sign = 1;
  const double value = ::lgamma_r(input.as_double(), &sign);
  return pair(call, Val::number(value), Val::integer(sign));
}

// As fmin and fmax, answering the chosen one itself, so that integers stay exact.
Val extreme(Call& call, Val* args, int wanted) {
  if (!args[0].is_number()) return not_a_number(call, args[0]);
  if (!args[1].is_number()) return not_a_number(call, args[1]);
  if (std::isnan(args[0].as_double())) return args[1];
  if (std::isnan(args[1].as_double())) return args[0];
  return compare(call.meter, args[0], args[1]) == wanted ? args[0] : args[1];
}
Val fmin_of(Call& call, Val, Val* args) { return extreme(call, args, -1); }
Val fmax_of(Call& call, Val, Val* args) { return extreme(call, args, 1); }

Val fmod_of(Call& call, Val input, Val* args) {
  const bool exact = args[0].tag() == Val::Tag::integer && args[1].tag() == Val::Tag::integer &&
                     args[0].as_integer() > 0 && args[1].as_integer() > 0;
  if (exact) return Val::integer(args[0].as_integer() % args[1].as_integer());
  return binary<::fmod>(call, std::move(input), args);
}

Val fma_of(Call& call, Val, Val* args) {
  for (int i = 0; i < 3; ++i) {
    if (!args[i].is_number()) return not_a_number(call, args[i]);
  }
  return Val::number(std::fma(args[0].as_double(), args[1].as_double(), args[2].as_double()));
}

// Bessel functions of a whole order: the library works in a loop of about that many rounds.
template <double (*function)(int, double)>
Val bessel(Call& call, Val, Val* args) {
  if (!args[0].is_number()) return not_a_number(call, args[0]);
  if (!args[1].is_number()) return not_a_number(call, args[1]);
  constexpr double kMost = 100'000;
  const double order = args[0].as_double();
  if (!(std::fabs(order) <= kMost)) {
    return type_error(call, args[0], "is no order of a Bessel function (-100000 to 100000)");
  }
  const int whole = static_cast<int>(order);
  if (!call.meter.spend(1 + std::abs(whole) / 4)) return {};
  return Val::number(function(whole, args[1].as_double()));
}

Val infinite(Call&, Val, Val*) { return Val::number(std::numeric_limits<double>::infinity()); }
Val nan_value(Call&, Val, Val*) { return Val::number(std::numeric_limits<double>::quiet_NaN()); }

Val isinfinite(Call&, Val input, Val*) {
  return Val(input.is_number() && std::isinf(input.as_double()));
}
Val isnan_of(Call&, Val input, Val*) {
  return Val(input.is_number() && std::isnan(input.as_double()));
}
Val isnormal_of(Call&, Val input, Val*) {
  return Val(input.is_number() && std::isnormal(input.as_double()));
}
Val isfinite_of(Call&, Val input, Val*) {
  return Val(input.is_number() && std::isfinite(input.as_double()));
}

constexpr Builtin kNumbers[] = {
    {"floor", 0, rounding<::floor>},
    {"ceil", 0, rounding<::ceil>},
    {"round", 0, rounding<::round>},
    {"trunc", 0, rounding<::trunc>},
    {"rint", 0, rounding<::rint>},
    {"nearbyint", 0, rounding<::nearbyint>},
    {"fabs", 0, fabs_of},
    {"abs", 0, abs_of},
    {"sqrt", 0, unary<::sqrt>},
    {"cbrt", 0, unary<::cbrt>},
    {"exp", 0, unary<::exp>},
    {"exp2", 0, unary<::exp2>},
    {"exp10", 0, unary<::exp10>},
    {"pow10", 0, unary<::exp10>},
    {"expm1", 0, unary<::expm1>},
    {"log", 0, unary<::log>},
    {"log2", 0, unary<::log2>},
    {"log10", 0, unary<::log10>},
    {"log1p", 0, unary<::log1p>},
    {"logb", 0, unary<::logb>},
    {"significand", 0, unary<::significand>},
    {"gamma", 0, unary<log_gamma>},
    {"lgamma", 0, unary<log_gamma>},
    {"tgamma", 0, unary<::tgamma>},
    {"lgamma_r", 0, lgamma_r_of},
    {"frexp", 0, frexp_of},
    {"modf", 0, modf_of},
    {"sin", 0, unary<::sin>},
    {"cos", 0, unary<::cos>},
    {"tan", 0, unary<::tan>},
    {"asin", 0, unary<::asin>},
    {"acos", 0, unary<::acos>},
    {"atan", 0, unary<::atan>},
    {"sinh", 0, unary<::sinh>},
    {"cosh", 0, unary<::cosh>},
    {"tanh", 0, unary<::tanh>},
    {"asinh", 0, unary<::asinh>},
    {"acosh", 0, unary<::acosh>},
    {"atanh", 0, unary<::atanh>},
    {"erf", 0, unary<::erf>},
    {"erfc", 0, unary<::erfc>},
    {"j0", 0, unary<::j0>},
    {"j1", 0, unary<::j1>},
    {"y0", 0, unary<::y0>},
    {"y1", 0, unary<::y1>},
    {"pow", 2, binary<::pow>, true},
    {"atan2", 2, binary<::atan2>, true},
    {"fmod", 2, fmod_of, true},
    {"ldexp", 2, binary<scale_by>, true},
    {"scalb", 2, binary<::scalb>, true},
    {"scalbln", 2, binary<scale_by>, true},
    {"nextafter", 2, binary<::nextafter>, true},
    {"nexttoward", 2, binary<next_toward>, true},
    {"copysign", 2, binary<::copysign>, true},
    {"drem", 2, binary<::remainder>, true},
    {"remainder", 2, binary<::remainder>, true},
    {"fmin", 2, fmin_of, true},
    {"fmax", 2, fmax_of, true},
    {"fdim", 2, binary<::fdim>, true},
    {"hypot", 2, binary<::hypot>, true},
    {"jn", 2, bessel<::jn>, true},
    {"yn", 2, bessel<::yn>, true},
    {"fma", 3, fma_of, true},
    {"infinite", 0, infinite},
    {"nan", 0, nan_value},
    {"isinfinite", 0, isinfinite},
    {"isnan", 0, isnan_of},
    {"isnormal", 0, isnormal_of},
    {"isfinite", 0, isfinite_of},
};

}  // namespace

std::span<const Builtin> number_builtins() { return kNumbers; }

}  // namespace pilot::jq
