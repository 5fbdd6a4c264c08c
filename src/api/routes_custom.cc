// Custom integrations: a user's own providers, by hand or from an OpenAPI document, and their
// credentials. Under the old service's path /api/custom-integrations.
#include <set>

#include "api/body.h"
#include "api/codec_custom.h"
#include "api/connection_stored.h"
#include "api/custom_summaries.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/wiped.h"
#include "providers/custom_hosts.h"
#include "providers/custom_manifest.h"
#include "providers/custom_summary.h"
#include "providers/openapi/import.h"

namespace pilot::api {
namespace {

using providers::openapi::ImportedManifest;

Response too_many() {
  return problem(conflict("too_many_integrations",
                          fmt::format("a user may have {} custom integrations; remove one",
                                      limits::kCustomIntegrations)));
}

// A name that a plan would take for another provider.
Problems check_names(const providers::Registry& registry, const CustomIntegration& integration) {
  Problems out = providers::check_custom(integration);
  if (registry.find(integration.name) != nullptr) {
    out.push_back({"/name", "name_reserved",
                   fmt::format("\"{}\" is the name of a provider that Pilot has; choose another",
                               integration.name)});
  }
  return out;
}

Response refused(const Problems& problems) {
  const Problem& first = problems.front();
  return problem(invalid(first.code, first.message, first.pointer), problems);
}

// Reads the document and makes the manifest, beside the shard: it may take a second.
awaitable<Result<ImportedManifest>> import(ApiPtr api, ImportInput input, std::string name,
                                           std::string base) {
  if (!input.url.empty()) {
    if (!api->services.fetch_document) {
      co_return invalid("unsupported", "this server fetches no documents; send the document itself",
                        "/openapi");
    }
    Result<std::string> fetched = co_await api->services.fetch_document(input.url);
    if (!fetched) {
      fetched.error().pointer = "/openapi";
      co_return fetched.error();
    }
    input.text = std::move(*fetched);
    if (input.source_url.empty()) input.source_url = input.url;
  }
  auto work = [input = std::move(input), name = std::move(name),
               base = std::move(base)]() -> Result<ImportedManifest> {
    Result<Json> document = input.document;
    if (!input.text.empty()) document = providers::openapi::read_openapi(input.text);
    Result<ImportedManifest> made =
        document ? providers::openapi::import_openapi(*document, {.include = input.include,
                                                                  .name = name,
                                                                  .source_url = input.source_url,
                                                                  .base = base})
                 : Result<ImportedManifest>(document.error());
    if (!made) made.error().pointer = "/openapi" + made.error().pointer;
    return made;
  };
  co_return co_await api->imports.run(std::move(work));
}

// The columns of the old service, as far as a manifest has them.
void describe(CustomIntegration& into, const Json& manifest) {
  into.name = string_or(manifest, "id");
  if (into.display_name.empty()) into.display_name = string_or(manifest, "name", into.name);
  if (into.description.empty()) into.description = string_or(manifest, "description");
  into.base_url = string_or(manifest, "base");
  const Json* auth = find(manifest, "auth");
  const bool oauth = auth != nullptr && to_json(*auth).find("{\"oauth2\":") != std::string::npos;
  into.auth_type = oauth ? "oauth" : "api_key";
  into.actions.clear();
}

struct Saved {
  CustomIntegration integration;
  std::optional<ImportedManifest> imported;
};

// The body over what was there, imported if it asks for that, checked. None: `refusal` says why.
awaitable<std::optional<Saved>> prepare(ApiPtr api, Request& request, CustomIntegration before,
                                        std::vector<GivenCredential>& secrets,
                                        std::optional<Response>& refusal) {
  const bool was_imported = !before.manifest.is_null();
  Result<JsonObject> read = read_object(request);
  wipe(request.body);
  if (!read) {
    refusal = problem(read.error());
    co_return std::nullopt;
  }
  const Wiped body(std::move(*read));
  Result<IntegrationInput> input = read_integration(*body, std::move(before));
  if (!input) {
    refusal = problem(input.error());
    co_return std::nullopt;
  }
  Saved out{std::move(input->integration), std::nullopt};
  secrets = std::move(input->secrets);
  if (input->import) {
    const std::string base = (*body).contains("base_url") ? out.integration.base_url : "";
    Result<ImportedManifest> made =
        co_await import(api, std::move(*input->import), out.integration.name, base);
    if (!made) {
      refusal = problem(made.error());
      co_return std::nullopt;
    }
    out.integration.manifest = std::move(made->manifest);
    describe(out.integration, out.integration.manifest);
    out.imported = std::move(*made);
  } else if (was_imported && ((*body).contains("actions") || (*body).contains("base_url"))) {
    refusal = problem(invalid("invalid_value",
                              "this integration was imported: its base URL and actions are the "
                              "document's; send \"openapi\" again",
                              (*body).contains("actions") ? "/actions" : "/base_url"));
    co_return std::nullopt;
  }
  if (out.integration.display_name.empty()) out.integration.display_name = out.integration.name;
  const Problems problems = check_names(*api->services.registry, out.integration);
  if (problems.empty()) co_return out;
  refusal = refused(problems);
  co_return std::nullopt;
}

awaitable<Status> seal_all(ApiPtr api, Request& request, const std::string& id,
                           const std::vector<GivenCredential>& values) {
  for (const GivenCredential& given : values) {
    store::SealedCredential sealed = sealed_credential(api, request, given);
    sealed.provider = store::kCustomCredential;
    sealed.connection = id;
    Status put = co_await api->services.store.put_custom_credential(std::move(sealed));
    if (!put) co_return put;
  }
  co_return ok();
}

// What its connections are kept under.
std::string key_of(const CustomIntegrationId& id) { return "custom_" + id.text; }

// Whether what it has stored could be sent to another server than before.
bool leads_elsewhere(const CustomIntegration& before, const Saved& after) {
  return after.imported || after.integration.oauth_config != before.oauth_config ||
         providers::custom_server(after.integration) != providers::custom_server(before);
}

awaitable<Result<bool>> has_credentials(ApiPtr api, UserId user, CustomIntegrationId id) {
  store::Store& store = api->services.store;
  const auto own = co_await store.custom_credentials(user, id);
  if (!own) co_return own.error();
  if (!own->empty()) co_return true;
  const auto more = co_await store.list_credentials(std::move(user), key_of(id));
  if (!more) co_return more.error();
  co_return !more->empty();
}

// Who may not set credentials cannot have those that are there sent to a server of their choice.
awaitable<Status> check_move(ApiPtr api, const Request& request, const CustomIntegration& before,
                             const Saved& after) {
  if (request.caller.scopes.has(Scope::credentials) || !leads_elsewhere(before, after)) {
    co_return ok();
  }
  const Result<bool> any = co_await has_credentials(api, request.principal, before.id);
  if (!any) co_return any.error();
  if (!*any) co_return ok();
  co_return Error{ErrorKind::permission_denied,
                  "missing_scope",
                  "this would send the integration's credentials elsewhere: that takes a key with "
                  "the scope credentials",
                  {}};
}

void stamp_actions(ApiPtr api, Request& request, CustomIntegration& integration, WallTime now) {
  for (CustomAction& action : integration.actions) {
    action.id = make_uuid7(now, api->random(request));
    action.created_at = action.updated_at = now;
  }
}

Response saved_response(const Saved& saved, int status) {
  JsonObject out{{"success", true},
                 {"id", text(saved.integration.id.text)},
                 {"integration", integration_json(saved.integration)}};
  if (saved.imported) {
    out["notes"] = providers::openapi::to_json_value(saved.imported->notes);
    out["operations"] = saved.imported->operations;
    out["actions"] = saved.imported->actions;
    out["hosts"] = providers::hosts_json(saved.integration.manifest);
  }
  Response response = json_response(out, status);
  if (status == 201) {
    response.headers.emplace_back("Location",
                                  "/api/custom-integrations/" + saved.integration.id.text);
  }
  return response;
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  auto found = co_await api->services.store.list_integrations(request.principal, *page);
  if (!found) co_return problem(found.error());
  co_await add_summaries(api, found->items);
  JsonArray all;
  for (const CustomIntegration& one : found->items) all.push_back(integration_json(one));
  co_return json_response(JsonObject{{"integrations", std::move(all)},
                                     {"next_cursor", text_or_null(found->next_cursor)}});
}

awaitable<Response> create(ApiPtr api, Request& request) {
  Services& services = api->services;
  const auto count = co_await services.store.count_integrations(request.principal);
  if (!count) co_return problem(count.error());
  if (*count >= limits::kCustomIntegrations) co_return too_many();
  std::vector<GivenCredential> secrets;
  std::optional<Response> refusal;
  std::optional<Saved> saved = co_await prepare(api, request, {}, secrets, refusal);
  if (!saved) co_return std::move(*refusal);
  const WallTime now = services.clock.now();
  CustomIntegration& made = saved->integration;
  made.user = request.principal;
  made.id = {make_uuid7(now, api->random(request))};
  made.created_at = made.updated_at = now;
  made.created_by = made.updated_by = request.principal.text;
  stamp_actions(api, request, made, now);
  made = co_await summarised(api, std::move(made));
  if (Status put = co_await services.store.create_integration(made); !put) {
    co_return problem(put.error());
  }
  if (Status put = co_await seal_all(api, request, made.id.text, secrets); !put) {
    co_return problem(put.error());
  }
  co_return saved_response(*saved, 201);
}

awaitable<Response> show(ApiPtr api, Request& request) {
  store::Store& store = api->services.store;
  const CustomIntegrationId id{request.param("id")};
  auto found = co_await store.find_integration(request.principal, id);
  if (!found) co_return problem(found.error());
  if (!providers::has_summary(*found)) *found = co_await summarised(api, std::move(*found));
  const auto credentials = co_await store.custom_credentials(request.principal, id);
  if (!credentials) co_return problem(credentials.error());
  JsonArray types;
  JsonArray tests;
  for (const store::SealedCredential& one : *credentials) {
    types.push_back(text(one.type));
    tests.push_back(JsonObject{{"type", text(one.type)},
                               {"is_valid", one.valid},
                               {"last_validated_at", time_or_null(one.validated_at)}});
  }
  Json manifest = providers::manifest_of(*found);
  Json hosts = providers::hosts_json(manifest);
  co_return json_response(JsonObject{{"success", true},
                                     {"id", text(id.text)},
                                     {"integration", integration_json(*found)},
                                     {"credential_types", std::move(types)},
                                     {"credentials", std::move(tests)},
                                     {"hosts", std::move(hosts)},
                                     {"manifest", std::move(manifest)}});
}

awaitable<Response> update(ApiPtr api, Request& request) {
  Services& services = api->services;
  auto before = co_await services.store.find_integration(request.principal,
                                                         CustomIntegrationId{request.param("id")});
  if (!before) co_return problem(before.error());
  std::vector<GivenCredential> secrets;
  std::optional<Response> refusal;
  std::optional<Saved> saved = co_await prepare(api, request, *before, secrets, refusal);
  if (!saved) co_return std::move(*refusal);
  if (Status may = co_await check_move(api, request, *before, *saved); !may) {
    co_return problem(may.error());
  }
  CustomIntegration& made = saved->integration;
  made.updated_at = services.clock.now();
  made.updated_by = request.principal.text;
  stamp_actions(api, request, made, made.updated_at);
  made = co_await summarised(api, std::move(made));
  if (Status put = co_await services.store.replace_integration(made); !put) {
    co_return problem(put.error());
  }
  if (Status put = co_await seal_all(api, request, made.id.text, secrets); !put) {
    co_return problem(put.error());
  }
  co_return saved_response(*saved, 200);
}

awaitable<Response> remove(ApiPtr api, Request& request) {
  const CustomIntegrationId id{request.param("id")};
  store::Store& store = api->services.store;
  const Status removed = co_await store.remove_integration(request.principal, id);
  if (!removed) co_return problem(removed.error());
  // What was connected by OAuth, or set by its custom_<id>.
  const std::string name = key_of(id);
  const auto left = co_await store.list_credentials(request.principal, name);
  if (!left) co_return problem(left.error());
  std::set<std::string> connections;
  for (const store::SealedCredential& one : *left) connections.insert(one.connection);
  for (const std::string& connection : connections) {
    const auto gone = co_await store.remove_credentials(request.principal, name, connection, "");
    if (!gone) co_return problem(gone.error());
  }
  co_return json_response(JsonObject{{"success", true}, {"id", text(id.text)}});
}

awaitable<Response> set_credentials(ApiPtr api, Request& request) {
  Result<JsonObject> read = read_object(request);
  wipe(request.body);
  if (!read) co_return problem(read.error());
  const Wiped body(std::move(*read));
  const auto values = read_credential_values(*body);
  if (!values) co_return problem(values.error());
  const std::string id = request.param("id");
  if (Status put = co_await seal_all(api, request, id, *values); !put) {
    co_return problem(put.error());
  }
  const Status followed =
      co_await connection_stored(api, {request.principal, key_of({id}), "default"});
  if (!followed) co_return problem(followed.error());
  JsonArray types;
  for (const GivenCredential& given : *values) types.push_back(text(given.type));
  co_return json_response(
      JsonObject{{"success", true}, {"id", text(id)}, {"types", std::move(types)}}, 201);
}

}  // namespace

void register_custom(Router& router, const ApiPtr& api) {
  const std::string all = "/api/custom-integrations";
  const std::string one = all + "/{id}";
  router.add({Method::get, all, Scope::read, "list_custom_integrations",
              "The user's own providers, newest first"},
             [api](Request& request) { return list(api, request); });
  router.add({Method::post, all, Scope::write, "create_custom_integration",
              "Makes a provider of one's own, by hand or from an OpenAPI document"},
             [api](Request& request) { return create(api, request); });
  router.add({Method::get, one, Scope::read, "show_custom_integration",
              "One of them, with its manifest and the types of its credentials"},
             [api](Request& request) { return show(api, request); });
  router.add({Method::put, one, Scope::write, "update_custom_integration",
              "Changes what the body names; actions are replaced as a whole"},
             [api](Request& request) { return update(api, request); });
  router.add({Method::del, one, Scope::write, "remove_custom_integration",
              "Removes it with its actions and credentials"},
             [api](Request& request) { return remove(api, request); });
  router.add({Method::post, one + "/credentials", Scope::credentials, "set_custom_credentials",
              "Sets credentials of one of them"},
             [api](Request& request) { return set_credentials(api, request); });
}

}  // namespace pilot::api
