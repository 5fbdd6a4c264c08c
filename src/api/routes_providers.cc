// What Pilot can talk to: /api/providers, one of them with its actions, and the exact request that
// an action would send.
#include "api/body.h"
#include "api/connection.h"
#include "api/custom_summaries.h"
#include "api/problem.h"
#include "api/services.h"
#include "base/nearest.h"
#include "providers/provider_view.h"
#include "providers/request_view.h"

namespace pilot::api {
namespace {

awaitable<Response> list(ApiPtr api, Request& request) {
  const providers::Registry& pilots = *api->services.registry;
  JsonArray all;
  store::PageRequest page{.limit = limits::kPageMax, .cursor = {}};
  do {
    auto own = co_await api->services.store.list_integrations(request.principal, page);
    if (!own) co_return problem(own.error());
    std::erase_if(own->items, [](const CustomIntegration& one) { return !one.is_active; });
    co_await add_summaries(api, own->items);
    for (const CustomIntegration& one : own->items) {
      all.push_back(own_provider_brief(one, pilots.has(one.name)));
    }
    page.cursor = own->next_cursor;
  } while (!page.cursor.empty());
  for (const providers::Provider* provider : pilots.all()) {
    all.push_back(providers::provider_brief(*provider));
  }
  const std::size_t count = all.size();
  co_return json_response(JsonObject{{"providers", std::move(all)}, {"count", count}});
}

awaitable<Response> show(ApiPtr api, Request& request) {
  const auto provider = co_await find_provider(api, request.principal, request.param("name"));
  if (!provider) co_return problem(provider.error());
  co_return json_response(providers::provider_page(**provider));
}

// The values that came along, or else those of the stored connection.
awaitable<Result<providers::Connection>> connection_for(ApiPtr api, UserId user,
                                                        FoundProvider provider, JsonObject body) {
  Result<std::string> name = text_member(body, "connection", "default");
  if (!name) co_return name.error();
  const Json* values = find(body, "connection_values");
  if (values == nullptr || values->is_null()) {
    co_return co_await open_connection(api, std::move(user), std::move(provider), std::move(*name));
  }
  if (!values->is_object()) {
    co_return invalid("wrong_type", "\"connection_values\" must be an object of texts",
                      "/connection_values");
  }
  providers::Connection connection;
  connection.name = *name;
  for (const auto& member : values->get_object()) {
    const std::string type(member.key().data(), member.key().size());
    if (!member.value().is_string()) {
      co_return invalid("wrong_type", "a connection value must be a text",
                        pointer_join("/connection_values", type));
    }
    const auto& value = member.value().get_string();
    connection.values.emplace(type, Secret{std::string(value.data(), value.size())});
  }
  co_return connection;
}

awaitable<Response> describe(ApiPtr api, Request& request) {
  const auto provider = co_await find_provider(api, request.principal, request.param("name"));
  if (!provider) co_return problem(provider.error());
  const providers::Action* action = (*provider)->find(request.param("action"));
  if (action == nullptr) {
    Error unknown =
        not_found(fmt::format("{} has no action \"{}\"{}", (*provider)->name,
                              utf8_prefix_characters(request.param("action"), 100),
                              did_you_mean(request.param("action"), (*provider)->action_names())));
    unknown.code = "unknown_action";
    co_return problem(unknown);
  }
  Result<JsonObject> body = read_optional_object(request);
  wipe(request.body);
  if (!body) co_return problem(body.error());
  if (Status known = refuse_unknown(
          *body, {"params", "parameters", "connection", "connection_values", "user_id"});
      !known) {
    co_return problem(known.error());
  }
  Json params = JsonObject{};
  for (const std::string_view key : {"params", "parameters"}) {
    if (Json* given = body->if_contains(key)) params = std::move(*given);
  }
  Result<providers::Connection> connection =
      co_await connection_for(api, request.principal, *provider, std::move(*body));
  if (!connection) co_return problem(connection.error());
  const Result<Json> view = providers::describe_request(**provider, *action, std::move(params),
                                                        *connection, api->services.clock.now());
  if (!view) co_return problem(view.error());
  co_return json_response(*view);
}

}  // namespace

void register_providers(Router& router, const ApiPtr& api) {
  router.add(
      {Method::get, "/api/providers", Scope::read, "list_providers", "All providers, in short"},
      [api](Request& request) { return list(api, request); });
  router.add({Method::get, "/api/providers/{name}", Scope::read, "show_provider",
              "One provider with its actions and their params"},
             [api](Request& request) { return show(api, request); });
  // It opens a connection's credentials (and masks them), so reading alone is not enough.
  router.add({Method::post, "/api/providers/{name}/actions/{action}/request", Scope::run,
              "describe_request", "The HTTP request that an action would send; nothing is sent"},
             [api](Request& request) { return describe(api, request); });
}

}  // namespace pilot::api
