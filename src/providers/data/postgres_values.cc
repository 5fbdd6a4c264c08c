#include "providers/data/postgres_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

// The fixed OIDs of pg_type.dat; arrays beside their element's.
enum : Oid {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kTimestamp = 1114,
  kTimestampTz = 1184,
  kNumeric = 1700,
  kJsonb = 3802
};

struct ArrayType {
  Oid array, element;
};
constexpr std::array kArrays{
    ArrayType{1000, kBool},        ArrayType{1001, kBytea},  ArrayType{1005, kInt2},
    ArrayType{1007, kInt4},        ArrayType{1016, kInt8},   ArrayType{1009, kText},
    ArrayType{1002, kText},        ArrayType{1003, kText},   ArrayType{1014, kText},
    ArrayType{1015, kText},        ArrayType{1028, kOid},    ArrayType{199, kJson},
    ArrayType{1021, kFloat4},      ArrayType{1022, kFloat8}, ArrayType{1115, kTimestamp},
    ArrayType{1185, kTimestampTz}, ArrayType{1182, kText},   ArrayType{1183, kText},
    ArrayType{1231, kNumeric},     ArrayType{2951, kText},   ArrayType{3807, kJsonb},
    ArrayType{1041, kText},        ArrayType{651, kText},    ArrayType{1187, kText}};

std::optional<Oid> element_of(Oid type) {
  const auto found = std::ranges::find(kArrays, type, &ArrayType::array);
  return found == kArrays.end() ? std::nullopt : std::optional(found->element);
}

Json from_bytea(std::string_view text) {
  if (!text.starts_with("\\x")) return Json(text);
  text.remove_prefix(2);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return Json(crypto::base64(bytes));
}

// Reads "{1,NULL,{...},\"a\\\"b\"}" from `at`; false where it is none.
bool read_array(std::string_view text, std::size_t& at, Oid element, int depth, JsonArray& out) {
  if (at >= text.size() || text[at] != '{' || depth > 6) return false;  // PostgreSQL's MAXDIM
  ++at;
  if (at < text.size() && text[at] == '}') return ++at, true;
  for (;;) {
    if (at >= text.size()) return false;
    if (text[at] == '{') {
      JsonArray inner;
      if (!read_array(text, at, element, depth + 1, inner)) return false;
      out.emplace_back(std::move(inner));
    } else {
      std::string value;
      const bool quoted = text[at] == '"';
      if (quoted) ++at;
      while (at < text.size() && (quoted ? text[at] != '"' : text[at] != ',' && text[at] != '}')) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        value += text[at++];
      }
      if (quoted) ++at;
      out.push_back(!quoted && value == "NULL" ? Json(nullptr) : from_postgres(element, value));
    }
    if (at >= text.size()) return false;
    if (text[at] == '}') return ++at, true;
    if (text[at] != ',') return false;
    ++at;
  }
}

Json from_array(Oid element, std::string_view text) {
  // "[0:1]={...}": bounds that do not begin at 1 have no place in JSON.
  std::size_t at = text.starts_with('[') ? text.find('=') : std::string_view::npos;
  at = at == std::string_view::npos ? 0 : at + 1;
  JsonArray out;
  if (!read_array(text, at, element, 1, out) || at != text.size()) return Json(text);
  return out;
}

Status append_array(std::string& out, const Json& list, Oid element) {
  out += '{';
  bool first = true;
  for (const Json& one : list.get_array()) {
    if (!std::exchange(first, false)) out += ',';
    if (one.is_array() && element != kJson && element != kJsonb) {
      if (Status inner = append_array(out, one, element); !inner) return inner;
      continue;
    }
    const auto text = to_postgres(element, one);
    if (!text) return text.error();
    if (!*text) {
      out += "NULL";
      continue;
    }
    out += '"';
    for (const char c : **text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  out += '}';
  return ok();
}

}  // namespace

Json from_postgres(Oid type, std::string_view text) {
  switch (type) {
    case kBool:
      return text == "t";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kNumeric:
      return number_or_text(text);
    case kFloat4:
    case kFloat8: {
      const Json number = number_or_text(text);  // NaN and Infinity are no JSON
      return number.is_int64() ? Json(static_cast<double>(number.get_int64())) : number;
    }
    case kBytea:
      return from_bytea(text);
    case kTimestamp:
      return Json(timestamp_text(text, ""));
    case kTimestampTz:
      return Json(timestamp_text(text, ""));
    case kJson:
    case kJsonb: {
      Result<Json> parsed = parse_json(text);
      return parsed ? std::move(*parsed) : Json(text);
    }
    default:
      break;
  }
  if (const auto element = element_of(type)) return from_array(*element, text);
  return Json(text);
}

Result<std::optional<std::string>> to_postgres(Oid type, const Json& value) {
  if (type == kJson || type == kJsonb) {
    // A JSON null is a value there, but whoever binds null means none.
    return value.is_null() ? std::nullopt : std::optional(to_json(value));
  }
  switch (value.kind()) {
    case boost::json::kind::null:
      return std::optional<std::string>();
    case boost::json::kind::string: {
      std::string text(as_view(value.get_string()));
      if (text.find('\0') != std::string::npos) {
        return invalid("invalid_value", "PostgreSQL has no texts with NUL (\\u0000) in them");
      }
      return std::optional(std::move(text));
    }
    case boost::json::kind::array: {
      const auto element = element_of(type);
      if (!element) return std::optional(to_json(value));
      std::string out;
      if (const Status written = append_array(out, value, *element); !written) {
        return written.error();
      }
      return std::optional(std::move(out));
    }
    default:
      return std::optional(to_json(value));
  }
}

}  // namespace pilot::providers::data
