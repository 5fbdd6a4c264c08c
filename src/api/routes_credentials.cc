// Credentials: set, list by type, remove. A value comes in, is sealed before it reaches the store,
// and is never answered, logged or put into an error.
#include "api/body.h"
#include "api/connection.h"
#include "api/connection_stored.h"
#include "api/credential_values.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/wiped.h"

namespace pilot::api {
namespace {

Result<std::string> connection_name(std::string name, std::string_view pointer) {
  if (is_name(name)) return name;
  return invalid("invalid_value",
                 fmt::format("a connection's name is 1 to {} letters, digits, and _ - . @ +",
                             limits::kNameLength),
                 std::string(pointer));
}

Json listed(const store::SealedCredential& credential) {
  return JsonObject{{"provider", text(credential.provider)},
                    {"connection", text(credential.connection)},
                    {"type", text(credential.type)},
                    {"expires_at", time_or_null(credential.expires_at)},
                    {"created_at", text(to_rfc3339(credential.created_at))},
                    {"updated_at", text(to_rfc3339(credential.updated_at))}};
}

// How the connections stand that have been connected by OAuth, or refused.
Json states_listed(const std::vector<store::ConnectionState>& states) {
  JsonArray out;
  for (const store::ConnectionState& state : states) {
    JsonArray scopes;
    for (const std::string& scope : providers::split_scopes(state.scopes)) {
      scopes.push_back(text(scope));
    }
    out.push_back(JsonObject{{"provider", text(state.provider)},
                             {"connection", text(state.connection)},
                             {"needs_reauth", state.needs_reauth_at.has_value()},
                             {"needs_reauth_since", time_or_null(state.needs_reauth_at)},
                             {"reason", text_or_null(state.reason)},
                             {"scopes", std::move(scopes)}});
  }
  return out;
}

awaitable<Response> list(ApiPtr api, Request& request, std::string provider) {
  const auto found = co_await api->services.store.list_credentials(request.principal, provider);
  if (!found) co_return problem(found.error());
  const auto states = co_await api->services.store.connection_states(request.principal, provider);
  if (!states) co_return problem(states.error());
  JsonArray credentials;
  JsonArray types;
  for (const store::SealedCredential& credential : *found) {
    credentials.push_back(listed(credential));
    const Json type = text(credential.type);
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  JsonObject out{{"credentials", std::move(credentials)}, {"connections", states_listed(*states)}};
  if (!provider.empty()) {
    out["provider"] = text(provider);
    out["types"] = std::move(types);
  }
  co_return json_response(out);
}

awaitable<Response> list_of(ApiPtr api, Request& request) {
  const auto provider = co_await find_provider(api, request.principal, request.param("provider"));
  if (!provider) co_return problem(provider.error());
  co_return co_await list(api, request, (*provider)->credential_name());
}

awaitable<Response> set(ApiPtr api, Request& request) {
  Services& services = api->services;
  const auto provider = co_await find_provider(api, request.principal, request.param("provider"));
  if (!provider) co_return problem(provider.error());
  Result<JsonObject> read = read_object(request);
  wipe(request.body);
  if (!read) co_return problem(read.error());
  const Wiped body(std::move(*read));
  Result<std::string> name = text_member(*body, "connection", "default");
  if (name) name = connection_name(std::move(*name), "/connection");
  if (!name) co_return problem(name.error());
  const auto values = read_credential_values(*body);
  if (!values) co_return problem(values.error());
  JsonArray types;
  for (const GivenCredential& given : *values) {
    store::SealedCredential sealed = sealed_credential(api, request, given);
    sealed.provider = (*provider)->credential_name();
    sealed.connection = *name;
    const Status put = co_await services.store.put_credential(std::move(sealed));
    if (!put) co_return problem(put.error());
    types.push_back(text(given.type));
  }
  const Status followed =
      co_await connection_stored(api, {request.principal, (*provider)->credential_name(), *name});
  if (!followed) co_return problem(followed.error());
  co_return json_response(JsonObject{{"success", true},
                                     {"provider", text((*provider)->name)},
                                     {"connection", text(*name)},
                                     {"types", std::move(types)}},
                          201);
}

// Of one type, or (without one in the path) the whole connection.
awaitable<Response> remove(ApiPtr api, Request& request, std::string type) {
  const auto provider = co_await find_provider(api, request.principal, request.param("provider"));
  if (!provider) co_return problem(provider.error());
  const Result<std::string> name =
      connection_name(std::string(request.query_value("connection").value_or("default")), "");
  if (!name) co_return bad_query(name.error());
  const auto removed = co_await api->services.store.remove_credentials(
      request.principal, (*provider)->credential_name(), *name, type);
  if (!removed) co_return problem(removed.error());
  if (*removed == 0) {
    co_return problem(not_found(
        fmt::format("connection \"{}\" of {} has no such credential", *name, (*provider)->name)));
  }
  co_return json_response(JsonObject{{"success", true}, {"removed", *removed}});
}

}  // namespace

void register_credentials(Router& router, const ApiPtr& api) {
  const std::string all = "/api/provider-credentials";
  const std::string one = all + "/{provider}";
  router.add({Method::get, all, Scope::read, "list_credentials",
              "Which credentials there are, without their values"},
             [api](Request& request) { return list(api, request, ""); });
  router.add({Method::get, one, Scope::read, "list_provider_credentials",
              "Which credentials of one provider there are, without their values"},
             [api](Request& request) { return list_of(api, request); });
  router.add({Method::post, one, Scope::credentials, "set_credentials",
              "Sets credentials of one connection"},
             [api](Request& request) { return set(api, request); });
  router.add({Method::del, one, Scope::credentials, "remove_connection",
              "Removes all credentials of one connection"},
             [api](Request& request) { return remove(api, request, ""); });
  router.add({Method::del, one + "/{type}", Scope::credentials, "remove_credential",
              "Removes one credential of one connection"},
             [api](Request& request) { return remove(api, request, request.param("type")); });
}

}  // namespace pilot::api
