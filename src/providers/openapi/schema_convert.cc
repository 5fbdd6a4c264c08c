// Types, values and texts; what has parts is in schema_parts.cc.
#include "providers/openapi/schema_convert.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "providers/openapi/words.h"

namespace pilot::providers::openapi {
namespace {

constexpr int kLevels = 60;                     // of this function inside itself
constexpr std::size_t kInnerDescription = 200;  // characters
constexpr std::size_t kEnumBytes = 16'000;
constexpr std::size_t kPatterns = 40;  // in one action; schema/ takes 100
constexpr std::size_t kPatternBytes = 500;

bool has_type(const JsonObject& schema, std::string_view name) {
  const Json* type = schema.if_contains("type");
  if (type == nullptr) return true;
  if (type->is_string()) return as_view(type->get_string()) == name;
  return std::any_of(type->get_array().begin(), type->get_array().end(),
                     [&](const Json& one) { return as_view(one.get_string()) == name; });
}

bool is_finite_number(const Json& value) {
  return value.is_number() && (!value.is_double() || std::isfinite(value.get_double()));
}

// A value of an enum as the type wants it: YAML turns "1" and "yes" into what was not meant.
std::optional<Json> fitted(const Json& value, const JsonObject& schema) {
  if (schema.if_contains("type") == nullptr || value.is_null()) return value;
  if (value.is_string()) {
    if (has_type(schema, "string")) return value;
    const std::string_view text = as_view(value.get_string());
    if (has_type(schema, "integer") || has_type(schema, "number")) {
      Result<Json> number = parse_json(text);
      if (number && number->is_number()) return *number;
    }
    if (has_type(schema, "boolean") && (text == "true" || text == "false")) {
      return Json(text == "true");
    }
    return std::nullopt;
  }
  if (value.is_bool()) {
    if (has_type(schema, "boolean")) return value;
    if (has_type(schema, "string")) return Json(value.get_bool() ? "true" : "false");
    return std::nullopt;
  }
  if (value.is_number()) {
    if (!is_finite_number(value)) return std::nullopt;
    const bool whole = !value.is_double();
    if (has_type(schema, "number") || (whole && has_type(schema, "integer"))) return value;
    if (has_type(schema, "string")) return Json(to_json(value));
    return std::nullopt;
  }
  if (value.is_array()) return has_type(schema, "array") ? std::optional(value) : std::nullopt;
  return has_type(schema, "object") ? std::optional(value) : std::nullopt;
}

struct FormatWord {
  std::string_view given;
  std::string_view checked;
};
constexpr std::array<FormatWord, 9> kFormats = {{{"email", "email"},
                                                 {"uri", "uri"},
                                                 {"date", "date"},
                                                 {"date-time", "date-time"},
                                                 {"uuid", "uuid"},
                                                 {"ipv4", "ipv4"},
                                                 {"ipv6", "ipv6"},
                                                 {"hostname", "hostname"},
                                                 {"url", "uri"}}};

}  // namespace

void Converter::spend(std::size_t bytes) {
  used_ += bytes;
  if (used_ > extent_.bytes) full_ = true;
}

JsonObject Converter::convert(const Json& schema) { return convert(schema, extent_.depth); }

JsonObject Converter::convert(const SchemaView& view, int depth) {
  spend(16);
  if (full_) return {};
  if (level_ >= kLevels) {
    notes_.add("too_deep", "a schema is nested too deeply; what lies deeper is any value");
    return {};
  }
  if (view.unknown()) return {};
  const bool again = std::any_of(view.targets().begin(), view.targets().end(), [&](auto* target) {
    return std::find(path_.begin(), path_.end(), target) != path_.end();
  });
  if (again) {
    notes_.add("recursive_schema",
               "a schema contains itself; where it comes again, any value is taken");
    JsonObject out;
    if (view.is_object() && !view.nullable()) out["type"] = "object";
    return out;
  }
  path_.insert(path_.end(), view.targets().begin(), view.targets().end());
  ++level_;
  JsonObject out = inside(view, depth);
  --level_;
  path_.resize(path_.size() - view.targets().size());
  return out;
}

JsonObject Converter::inside(const SchemaView& view, int depth) {
  JsonObject out;
  add_type(out, view);
  if (extent_.descriptions) {
    std::string words = plain_text(view.text("description"), kInnerDescription);
    spend(words.size() + 18);
    if (!words.empty()) out["description"] = std::move(words);
  }
  add_choices(out, view);
  if (has_type(out, "string")) add_text_rules(out, view);
  if (has_type(out, "number") || has_type(out, "integer")) add_number_rules(out, view);
  if (has_type(out, "array")) add_items(out, view, depth);
  if (has_type(out, "object")) add_members(out, view, depth);
  add_branches(out, view, depth);
  return out;
}

void Converter::add_type(JsonObject& out, const SchemaView& view) {
  std::vector<std::string_view> types = view.types();
  for (std::string_view& type : types) {
    if (type == "file") type = "string";
  }
  if (types.empty()) return;
  if (types.size() == 1 && !view.nullable()) {
    out["type"] = types[0];
    return;
  }
  JsonArray list;
  for (const std::string_view type : types) list.emplace_back(type);
  if (view.nullable()) list.emplace_back("null");
  out["type"] = std::move(list);
}

void Converter::add_choices(JsonObject& out, const SchemaView& view) {
  if (const Json* constant = view.get("const")) {
    if (const auto value = fitted(*constant, out); value && json_size(*value) <= kEnumBytes) {
      spend(json_size(*value) + 10);
      out["const"] = *value;
    }
  }
  const Json* choices = view.get("enum");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return;
  JsonArray list;
  std::size_t bytes = 0;
  for (const Json& choice : choices->get_array()) {
    std::optional<Json> value = fitted(choice, out);
    if (!value) {
      notes_.add("odd_enum", "the values of an enum are not of its type; any value is taken");
      return;
    }
    bytes += json_size(*value) + 1;
    if (bytes > kEnumBytes) {
      notes_.add("long_enum", "an enum is too long to be written out; any value is taken");
      return;
    }
    list.push_back(std::move(*value));
  }
  const bool takes_null =
      view.nullable() && std::find(list.begin(), list.end(), Json(nullptr)) == list.end();
  if (takes_null) list.emplace_back(nullptr);
  spend(bytes + 8);
  out["enum"] = std::move(list);
}

void Converter::copy_count(JsonObject& out, const SchemaView& view, std::string_view key) {
  const Json* value = view.get(key);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return;
  if (key.starts_with("min") && value->get_int64() == 0) return;
  out[key] = *value;
  spend(18);
}

void Converter::add_text_rules(JsonObject& out, const SchemaView& view) {
  copy_count(out, view, "minLength");
  copy_count(out, view, "maxLength");
  const std::string_view format = view.text("format");
  for (const FormatWord& known : kFormats) {
    if (known.given == format) out["format"] = known.checked;
  }
  if (format == "password") out["writeOnly"] = true;
  if (out.contains("enum") || out.contains("const")) return;
  const std::string_view pattern = view.text("pattern");
  if (!pattern.empty()) add_pattern(out, pattern);
}

void Converter::add_pattern(JsonObject& out, std::string_view pattern) {
  if (pattern.size() > kPatternBytes || ++patterns_ > kPatterns ||
      !document_.is_usable_pattern(pattern)) {
    notes_.add("pattern",
               "a pattern that RE2 cannot check (look-ahead, back-reference, too large); any text "
               "is taken");
    return;
  }
  out["pattern"] = pattern;
  spend(pattern.size() + 14);
}

// In OpenAPI 3.0 and Swagger exclusiveMinimum is a flag beside minimum.
void Converter::add_number_rules(JsonObject& out, const SchemaView& view) {
  for (const auto& [limit, exclusive] :
       {std::pair("minimum", "exclusiveMinimum"), std::pair("maximum", "exclusiveMaximum")}) {
    const Json* value = view.get(limit);
    const Json* strict = view.get(exclusive);
    const bool flagged = strict != nullptr && strict->is_bool() && strict->get_bool();
    if (value != nullptr && is_finite_number(*value)) out[flagged ? exclusive : limit] = *value;
    if (strict != nullptr && is_finite_number(*strict)) out[exclusive] = *strict;
    spend(20);
  }
  const Json* step = view.get("multipleOf");
  if (step != nullptr && is_finite_number(*step) && step->to_number<double>() > 0) {
    out["multipleOf"] = *step;
  }
}

}  // namespace pilot::providers::openapi
