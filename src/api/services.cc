#include "api/services.h"

#include "api/auth.h"

namespace pilot::api {

Api::Api(Services& s)
    : services(s),
      providers(s.store, s.registry),
      generation(s.store.shared()),
      started(s.clock.steady()),
      identity(s.identity, s.store, s.clock, s.random.size()),
      idempotency(s.idempotency, s.store, s.clock, s.log, s.random),
      audit(s.audit, s.store, s.clock, s.log, make_system_random(), s.background) {
  for (std::size_t i = 0; i < s.random.size(); ++i) {
    plan_caches.push_back(std::make_unique<PlanCache>(s.store, providers, generation));
  }
}

namespace {

// What stands around all routes alike.
void set_up_router(Router& router, const ApiPtr& api) {
  Services& services = api->services;
  services.wind_up = [api] { return api->audit.flush(); };
  router.set_limiter(make_limiter(std::make_shared<RateLimits>(services.limits, services.clock)));
  router.set_around([api](Request& request, const Handler& handler) {
    return api->idempotency.around(request, handler);
  });
  router.set_observer([api](const Request& request, const Response& response) {
    api->audit.note(request, response);
  });
}

}  // namespace

void register_routes(Router& router, Services& services) {
  const auto api = std::make_shared<Api>(services);
  set_up_router(router, api);
  router.set_guard(make_guard(api));
  router.set_body_guard(make_body_guard(api));
  register_health(router, api);
  register_providers(router, api);
  register_plans(router, api);
  register_runs(router, api);
  register_execute(router, api);
  register_logs(router, api);
  register_credentials(router, api);
  register_connection_test(router, api);
  register_custom(router, api);
  register_oauth(router, api);
  register_schedules(router, api);
  register_keys(router, api);
  register_users(router, api);
  register_session(router, api);
  register_audit(router, api);
  register_keyring(router, api);
  register_nodes(router, api);
  register_openapi(router, api);
}

}  // namespace pilot::api
