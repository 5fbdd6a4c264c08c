// Provider `custom_api`: any REST API by base_url and endpoint, with the key of the connection in
// one header, as the old service had it (call_api, headers_json, body_json). Pure; any thread.
#include "http/url.h"
#include "providers/answer.h"
#include "providers/http_call.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

std::string method_of(const Json& params) { return upper(string_or(params, "method", "GET")); }

// base + endpoint with exactly one slash between them.
std::string joined(std::string_view base, std::string_view endpoint) {
  while (base.ends_with('/')) base.remove_suffix(1);
  while (endpoint.starts_with('/')) endpoint.remove_prefix(1);
  return endpoint.empty() ? std::string(base) : fmt::format("{}/{}", base, endpoint);
}

Result<std::string> url_of(const Call& call) {
  const std::string_view endpoint = string_or(call.params, "endpoint");
  if (const Json* url = find(call.params, "url")) {
    return endpoint.empty() ? std::string(as_view(url->get_string()))
                            : joined(as_view(url->get_string()), endpoint);
  }
  if (const Json* base = find(call.params, "base_url")) {
    return joined(as_view(base->get_string()), endpoint);
  }
  if (const auto base = call.connection.value("base_url")) return joined(*base, endpoint);
  return invalid("missing_param",
                 "give url, or base_url and endpoint (or a base_url in the connection)", "/url");
}

// A param that is JSON, or the old form of it: JSON as text.
Result<Json> json_param(const Json& value, std::string_view name) {
  if (!value.is_string()) return value;
  const std::string_view text = as_view(value.get_string());
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json(nullptr);
  Result<Json> parsed = parse_json(text, {.max_bytes = limits::kRequestBody});
  if (parsed) return parsed;
  return invalid("invalid_value", fmt::format("{}: {}", name, parsed.error().message),
                 pointer_join("", name));
}

Status add_all_headers(http::Request& request, const Call& call) {
  for (const std::string_view name : {"headers", "headers_json"}) {
    const Json* given = find(call.params, name);
    if (given == nullptr) continue;
    Result<Json> headers = json_param(*given, name);
    if (!headers) return headers.error();
    if (headers->is_null()) continue;
    if (Status added = add_headers(request, *headers, pointer_join("", name)); !added) return added;
  }
  const auto key = call.connection.value("api_key");
  const std::string_view header = string_or(call.params, "auth_header", "Authorization");
  if (!key || has_header(request, header)) return ok();
  const std::string_view prefix = string_or(call.params, "auth_prefix", "Bearer");
  set_header(request, header,
             prefix.empty() ? std::string(*key) : fmt::format("{} {}", prefix, *key), true);
  return ok();
}

Status add_any_body(http::Request& request, const Json& params) {
  if (const Json* given = find(params, "body_json")) {
    Result<Json> body = json_param(*given, "body_json");
    if (!body) return body.error();
    if (body->is_null()) return ok();
    set_body(request,
             given->is_string() ? std::string(as_view(given->get_string())) : to_json(*body),
             "application/json");
    return ok();
  }
  const Json* body = find(params, "body");
  if (body == nullptr || body->is_null()) return ok();
  if (!body->is_string()) {
    set_json_body(request, *body);
    return ok();
  }
  const std::string text(as_view(body->get_string()));
  const bool json = parse_json(text, {.max_bytes = limits::kRequestBody}).has_value();
  set_body(request, text, json ? "application/json" : "text/plain; charset=utf-8");
  return ok();
}

Result<http::Request> build(const Call& call) {
  Result<std::string> url = url_of(call);
  if (!url) return url.error();
  Result<http::Url> target = http::parse_url(*url);
  if (!target) return target.error();
  http::Request request{.method = method_of(call.params), .url = target->text()};
  if (const Json* query = find(call.params, "query")) {
    if (Status added = add_query(request, *query, "/query"); !added) return added.error();
  }
  if (Status added = add_all_headers(request, call); !added) return added.error();
  if (Status added = add_any_body(request, call.params); !added) return added.error();
  add_idempotency_key(request, call);
  return request;
}

EffectClass effect_of(const Json& params) { return effect_of_method(method_of(params), params); }

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "base_url": {"type": "string",
                 "description": "Where the API lives; else the connection's base_url."},
    "endpoint": {"type": "string",
                 "description": "Path behind base_url; exactly one slash is put between."},
    "url": {"type": "string", "minLength": 1,
            "description": "The whole URL, instead of base_url and endpoint."},
    "method": {"type": "string", "default": "GET", "pattern": "^[A-Za-z]{1,32}$",
               "description": "HTTP method."},
    "query": {"type": "object",
              "description": "Query parameters; a list repeats its name."},
    "headers": {"type": ["object", "string"],
                "description": "Headers, an object (or JSON text)."},
    "headers_json": {"type": ["string", "object"], "deprecated": true,
                     "description": "The old name of headers: JSON text."},
    "body": {"description": "Anything but text is sent as JSON; text as it is."},
    "body_json": {"deprecated": true, "description": "The old name of body: JSON text."},
    "auth_header": {"type": "string", "default": "Authorization", "minLength": 1,
                    "description": "The header that takes the connection's api_key."},
    "auth_prefix": {"type": "string", "default": "Bearer",
                    "description": "Stands before the key, with a space; empty: the bare key."},
    "idempotency_header": {
      "type": "string", "minLength": 1,
      "description": "A header that the API deduplicates by, e.g. Idempotency-Key."},
    "response": {"enum": ["auto", "json", "text"], "default": "auto",
                 "description": "How to read the answer."},
    "fail_on_status": {"type": "boolean", "default": true,
                       "description": "false: every status is a success."}
  },
  "additionalProperties": false
})";

}  // namespace

void register_custom_api(Registry& registry) {
  Provider& provider = registry.add(
      {.name = "custom_api",
       .title = "Custom API",
       .description = "Any REST API: base_url, endpoint, and a key in a header.",
       .category = "core",
       .auth = {{.type = "api_key", .title = "API key", .required = false},
                {.type = "base_url", .title = "Base URL", .secret = false, .required = false}}});
  provider.add({.name = "request",
                .title = "Call",
                .description = "Calls the API. Output: {status, body, headers}.",
                .aliases = {"call", "call_api"},
                .params = params_schema(kParams),
                .effect_of = effect_of,
                .body = HttpAction{build, read_http_answer}});
}

}  // namespace pilot::providers
