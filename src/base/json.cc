// The reader of json.h: a handler over Boost's parser that builds values from its own stacks, and
// the small functions over values. The writer is in json_write.cc, UTF-8 in utf8.cc.
#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <functional>
#include <list>
#include <new>
#include <vector>

#include "base/assert.h"
#include "base/log.h"

namespace pilot {
namespace {

using boost::json::error_code;
using View = boost::json::string_view;

std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = std::count_if(before.begin() + static_cast<std::ptrdiff_t>(start),
                                    before.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return fmt::format("line {}, column {}", line, column + 1);
}

Error failure_at(std::string_view text, std::size_t offset, std::string code, std::string why) {
  const std::string where = place(text, offset);
  return invalid(std::move(code), where + ": " + why, where);
}

constexpr std::size_t kUnknown = std::string_view::npos;

struct Refusal {
  std::string code;
  std::string why;
  std::size_t offset;  // or kUnknown: where the parser stopped
};

// What Boost's parser calls. Finished values wait on one stack, keys on another, until their
// container ends and takes them: no container grows step by step, and duplicate keys are found by
// the object's own hash table.
class Builder {
 public:
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);

  Builder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {
    values_.reserve(32);
    keys_.reserve(16);
  }

  Json take() {
    PILOT_ASSERT(values_.size() == 1);
    return std::move(values_.back());
  }
  const std::optional<Refusal>& refusal() const { return refusal_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_array_begin(error_code& ec) { return deeper(ec); }
  bool on_array_end(std::size_t n, error_code&) {
    --depth_;
    JsonArray array;
    array.reserve(n);
    const std::size_t first = values_.size() - n;
    for (std::size_t i = first; i < values_.size(); ++i) array.push_back(std::move(values_[i]));
    values_.resize(first);
    values_.emplace_back(std::move(array));
    return true;
  }

  bool on_object_begin(error_code& ec) { return deeper(ec); }
  bool on_object_end(std::size_t n, error_code& ec) {
    --depth_;
    JsonObject object;
    object.reserve(n);
    const std::size_t first_value = values_.size() - n;
    const std::size_t first_key = keys_.size() - n;
    for (std::size_t i = 0; i < n; ++i) {
      const std::string_view key = keys_[first_key + i].text;
      if (object.emplace(key, std::move(values_[first_value + i])).second) continue;
      return fail(ec, keys_[first_key + i].offset, "duplicate_key",
                  fmt::format("the key \"{}\" occurs twice in one object; remove one",
                              printable(utf8_prefix(key, 100))));
    }
    keys_.resize(first_key);
    values_.resize(first_value);
    values_.emplace_back(std::move(object));
    return true;
  }

  bool on_string_part(View part, std::size_t, error_code&) {
    part_.append(part.data(), part.size());
    return true;
  }
  bool on_string(View rest, std::size_t n, error_code&) {
    if (n == rest.size()) {
      values_.emplace_back(rest);
      return true;
    }
    part_.append(rest.data(), rest.size());
    values_.emplace_back(View(part_.data(), part_.size()));
    part_.clear();
    return true;
  }

  bool on_key_part(View part, std::size_t, error_code&) {
    part_.append(part.data(), part.size());
    return true;
  }
  bool on_key(View rest, std::size_t, error_code& ec) {
    if (keys_total_ == limits_.max_keys) {
      return fail(ec, offset_of(rest), "json_too_many_keys",
                  fmt::format("more than {} keys in one document", limits_.max_keys));
    }
    ++keys_total_;
    const std::size_t offset = offset_of(rest);
    if (part_.empty() && offset != kUnknown) {
      keys_.push_back({{rest.data(), rest.size()}, offset});
    } else {  // escaped: the parser's copy does not last
      part_.append(rest.data(), rest.size());
      keys_.push_back({escaped_keys_.emplace_back(std::move(part_)), offset});
      part_.clear();
    }
    return true;
  }

  bool on_number_part(View part, error_code& ec) {
    if (!number_fits(part, ec)) return false;
    part_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, View rest, error_code& ec) {
    if (!number_fits(rest, ec)) return false;
    part_.clear();
    values_.emplace_back(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, View rest, error_code& ec) {
    if (!number_fits(rest, ec)) return false;
    part_.clear();
    values_.emplace_back(value);
    return true;
  }
  bool on_double(double rough, View rest, error_code& ec) {
    if (!number_fits(rest, ec)) return false;
    std::string_view number(rest.data(), rest.size());
    if (!part_.empty()) {
      part_.append(rest.data(), rest.size());
      number = part_;
    }
    double value = 0;
    if (!limits_.lenient_numbers && number.find_first_of(".eE") == std::string_view::npos) {
      return fail(ec, offset_of(rest), "number_out_of_range",
                  "a whole number that does not fit in 64 bits; write it as a string");
    }
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc::result_out_of_range) {
      // Either too large, or nearer to zero than any double; Boost's rough value tells which.
      if (!(std::abs(rough) < 1.0)) {
        return fail(ec, offset_of(rest), "number_out_of_range",
                    "a number too large for 64-bit floating point; write it as a string");
      }
      value = number[0] == '-' ? -0.0 : 0.0;
    } else {
      PILOT_ASSERT(error == std::errc() && end == number.data() + number.size());
    }
    part_.clear();
    values_.emplace_back(value);
    return true;
  }

  bool on_bool(bool value, error_code&) {
    values_.emplace_back(value);
    return true;
  }
  bool on_null(error_code&) {
    values_.emplace_back(nullptr);
    return true;
  }
  bool on_comment_part(View, error_code&) { return true; }
  bool on_comment(View, error_code&) { return true; }

 private:
  struct Key {
    std::string_view text;  // in the document, or in escaped_keys_
    std::size_t offset;     // in the document, or kUnknown
  };

  bool deeper(error_code& ec) {
    if (++depth_ <= limits_.max_depth) return true;
    return fail(ec, kUnknown, "json_too_deep",
                fmt::format("more than {} levels of arrays and objects", limits_.max_depth));
  }

  bool number_fits(View rest, error_code& ec) {
    if (part_.size() + rest.size() <= limits_.max_number_length) return true;
    return fail(ec, offset_of(rest), "json_number_too_long",
                fmt::format("a number of more than {} characters", limits_.max_number_length));
  }

  // Where `piece` stands in the document; unknown if it is a copy (an escaped text).
  std::size_t offset_of(View piece) const {
    const std::less<> before;
    const char* const begin = text_.data();
    if (before(piece.data(), begin) || before(begin + text_.size(), piece.data())) {
      return kUnknown;
    }
    return static_cast<std::size_t>(piece.data() - begin);
  }

  bool fail(error_code& ec, std::size_t offset, std::string code, std::string why) {
    refusal_ = Refusal{std::move(code), std::move(why), offset};
    ec = boost::json::error::exception;  // any; it only stops the parser
    return false;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::vector<Json> values_;
  std::vector<Key> keys_;
  std::list<std::string> escaped_keys_;
  std::string part_;  // of the present string, key or number
  std::size_t depth_ = 0;
  std::size_t keys_total_ = 0;
  std::optional<Refusal> refusal_;
};

std::string_view reason_of(const error_code& ec) {
  using boost::json::error;
  if (ec == error::incomplete) return "the text ends too early";
  if (ec == error::extra_data) return "something stands after the end of the JSON value";
  if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate ||
      ec == error::expected_utf16_escape) {
    return "half of a surrogate pair (\\uD800 to \\uDFFF) stands alone";
  }
  if (ec == error::expected_hex_digit) return "\\u needs four hexadecimal digits";
  return "not JSON here";
}

// The parser says only "syntax" when the second half of a pair is missing.
bool follows_half_pair(std::string_view text, std::size_t offset) {
  if (offset < 6) return false;
  const std::string_view escape = text.substr(offset - 6, 4);
  return escape.starts_with("\\u") && (escape[2] == 'd' || escape[2] == 'D') &&
         std::string_view("89abAB").find(escape[3]) != std::string_view::npos;
}

Error describe(std::string_view text, std::size_t offset, const error_code& ec) {
  if (ec == boost::json::error::exponent_overflow) {
    return failure_at(text, offset, "number_out_of_range",
                      "an exponent too large; write the number as a string");
  }
  std::string why(reason_of(ec));
  if (offset < text.size() && ec == boost::json::error::syntax) {
    const std::string_view rest = text.substr(offset);
    const auto next = static_cast<unsigned char>(rest[0]);
    if (follows_half_pair(text, offset)) {
      why = reason_of(boost::json::error::illegal_leading_surrogate);
    } else if (next < 0x20) {
      why = "a control character; in a string, escape it (\\n, \\t, \\u0000)";
    } else if (next >= 0x80 && !is_valid_utf8(utf8_prefix(rest, 4))) {
      why = "this is not UTF-8";
    } else {
      why += fmt::format(", near \"{}\"", printable(utf8_prefix(rest, 20)));
    }
  }
  return failure_at(text, offset, "invalid_json", why);
}

Result<Json> parse_checked(std::string_view text, const JsonLimits& limits) {
  boost::json::parse_options options;
  options.max_depth = limits.max_depth + 1;  // ours speaks first
  boost::json::basic_parser<Builder> parser(options, text, limits);
  error_code ec;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), ec);
  if (const auto& refusal = parser.handler().refusal()) {
    return failure_at(text, refusal->offset == kUnknown ? end : refusal->offset, refusal->code,
                      refusal->why);
  }
  if (!ec && end < text.size()) ec = boost::json::error::extra_data;
  if (ec) return describe(text, end, ec);
  return parser.handler().take();
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return too_large("json_too_large", fmt::format("{} bytes of JSON; at most {} are taken",
                                                   text.size(), limits.max_bytes));
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    return failure_at(text, 0, "invalid_json", "a byte order mark; save the text without it");
  }
  try {
    return parse_checked(text, limits);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return invalid("invalid_json", std::string("the JSON library gave up: ") + error.what());
  }
}

const Json* find(const JsonObject& object, std::string_view key) { return object.if_contains(key); }

const Json* find(const Json& value, std::string_view key) {
  const JsonObject* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string_view string_or(const Json& value, std::string_view key, std::string_view otherwise) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_string() ? as_view(member->get_string()) : otherwise;
}

std::string_view json_type_name(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "integer";
    case boost::json::kind::double_:
      return "number";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
  }
  return "null";
}

std::string pointer_join(std::string_view base, std::string_view key) {
  std::string pointer(base);
  pointer += '/';
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::string pointer_join(std::string_view base, std::size_t index) {
  return fmt::format("{}/{}", base, index);
}

}  // namespace pilot
