// What the providers that send ordinary HTTP requests share: headers, query and bodies from params,
// sign-in from the connection, and the output {status, body, headers}. Pure; any thread.
//
// Errors: invalid_value, missing_param, invalid_url, with the param's pointer.
#pragma once

#include "providers/action.h"

namespace pilot::providers {

bool has_header(const http::Request& request, std::string_view name);
// Replaces a header of that name.
void set_header(http::Request& request, std::string_view name, std::string value,
                bool sensitive = false);
// Authorization, Cookie and what is named like a secret: masked when shown.
bool is_sensitive_header(std::string_view name);

// `headers` {name: text, number, boolean, or a list of those for several lines}; null is left out.
Status add_headers(http::Request& request, const Json& headers, std::string_view pointer);
// `query` in the same shape, put behind the URL, percent-encoded.
Status add_query(http::Request& request, const Json& query, std::string_view pointer);

void set_body(http::Request& request, std::string body, std::string_view content_type);
void set_json_body(http::Request& request, const Json& value);
// The body forms of `http.request`: at most one of json, form, multipart and body.
Status add_body(http::Request& request, const Json& params);

// Puts the connection's credentials in, whichever it holds: header_name with header_value,
// query_name with query_value, username and password, or a bearer token, access_token or api_key.
// What the step itself put into the same header stays.
Status add_sign_in(http::Request& request, const Connection& connection);

// GET and the like are reads, PUT and DELETE idempotent; with the param idempotency_header, keyed.
EffectClass effect_of_method(std::string_view method, const Json& params);
// The param idempotency_header names the header that takes the call's key.
void add_idempotency_key(http::Request& request, const Call& call);

// Output {status, body, headers} by the params `response` (auto, json, text) and `fail_on_status`.
ProviderResult read_http_answer(const Call& call, const http::Response& response);

// A scalar as it stands in a query or a header; none for objects and lists.
std::optional<std::string> scalar_text(const Json& value);
std::string upper(std::string_view text);  // ASCII letters only, as lower()
std::string lower(std::string_view text);
bool flag(const Json& params, std::string_view key, bool otherwise);

}  // namespace pilot::providers
