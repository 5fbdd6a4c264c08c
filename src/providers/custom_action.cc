#include "providers/custom_action.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/url.h"
#include "providers/openapi/draft.h"
#include "schema/schema.h"

namespace pilot::providers {
namespace {

using openapi::Draft;
using openapi::Slot;
using openapi::Where;

constexpr std::size_t kId = 100;
constexpr std::size_t kEndpoint = 2'000;
constexpr std::size_t kParameters = 200;
constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// {{id}} and {id} both stand for the param; an absolute URL must be the integration's own server.
std::optional<std::string> path_of(std::string_view endpoint, std::string_view base_url) {
  std::string out(endpoint);
  if (endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
    const Result<http::Url> base = http::parse_url(base_url);
    const std::size_t path =
        std::min(endpoint.find('/', endpoint.find("://") + 3), endpoint.size());
    const Result<http::Url> own = http::parse_url(endpoint.substr(0, path));
    if (!base || !own || !own->same_origin(*base)) return std::nullopt;
    std::string prefix = base->target.substr(0, base->target.find('?'));
    while (prefix.ends_with('/')) prefix.pop_back();
    out = endpoint.substr(path);
    if (!out.starts_with(prefix)) return std::nullopt;
    out.erase(0, prefix.size());
  }
  for (const auto& [from, to] : {std::pair("{{", "{"), std::pair("}}", "}")}) {
    for (std::size_t at = out.find(from); at != std::string::npos; at = out.find(from)) {
      out.replace(at, 2, to);
    }
  }
  if (!out.starts_with('/')) out.insert(out.begin(), '/');
  return out;
}

std::string_view type_word(std::string_view given) {
  const std::string word = openapi::lower_case(given);
  for (const std::string_view known :
       {"string", "integer", "number", "boolean", "object", "array"}) {
    if (word == known) return known;
  }
  if (word == "int") return "integer";
  if (word == "float" || word == "double") return "number";
  if (word == "bool") return "boolean";
  if (word == "text" || word == "str") return "string";
  return word == "list" ? "array" : "";
}

// A param of the old service: a JSON Schema that may be none, with `required` and `in` beside.
// What schema/ does not take is cut down to its type and words.
JsonObject schema_of(const Json& given) {
  JsonObject out;
  if (given.is_string()) {
    const std::string_view type = type_word(as_view(given.get_string()));
    if (!type.empty()) out["type"] = type;
    return out;
  }
  if (!given.is_object()) return out;
  JsonObject whole;
  for (const auto& member : given.get_object()) {
    const std::string_view key = member.key();
    const bool ours = key == "name" || key == "in" || key == "location" || key == "example" ||
                      key == "label" || (key == "required" && !member.value().is_array());
    if (!ours) whole[key] = member.value();
  }
  if (!whole.empty() && schema::Schema::compile(Json(whole))) return whole;
  const std::string_view type = type_word(string_or(given, "type"));
  if (!type.empty()) out["type"] = type;
  const std::string words = openapi::plain_text(string_or(given, "description"), 400);
  if (!words.empty()) out["description"] = words;
  if (const Json* choices = find(given, "enum"); choices && choices->is_array()) {
    if (!choices->get_array().empty()) out["enum"] = *choices;
  }
  if (const Json* usual = find(given, "default"); usual && !usual->is_null()) {
    out["default"] = *usual;
  }
  return out;
}

bool flag(const Json& map, std::string_view key) {
  const Json* value = find(map, key);
  return value != nullptr && *value == Json(true);
}

Where where_of(const Json& given, const std::string& name, const Draft& draft) {
  if (draft.target.find("{" + name + "}") != std::string::npos) return Where::path;
  const std::string_view place = string_or(given, "in", string_or(given, "location"));
  if (place == "header") return Where::header;
  if (place == "query") return Where::query;
  if (openapi::without_body(draft.method)) return Where::query;
  return Where::body;
}

void add(Draft& draft, const std::string& name, const Json& given, bool required) {
  if (name.empty() || name.size() > kId || draft.slots.size() >= kParameters) return;
  draft.slots.push_back({name, where_of(given, name, draft), schema_of(given), required});
}

// {type: object, properties, required}, {name: schema}, or [{name, type, required, in}].
void add_params(Draft& draft, const Json& parameters) {
  if (parameters.is_array()) {
    for (const Json& one : parameters.get_array()) {
      add(draft, std::string(string_or(one, "name")), one, flag(one, "required"));
    }
    return;
  }
  if (!parameters.is_object()) return;
  const Json* properties = find(parameters, "properties");
  const bool schema = properties != nullptr && properties->is_object();
  const Json* list = schema ? find(parameters, "required") : nullptr;
  const JsonObject& members = schema ? properties->get_object() : parameters.get_object();
  if (!schema && string_or(parameters, "type") == "object") return;  // of no properties
  for (const auto& member : members) {
    const std::string name(member.key());
    const bool listed = list != nullptr && list->is_array() &&
                        std::find(list->get_array().begin(), list->get_array().end(), Json(name)) !=
                            list->get_array().end();
    add(draft, name, member.value(), listed || flag(member.value(), "required"));
  }
}

void add_undeclared(Draft& draft) {
  for (std::size_t at = draft.target.find('{'); at != std::string::npos;
       at = draft.target.find('{', at + 1)) {
    const std::size_t end = draft.target.find('}', at);
    if (end == std::string::npos) return;
    const std::string name = draft.target.substr(at + 1, end - at - 1);
    const bool known = std::any_of(draft.slots.begin(), draft.slots.end(), [&](const Slot& slot) {
      return slot.where == Where::path && slot.wire == name;
    });
    if (!known && !name.empty() && name.size() <= kId) {
      draft.slots.push_back({name, Where::path, JsonObject{{"type", "string"}}, true});
    }
  }
}

}  // namespace

std::optional<Problem> check_action(const CustomAction& action, std::string_view base_url) {
  const bool printable = std::all_of(action.action_id.begin(), action.action_id.end(),
                                     [](char c) { return c > ' ' && c < '\x7f'; });
  if (action.action_id.empty() || action.action_id.size() > kId || !printable) {
    return Problem{"action_id", "invalid_name",
                   "an action_id is 1 to 100 letters, digits and signs, without blanks"};
  }
  const std::string method = upper(action.http_method);
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return Problem{"http_method", "invalid_value",
                   "http_method is GET, HEAD, POST, PUT, PATCH or DELETE"};
  }
  const bool clean = std::all_of(action.endpoint.begin(), action.endpoint.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '#';
  });
  if (action.endpoint.size() > kEndpoint || !clean) {
    return Problem{"endpoint", "invalid_value",
                   "an endpoint is a path like /contacts/{id}, without blanks and #"};
  }
  if (!path_of(action.endpoint, base_url)) {
    return Problem{"endpoint", "host_not_allowed",
                   "an endpoint is a path under base_url: credentials go to no other server"};
  }
  if (!action.parameters.is_null() && !action.parameters.is_structured()) {
    return Problem{"parameters", "wrong_type",
                   "parameters is a JSON Schema of an object, or a list of {name, type, required}"};
  }
  return std::nullopt;
}

JsonObject action_of(const CustomAction& action, std::string_view base_url) {
  Draft draft;
  draft.method = upper(action.http_method);
  draft.target = path_of(action.endpoint, base_url).value_or("/");
  add_params(draft, action.parameters);
  draft.take_query();
  add_undeclared(draft);
  if (!action.action_name.empty()) draft.more["title"] = action.action_name;
  if (!action.description.empty()) draft.more["description"] = action.description;
  return std::move(draft).finished();
}

}  // namespace pilot::providers
