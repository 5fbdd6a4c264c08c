#include "api/auth.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/body.h"
#include "api/head_rules.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/token.h"
#include "base/crypto.h"

namespace pilot::api {
namespace {

using Refusal = std::optional<Response>;
using Kind = Principal::Kind;

constexpr std::chrono::minutes kNoteUse{1};  // once in this time, so that reading writes nothing

Error forbidden(std::string code, std::string message) {
  return {ErrorKind::permission_denied, std::move(code), std::move(message), {}};
}

Error user_mismatch() {
  return forbidden("user_mismatch",
                   "user_id is not yours, and nobody's for whom you may act; leave it out, or use "
                   "a key with scope act-as of the user's owner");
}

Response unauthenticated() {
  Response refusal = problem(Error{ErrorKind::unauthenticated,
                                   "unauthenticated",
                                   "who are you? Send an API key that is valid: Authorization: "
                                   "Bearer pk_... (`pilot keys create` makes one)",
                                   {}});
  refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
  return refusal;
}

awaitable<void> note_key(ApiPtr api, IdentityCache::Key key, WallTime now) {
  const Status noted = co_await api->services.store.touch_key(key->user, key->id, now);
  if (!noted) api->services.log.warn("cannot note a key's use: {}", noted.error().message);
}

awaitable<void> note_session(ApiPtr api, IdentityCache::Session session, WallTime now) {
  const Status noted = co_await api->services.store.touch_session(session->user, session->id, now,
                                                                  now + limits::kSessionLife);
  if (!noted) api->services.log.warn("cannot note a session's use: {}", noted.error().message);
}

// Beside the request, which does not wait for it.
awaitable<void> beside(const ApiPtr& api, awaitable<void> work) {
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, std::move(work),
                        [api](const std::exception_ptr& bug) {
                          if (bug) api->services.log.error("noting the use of a key threw");
                        });
}

// Each sets request.caller, or says why not.
awaitable<Refusal> by_bearer(ApiPtr api, Request& request, std::string_view token) {
  Identity& identity = api->identity;
  if (identity.is_operator_token(token)) {
    request.caller = {Kind::node, api->services.user, Scopes::all(), "", ""};
    co_return std::nullopt;
  }
  if (!has_key_shape(token)) co_return unauthenticated();
  std::string sha256 = token_hash(token);
  const auto found = co_await identity.cache(request.shard).key(sha256);
  if (!found) co_return problem(found.error());
  const IdentityCache::Key& key = *found;
  const WallTime now = api->services.clock.now();
  if (!key || (key->expires_at && *key->expires_at <= now)) co_return unauthenticated();
  if (!key->last_used_at || now - *key->last_used_at >= kNoteUse) {
    co_await beside(api, note_key(api, key, now));
  }
  request.caller = {Kind::key, key->user, key->scopes, key->id, std::move(sha256)};
  co_return std::nullopt;
}

awaitable<Refusal> by_cookie(ApiPtr api, Request& request, std::string_view token) {
  std::string sha256 = token_hash(token);
  const auto found = co_await api->identity.cache(request.shard).session(sha256);
  if (!found) co_return problem(found.error());
  const IdentityCache::Session& session = *found;
  const WallTime now = api->services.clock.now();
  if (!session || session->expires_at <= now) co_return unauthenticated();
  if (now - session->last_seen_at >= kNoteUse) {
    co_await beside(api, note_session(api, session, now));
  }
  request.caller = {Kind::session, session->user, Scopes::all(), session->id, std::move(sha256)};
  co_return std::nullopt;
}

Refusal judge_csrf(const Request& request, std::string_view session_token) {
  if (!changes_state(request.method)) return std::nullopt;
  const auto given = request.header("X-CSRF-Token").value_or(std::string_view{});
  if (crypto::constant_time_equal(given, csrf_token(session_token))) return std::nullopt;
  return problem(forbidden("bad_csrf_token",
                           "a session's writes need X-CSRF-Token; GET /api/session tells it"));
}

// `open`: loopback mode, where nobody needs to say who they are.
awaitable<Refusal> identify(ApiPtr api, Request& request, bool open) {
  const Presented shown = presented(request);
  const Identity& identity = api->identity;
  if (shown.kind == Presented::Kind::bearer) {
    co_return co_await by_bearer(api, request, shown.token);
  }
  if (shown.kind == Presented::Kind::cookie) {
    if (auto refusal = judge_origin(request, identity.public_origin(), identity.options().tls)) {
      co_return refusal;
    }
    auto refusal = co_await by_cookie(api, request, shown.token);
    if (!refusal) co_return judge_csrf(request, shown.token);
    if (!open || refusal->status != 401) co_return refusal;
  }
  // A cookie that is over is no reason to refuse what would be fine without it.
  if (!open || (shown.kind == Presented::Kind::unreadable && request.header("Authorization"))) {
    co_return unauthenticated();
  }
  request.caller = {Kind::loopback, api->services.user, Scopes::all(), "", ""};
  co_return std::nullopt;
}

awaitable<Refusal> act_as(ApiPtr api, Request& request, std::string user) {
  const Principal& caller = request.caller;
  if (user == caller.user.text) co_return std::nullopt;
  if (!is_user_id(user)) co_return problem(user_mismatch());
  if (caller.kind != Kind::node) {
    if (caller.kind == Kind::loopback || !caller.scopes.has(Scope::act_as)) {
      co_return problem(user_mismatch());
    }
    const auto owns = co_await api->identity.cache(request.shard).owns(caller.user, {user});
    if (!owns) co_return problem(owns.error());
    if (!*owns) co_return problem(user_mismatch());
  }
  request.principal.text = std::move(user);
  co_return std::nullopt;
}

Refusal judge_scope(const Principal& caller, const Route& route) {
  if (!route.scope || caller.scopes.has(*route.scope)) return std::nullopt;
  return problem(forbidden(
      "missing_scope", fmt::format("this needs a key with scope \"{}\"", to_string(*route.scope))));
}

struct Mode {
  bool loopback = false;
  std::optional<Error> failed;
};

awaitable<Mode> mode_of(ApiPtr api, const Request& request, bool ask) {
  if (!api->identity.options().open_on_loopback) co_return Mode{};
  IdentityCache& cache = api->identity.cache(request.shard);
  if (!ask) co_return Mode{cache.known_open(), std::nullopt};
  const auto any = co_await cache.any_sign_in();
  if (!any) co_return Mode{false, any.error()};
  if (*any) api->identity.note_sign_in();
  co_return Mode{!*any, std::nullopt};
}

awaitable<Refusal> judge(ApiPtr api, Request& request, const Route* route) {
  const bool open = route != nullptr && !route->scope && !route->caller;
  const bool writes = changes_state(request.method);
  // Whether the server is well is answered even when the store is not.
  const Mode mode = co_await mode_of(api, request, !open || writes);
  if (mode.failed) co_return problem(*mode.failed);
  if (mode.loopback) {
    if (auto refusal = judge_host(request)) co_return refusal;
  }
  if (mode.loopback || (open && writes)) {
    const Identity& identity = api->identity;
    if (auto refusal = judge_origin(request, identity.public_origin(), identity.options().tls)) {
      co_return refusal;
    }
  }
  if (open) co_return judge_write(request);
  if (auto refusal = co_await identify(api, request, mode.loopback)) co_return refusal;
  request.principal = request.caller.user;
  if (route == nullptr) co_return std::nullopt;
  if (auto refusal = judge_scope(request.caller, *route)) co_return refusal;
  if (const auto user = request.query_value("user_id")) {
    if (auto refusal = co_await act_as(api, request, std::string(*user))) co_return refusal;
  }
  co_return judge_write(request);
}

// A body is parsed here only if it may name a user; what is parsed is kept for the handler. A name
// written with JSON escapes is not seen here: check_user() refuses it.
awaitable<Refusal> judge_body(ApiPtr api, Request& request) {
  if (request.caller.kind == Kind::nobody) co_return std::nullopt;
  if (request.body.find("\"user_id\"") == std::string::npos) co_return std::nullopt;
  Result<Json> body = parse_json(request.body);
  if (!body) co_return std::nullopt;  // the handler says what is wrong with it
  request.json = std::move(*body);
  const Json* user = find(*request.json, "user_id");
  if (user == nullptr) co_return std::nullopt;
  if (!user->is_string()) co_return problem(user_mismatch());
  const std::string_view text = as_view(user->get_string());
  if (text == request.principal.text) co_return std::nullopt;
  // The query has said for whom already.
  if (request.query_value("user_id")) co_return problem(user_mismatch());
  co_return co_await act_as(api, request, std::string(text));
}

}  // namespace

awaitable<bool> may_go_on(ApiPtr api, std::size_t shard, Principal caller, UserId principal) {
  IdentityCache& cache = api->identity.cache(shard);
  const WallTime now = api->services.clock.now();
  // A store that does not answer has nothing new to show either.
  if (caller.kind == Kind::key) {
    const auto key = co_await cache.key(caller.sha256);
    if (key && (!*key || ((*key)->expires_at && *(*key)->expires_at <= now))) co_return false;
  }
  if (caller.kind == Kind::session) {
    const auto session = co_await cache.session(caller.sha256);
    if (session && (!*session || (*session)->expires_at <= now)) co_return false;
  }
  if (caller.kind == Kind::loopback) {
    const auto any = co_await cache.any_sign_in();
    if (any && *any) co_return false;
  }
  if (caller.kind == Kind::node || principal == caller.user) co_return true;
  const auto owns = co_await cache.owns(std::move(caller.user), std::move(principal));
  co_return !owns || *owns;
}

Status check_user(const UserId& principal, std::string_view user_id) {
  if (user_id == principal.text) return ok();
  return user_mismatch();
}

bool is_user_id(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.front() != ' ' && text.back() != ' ' &&
         is_valid_utf8(text) && is_title(text);
}

Guard make_guard(const ApiPtr& api) {
  return [api](Request& request, const Route* route) { return judge(api, request, route); };
}

BodyGuard make_body_guard(const ApiPtr& api) {
  return [api](Request& request) { return judge_body(api, request); };
}

}  // namespace pilot::api
