#include "api/openapi/openapi.h"

#include <map>
#include <set>
#include <stdexcept>

namespace pilot::api::openapi {
namespace {

constexpr std::string_view kAbout =
    "Pilot runs plans: steps that call other services, durably. Errors are RFC 9457 problems with "
    "a "
    "stable `code`. Lists take `limit` and `cursor`. Writes take `Idempotency-Key`. Every answer "
    "has `X-Request-Id`.";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return words;
    words.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(words.back().size());
  }
}

Json reference(std::string_view name) {
  return JsonObject{{"$ref", "#/components/schemas/" + std::string(name)}};
}

Json content(std::string_view type, Json schema) {
  return JsonObject{{type, JsonObject{{"schema", std::move(schema)}}}};
}

Json problem_answer(std::string_view description) {
  return JsonObject{{"description", description},
                    {"content", content("application/problem+json", reference("Problem"))}};
}

// "202:Run", "200:text", "204"
void add_answer(std::string_view word, JsonObject& answers) {
  const std::size_t colon = word.find(':');
  const std::string_view status = word.substr(0, colon);
  JsonObject answer{{"description", status == "202" ? "accepted; it goes on" : "done"}};
  const std::string_view what =
      colon == std::string_view::npos ? std::string_view{} : word.substr(colon + 1);
  if (what == "text") {
    answer["content"] = content("text/plain", JsonObject{{"type", "string"}});
  } else if (what == "page") {
    answer["content"] = content("text/html", JsonObject{{"type", "string"}});
  } else if (what == "events") {
    answer["content"] = content("text/event-stream", JsonObject{{"type", "string"}});
  } else if (!what.empty()) {
    answer["content"] = content("application/json", reference(what));
  }
  answers[status] = std::move(answer);
}

JsonObject answers_of(const RouteDoc& doc) {
  JsonObject answers;
  for (const std::string_view word : words_of(doc.answers)) add_answer(word, answers);
  answers["4XX"] = problem_answer("refused; nothing was done");
  answers["5XX"] = problem_answer("not now, or a bug; 503 has Retry-After");
  if (doc.answers.find(":page") == std::string_view::npos) return answers;
  for (const char* refused : {"4XX", "5XX"}) {  // a page, too, for a browser
    answers[refused].get_object()["content"].get_object()["text/html"] =
        JsonObject{{"schema", JsonObject{{"type", "string"}}}};
  }
  return answers;
}

void add_path_parameters(std::string_view pattern, JsonArray& parameters) {
  while (true) {
    const std::size_t open = pattern.find('{');
    if (open == std::string_view::npos) return;
    const std::size_t close = pattern.find('}', open);
    parameters.push_back(JsonObject{{"name", pattern.substr(open + 1, close - open - 1)},
                                    {"in", "path"},
                                    {"required", true},
                                    {"schema", JsonObject{{"type", "string"}}}});
    pattern.remove_prefix(close + 1);
  }
}

bool wants_caller(const Route& route) { return route.scope.has_value() || route.caller; }

JsonArray parameters_of(const Route& route, const RouteDoc& doc) {
  JsonArray parameters;
  add_path_parameters(route.pattern, parameters);
  for (const std::string_view name : words_of(doc.query)) {
    parameters.push_back(query_parameter(name));
  }
  if (wants_caller(route)) parameters.push_back(query_parameter("user_id"));
  if (wants_caller(route) && changes_state(route.method)) {
    parameters.push_back(JsonObject{{"$ref", "#/components/parameters/IdempotencyKey"}});
  }
  return parameters;
}

JsonObject operation(const Route& route, const RouteDoc& doc) {
  JsonObject out{{"operationId", route.id}, {"summary", route.summary}};
  if (JsonArray parameters = parameters_of(route, doc); !parameters.empty()) {
    out["parameters"] = std::move(parameters);
  }
  std::string_view body = doc.body;
  if (!body.empty()) {
    const bool optional = body.ends_with('?');
    if (optional) body.remove_suffix(1);
    out["requestBody"] = JsonObject{{"required", !optional},
                                    {"content", content("application/json", reference(body))}};
  }
  out["responses"] = answers_of(doc);
  if (wants_caller(route)) {
    const JsonArray none;
    out["security"] = JsonArray{JsonObject{{"key", none}}, JsonObject{{"session", none}}};
  } else {
    out["security"] = JsonArray{};
  }
  if (route.scope) out["x-scope"] = to_string(*route.scope);
  return out;
}

std::string method_name(Method method) {
  std::string name(to_string(method));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(c | 0x20); });
  return name;
}

JsonObject components() {
  JsonObject schemas;
  for (const auto& docs : {run_schemas(), plan_schemas(), identity_schemas(), other_schemas()}) {
    for (const SchemaDoc& doc : docs) {
      if (!schemas.emplace(doc.name, schema_of(doc.fields)).second) {
        throw std::logic_error("OpenAPI: a schema twice: " + std::string(doc.name));
      }
    }
  }
  // A plan, its envelope, or the old service's bare list of steps.
  schemas["AnyPlan"] = JsonObject{{"type", JsonArray{"object", "array"}}};
  JsonObject key{{"name", "Idempotency-Key"},
                 {"in", "header"},
                 {"description", "the same request with the same key is done once"},
                 {"schema", JsonObject{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}}};
  JsonObject security{
      {"key", JsonObject{{"type", "http"}, {"scheme", "bearer"}}},
      {"session", JsonObject{{"type", "apiKey"}, {"in", "cookie"}, {"name", "pilot_session"}}}};
  return {{"schemas", std::move(schemas)},
          {"parameters", JsonObject{{"IdempotencyKey", std::move(key)}}},
          {"securitySchemes", std::move(security)}};
}

}  // namespace

Json make_document(const std::vector<Route>& routes, std::string_view version) {
  std::map<std::string_view, const RouteDoc*> docs;
  for (const RouteDoc& doc : route_docs()) docs.emplace(doc.id, &doc);
  JsonObject paths;
  std::set<std::string_view> used;
  for (const Route& route : routes) {
    const auto doc = docs.find(route.id);
    if (doc == docs.end()) {
      throw std::logic_error(
          "OpenAPI: say in api/openapi/route_docs.cc what this route takes and "
          "answers: " +
          std::string(to_string(route.method)) + " " + route.pattern);
    }
    used.insert(route.id);
    Json& path = paths[route.pattern];
    if (!path.is_object()) path = JsonObject{};
    path.as_object()[method_name(route.method)] = operation(route, *doc->second);
  }
  for (const auto& [id, doc] : docs) {
    if (!used.contains(id)) {
      throw std::logic_error("OpenAPI: there is no route " + std::string(id));
    }
  }
  return JsonObject{
      {"openapi", "3.1.0"},
      {"info", JsonObject{{"title", "Pilot"}, {"version", version}, {"description", kAbout}}},
      {"paths", std::move(paths)},
      {"components", components()}};
}

}  // namespace pilot::api::openapi
