#include "providers/openapi/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/openapi/answers.h"
#include "providers/openapi/body.h"
#include "providers/openapi/parameters.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kActionName = 60;  // characters
constexpr std::size_t kTitle = 200;
constexpr std::size_t kDescription = 600;
constexpr std::size_t kPath = 2'000;  // bytes

struct Method {
  std::string_view key;
  std::string_view name;
};
constexpr std::array<Method, 6> kMethods = {{{"get", "GET"},
                                             {"put", "PUT"},
                                             {"post", "POST"},
                                             {"delete", "DELETE"},
                                             {"patch", "PATCH"},
                                             {"head", "HEAD"}}};

// GET /pets/{petId}/toys -> get_pets_by_pet_id_toys
std::string name_from_path(const Operation& operation) {
  std::string words = lower_case(operation.method);
  std::string_view path = operation.path.substr(0, 4 * kActionName);
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    std::string_view part = path.substr(0, end);
    path.remove_prefix(end);
    if (part.starts_with('/')) part.remove_prefix(1);
    words += (part.starts_with('{') ? "_by_" : "_") + snake_case(part, kActionName);
  }
  return snake_case(words, kActionName);
}

std::string first_tag(const Json& operation) {
  const Json* tags = find(operation, "tags");
  if (tags == nullptr || !tags->is_array() || tags->get_array().empty()) return {};
  const Json& tag = tags->get_array().front();
  return tag.is_string() ? snake_case(as_view(tag.get_string()), kActionName / 2) : std::string();
}

std::string new_name(const Operation& operation, NameSet& names) {
  std::string name = snake_case(string_or(*operation.object, "operationId"), kActionName);
  if (name.empty()) name = name_from_path(operation);
  if (name == "request") name = "send_request";  // the action that every provider has
  if (names.take(name)) return name;
  const std::string tag = first_tag(*operation.object);
  if (!tag.empty() && !name.starts_with(tag)) {
    name = snake_case(tag + "_" + name, kActionName);
    if (names.take(name)) return name;
  }
  return names.unique(name, kActionName);
}

// {+path}, {path*}, {id:[0-9]+} -> {path}, {id}; {?a,b} and #fragment go.
std::string cleaned_path(std::string_view path) {
  path = path.substr(0, path.find('#'));
  std::string out = path.starts_with('/') ? "" : "/";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = path[at] == '{' ? path.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      const auto byte = static_cast<unsigned char>(path[at]);
      if (byte > 0x20 && byte != 0x7f) out += path[at];
      ++at;
      continue;
    }
    std::string_view name = path.substr(at + 1, end - at - 1);
    at = end + 1;
    if (name.starts_with('?') || name.starts_with('&')) continue;
    while (!name.empty() && std::string_view("+/;.").find(name.front()) != std::string_view::npos) {
      name.remove_prefix(1);
    }
    name = name.substr(0, name.find(':'));
    while (name.ends_with('*')) name.remove_suffix(1);
    out += fmt::format("{{{}}}", name);
  }
  return out;
}

// A query that stands in the path: /?Action=Get&Id={id}.
void take_query(Draft& draft) {
  const std::size_t mark = draft.target.find('?');
  if (mark == std::string::npos) return;
  std::string_view rest = std::string_view(draft.target).substr(mark + 1);
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (pair.empty()) continue;
    pairs.emplace_back(pair.substr(0, equals),
                       equals == std::string_view::npos ? "" : pair.substr(equals + 1));
  }
  draft.target.resize(mark);
  for (const auto& [name, value] : pairs) {
    if (!draft.put_constant(Where::query, name, Json(value))) {
      draft.slots.push_back({name, Where::query, JsonObject{{"type", "string"}}, true});
    }
  }
}

// A place in the path that no parameter declares is a text.
void add_undeclared(Draft& draft) {
  for (std::size_t at = draft.target.find('{'); at != std::string::npos;
       at = draft.target.find('{', at + 1)) {
    const std::size_t end = draft.target.find('}', at);
    if (end == std::string::npos) return;
    const std::string name = draft.target.substr(at + 1, end - at - 1);
    if (name.empty() || name.size() > 200 || name.find('{') != std::string::npos) continue;
    const bool known = std::any_of(draft.slots.begin(), draft.slots.end(), [&](const Slot& slot) {
      return slot.where == Where::path && slot.wire == name;
    });
    if (!known) draft.slots.push_back({name, Where::path, JsonObject{{"type", "string"}}, true});
  }
}

void add_words(const Operation& operation, const Surroundings& around, const Extent& extent,
               Draft& draft) {
  const Json& object = *operation.object;
  std::string title = plain_text(string_or(object, "summary"), kTitle);
  const std::size_t most = extent.descriptions ? kDescription : kTitle;
  std::string words = plain_text(string_or(object, "description"), most);
  if (words == title) words.clear();
  if (!title.empty()) draft.more["title"] = std::move(title);
  if (!words.empty()) draft.more["description"] = std::move(words);
  if (const Json* docs = find(object, "externalDocs")) {
    std::string url = absolute_url(string_or(*docs, "url"), around.address.base);
    if (!url.empty() && url.size() < 500) draft.more["docs"] = std::move(url);
  }
  const Json* deprecated = find(object, "deprecated");
  if (deprecated != nullptr && *deprecated == Json(true)) draft.more["deprecated"] = true;
}

void add_sign_in(const Operation& operation, const Surroundings& around, Draft& draft) {
  Security::Demand demand = around.security.demand_of(*operation.object);
  if (Json auth = around.security.action(demand); !auth.is_null()) {
    draft.more["auth"] = std::move(auth);
  }
  if (!demand.said || demand.scopes.empty()) return;
  JsonArray scopes;
  for (std::string& scope : demand.scopes) scopes.emplace_back(std::move(scope));
  draft.more["scopes"] = std::move(scopes);
}

}  // namespace

Result<std::vector<Operation>> list_operations(Document& document, Notes& notes) {
  const Json* paths = find(document.root(), "paths");
  std::vector<Operation> out;
  NameSet names;
  if (paths != nullptr && paths->is_object()) {
    for (const auto& member : paths->get_object()) {
      const std::string_view path = member.key();
      const std::string pointer = pointer_join("/paths", utf8_prefix(path, kPath));
      if (path.starts_with("x-")) continue;
      notes.at(pointer);
      const Json* item = document.resolved(member.value(), notes);
      if (item == nullptr || !item->is_object()) continue;
      if (path.size() > kPath) {
        notes.add("long_path", "a path of more than 2,000 bytes is left out");
        continue;
      }
      for (const Method& method : kMethods) {
        const Json* object = find(*item, method.key);
        if (object == nullptr || !object->is_object()) continue;
        out.push_back(
            {std::string(method.name), path, item, object, pointer_join(pointer, method.key), ""});
        out.back().name = new_name(out.back(), names);
      }
      if (find(*item, "options") != nullptr || find(*item, "trace") != nullptr) {
        notes.add("method", "OPTIONS and TRACE are left out");
      }
    }
  }
  if (out.empty()) {
    const bool external = find(document.root(), "openapi") != nullptr && !notes.list().empty();
    return invalid("no_operations",
                   external ? "there is no operation in it that can be called (are its paths in "
                              "other files? Bundle the document into one file first)"
                            : "there is no operation in it: \"paths\" is missing or empty",
                   "/paths");
  }
  return out;
}

bool is_included(const Operation& operation, const std::vector<std::string>& globs) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    if (glob_fits(glob, string_or(*operation.object, "operationId")) ||
        glob_fits(glob, operation.name) || glob_fits(glob, operation.path) ||
        glob_fits(glob, fmt::format("{} {}", operation.method, operation.path))) {
      return true;
    }
    const Json* tags = find(*operation.object, "tags");
    return tags != nullptr && tags->is_array() &&
           std::any_of(tags->get_array().begin(), tags->get_array().end(), [&](const Json& tag) {
             return tag.is_string() && glob_fits(glob, as_view(tag.get_string()));
           });
  });
}

std::optional<BuiltAction> build_action(const Operation& operation, const Surroundings& around,
                                        const Extent& extent, Notes& notes) {
  const Json& object = *operation.object;
  Draft draft;
  draft.method = operation.method;
  draft.target = cleaned_path(operation.path);
  std::optional<std::string> server = own_server(object, around.address, around.source_url, notes);
  if (server && server->empty()) {
    server = own_server(*operation.path_item, around.address, around.source_url, notes);
  }
  if (!server) return std::nullopt;
  take_query(draft);
  auto parameters = collect_parameters(around.document, *operation.path_item, object, notes);
  if (!parameters) return std::nullopt;
  std::erase_if(*parameters, [&](const Parameter& parameter) {
    return around.security.is_credential(parameter.in, parameter.name);
  });
  Converter converter(around.document, notes, extent);
  add_words(operation, around, extent, draft);
  add_parameters(*parameters, converter, draft);
  add_undeclared(draft);
  if (!add_body(object, *parameters, converter, draft)) return std::nullopt;
  add_answer(object, converter, draft);
  add_sign_in(operation, around, draft);
  draft.target = *server + draft.target;
  BuiltAction built{.full = converter.full()};
  built.action = std::move(draft).finished();
  return built;
}

}  // namespace pilot::providers::openapi
