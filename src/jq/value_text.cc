// Values against the world outside: JSON text, JSON values, messages; and their order.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "jq/value.h"
#include "model/limits.h"

namespace pilot::jq {

namespace {

// As jq prints doubles (David Gay's g_fmt): plain while it is short, else with an exponent.
void append_real(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "null";
    return;
  }
  constexpr double kMost = 1.7976931348623157e308;
  value = std::clamp(value, -kMost, kMost);
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  const bool negative = text[e + 1] == '-';
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  if (negative) exponent = -exponent;
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // where the decimal point stands in `digits`
  if (value == 0) {
    out += '0';
  } else if (point <= -4 || point > count + 15) {
    out += text;
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point))
        .append(".")
        .append(digits, static_cast<std::size_t>(point));
  }
}

void append_number(std::string& out, const Val& value) {
  char buffer[24];
  std::to_chars_result end{};
  if (value.tag() == Val::Tag::integer) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value.as_integer());
  } else if (value.tag() == Val::Tag::natural) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value.as_natural());
  } else {
    return append_real(out, value.as_real());
  }
  out.append(buffer, end.ptr);
}

// Counted before it is made: a character may become six, and the text doubles as it grows.
void append_quoted(Meter& meter, std::string& out, std::string_view text, std::size_t most) {
  if (most != std::string::npos) text = utf8_prefix(text, most);
  const auto longer = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }));
  if (!meter.fits(2 * (out.size() + text.size() + 5 * longer))) return;
  if (!meter.spend_bytes(text.size())) return;
  append_json_string(out, text);
}

// `most`: where to stop, for messages.
void append(Meter& meter, std::string& out, const Val& value, std::size_t most, int depth) {
  if (depth > kValueDepth) return meter.use_up(Spent::depth);
  if (out.size() > most || !meter.spend()) return;
  if (!meter.fits(2 * out.size())) return;
  switch (value.kind()) {
    case Kind::null:
      out += "null";
      return;
    case Kind::boolean_false:
      out += "false";
      return;
    case Kind::boolean_true:
      out += "true";
      return;
    case Kind::number:
      return append_number(out, value);
    case Kind::string:
      return append_quoted(meter, out, value.as_text(), most);
    case Kind::array: {
      out += '[';
      const std::size_t count = value.size();
      for (std::size_t i = 0; i < count && out.size() <= most; ++i) {
        if (i > 0) out += ',';
        append(meter, out, value.at(i), most, depth + 1);
      }
      out += ']';
      return;
    }
    case Kind::object: {
      out += '{';
      const std::size_t count = value.size();
      for (std::size_t i = 0; i < count && out.size() <= most; ++i) {
        if (i > 0) out += ',';
        append_quoted(meter, out, value.key_at(i), most);
        out += ':';
        append(meter, out, value.member_at(i), most, depth + 1);
      }
      out += '}';
      return;
    }
  }
}

Json convert(Meter& meter, const Val& value, std::size_t depth, std::size_t& bytes) {
  if (depth > limits::kJsonDepth) {
    meter.use_up(Spent::depth);
    return nullptr;
  }
  // The text and the memory that it will be: both end here, before they are made.
  const std::size_t size = value.is_string() ? value.as_text().size() : 1;
  if (size > bytes) {
    meter.use_up(Spent::output_bytes);
    return nullptr;
  }
  bytes -= size;
  if (!meter.spend_bytes(size)) return nullptr;
  switch (value.kind()) {
    case Kind::null:
      return nullptr;
    case Kind::boolean_false:
      return false;
    case Kind::boolean_true:
      return true;
    case Kind::number: {
      if (value.tag() == Val::Tag::integer) return value.as_integer();
      if (value.tag() == Val::Tag::natural) return value.as_natural();
      const double real = value.as_real();
      if (std::isnan(real)) return nullptr;
      constexpr double kMost = 1.7976931348623157e308;
      return std::clamp(real, -kMost, kMost);
    }
    case Kind::string:
      return Json(boost::json::string(value.as_text()));
    case Kind::array: {
      const std::size_t count = value.size();
      JsonArray array;
      if (!meter.fits(count * sizeof(Json))) return nullptr;
      array.reserve(count);
      for (std::size_t i = 0; i < count; ++i) {
        array.push_back(convert(meter, value.at(i), depth + 1, bytes));
      }
      return array;
    }
    case Kind::object: {
      const std::size_t count = value.size();
      JsonObject object;
      if (!meter.fits(count * (sizeof(Json) + 16))) return nullptr;
      object.reserve(count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t key = value.key_at(i).size();
        if (key > bytes) {
          meter.use_up(Spent::output_bytes);
          return nullptr;
        }
        bytes -= key;
        object.emplace(value.key_at(i), convert(meter, value.member_at(i), depth + 1, bytes));
      }
      return object;
    }
  }
  return nullptr;
}

Val copy(Meter& meter, const Json& json, int depth) {
  if (depth > kValueDepth) meter.use_up(Spent::depth);
  if (!meter.spend()) return {};
  switch (json.kind()) {
    case boost::json::kind::string:
      return Val::text(meter, as_view(json.get_string()));
    case boost::json::kind::array: {
      Val array = Val::array(meter, json.get_array().size());
      for (const Json& item : json.get_array()) array.push(meter, copy(meter, item, depth + 1));
      return array;
    }
    case boost::json::kind::object: {
      Val object = Val::object(meter, json.get_object().size());
      for (const auto& [key, item] : json.get_object()) {
        object.put(meter, Val::text(meter, {key.data(), key.size()}), copy(meter, item, depth + 1));
      }
      return object;
    }
    default:
      return Val::view(json);
  }
}

template <class T>
int order(T a, T b) {
  return a < b ? -1 : (a == b ? 0 : 1);
}

int compare_numbers(const Val& a, const Val& b) {
  if (a.tag() == Val::Tag::integer && b.tag() == Val::Tag::integer) {
    return order(a.as_integer(), b.as_integer());
  }
  // nan is below every number, itself too.
  if (a.tag() == Val::Tag::real && std::isnan(a.as_real())) return -1;
  if (b.tag() == Val::Tag::real && std::isnan(b.as_real())) return 1;
  // long double holds every 64-bit integer on the machines that we build for.
  static_assert(std::numeric_limits<long double>::digits >= 64);
  const auto exact = [](const Val& v) -> long double {
    if (v.tag() == Val::Tag::integer) return static_cast<long double>(v.as_integer());
    if (v.tag() == Val::Tag::natural) return static_cast<long double>(v.as_natural());
    return v.as_real();
  };
  return order(exact(a), exact(b));
}

std::vector<std::size_t> sorted_keys(const Val& object) {
  std::vector<std::size_t> order(object.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return object.key_at(a) < object.key_at(b); });
  return order;
}

int compare_deep(Meter& meter, const Val& a, const Val& b, int depth);

// First the sets of keys, as sorted arrays; then the values, key by key.
int compare_objects(Meter& meter, const Val& a, const Val& b, int depth) {
  if (!meter.spend(static_cast<std::int64_t>(1 + (a.size() + b.size()) / 4))) return 0;
  const std::vector<std::size_t> left = sorted_keys(a);
  const std::vector<std::size_t> right = sorted_keys(b);
  const std::size_t common = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!meter.spend_bytes(a.key_at(left[i]).size())) return 0;
    if (const int found = a.key_at(left[i]).compare(b.key_at(right[i])); found != 0) {
      return order(found, 0);
    }
  }
  if (left.size() != right.size()) return order(left.size(), right.size());
  for (std::size_t i = 0; i < common; ++i) {
    const int found = compare_deep(meter, a.member_at(left[i]), b.member_at(right[i]), depth + 1);
    if (found != 0) return found;
  }
  return 0;
}

int compare_deep(Meter& meter, const Val& a, const Val& b, int depth) {
  if (depth > kValueDepth) meter.use_up(Spent::depth);
  if (!meter.spend()) return 0;
  if (a.kind() != b.kind()) return order(a.kind(), b.kind());
  switch (a.kind()) {
    case Kind::number:
      return compare_numbers(a, b);
    case Kind::string:
      if (!meter.spend_bytes(std::min(a.as_text().size(), b.as_text().size()))) return 0;
      return order(a.as_text().compare(b.as_text()), 0);
    case Kind::array: {
      const std::size_t common = std::min(a.size(), b.size());
      for (std::size_t i = 0; i < common; ++i) {
        if (const int found = compare_deep(meter, a.at(i), b.at(i), depth + 1); found != 0) {
          return found;
        }
      }
      return order(a.size(), b.size());
    }
    case Kind::object:
      return compare_objects(meter, a, b, depth);
    default:
      return 0;
  }
}

bool equal_deep(Meter& meter, const Val& a, const Val& b, int depth) {
  if (depth > kValueDepth) meter.use_up(Spent::depth);
  if (!meter.spend() || a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::number:
      return compare_numbers(a, b) == 0;
    case Kind::string:
      return a.as_text().size() == b.as_text().size() && meter.spend_bytes(a.as_text().size()) &&
             a.as_text() == b.as_text();
    case Kind::array: {
      const std::size_t count = a.size();
      if (count != b.size()) return false;
      for (std::size_t i = 0; i < count; ++i) {
        if (!equal_deep(meter, a.at(i), b.at(i), depth + 1)) return false;
      }
      return true;
    }
    case Kind::object: {
      const std::size_t count = a.size();
      if (count != b.size()) return false;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view key = a.key_at(i);
        if (!b.has(key) || !equal_deep(meter, a.member_at(i), b.get(key), depth + 1)) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

}  // namespace

void append_text(Meter& meter, std::string& out, const Val& value) {
  append(meter, out, value, std::string::npos, 0);
}

std::string to_text(Meter& meter, const Val& value) {
  std::string out;
  append_text(meter, out, value);
  return out;
}

std::string to_text_prefix(const Val& value, std::size_t bytes) {
  Meter meter({});  // a message costs nothing
  std::string out;
  append(meter, out, value, bytes, 0);
  return std::string(utf8_prefix(out, bytes));
}

std::string brief(const Val& value) {
  Meter meter({});  // a message costs nothing
  std::string out;
  append(meter, out, value.is_string() ? Val::borrowed(utf8_prefix(value.as_text(), 40)) : value,
         40, 0);
  if (out.size() <= 14) return out;
  return std::string(utf8_prefix(out, 11)) + "...";
}

std::string_view kind_name(const Val& value) {
  switch (value.kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean_false:
    case Kind::boolean_true:
      return "boolean";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "null";
}

Json to_json_value(Meter& meter, const Val& value, std::size_t bytes) {
  return convert(meter, value, 1, bytes);
}
Val copy_of(Meter& meter, const Json& json) { return copy(meter, json, 0); }
int compare(Meter& meter, const Val& a, const Val& b) { return compare_deep(meter, a, b, 0); }
bool equal(Meter& meter, const Val& a, const Val& b) { return equal_deep(meter, a, b, 0); }

}  // namespace pilot::jq
