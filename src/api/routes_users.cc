// Users: made and changed by their owner, or by whoever runs the server. A user of somebody else's
// is answered as one that does not exist.
#include "api/auth.h"
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/wiped.h"
#include "engine/user_hosts.h"

namespace pilot::api {
namespace {

constexpr std::size_t kEmail = 254;

struct Given {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<Secret> password;
  std::optional<bool> disabled;
  std::optional<std::optional<std::string>> allowed_hosts;
};

Json hosts_json(const std::optional<std::string>& hosts) {
  if (!hosts) return nullptr;
  JsonArray rules;
  for (const std::string& rule : engine::split_host_rules(*hosts)) rules.push_back(text(rule));
  return rules;
}

Json user_json(const store::User& user) {
  return JsonObject{{"id", text(user.id.text)},
                    {"owner", text_or_null(user.owner.text)},
                    {"name", text(user.name)},
                    {"email", text_or_null(user.email)},
                    {"disabled", user.disabled},
                    {"allowed_hosts", hosts_json(user.allowed_hosts)},
                    {"created_at", text(to_rfc3339(user.created_at))}};
}

bool acts_for_another(const Request& request) { return request.principal != request.caller.user; }
// Sees every user: the operator, unless it acts for one.
bool sees_all(const Request& request) {
  return request.caller.is_operator() && !acts_for_another(request);
}

Result<std::optional<std::string>> maybe_text(const JsonObject& body, std::string_view key) {
  const Json* value = find(body, key);
  if (value == nullptr || value->is_null()) return std::optional<std::string>{};
  Result<std::string> given = text_member(body, key);
  if (!given) return given.error();
  return std::optional<std::string>(std::move(*given));
}

// A list of rules, or null: anywhere. Unlike the others null is a value, so that what a user was
// read as can be sent back.
Status read_hosts(const JsonObject& body, Given& out) {
  const Json* value = find(body, "allowed_hosts");
  if (value == nullptr) return ok();
  out.allowed_hosts.emplace();
  if (value->is_null()) return ok();
  const auto wrong = [] {
    return invalid("wrong_type", "\"allowed_hosts\" must be an array of texts, or null",
                   "/allowed_hosts");
  };
  if (!value->is_array()) return wrong();
  std::vector<std::string> rules;
  for (const Json& rule : value->get_array()) {
    if (!rule.is_string()) return wrong();
    rules.emplace_back(as_view(rule.get_string()));
  }
  Result<std::string> list = engine::join_host_rules(rules);
  if (!list) {
    Error error = list.error();
    error.pointer = "/allowed_hosts" + error.pointer;
    return error;
  }
  *out.allowed_hosts = std::move(*list);
  return ok();
}

Result<Given> read_given(const JsonObject& body) {
  Given out;
  auto name = maybe_text(body, "name");
  if (!name) return name.error();
  out.name = std::move(*name);
  if (out.name && !is_user_id(*out.name)) {
    return invalid("invalid_value", "a name is 1 to 200 bytes of printable text", "/name");
  }
  auto email = maybe_text(body, "email");
  if (!email) return email.error();
  out.email = std::move(*email);
  if (out.email && (out.email->size() > kEmail || !is_title(*out.email))) {
    return invalid("invalid_value", "this is no e-mail address", "/email");
  }
  auto password = maybe_text(body, "password");
  if (!password) return password.error();
  if (*password) {
    Secret secret(std::move(**password));
    if (Status fit = vault::check_password(secret.reveal()); !fit) return fit.error();
    out.password = std::move(secret);
  }
  if (const Json* disabled = find(body, "disabled"); disabled && !disabled->is_null()) {
    if (!disabled->is_bool()) {
      return invalid("wrong_type", "\"disabled\" must be true or false", "/disabled");
    }
    out.disabled = disabled->get_bool();
  }
  if (Status hosts = read_hosts(body, out); !hosts) return hosts.error();
  return out;
}

// Ids and names are one space for all. What a tenant chooses begins with its own id, so that nobody
// learns from a refusal who else is there, or takes an id that has data already.
Status check_space(const Request& request, std::string_view chosen, std::string_view pointer) {
  if (!is_user_id(chosen)) {
    return invalid("invalid_value", "this is 1 to 200 bytes of printable text",
                   std::string(pointer));
  }
  if (sees_all(request)) return ok();
  const std::string prefix = request.principal.text + ".";
  if (chosen.size() > prefix.size() && chosen.starts_with(prefix)) return ok();
  return invalid("invalid_value",
                 fmt::format("what you choose begins with your own id, like \"{}alice\"", prefix),
                 std::string(pointer));
}

// A session may do everything, so a password is for whoever may do everything to give.
Status may_give_password(const Request& request) {
  for (const Scope scope : kAllScopes) {
    if (request.caller.scopes.has(scope)) continue;
    return Error{
        ErrorKind::permission_denied, "missing_scope",
        fmt::format("to give a password needs every scope; \"{}\" is missing", to_string(scope)),
        "/password"};
  }
  return ok();
}

// None when no password was given.
awaitable<Result<std::optional<std::string>>> hash_password(ApiPtr api, Request& request,
                                                            Given& given) {
  using Hash = std::optional<std::string>;
  if (!given.password) co_return Hash{};
  if (Status may = may_give_password(request); !may) co_return may.error();
  Result<std::string> hash =
      co_await api->identity.passwords.hash(std::move(*given.password), api->random(request));
  if (!hash) co_return hash.error();
  co_return Hash{std::move(*hash)};
}

Result<UserId> read_owner(const Request& request, const JsonObject& body) {
  Result<std::string> owner = text_member(body, "owner");
  if (!owner) return owner.error();
  if (sees_all(request)) {
    if (owner->empty() || is_user_id(*owner)) return UserId{std::move(*owner)};
    return invalid("invalid_value", "this cannot be a user's id", "/owner");
  }
  if (!owner->empty()) {
    if (Status mine = check_user(request.principal, *owner); !mine) return mine.error();
  }
  return request.principal;
}

// The new user without a password.
Result<store::User> read_new(ApiPtr api, Request& request, const JsonObject& body,
                             const Given& given) {
  store::User user;
  user.created_at = api->services.clock.now();
  Result<UserId> owner = read_owner(request, body);
  if (!owner) return owner.error();
  user.owner = std::move(*owner);
  Result<std::string> id = text_member(body, "id");
  if (!id) return id.error();
  if (id->empty()) {
    user.id.text = make_uuid7(user.created_at, api->random(request));
  } else {
    if (Status mine = check_space(request, *id, "/id"); !mine) return mine.error();
    user.id.text = std::move(*id);
  }
  user.name = user.id.text;
  if (given.name) {
    if (Status mine = check_space(request, *given.name, "/name"); !mine) return mine.error();
    user.name = *given.name;
  }
  user.email = given.email.value_or("");
  user.disabled = given.disabled.value_or(false);
  user.allowed_hosts = given.allowed_hosts.value_or(std::nullopt);
  return user;
}

Result<JsonObject> read_body(Request& request, std::vector<std::string> known) {
  Result<JsonObject> body = read_object(request);
  wipe(request.body);
  if (!body) return body;
  known.emplace_back("user_id");
  if (Status all = refuse_unknown(*body, known); !all) return all.error();
  return body;
}

awaitable<Response> create(ApiPtr api, Request& request) {
  Result<JsonObject> read =
      read_body(request, {"id", "name", "email", "password", "owner", "disabled", "allowed_hosts"});
  if (!read) co_return problem(read.error());
  const Wiped body(std::move(*read));
  Result<Given> given = read_given(*body);
  if (!given) co_return problem(given.error());
  Result<store::User> user = read_new(api, request, *body, *given);
  if (!user) co_return problem(user.error());
  const auto hash = co_await hash_password(api, request, *given);
  if (!hash) co_return problem(hash.error());
  user->password_hash = hash->value_or("");
  if (*hash) api->identity.note_sign_in();
  const Status created = co_await api->services.store.create_user(*user);
  if (!created) co_return problem(created.error());
  api->identity.generation.raise();
  Response response = json_response(JsonObject{{"success", true}, {"user", user_json(*user)}}, 201);
  response.headers.emplace_back("Location", "/api/users");
  co_return response;
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  std::optional<UserId> owner;
  if (!sees_all(request)) owner = request.principal;
  const auto found = co_await api->services.store.list_users(std::move(owner), *page);
  if (!found) co_return problem(found.error());
  JsonArray users;
  for (const store::User& user : found->items) users.push_back(user_json(user));
  co_return json_response(
      JsonObject{{"users", std::move(users)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

// Of the path, if it is the caller's to change.
awaitable<Result<store::User>> find_mine(ApiPtr api, Request& request) {
  auto user = co_await api->services.store.find_user({request.param("id")});
  if (!user && user.error().kind != ErrorKind::not_found) co_return user;
  if (!user || (!sees_all(request) && user->owner != request.principal)) {
    co_return not_found("you have no such user");
  }
  co_return user;
}

awaitable<Response> update(ApiPtr api, Request& request) {
  Result<JsonObject> read =
      read_body(request, {"name", "email", "password", "disabled", "allowed_hosts"});
  if (!read) co_return problem(read.error());
  const Wiped body(std::move(*read));
  Result<Given> given = read_given(*body);
  if (!given) co_return problem(given.error());
  const Result<store::User> before = co_await find_mine(api, request);
  if (!before) co_return problem(before.error());
  if (given->name && *given->name != before->name) {
    if (Status mine = check_space(request, *given->name, "/name"); !mine) {
      co_return problem(mine.error());
    }
  }
  const auto hash = co_await hash_password(api, request, *given);
  if (!hash) co_return problem(hash.error());
  if (*hash) api->identity.note_sign_in();
  const auto user = co_await api->services.store.update_user(
      before->id, {given->name, given->email, *hash, given->disabled, given->allowed_hosts});
  if (!user) co_return problem(user.error());
  api->identity.generation.raise();
  co_return json_response(JsonObject{{"success", true}, {"user", user_json(*user)}});
}

awaitable<Response> remove(ApiPtr api, Request& request) {
  const Result<store::User> user = co_await find_mine(api, request);
  if (!user) co_return problem(user.error());
  const Status removed =
      co_await api->services.store.remove_user(user->id, api->services.clock.now());
  if (!removed) co_return problem(removed.error());
  api->identity.generation.raise();
  co_return json_response(JsonObject{{"success", true}, {"id", text(user->id.text)}});
}

}  // namespace

void register_users(Router& router, const ApiPtr& api) {
  router.add({Method::post, "/api/users", Scope::admin, "create_user", "Makes a user of your own"},
             [api](Request& request) { return create(api, request); });
  router.add({Method::get, "/api/users", Scope::admin, "list_users", "Your users, by id"},
             [api](Request& request) { return list(api, request); });
  router.add({Method::put, "/api/users/{id}", Scope::admin, "update_user",
              "Changes a user: name, password, disabled, allowed hosts"},
             [api](Request& request) { return update(api, request); });
  router.add({Method::del, "/api/users/{id}", Scope::admin, "remove_user",
              "Removes a user; its keys and sessions end"},
             [api](Request& request) { return remove(api, request); });
}

}  // namespace pilot::api
