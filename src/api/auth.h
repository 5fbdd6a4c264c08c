// Who is calling, and may a browser page have made them call? In this mode there is one user on the
// machine itself; keys and tenants come with their own guard. Judges by the head alone; any thread.
#pragma once

#include "api/router.h"

namespace pilot::api {

struct LoopbackGuard {
  std::string token;     // empty: none needed; else every request needs it as its Bearer
  UserId user{"local"};  // the principal
};

// Refuses: a Host that is no loopback name (403 bad_host: DNS rebinding), an Origin that is not the
// host asked (403 bad_origin: another site's page), a missing or wrong token (401), a ?user_id= of
// somebody else (403 user_mismatch), a body that a form could send (415), and Idempotency-Key on
// writes, which would be a promise that is not kept yet (422 not_supported).
Guard make_guard(LoopbackGuard options);

// "localhost", "127.0.0.1:8080", "[::1]:80"
bool is_loopback_host(std::string_view host);

// Of a user_id that the old API's clients send: user_mismatch unless it is the principal.
Status check_user(const UserId& principal, std::string_view user_id);

}  // namespace pilot::api
