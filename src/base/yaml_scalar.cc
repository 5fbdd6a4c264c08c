#include "base/yaml_scalar.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace pilot {
namespace {

template <class... Words>
bool is_one_of(std::string_view text, Words... words) {
  return ((text == words) || ...);
}

Error out_of_range() {
  return invalid("number_out_of_range",
                 "a number that does not fit in 64 bits; put it in quotes to keep it as a text");
}

bool all_digits(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

Result<Json> integer(std::string_view digits, int base, bool negative) {
  std::string signed_digits = negative ? "-" : "";
  signed_digits += digits;
  const char* const begin = signed_digits.data();
  const char* const end = begin + signed_digits.size();
  if (std::int64_t value = 0; std::from_chars(begin, end, value, base).ec == std::errc()) {
    return Json(value);
  }
  if (std::uint64_t value = 0;
      !negative && std::from_chars(begin, end, value, base).ec == std::errc()) {
    return Json(value);
  }
  return out_of_range();
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   (sign already taken)
bool is_float(std::string_view text) {
  const auto skip_digits = [&text] {
    std::size_t n = 0;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
    text.remove_prefix(n);
    return n;
  };
  const std::size_t whole = skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (skip_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  return text.empty();
}

// Of a number out of range: is it nearer to zero than any double, rather than past the largest?
bool is_tiny(std::string_view number) {
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  const std::string_view mantissa = number.substr(0, e);
  const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<std::int64_t>(mantissa.find_first_of("123456789"));
  std::string_view digits = number.substr(std::min(e + 1, number.size()));
  const bool down = digits.starts_with('-');
  if (down || digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec;
  if (error == std::errc::result_out_of_range) return down;
  return point - first + (down ? -exponent : exponent) <= 0;
}

Result<Json> floating(std::string_view number, bool negative) {
  double value = 0;
  const auto error = std::from_chars(number.data(), number.data() + number.size(), value).ec;
  if (error == std::errc::result_out_of_range) {
    if (!is_tiny(number)) return out_of_range();
    value = 0;
  }
  return Json(negative ? -value : value);
}

}  // namespace

Result<Json> yaml_plain_scalar(std::string_view text) {
  if (is_one_of(text, "", "~", "null", "Null", "NULL")) return Json(nullptr);
  if (is_one_of(text, "true", "True", "TRUE")) return Json(true);
  if (is_one_of(text, "false", "False", "FALSE")) return Json(false);
  if (text.starts_with("0x") && all_digits(text.substr(2), "0123456789abcdefABCDEF")) {
    return integer(text.substr(2), 16, false);
  }
  if (text.starts_with("0o") && all_digits(text.substr(2), "01234567")) {
    return integer(text.substr(2), 8, false);
  }
  std::string_view number = text;
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  if (all_digits(number, "0123456789")) return integer(number, 10, negative);
  if (is_one_of(number, ".inf", ".Inf", ".INF") || is_one_of(text, ".nan", ".NaN", ".NAN")) {
    return invalid("number_out_of_range",
                   "JSON has no infinity and no NaN; put it in quotes to keep it as a text");
  }
  if (is_float(number)) return floating(number, negative);
  return Json(text);
}

}  // namespace pilot
