// "name:type ..." -> JSON Schema.
#include <stdexcept>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

[[noreturn]] void wrong(std::string_view what) {
  throw std::logic_error("OpenAPI: cannot read \"" + std::string(what) + "\"");
}

std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool ends(std::string_view& text, char mark) {
  if (!text.ends_with(mark)) return false;
  text.remove_suffix(1);
  return true;
}

JsonObject words_schema(std::string_view type) {
  JsonArray words;
  while (true) {
    const std::size_t bar = type.find('|');
    words.emplace_back(type.substr(0, bar));
    if (bar == std::string_view::npos) break;
    type.remove_prefix(bar + 1);
  }
  return {{"type", "string"}, {"enum", std::move(words)}};
}

JsonObject plain_schema(std::string_view type) {
  if (type.empty()) wrong(type);
  if (type.starts_with('[') && type.ends_with(']')) {
    return {{"type", "array"}, {"items", plain_schema(type.substr(1, type.size() - 2))}};
  }
  if (type.starts_with('{') && type.ends_with('}')) {
    return {{"type", "object"},
            {"additionalProperties", plain_schema(type.substr(1, type.size() - 2))}};
  }
  if (type.find('|') != std::string_view::npos) return words_schema(type);
  if (type == "any") return {};
  if (type == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (type[0] >= 'A' && type[0] <= 'Z') {
    return {{"$ref", "#/components/schemas/" + std::string(type)}};
  }
  for (const std::string_view known :
       {"string", "integer", "number", "boolean", "object", "array"}) {
    if (type == known) return {{"type", known}};
  }
  wrong(type);
}

Json type_schema(std::string_view type) {
  if (!ends(type, '?')) return plain_schema(type);
  JsonObject schema = plain_schema(type);
  if (schema.contains("$ref")) {
    return JsonObject{{"anyOf", JsonArray{std::move(schema), JsonObject{{"type", "null"}}}}};
  }
  schema["type"] = JsonArray{schema["type"], "null"};
  if (Json* words = schema.if_contains("enum")) words->as_array().emplace_back(nullptr);
  return schema;
}

std::string_view fields_of(std::string_view name) {
  for (const auto& docs : {run_schemas(), plan_schemas(), identity_schemas(), other_schemas()}) {
    for (const SchemaDoc& doc : docs) {
      if (doc.name == name) return doc.fields;
    }
  }
  wrong(name);
}

void add_fields(std::string_view fields, JsonObject& properties, JsonArray& required,
                bool& closed) {
  for (std::string_view word = next_word(fields); !word.empty(); word = next_word(fields)) {
    if (word == "!") {
      closed = true;
      continue;
    }
    if (word.starts_with("...")) {
      add_fields(fields_of(word.substr(3)), properties, required, closed);
      continue;
    }
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) wrong(word);
    std::string_view name = word.substr(0, colon);
    const bool optional = ends(name, '?');
    const bool fresh = !properties.contains(name);
    properties[name] = type_schema(word.substr(colon + 1));
    if (!optional && fresh) required.emplace_back(name);
  }
}

}  // namespace

Json schema_of(std::string_view fields) {
  JsonObject properties;
  JsonArray required;
  bool closed = false;
  add_fields(fields, properties, required, closed);
  JsonObject schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (closed) schema["additionalProperties"] = false;
  return schema;
}

}  // namespace pilot::api::openapi
