// Provider `http`: any request to any server. The URL and everything else come from the step's
// params, the sign-in from its connection. Pure; any thread.
#include "http/url.h"
#include "providers/http_call.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

Result<http::Request> build(std::string method, const Call& call) {
  Result<http::Url> url = http::parse_url(string_or(call.params, "url"));
  if (!url) {
    Error error = url.error();
    error.pointer = "/url";
    return error;
  }
  http::Request request{.method = std::move(method), .url = url->text()};
  request.follow_redirects = flag(call.params, "follow_redirects", true);
  if (const Json* query = find(call.params, "query")) {
    if (Status added = add_query(request, *query, "/query"); !added) return added.error();
  }
  if (const Json* headers = find(call.params, "headers")) {
    if (Status added = add_headers(request, *headers, "/headers"); !added) return added.error();
  }
  if (Status added = add_body(request, call.params); !added) return added.error();
  if (Status added = add_sign_in(request, call.connection); !added) return added.error();
  add_idempotency_key(request, call);
  if (string_or(call.params, "response") == "json" && !has_header(request, "Accept")) {
    set_header(request, "Accept", "application/json");
  }
  return request;
}

std::string method_of(const Json& params) { return upper(string_or(params, "method", "GET")); }

Result<http::Request> build_request(const Call& call) {
  return build(method_of(call.params), call);
}
Result<http::Request> build_get(const Call& call) { return build("GET", call); }
Result<http::Request> build_post(const Call& call) { return build("POST", call); }

EffectClass effect_of_request(const Json& params) {
  return effect_of_method(method_of(params), params);
}
EffectClass effect_of_post(const Json& params) { return effect_of_method("POST", params); }

constexpr std::string_view kCommon = R"({
  "url": {"type": "string", "minLength": 1, "description": "Absolute http or https URL."},
  "query": {"type": "object",
            "description": "Query parameters, encoded for you; a list repeats its name."},
  "headers": {"type": "object",
              "description": "Header lines; a list gives several of one name."},
  "response": {"enum": ["auto", "json", "text"], "default": "auto",
               "description": "auto: JSON if the answer says so, else text. Bytes come as base64."},
  "follow_redirects": {"type": "boolean", "default": true,
                       "description": "false: a redirect is the answer."},
  "fail_on_status": {"type": "boolean", "default": true,
                     "description": "false: every status is a success."}
})";

constexpr std::string_view kBodies = R"({
  "json": {"description": "A JSON body: any value."},
  "form": {"type": "object", "description": "A form (application/x-www-form-urlencoded)."},
  "multipart": {
    "type": "array",
    "description": "A multipart/form-data body.",
    "items": {
      "type": "object",
      "properties": {
        "name": {"type": "string", "description": "Name of the field."},
        "value": {"description": "Its value; what is no text is sent as JSON."},
        "content": {"type": "string", "description": "Content of a file, as text."},
        "content_base64": {"type": "string", "description": "Content of a file, in base64."},
        "filename": {"type": "string", "description": "Makes the part a file."},
        "content_type": {"type": "string", "description": "Type of the part."}
      },
      "required": ["name"],
      "additionalProperties": false
    }
  },
  "body": {"type": "string", "description": "A body as it is."},
  "content_type": {"type": "string", "minLength": 1, "description": "Content-Type of `body`."},
  "idempotency_header": {
    "type": "string", "minLength": 1,
    "description": "A header that the server deduplicates by, e.g. Idempotency-Key."}
})";

constexpr std::string_view kMethod = R"({
  "method": {"type": "string", "default": "GET", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}$",
             "description": "Any method."}
})";

Json schema_with(std::initializer_list<std::string_view> parts) {
  JsonObject properties;
  for (const std::string_view part : parts) {
    const Json members = params_schema(part);
    for (const auto& member : members.get_object()) properties[member.key()] = member.value();
  }
  return JsonObject{{"type", "object"},
                    {"properties", std::move(properties)},
                    {"required", JsonArray{"url"}},
                    {"additionalProperties", false}};
}

std::vector<AuthField> auth_fields() {
  // The user name counts as a secret: with many APIs the key goes there and the password is empty.
  return {
      {.type = "username", .title = "User name (basic)", .required = false},
      {.type = "password", .title = "Password (basic)", .required = false},
      {.type = "token", .title = "Bearer token", .required = false},
      {.type = "access_token", .title = "Bearer token (OAuth)", .required = false},
      {.type = "api_key", .title = "API key (bearer, or for the names below)", .required = false},
      {.type = "header_name", .title = "Header for the key", .secret = false, .required = false},
      {.type = "header_value", .title = "Value of that header", .required = false},
      {.type = "query_name",
       .title = "Query parameter for the key",
       .secret = false,
       .required = false},
      {.type = "query_value", .title = "Value of that parameter", .required = false}};
}

}  // namespace

void register_http(Registry& registry) {
  Provider& provider = registry.add({.name = "http",
                                     .title = "HTTP",
                                     .description = "Any HTTP request. Output: {status, body, "
                                                    "headers}.",
                                     .category = "core",
                                     .auth = auth_fields()});
  provider.add({.name = "request",
                .title = "Request",
                .description = "Sends a request with any method, headers and body.",
                .aliases = {"call"},
                .params = schema_with({kMethod, kCommon, kBodies}),
                .effect_of = effect_of_request,
                .body = HttpAction{build_request, read_http_answer}});
  provider.add({.name = "get",
                .title = "GET",
                .description = "Fetches a URL.",
                .params = schema_with({kCommon}),
                .effect = EffectClass::read,
                .body = HttpAction{build_get, read_http_answer}});
  provider.add({.name = "post",
                .title = "POST",
                .description = "Posts to a URL.",
                .params = schema_with({kCommon, kBodies}),
                .effect_of = effect_of_post,
                .body = HttpAction{build_post, read_http_answer}});
}

}  // namespace pilot::providers
