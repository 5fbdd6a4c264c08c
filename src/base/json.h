// JSON: one value type for the whole program, one strict reader, one writer.
//
// Boost 1.81's own reader changes doubles, keeps the last of duplicate keys and takes 1e400; its
// writer prints 0.1 as 1E-1. So: our handler over its parser (exact doubles by std::from_chars,
// duplicate keys and over-long numbers refused, 64-bit integers exact) and our own writer.
// All functions are pure; any thread.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilot {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  std::size_t max_bytes = 10u << 20;
  std::size_t max_depth = 100;
  std::size_t max_keys = 100'000;  // over all objects of the document
  std::size_t max_number_length = 1'000;
  std::size_t max_nodes = 100'000;  // of YAML, after aliases are expanded
  bool lenient_numbers = false;     // past 64 bits: JSON rounds, YAML takes a text
};

// RFC 8259, UTF-8 without BOM. Error codes: json_too_large, json_too_deep, json_too_many_keys,
// json_number_too_long, number_out_of_range, duplicate_key, invalid_json (with line and column).
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact; keys in their order; shortest text that reads back as the same double.
std::string to_json(const Json& value);
void append_json(std::string& out, const Json& value);
void append_json_string(std::string& out, std::string_view text);  // with its quotes
std::string to_pretty_json(const Json& value);                     // two-space indent, for people

// The bytes that to_json would give, without making them.
std::size_t json_size(const Json& value);

// Member of an object, or null when `value` is no object or has none.
const Json* find(const Json& value, std::string_view key);
const Json* find(const JsonObject& object, std::string_view key);
// Text of a member that is a string, else `otherwise`.
std::string_view string_or(const Json& value, std::string_view key,
                           std::string_view otherwise = {});
inline std::string_view as_view(const boost::json::string& text) {
  return {text.data(), text.size()};
}
// null, boolean, integer, number, string, array, object
std::string_view json_type_name(const Json& value);

// JSON pointers (RFC 6901): "/steps/0" + "a/b" -> "/steps/0/a~1b".
std::string pointer_join(std::string_view base, std::string_view key);
std::string pointer_join(std::string_view base, std::size_t index);

// Cuts to at most `max_bytes` without splitting a UTF-8 character.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);
// Cuts to at most `max_characters` code points.
std::string_view utf8_prefix_characters(std::string_view text, std::size_t max_characters);
bool is_valid_utf8(std::string_view text);

}  // namespace pilot
