// What an answer means, the same for every provider: 2xx is success, the rest an error with a code
// by its status, the vendor's own words, and when to come back. Pure; any thread.
#pragma once

#include "providers/action.h"

namespace pilot::providers {

// {status, url? (after redirects), request_id?}
JsonObject answer_metadata(const http::Response& response);

// The result of an answer that is no success. Codes: invalid_request (400, 422 and the rarer 4xx),
// unauthorized (401), payment_required, forbidden, not_found, method_not_allowed, request_timeout
// (408), conflict, gone, too_large (413), too_early, rate_limited (429), unexpected_redirect (3xx),
// server_error (5xx), unavailable (503), gateway_error (502, 504), bad_response (no HTTP status).
// `output` is null; what the vendor said stands in error.details {body}, cut to a few kilobytes.
ProviderResult read_failure(const http::Response& response, WallTime now);

inline bool is_success(const http::Response& r) { return r.status >= 200 && r.status < 300; }

// The vendor's own words in an error body: error.message, message, error_description, detail,
// title, errors[0].message and the like; for a body of plain text its first line. May be empty.
std::string vendor_message(const http::Response& response);

// An answer that should be JSON. An empty body is null. Code bad_response.
Result<Json> json_body(const http::Response& response);
ProviderResult bad_response(const http::Response& response, std::string message);

// 2xx as {body as JSON, or text if it is none}, else read_failure: what a simple provider needs.
ProviderResult read_json_answer(const Call& call, const http::Response& response);

// The answer of a mail server: `status` is its reply code. 2xx is success; 421 and 4yz may go
// better later; 530, 534 and 535 are unauthorized.
ProviderResult read_mail_answer(const Call& call, const http::Response& response);

}  // namespace pilot::providers
