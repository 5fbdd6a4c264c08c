// See schema_value.h. Numbers are compared as exact wholes with a sign, or as doubles where no
// whole fits; as doubles alone, 2^53 + 1 would equal 2^53.
#include "schema/schema_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "schema/schema_node.h"

namespace pilot::schema {

namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

// A whole number of 64 bits and its sign; zero is not negative.
struct Whole {
  bool negative = false;
  std::uint64_t size = 0;
  bool operator==(const Whole&) const = default;
};

Whole whole(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? Whole{true, 0 - bits} : Whole{false, bits};
}

int compare(const Whole& a, const Whole& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  const int by_size = a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
  return a.negative ? -by_size : by_size;
}

// The number as a whole of 64 bits, when it is one (as int64, uint64 or a double such as 1.0).
std::optional<Whole> as_whole(const Json& number) {
  if (number.is_int64()) return whole(number.get_int64());
  if (number.is_uint64()) return Whole{false, number.get_uint64()};
  const double value = number.get_double();
  if (!(value >= -kTwo63 && value < kTwo64) || std::trunc(value) != value) return std::nullopt;
  if (value < 0) return whole(static_cast<std::int64_t>(value));
  return Whole{false, static_cast<std::uint64_t>(value)};
}

// A double that is no 64-bit whole, against a whole.
int compare(double a, const Whole& b) {
  if (!(a < kTwo64)) return 1;
  if (a < -kTwo63) return -1;
  const double floor = std::floor(a);  // a is above it by a fraction
  const Whole below = floor < 0 ? whole(static_cast<std::int64_t>(floor))
                                : Whole{false, static_cast<std::uint64_t>(floor)};
  return compare(below, b) >= 0 ? 1 : -1;
}

// |number| as digits * 10^exponent, by the shortest text that reads back as the same double.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

Decimal as_decimal(const Json& number) {
  if (const std::optional<Whole> exact = as_whole(number)) return {exact->size, 0};
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, std::fabs(number.get_double()),
                                 std::chars_format::scientific);
  Decimal decimal;
  const char* at = text;
  bool fraction = false;
  for (; at != end.ptr && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
    } else {
      decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(*at - '0');
      if (fraction) --decimal.exponent;
    }
  }
  if (at != end.ptr) ++at;
  if (at != end.ptr && *at == '+') ++at;
  int power = 0;
  std::from_chars(at, end.ptr, power);
  decimal.exponent += power;
  return decimal;
}

void append_canonical(std::string& out, const Json& value);

void append_canonical(std::string& out, const JsonObject& object) {
  std::vector<const boost::json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  for (const auto* member : members) {
    append_json_string(out, member->key());
    out += ':';
    append_canonical(out, member->value());
    out += ',';
  }
  out += '}';
}

void append_canonical(std::string& out, const Json& value) {
  if (value.is_object()) {
    append_canonical(out, value.get_object());
  } else if (value.is_array()) {
    out += '[';
    for (const Json& item : value.get_array()) {
      append_canonical(out, item);
      out += ',';
    }
    out += ']';
  } else if (value.is_number()) {
    const std::optional<Whole> exact = as_whole(value);
    if (exact && exact->negative) out += '-';
    out += exact ? std::to_string(exact->size) : to_json(value);
  } else {
    append_json(out, value);
  }
}

}  // namespace

unsigned type_bits(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return type_null;
    case boost::json::kind::bool_:
      return type_boolean;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return type_integer | type_number;
    case boost::json::kind::double_:
      return is_integral(value) ? type_integer | type_number : type_number;
    case boost::json::kind::string:
      return type_string;
    case boost::json::kind::array:
      return type_array;
    case boost::json::kind::object:
      return type_object;
  }
  return 0;
}

bool is_integral(const Json& number) {
  if (!number.is_double()) return number.is_int64() || number.is_uint64();
  const double value = number.get_double();
  return std::isfinite(value) && std::trunc(value) == value;
}

int compare(const Json& a, const Json& b) {
  const std::optional<Whole> whole_a = as_whole(a);
  const std::optional<Whole> whole_b = as_whole(b);
  if (whole_a && whole_b) return compare(*whole_a, *whole_b);
  if (whole_b) return compare(a.get_double(), *whole_b);
  if (whole_a) return -compare(b.get_double(), *whole_a);
  return a.get_double() < b.get_double() ? -1 : a.get_double() > b.get_double() ? 1 : 0;
}

bool is_multiple(const Json& number, const Json& divisor) {
  __extension__ using Wide = unsigned __int128;
  const Decimal a = as_decimal(number);
  Decimal b = as_decimal(divisor);
  if (a.digits == 0 || b.digits == 0) return a.digits == 0;
  for (; a.exponent < b.exponent; --b.exponent) {
    if (b.digits > a.digits / 10) return false;  // the divisor is the larger one
    b.digits *= 10;
  }
  Wide rest = a.digits % b.digits;
  for (int i = b.exponent; i < a.exponent && rest != 0; ++i) rest = rest * 10 % b.digits;
  return rest == 0;
}

bool same(const Json& value, const Json& other, const Wildcard* wildcard) {
  if (wildcard != nullptr && (*wildcard)(value)) return true;
  if (value.is_number() && other.is_number()) return compare(value, other) == 0;
  if (value.kind() != other.kind()) return false;
  if (value.is_array()) {
    const JsonArray& a = value.get_array();
    const JsonArray& b = other.get_array();
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Json& x, const Json& y) { return same(x, y, wildcard); });
  }
  if (value.is_object()) {
    const JsonObject& b = other.get_object();
    if (value.get_object().size() != b.size()) return false;
    for (const auto& member : value.get_object()) {
      const Json* twin = b.if_contains(member.key());
      if (twin == nullptr || !same(member.value(), *twin, wildcard)) return false;
    }
    return true;
  }
  return value == other;
}

std::string canonical(const Json& value) {
  std::string text;
  append_canonical(text, value);
  return text;
}

}  // namespace pilot::schema
