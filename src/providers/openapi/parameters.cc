#include "providers/openapi/parameters.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kParameters = 1'000;  // of one operation
constexpr std::size_t kName = 200;
constexpr std::size_t kDescription = 400;  // characters
constexpr std::size_t kExample = 100;      // bytes

// How a list or an object is written.
enum class Style { one, repeat, comma, spaces, tabs, pipes, deep, spread };

Style style_of(const Parameter& parameter, bool swagger, bool list) {
  if (swagger) {
    const std::string_view format = string_or(*parameter.object, "collectionFormat", "csv");
    if (!list) return Style::one;
    if (format == "multi") return Style::repeat;
    if (format == "ssv") return Style::spaces;
    if (format == "tsv") return Style::tabs;
    return format == "pipes" ? Style::pipes : Style::comma;
  }
  const std::string_view style =
      string_or(*parameter.object, "style", parameter.in == "query" ? "form" : "simple");
  const Json* said = find(*parameter.object, "explode");
  const bool explode = said != nullptr && said->is_bool() ? said->get_bool() : style == "form";
  if (style == "deepObject") return Style::deep;
  if (style == "form" && explode) return list ? Style::repeat : Style::spread;
  if (style == "spaceDelimited") return explode ? Style::repeat : Style::spaces;
  if (style == "pipeDelimited") return explode ? Style::repeat : Style::pipes;
  return Style::comma;
}

std::string_view joined_words(Style style) {
  switch (style) {
    case Style::spaces:
      return "Several values with a blank between them.";
    case Style::tabs:
      return "Several values with a tab between them.";
    case Style::pipes:
      return "Several values with | between them.";
    default:
      return "Several values with a comma between them.";
  }
}

bool is_type(const SchemaView& view, std::string_view type) {
  const auto types = view.types();
  return types.size() == 1 && types[0] == type;
}

bool is_scalar(const Json& value) {
  return value.is_string() || value.is_number() || value.is_bool();
}

bool is_ours(const Parameter& parameter) {
  if (parameter.in != "header") return false;
  const std::string name = lower_case(parameter.name);
  // Said by the media types and the sign-in (OpenAPI: such parameters are ignored), or by HTTP.
  return name == "accept" || name == "content-type" || name == "authorization" ||
         name == "content-length" || name == "host" || name == "user-agent";
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

class Adder {
 public:
  Adder(Converter& converter, Draft& draft, bool swagger)
      : converter_(converter), draft_(draft), swagger_(swagger) {}

  void add(const Parameter& parameter);
  void decide_lists();

 private:
  void add_spread(const Parameter& parameter, const SchemaView& view);
  void add_text(const Parameter& parameter, const SchemaView& view, std::string_view words);

  Converter& converter_;
  Draft& draft_;
  bool swagger_;
  std::vector<std::size_t> commas_;  // slots of the query that are lists with commas
  bool repeats_ = false;
};

Where where_of(const Parameter& parameter) {
  if (parameter.in == "path") return Where::path;
  return parameter.in == "header" ? Where::header : Where::query;
}

void Adder::add_text(const Parameter& parameter, const SchemaView& view, std::string_view words) {
  JsonObject schema = described(converter_, *parameter.object, view, parameter.required);
  JsonObject text{{"type", "string"}};
  std::string description(string_or(Json(schema), "description"));
  description += (description.empty() ? "" : " ") + std::string(words);
  text["description"] = std::move(description);
  draft_.slots.push_back(
      {std::string(parameter.name), where_of(parameter), std::move(text), parameter.required});
}

void Adder::add_spread(const Parameter& parameter, const SchemaView& view) {
  if (view.properties().empty()) {
    converter_.notes().add("free_query",
                           "a parameter of the query that takes any names is left out; the action "
                           "`request` can send it");
    return;
  }
  for (const auto& [name, schema] : view.properties()) {
    if (converter_.full() || name.size() > kName) return;
    const SchemaView property = converter_.view(*schema);
    const bool required = parameter.required && view.requires_member(name);
    draft_.slots.push_back({std::string(name), Where::query,
                            described(converter_, *schema, property, required), required});
  }
}

void Adder::add(const Parameter& parameter) {
  static const Json kText = JsonObject{{"type", "string"}};
  const SchemaView view = converter_.view(parameter.schema == nullptr ? kText : *parameter.schema);
  if (parameter.json_text) return add_text(parameter, view, "JSON as a text.");
  const bool list = is_type(view, "array");
  const bool object = view.is_object();
  const Style style = list || object ? style_of(parameter, swagger_, list) : Style::one;
  const bool in_query = parameter.in == "query";
  if ((list || object) && !in_query) return add_text(parameter, view, joined_words(style));
  if (object && style == Style::spread) return add_spread(parameter, view);
  if (style == Style::spaces || style == Style::tabs || style == Style::pipes ||
      (object && style == Style::comma)) {
    return add_text(parameter, view, joined_words(style));
  }
  if (style == Style::repeat) repeats_ = true;
  if (style == Style::comma) commas_.push_back(draft_.slots.size());
  draft_.slots.push_back({std::string(parameter.name), where_of(parameter),
                          described(converter_, *parameter.object, view, parameter.required),
                          parameter.required});
}

// One action writes all its lists in one way; where a document wants two, lists with commas are
// texts.
void Adder::decide_lists() {
  if (commas_.empty()) return;
  if (!repeats_) {
    draft_.arrays = "comma";
    return;
  }
  for (const std::size_t at : commas_) {
    JsonObject& schema = draft_.slots[at].schema;
    JsonObject text{{"type", "string"}};
    std::string description(string_or(Json(schema), "description"));
    description += (description.empty() ? "" : " ") + std::string(joined_words(Style::comma));
    text["description"] = std::move(description);
    schema = std::move(text);
  }
}

Parameter read_parameter(const Document& document, const Json& object) {
  Parameter out;
  out.object = &object;
  out.name = string_or(object, "name");
  out.in = string_or(object, "in");
  const Json* required = find(object, "required");
  out.required =
      out.in == "path" || (required != nullptr && required->is_bool() && required->get_bool());
  if (document.swagger() && out.in != "body") {
    out.schema = &object;
    return out;
  }
  out.schema = find(object, "schema");
  if (const Json* content = find(object, "content"); content && content->is_object()) {
    for (const auto& media : content->get_object()) {
      out.json_text = true;
      out.schema = find(media.value(), "schema");
      break;
    }
  }
  return out;
}

}  // namespace

std::optional<std::vector<Parameter>> collect_parameters(Document& document, const Json& path_item,
                                                         const Json& operation, Notes& notes) {
  std::vector<Parameter> out;
  for (const Json* owner : {&operation, &path_item}) {
    const Json* list = find(*owner, "parameters");
    if (list == nullptr || !list->is_array()) continue;
    for (const Json& entry : list->get_array()) {
      if (out.size() >= kParameters || !document.steps().spend()) {
        notes.add("many_parameters", "the operation has too many parameters; it is left out");
        return std::nullopt;
      }
      const Json* object = document.resolved(entry, notes);
      if (object == nullptr) {
        notes.add(
            "unknown_parameter",
            "a parameter is not known, so the call would be wrong; the operation is left out");
        return std::nullopt;
      }
      const Parameter parameter = read_parameter(document, *object);
      if (parameter.name.empty() || parameter.name.size() > kName) continue;
      const bool known = std::any_of(out.begin(), out.end(), [&](const Parameter& other) {
        return other.name == parameter.name && other.in == parameter.in;
      });
      if (!known) out.push_back(parameter);
    }
  }
  return out;
}

JsonObject described(Converter& converter, const Json& parameter, const SchemaView& view,
                     bool required) {
  JsonObject out = converter.convert(view);
  std::string words =
      plain_text(string_or(parameter, "description", view.text("description")), kDescription);
  const Json* usual = view.get("default");
  if (usual != nullptr && is_scalar(*usual) && json_size(*usual) <= kExample) {
    // What the vendor takes anyway is not sent: some documents are wrong about it.
    if (required) {
      out["default"] = *usual;
    } else if (!usual->is_string() || !usual->get_string().empty()) {
      words += fmt::format("{}Default: {}.", words.empty() ? "" : " ",
                           plain_text(usual->is_string() ? as_view(usual->get_string())
                                                         : std::string_view(to_json(*usual)),
                                      kExample));
    }
  }
  if (words.empty()) {
    out.erase("description");
  } else {
    converter.spend(words.size());
    out["description"] = std::move(words);
  }
  const Json* example = find(parameter, "example");
  if (example == nullptr) example = view.get("example");
  if (example != nullptr && is_scalar(*example) && json_size(*example) <= kExample) {
    out["examples"] = JsonArray{*example};
    converter.spend(json_size(*example) + 16);
  }
  const Json* deprecated = find(parameter, "deprecated");
  if (deprecated != nullptr && *deprecated == Json(true)) out["deprecated"] = true;
  return out;
}

void add_parameters(const std::vector<Parameter>& parameters, Converter& converter, Draft& draft) {
  Adder adder(converter, draft, converter.document().swagger());
  for (const Parameter& parameter : parameters) {
    if (converter.full()) return;
    if (parameter.in == "cookie") {
      converter.notes().add("cookie",
                            "a parameter in a cookie is left out: Pilot keeps no cookies");
    } else if (parameter.in == "path" || parameter.in == "query" || parameter.in == "header") {
      if (is_ours(parameter)) continue;
      if (parameter.in == "header" && !is_header_name(parameter.name)) {
        converter.notes().add("header_name", "a header whose name no header can have is left out");
        continue;
      }
      if (parameter.in == "path" &&
          draft.target.find(fmt::format("{{{}}}", parameter.name)) == std::string::npos) {
        converter.notes().add("path_parameter",
                              "a parameter of the path that the path does not have is left out");
        continue;
      }
      adder.add(parameter);
    }
  }
  adder.decide_lists();
}

}  // namespace pilot::providers::openapi
