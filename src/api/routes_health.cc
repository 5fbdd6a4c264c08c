// Is it well: /api/health, /healthz, /readyz, /api/monitoring/status.
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

awaitable<Response> health(ApiPtr api) {
  Services& services = api->services;
  const Result<store::StoreHealth> found = co_await services.store.check(false);
  JsonObject out{{"status", found ? "healthy" : "unhealthy"}, {"version", text(services.version)}};
  if (found) {
    out["database"] = JsonObject{{"kind", text(found->kind)},
                                 {"status", "ok"},
                                 {"schema_version", found->schema_version},
                                 {"bytes", found->bytes}};
  } else {
    out["database"] = JsonObject{{"status", "error"}, {"code", text(found.error().code_or_kind())}};
  }
  out["timestamp"] = text(to_rfc3339(services.clock.now()));
  Response response = json_response(out, found ? 200 : 503);
  if (!found) {
    response.headers.emplace_back("Retry-After", "5");
    response.note = found.error().message;
  }
  co_return response;
}

awaitable<Response> alive() { co_return text_response("ok\n"); }

awaitable<Response> ready(ApiPtr api) {
  Services& services = api->services;
  if (!services.ready) {
    co_return problem(unavailable("stopping", "this server is stopping"));
  }
  const Result<store::StoreHealth> found = co_await services.store.check(false);
  if (!found) {
    Response response = problem(unavailable("database_unavailable", "the database does not answer",
                                            std::chrono::seconds{5}));
    response.note = found.error().message;
    co_return response;
  }
  co_return text_response("ready\n");
}

// What the server has to do in all is its operator's to know; others hear of their own runs.
awaitable<Response> monitoring(ApiPtr api, Request& request) {
  Services& services = api->services;
  const bool all = request.caller.is_operator() && request.principal == request.caller.user;
  std::optional<UserId> whose;
  if (!all) whose = request.principal;
  const Result<std::int64_t> open = co_await services.store.count_open(std::move(whose));
  if (!open) co_return problem(open.error());
  const engine::EngineLoad load = services.engine.load();
  std::size_t actions = 0;
  const auto providers = services.registry->all();
  for (const providers::Provider* provider : providers) actions += provider->actions.size();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(services.clock.steady() - api->started);
  JsonObject out{{"status", services.ready ? "running" : "stopping"},
                 {"version", text(services.version)},
                 {"uptime_seconds", uptime.count()},
                 {"runs", JsonObject{{"open", *open}}},
                 {"providers", providers.size()},
                 {"actions", actions}};
  if (all) {
    out["engine"] = JsonObject{{"active", load.active}, {"open", load.open}, {"limit", load.limit}};
  }
  co_return json_response(out);
}

}  // namespace

void register_health(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/health", std::nullopt, "health", "Is it well, and its database"},
             [api](Request&) { return health(api); });
  router.add({Method::get, "/healthz", std::nullopt, "healthz", "Is the process alive"},
             [](Request&) { return alive(); });
  router.add({Method::get, "/readyz", std::nullopt, "readyz", "Does it take requests"},
             [api](Request&) { return ready(api); });
  router.add({Method::get, "/api/monitoring/status", Scope::read, "monitoring_status",
              "What this server is doing"},
             [api](Request& request) { return monitoring(api, request); });
}

}  // namespace pilot::api
