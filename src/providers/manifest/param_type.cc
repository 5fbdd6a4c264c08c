#include "providers/manifest/param_type.h"

namespace pilot::providers::manifest {
namespace {

struct Short {
  Json schema;
  bool required = false;
  bool file = false;
};

Json type_schema(std::string_view type) { return JsonObject{{"type", type}}; }

Json file_schema() {
  return JsonObject{{"description",
                     "The content as text, or {name, type, content} or {name, type, "
                     "content_base64}."},
                    {"type", JsonArray{"string", "object"}}};
}

// The schema of one name; none for an unknown one.
std::optional<Json> named(std::string_view name, Place place) {
  if (name == "string") {
    if (place == Place::body) return type_schema("string");
    return JsonObject{{"type", JsonArray{"string", "number", "boolean"}}};
  }
  if (name == "integer" || name == "number" || name == "boolean" || name == "object" ||
      name == "array") {
    return type_schema(name);
  }
  if (name == "any") return JsonObject{};
  if (name == "file") return file_schema();
  if (name == "date") return JsonObject{{"type", "string"}, {"format", "date"}};
  if (name == "datetime") return JsonObject{{"type", "string"}, {"format", "date-time"}};
  if (name == "strings") {
    // Where it becomes text anyway, "a,b" is as good as a list.
    if (place == Place::body)
      return JsonObject{{"type", "array"}, {"items", type_schema("string")}};
    return JsonObject{{"type", JsonArray{"array", "string"}}};
  }
  if (name.ends_with('s')) {
    const std::string_view one = name.substr(0, name.size() - 1);
    if (one == "integer" || one == "number" || one == "boolean" || one == "object" ||
        one == "date" || one == "datetime" || one == "file" || one == "array") {
      return JsonObject{{"type", "array"}, {"items", *named(one, place)}};
    }
  }
  return std::nullopt;
}

Json enum_schema(std::string_view words) {
  JsonArray values;
  while (true) {
    const std::size_t bar = words.find('|');
    values.emplace_back(words.substr(0, bar));
    if (bar == std::string_view::npos) break;
    words.remove_prefix(bar + 1);
  }
  return JsonObject{{"enum", std::move(values)}};
}

Json default_value(const Json& schema, std::string_view text) {
  const Json* type = find(schema, "type");
  const bool is_text =
      type == nullptr || !type->is_string() || as_view(type->get_string()) == "string";
  if (!is_text) {
    if (Result<Json> value = parse_json(text)) return std::move(*value);
  }
  return Json(text);
}

// None with a fault.
std::optional<Short> read_short(std::string_view text, Place place, const std::string& pointer,
                                Faults& faults) {
  Short out;
  const std::size_t equals = text.find('=');
  std::string_view head = text.substr(0, equals);
  if (head.ends_with('!')) {
    out.required = true;
    head.remove_suffix(1);
  }
  if (head.find('|') != std::string_view::npos) {
    out.schema = enum_schema(head);
  } else if (std::optional<Json> known = named(head, place)) {
    out.schema = std::move(*known);
    out.file = head == "file" || head == "files";
  } else {
    faults.add(pointer, "invalid_type",
               fmt::format("there is no type \"{}\"; use string, integer, number, boolean, object, "
                           "array, any, file, date, datetime, a plural like strings, an enum like "
                           "a|b, or a JSON Schema map",
                           head));
    return std::nullopt;
  }
  if (equals != std::string_view::npos) {
    out.schema.as_object()["default"] = default_value(out.schema, text.substr(equals + 1));
    out.required = false;
  }
  return out;
}

// A map: JSON Schema keys, and our own beside them.
std::optional<ParamType> read_map(ParamType out, const Json& value, Place place,
                                  const std::string& pointer, Faults& faults) {
  const Map map(value, pointer, faults);
  JsonObject schema;
  if (const Json* type = map.get("type"); type != nullptr && type->is_string()) {
    std::optional<Short> given =
        read_short(as_view(type->get_string()), place, map.at("type"), faults);
    if (!given) return std::nullopt;
    schema = std::move(given->schema.get_object());
    out.required = given->required;
    out.param.file = given->file;
  }
  for (const auto& member : map.object()) {
    const std::string_view key = key_of(member);
    if (key == "as" || key == "aliases" || key == "slashes" || key == "field" ||
        (key == "type" && member.value().is_string()))
      continue;
    if (key == "required" && member.value().is_bool()) {
      out.required = member.value().get_bool();
      continue;
    }
    schema[key] = member.value();
  }
  if (schema.contains("default")) out.required = false;
  out.param.wire = map.text("as", out.param.name);
  out.param.aliases = map.texts("aliases");
  out.param.slashes = map.flag("slashes", false);
  out.schema = std::move(schema);
  out.param.field = map.text("field");
  if (!out.param.field.empty()) {
    out.param.needed = out.required;
    const std::string_view type = string_or(out.schema, "type");
    out.param.number = type == "integer" || type == "number";
    out.required = false;
  }
  if (const auto fits = schema::Schema::compile(out.schema); !fits) {
    faults.add(pointer, "invalid_schema",
               fmt::format("{}: {}", fits.error().pointer, fits.error().message));
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<ParamType> read_param_type(std::string_view name, const Json& value, Place place,
                                         const std::string& pointer, Faults& faults) {
  ParamType out;
  out.param.name = name;
  out.param.wire = name;
  out.param.place = place;
  if (value.is_object()) return read_map(std::move(out), value, place, pointer, faults);
  if (!value.is_string()) {
    faults.add(pointer, "wrong_type", "a type like string! is wanted, or a JSON Schema map");
    return std::nullopt;
  }
  std::optional<Short> given = read_short(as_view(value.get_string()), place, pointer, faults);
  if (!given) return std::nullopt;
  out.schema = std::move(given->schema);
  out.required = given->required;
  out.param.file = given->file;
  return out;
}

}  // namespace pilot::providers::manifest
