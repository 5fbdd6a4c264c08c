#include "providers/openapi/document.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "schema/schema.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kPatterns = 2'000;  // compiled; more are taken for not usable
constexpr int kLinks = 50;                // a $ref to a $ref to a $ref

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One token of a pointer in a URI fragment: %20, ~1 and ~0 are escapes.
std::string unescaped(std::string_view token) {
  std::string bytes;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '%' && i + 2 < token.size() && hex(token[i + 1]) >= 0 &&
        hex(token[i + 2]) >= 0) {
      bytes += static_cast<char>(hex(token[i + 1]) * 16 + hex(token[i + 2]));
      i += 2;
    } else {
      bytes += token[i];
    }
  }
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool escape =
        bytes[i] == '~' && i + 1 < bytes.size() && (bytes[i + 1] == '0' || bytes[i + 1] == '1');
    out += !escape ? bytes[i] : bytes[++i] == '0' ? '~' : '/';
  }
  return out;
}

const Json* item_at(const JsonArray& array, std::string_view token) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = error == std::errc() && end == token.data() + token.size();
  return whole && index < array.size() ? &array[index] : nullptr;
}

}  // namespace

Status Document::check(const Json& root) {
  if (!root.is_object()) {
    return invalid(
        "invalid_openapi",
        fmt::format("an OpenAPI document is a map; this has the type {}", json_type_name(root)));
  }
  const auto version = [&](std::string_view key) -> std::string {
    const Json* value = find(root, key);
    if (value == nullptr) return "";
    if (value->is_string()) return std::string(as_view(value->get_string()));
    return value->is_number() ? to_json(*value) : "?";
  };
  const std::string openapi = version("openapi");
  const std::string swagger = version("swagger");
  if (openapi.empty() && swagger.empty()) {
    return invalid("invalid_openapi",
                   "this is no OpenAPI document: it has neither \"openapi\" nor \"swagger\" with "
                   "the version");
  }
  if (swagger == "2" || swagger.starts_with("2.") || openapi.starts_with("3.0") ||
      openapi.starts_with("3.1") || openapi == "3") {
    return ok();
  }
  return invalid("unsupported_version",
                 fmt::format("version \"{}\"; taken are OpenAPI 3.0 and 3.1 and Swagger 2.0",
                             printable(utf8_prefix(openapi.empty() ? swagger : openapi, 20))),
                 openapi.empty() ? "/swagger" : "/openapi");
}

Document::Document(const Json& root) : root_(root), swagger_(find(root, "openapi") == nullptr) {}

const Json* Document::look_up(std::string_view ref, Notes& notes) {
  if (!ref.starts_with('#')) {
    notes.add("external_ref",
              "a $ref leads out of the document; nothing is fetched, so what it means is not known "
              "(bundle the document into one file first)");
    return nullptr;
  }
  const Json* value = &root_;
  std::string_view rest = ref.substr(1);
  if (rest.empty() || rest.front() != '/') value = nullptr;
  while (value != nullptr && !rest.empty()) {
    const std::size_t end = std::min(rest.find('/', 1), rest.size());
    const std::string token = unescaped(rest.substr(1, end - 1));
    rest.remove_prefix(end);
    value = value->is_array() ? item_at(value->get_array(), token) : find(*value, token);
  }
  if (value == nullptr) {
    notes.add("broken_ref", "a $ref leads to nothing in the document");
  }
  return value;
}

const Json* Document::target(std::string_view ref, Notes& notes) {
  if (const auto known = known_.find(ref); known != known_.end() && known->second != nullptr) {
    return known->second;
  }
  const Json* value = look_up(ref, notes);
  known_[ref] = value;
  return value;
}

const Json* Document::resolved(const Json& value, Notes& notes) {
  const Json* at = &value;
  for (int links = 0; links < kLinks; ++links) {
    const Json* ref = find(*at, "$ref");
    if (ref == nullptr || !ref->is_string()) return at;
    at = target(as_view(ref->get_string()), notes);
    if (at == nullptr) return nullptr;
  }
  notes.add("circular_ref", "a $ref leads back to itself");
  return nullptr;
}

bool Document::is_usable_pattern(std::string_view pattern) {
  if (const auto known = patterns_.find(pattern); known != patterns_.end()) return known->second;
  if (patterns_.size() >= kPatterns) return false;
  const JsonObject schema{{"pattern", pattern}};
  return patterns_[pattern] = schema::Schema::compile(Json(schema)).has_value();
}

}  // namespace pilot::providers::openapi
