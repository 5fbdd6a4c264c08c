// What a redirect leads to (RFC 9110 15.4), and what may not go along. Pure; any thread.
#pragma once

#include <optional>

#include "http/message.h"

namespace pilot::http {

// Both empty: the response is the answer as it stands.
struct Redirect {
  std::optional<Request> next;
  std::optional<SendError> refused;  // too_many_redirects, unsupported, invalid_url
};

// `response.redirects` hops lie behind us; the limit is limits::kRedirects.
//
// 301, 302: POST becomes GET; 303: everything but HEAD becomes GET; 307, 308: the same again.
// When scheme, host or port changes, credentials stay behind: sensitive headers, Authorization,
// Cookie, and whatever is named like a secret. A request that would have to carry its body (which
// may hold credentials too) to another origin is not sent: the 3xx itself is then the answer.
Redirect follow(const Request& request, const Response& response);

}  // namespace pilot::http
