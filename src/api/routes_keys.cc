// API keys: make one (shown once), list, revoke. Nobody makes a key that may do more than they may.
#include "api/auth.h"
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/token.h"
#include "plan/durations.h"

namespace pilot::api {
namespace {

constexpr auto kLongest = std::chrono::hours{24 * 366 * 10};

// What a key is asked for to be.
struct Wanted {
  std::string name;
  Scopes scopes;
  std::optional<WallTime> expires_at;
  std::string user;  // empty: whoever asks
};

Json key_json(const store::ApiKey& key) {
  JsonArray scopes;
  for (const Scope scope : kAllScopes) {
    if (key.scopes.has(scope)) scopes.push_back(text(to_string(scope)));
  }
  return JsonObject{{"id", text(key.id)},
                    {"user", text(key.user.text)},
                    {"name", text(key.name)},
                    {"prefix", text(key.prefix)},
                    {"scopes", std::move(scopes)},
                    {"expires_at", time_or_null(key.expires_at)},
                    {"created_at", text(to_rfc3339(key.created_at))},
                    {"last_used_at", time_or_null(key.last_used_at)},
                    {"revoked_at", time_or_null(key.revoked_at)}};
}

// ["read", "run"], or the old form "read,run".
Result<Scopes> read_scopes(const JsonObject& body) {
  const Json* value = find(body, "scopes");
  if (value != nullptr && value->is_string()) return parse_scopes(as_view(value->get_string()));
  const auto names = texts_member(body, "scopes");
  if (!names) return names.error();
  std::string all;
  for (const std::string& name : names->value_or(std::vector<std::string>{})) {
    all += (all.empty() ? "" : ",") + name;
  }
  return parse_scopes(all);
}

Result<std::optional<WallTime>> read_expiry(const JsonObject& body, WallTime now) {
  const Json* in = find(body, "expires_in");
  const Json* at = find(body, "expires_at");
  std::optional<WallTime> expires;
  std::string_view pointer = "/expires_in";
  if (in != nullptr && !in->is_null()) {
    const Result<Millis> life = plan::parse_duration(*in);
    if (!life) return invalid("invalid_value", life.error().message, "/expires_in");
    if (*life > kLongest) {
      return invalid("invalid_value", "a key lives for ten years at most", "/expires_in");
    }
    expires = now + *life;
  } else if (at != nullptr && !at->is_null()) {
    pointer = "/expires_at";
    const Result<std::string> given = text_member(body, "expires_at");
    if (!given) return given.error();
    const Result<WallTime> time = parse_rfc3339(*given);
    if (!time) return invalid("invalid_value", time.error().message, "/expires_at");
    expires = *time;
  }
  if (expires && (*expires <= now || *expires > now + kLongest)) {
    return invalid("invalid_value", "a key ends between now and ten years from now",
                   std::string(pointer));
  }
  return expires;
}

Result<Wanted> read_wanted(const JsonObject& body, WallTime now) {
  if (Status known =
          refuse_unknown(body, {"name", "scopes", "expires_in", "expires_at", "user", "user_id"});
      !known) {
    return known.error();
  }
  Wanted out;
  Result<std::string> name = text_member(body, "name");
  if (!name) return name.error();
  if (name->empty() || name->size() > limits::kNameLength || !is_title(*name)) {
    return invalid("invalid_value",
                   fmt::format("a key's name is 1 to {} bytes of printable text, to know it by",
                               limits::kNameLength),
                   "/name");
  }
  out.name = std::move(*name);
  const Result<Scopes> scopes = read_scopes(body);
  if (!scopes) return scopes.error();
  out.scopes = *scopes;
  const auto expires = read_expiry(body, now);
  if (!expires) return expires.error();
  out.expires_at = *expires;
  Result<std::string> user = text_member(body, "user");
  if (!user) return user.error();
  out.user = std::move(*user);
  return out;
}

// Whose key: the caller's own, or that of a user for whom the caller may act.
awaitable<Status> settle_user(ApiPtr api, Request& request, std::string user) {
  if (user.empty() || user == request.principal.text) co_return ok();
  const Principal& caller = request.caller;
  Status mine = check_user(request.principal, user);  // the refusal, if it comes to that
  if (!is_user_id(user)) co_return mine;
  if (!caller.is_operator()) {
    if (!caller.scopes.has(Scope::act_as)) co_return mine;
    const auto owns = co_await api->services.store.owns_user(caller.user, {user});
    if (!owns) co_return owns.error();
    if (!*owns) co_return mine;
  }
  request.principal.text = std::move(user);
  co_return ok();
}

// The operator's word makes a user; the row keeps the id from being given to anybody else.
awaitable<Status> make_user(ApiPtr api, const Request& request, WallTime now) {
  if (!request.caller.is_operator()) co_return ok();
  const auto there = co_await api->services.store.find_user(request.principal);
  if (there || there.error().kind != ErrorKind::not_found) {
    co_return there ? ok() : Status(there.error());
  }
  store::User user;
  user.id = request.principal;
  user.name = request.principal.text;
  user.created_at = now;
  co_return co_await api->services.store.create_user(std::move(user));
}

awaitable<Response> create(ApiPtr api, Request& request) {
  Services& services = api->services;
  const WallTime now = services.clock.now();
  const Result<JsonObject> body = read_object(request);
  if (!body) co_return problem(body.error());
  Result<Wanted> wanted = read_wanted(*body, now);
  if (!wanted) co_return problem(wanted.error());
  if (Status mine = co_await settle_user(api, request, wanted->user); !mine) {
    co_return problem(mine.error());
  }
  if (!wanted->scopes.within(request.caller.scopes)) {
    co_return problem(Error{ErrorKind::permission_denied, "missing_scope",
                            fmt::format("a key may have the scopes of its maker at most: {}",
                                        to_string(request.caller.scopes)),
                            "/scopes"});
  }
  if (Status made = co_await make_user(api, request, now); !made) co_return problem(made.error());
  const std::string secret = new_api_key(api->random(request));
  store::ApiKey key;
  key.user = request.principal;
  key.id = make_uuid7(now, api->random(request));
  key.name = std::move(wanted->name);
  key.prefix = key_prefix(secret);
  key.sha256 = token_hash(secret);
  key.scopes = wanted->scopes;
  key.expires_at = wanted->expires_at;
  key.created_at = now;
  const Status created = co_await services.store.create_key(key);
  if (!created) co_return problem(created.error());
  api->identity.note_sign_in();
  api->identity.generation.raise();
  Json out = key_json(key);
  out.get_object()["key"] = text(secret);
  Response response = json_response(out, 201);
  response.shown_once = true;
  co_return response;
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  const auto found = co_await api->services.store.list_keys(request.principal, *page);
  if (!found) co_return problem(found.error());
  JsonArray keys;
  for (const store::ApiKey& key : found->items) keys.push_back(key_json(key));
  co_return json_response(
      JsonObject{{"keys", std::move(keys)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

awaitable<Response> revoke(ApiPtr api, Request& request) {
  const Status revoked = co_await api->services.store.revoke_key(
      request.principal, request.param("id"), api->services.clock.now());
  if (!revoked) co_return problem(revoked.error());
  api->identity.generation.raise();
  co_return json_response(JsonObject{{"success", true}, {"id", text(request.param("id"))}});
}

}  // namespace

void register_keys(Router& router, const ApiPtr& api) {
  router.add({Method::post, "/api/keys", Scope::admin, "create_key",
              "Makes an API key; the answer is the only place where it stands"},
             [api](Request& request) { return create(api, request); });
  router.add({Method::get, "/api/keys", Scope::admin, "list_keys", "API keys, newest first"},
             [api](Request& request) { return list(api, request); });
  router.add({Method::del, "/api/keys/{id}", Scope::admin, "revoke_key", "Revokes an API key"},
             [api](Request& request) { return revoke(api, request); });
}

}  // namespace pilot::api
