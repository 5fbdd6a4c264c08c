// Who is calling, may they, and for whom? By API key, browser session, the operator's token, or (as
// long as there is no key and no password) by being on this machine. Judges each request before its
// handler; called on shards.
//
// In loopback mode a Host that is no loopback name is refused (403 bad_host), and wherever a
// browser could send its credentials by itself, an Origin of another site (403 bad_origin) and a
// write without the session's X-CSRF-Token (403 bad_csrf_token).
#pragma once

#include <memory>

#include "api/router.h"

namespace pilot::api {

struct Api;

// By the head: 401 unauthenticated (the same answer whatever is wrong, also for unknown paths),
// 403 missing_scope, 403 user_mismatch for a ?user_id= that the caller may not act for, 415 for a
// body that a form could send, 503 when the store does not answer.
Guard make_guard(const std::shared_ptr<Api>& api);
// By the body's user_id: 403 user_mismatch.
BodyGuard make_body_guard(const std::shared_ptr<Api>& api);

// Of a request that goes on for long (a stream): may it still? False once the key or the session is
// over, or the caller may not act for `principal` any more.
awaitable<bool> may_go_on(std::shared_ptr<Api> api, std::size_t shard, Principal caller,
                          UserId principal);

// The second lock, where a handler reads a user_id: user_mismatch unless it is the principal.
Status check_user(const UserId& principal, std::string_view user_id);

// May be a user's id: 1 to 200 bytes of printable text without spaces at the ends.
bool is_user_id(std::string_view text);

}  // namespace pilot::api
