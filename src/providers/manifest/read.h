// What an answer means by the rules of a manifest. Pure; any thread.
#pragma once

#include "providers/action.h"
#include "providers/manifest/spec.h"

namespace pilot::providers::manifest {

// The failure that the answer tells; none when it is a good one. `body` is the parsed body, null
// when it is no JSON. Codes: those of providers/answer.h by the status; for a failure inside a good
// answer the vendor's own word (details.vendor_code), rate_limited, bad_response.
std::optional<ProviderResult> failure_of(const ActionSpec& spec, const Call& call,
                                         const http::Response& response, const Json* body);

// The body as a value: JSON, a text, null for nothing, or {name, type, size, content_base64} where
// the action gives bytes. Code bad_response: JSON that is none, an HTML page, no UTF-8.
Result<Json> read_body(const ActionSpec& spec, const http::Response& response);

// {body, status, headers} for `out`.
Json answer_value(const http::Response& response, Json body);

// The whole of an answer that is one exchange.
ProviderResult read_answer(const ActionSpec& spec, const Call& call,
                           const http::Response& response);
// What `out` makes of it.
ProviderResult finish(const ActionSpec& spec, const Call& call, const http::Response& response,
                      Json body, std::optional<JsonArray> items);

JsonObject program_vars(const http::Response& response);

}  // namespace pilot::providers::manifest
