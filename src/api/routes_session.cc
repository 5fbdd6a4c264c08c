// Browser sessions: sign in, who am I, sign out; and the page that the printed one-time address
// leads to.
#include "api/body.h"
#include "api/head_rules.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/token.h"
#include "api/wiped.h"

namespace pilot::api {
namespace {

// Lax: a link from elsewhere shows the page signed in; a form or script of elsewhere brings no
// cookie along.
std::string cookie(const Identity& identity, std::string_view token, std::chrono::seconds life) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}", kSessionCookie, token,
                     life.count(), identity.is_secure() ? "; Secure" : "");
}

// A new session with a new token, whatever the browser sent; its token.
awaitable<Result<std::string>> begin(ApiPtr api, const Request& request, UserId user) {
  const WallTime now = api->services.clock.now();
  std::string token = random_token(api->random(request));
  store::LoginSession session;
  session.user = std::move(user);
  session.id = make_uuid7(now, api->random(request));
  session.sha256 = token_hash(token);
  session.created_at = session.last_seen_at = now;
  session.expires_at = now + limits::kSessionLife;
  const Status begun = co_await api->services.store.create_session(std::move(session));
  if (!begun) co_return begun.error();
  api->identity.generation.raise();
  co_return token;
}

struct SignIn {
  std::string name;
  Secret password;
};

Result<SignIn> read_sign_in(Request& request) {
  Result<JsonObject> read = read_object(request);
  wipe(request.body);
  if (!read) return read.error();
  const Wiped body(std::move(*read));
  if (Status known = refuse_unknown(*body, {"name", "password"}); !known) return known.error();
  Result<std::string> name = text_member(*body, "name");
  if (!name) return name.error();
  Result<std::string> password = text_member(*body, "password");
  if (!password) return password.error();
  SignIn out{std::move(*name), Secret(std::move(*password))};
  if (out.name.empty() || out.password.empty()) {
    return invalid("missing_param", R"(send {"name": "...", "password": "..."})",
                   out.name.empty() ? "/name" : "/password");
  }
  if (out.password.reveal().size() > limits::kPasswordBytes) {
    return invalid("invalid_password",
                   fmt::format("a password has {} bytes at most", limits::kPasswordBytes),
                   "/password");
  }
  return out;
}

// The user, if name and password are right. Whether there is such a user shows neither in the
// answer nor in the time that it takes.
awaitable<Result<store::User>> check(ApiPtr api, SignIn given) {
  auto user = co_await api->services.store.find_user_by_name(std::move(given.name));
  if (!user && user.error().kind != ErrorKind::not_found) co_return user;
  std::string hash = user ? user->password_hash : std::string();
  const auto same =
      co_await api->identity.passwords.verify(std::move(given.password), std::move(hash));
  if (!same) co_return same.error();
  if (*same && user && !user->disabled) co_return user;
  co_return Error{ErrorKind::unauthenticated,
                  "sign_in_failed",
                  "this name and password do not go together",
                  {}};
}

// None: go on. By hash: a name may be as long as a body.
std::optional<Error> too_many_tries(ApiPtr api, const Request& request, std::string_view name) {
  const auto wait = api->identity.logins.take(token_hash(name), request.peer);
  if (!wait) return std::nullopt;
  return Error{ErrorKind::rate_limited, "rate_limited",
               "too many tries to sign in to this account or from this address", "", *wait};
}

// The answer to a sign-in: the cookie, and what writes need.
Response signed_in(const ApiPtr& api, const UserId& user, std::string_view token, int status) {
  Response response = json_response(
      JsonObject{{"user", text(user.text)}, {"csrf_token", text(csrf_token(token))}}, status);
  response.headers.emplace_back("Set-Cookie", cookie(api->identity, token, limits::kSessionLife));
  response.shown_once = true;
  return response;
}

awaitable<Response> sign_in(ApiPtr api, Request& request) {
  Result<SignIn> given = read_sign_in(request);
  if (!given) co_return problem(given.error());
  if (const auto many = too_many_tries(api, request, given->name)) co_return problem(*many);
  const Result<store::User> user = co_await check(api, std::move(*given));
  if (!user) co_return problem(user.error());
  const Result<std::string> token = co_await begin(api, request, user->id);
  if (!token) co_return problem(token.error());
  co_return signed_in(api, user->id, *token, 201);
}

struct NewPassword {
  Secret before;
  Secret after;
};

Result<NewPassword> read_new_password(Request& request) {
  Result<JsonObject> read = read_object(request);
  wipe(request.body);
  if (!read) return read.error();
  const Wiped body(std::move(*read));
  if (Status known = refuse_unknown(*body, {"old_password", "new_password"}); !known) {
    return known.error();
  }
  Result<std::string> before = text_member(*body, "old_password");
  if (!before) return before.error();
  Result<std::string> after = text_member(*body, "new_password");
  if (!after) return after.error();
  NewPassword out{Secret(std::move(*before)), Secret(std::move(*after))};
  if (out.before.empty() || out.after.empty()) {
    return invalid("missing_param", R"(send {"old_password": "...", "new_password": "..."})",
                   out.before.empty() ? "/old_password" : "/new_password");
  }
  if (out.before.reveal().size() > limits::kPasswordBytes) {
    return invalid("invalid_password",
                   fmt::format("a password has {} bytes at most", limits::kPasswordBytes),
                   "/old_password");
  }
  if (Status fit = vault::check_password(out.after.reveal()); !fit) {
    Error error = fit.error();
    error.pointer = "/new_password";
    return error;
  }
  return out;
}

// Of a user who knows the old one. Tries count like those to sign in: a session that somebody found
// open is no way to guess. All sessions end, this one, too; the answer brings a new one.
awaitable<Response> change_password(ApiPtr api, Request& request) {
  if (request.caller.kind != Principal::Kind::session) {
    co_return problem(invalid("no_session",
                              "only who has signed in changes their own password here; for others "
                              "there is PUT /api/users/{id}"));
  }
  Result<NewPassword> given = read_new_password(request);
  if (!given) co_return problem(given.error());
  const auto user = co_await api->services.store.find_user(request.caller.user);
  if (!user && user.error().kind != ErrorKind::not_found) co_return problem(user.error());
  const std::string name = user ? user->name : request.caller.user.text;
  if (const auto many = too_many_tries(api, request, name)) co_return problem(*many);
  std::string known = user ? user->password_hash : std::string();
  const auto same =
      co_await api->identity.passwords.verify(std::move(given->before), std::move(known));
  if (!same) co_return problem(same.error());
  if (!*same) {
    co_return problem(Error{ErrorKind::permission_denied, "wrong_password",
                            "this is not your password", "/old_password"});
  }
  Result<std::string> hash =
      co_await api->identity.passwords.hash(std::move(given->after), api->random(request));
  if (!hash) co_return problem(hash.error());
  store::UserChange change;
  change.password_hash = std::move(*hash);
  const auto changed = co_await api->services.store.update_user(user->id, std::move(change));
  if (!changed) co_return problem(changed.error());
  api->identity.generation.raise();
  const Result<std::string> token = co_await begin(api, request, user->id);
  if (!token) co_return problem(token.error());
  co_return signed_in(api, user->id, *token, 200);
}

awaitable<Response> show(ApiPtr api, Request& request) {
  const Principal& caller = request.caller;
  JsonArray scopes;
  for (const Scope scope : kAllScopes) {
    if (caller.scopes.has(scope)) scopes.push_back(text(to_string(scope)));
  }
  JsonObject out{
      {"user", text(caller.user.text)},
      {"acting_for",
       text_or_null(request.principal == caller.user ? std::string() : request.principal.text)},
      {"kind", text(to_string(caller.kind))},
      {"id", text_or_null(caller.credential)},
      {"scopes", std::move(scopes)}};
  if (caller.kind != Principal::Kind::session) co_return json_response(out);
  const std::string_view token = presented(request).token;
  out["csrf_token"] = text(csrf_token(token));
  Response response = json_response(out);
  // The session's life slides; so must the cookie's.
  response.headers.emplace_back("Set-Cookie", cookie(api->identity, token, limits::kSessionLife));
  co_return response;
}

awaitable<Response> sign_out(ApiPtr api, Request& request) {
  const Principal& caller = request.caller;
  if (caller.kind != Principal::Kind::session) {
    co_return problem(invalid("no_session",
                              "only a browser's session can be ended here; keys are "
                              "revoked with DELETE /api/keys/{id}"));
  }
  const Status ended = co_await api->services.store.remove_session(caller.user, caller.credential);
  if (!ended) co_return problem(ended.error());
  api->identity.generation.raise();
  Response response = json_response(JsonObject{{"success", true}});
  response.headers.emplace_back("Set-Cookie", cookie(api->identity, "", std::chrono::seconds{0}));
  co_return response;
}

// GET / as the one exception changes something: the address is printed to whoever started the
// server, works once, and a page that guesses it has 256 bits to guess.
awaitable<Response> front(ApiPtr api, Request& request) {
  const auto given = request.query_value("token");
  // A HEAD comes from whatever previews links.
  if (!given || request.method == Method::head) {
    co_return text_response("This is Pilot. Its API is under /api.\n");
  }
  if (!api->identity.use_browser_token(*given)) {
    co_return text_response(
        "This address was used already, or is not right. Start Pilot again for a new one.\n", 403);
  }
  const Result<std::string> token = co_await begin(api, request, api->services.user);
  if (!token) co_return problem(token.error());
  Response response = text_response("", 303);
  response.headers.emplace_back("Location", "/");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Set-Cookie", cookie(api->identity, *token, limits::kSessionLife));
  co_return response;
}

}  // namespace

void register_session(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/", std::nullopt, "front_page", "The page to begin at"},
             [api](Request& request) { return front(api, request); });
  router.add({Method::post, "/api/session", std::nullopt, "sign_in",
              "Signs in with name and password: a cookie, and the token that writes need"},
             [api](Request& request) { return sign_in(api, request); });
  router.add({Method::post, "/api/session/password", std::nullopt, "change_password",
              "Changes one's own password; all other sessions end", true},
             [api](Request& request) { return change_password(api, request); });
  router.add({Method::get, "/api/session", std::nullopt, "show_session", "Who is calling", true},
             [api](Request& request) { return show(api, request); });
  router.add(
      {Method::del, "/api/session", std::nullopt, "sign_out", "Ends the browser's session", true},
      [api](Request& request) { return sign_out(api, request); });
}

}  // namespace pilot::api
