// What the head of a request alone tells: what it presents to say who is calling, and whether a
// browser may have been made to send it by another site's page. Pure; any thread.
#pragma once

#include <optional>

#include "api/request.h"
#include "api/response.h"

namespace pilot::api {

inline constexpr std::string_view kSessionCookie = "pilot_session";

// "localhost", "127.0.0.1:8080", "[::1]:80"
bool is_loopback_host(std::string_view host);
// Of an address to listen on: 127.0.0.0/8, ::1 and "localhost".
bool is_loopback_address(std::string_view address);

// A Host that is no loopback name: 403 bad_host (DNS rebinding).
std::optional<Response> judge_host(const Request& request);
// An Origin that is neither `public_origin` nor the host asked, by the scheme it was asked with:
// 403 bad_origin. None at all is fine: programs send none.
std::optional<Response> judge_origin(const Request& request, std::string_view public_origin,
                                     bool tls);
// A body that a form could send: 415.
std::optional<Response> judge_write(const Request& request);

struct Presented {
  enum class Kind { nothing, bearer, cookie, unreadable };
  Kind kind = Kind::nothing;
  std::string_view token;  // a view of a header
};
// Authorization wins over the cookie. Either one twice, and any other scheme, is unreadable.
Presented presented(const Request& request);

}  // namespace pilot::api
