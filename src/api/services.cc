#include "api/services.h"

#include "api/auth.h"

namespace pilot::api {

Api::Api(Services& s) : services(s), started(s.clock.steady()) {
  for (std::size_t i = 0; i < s.random.size(); ++i) {
    plan_caches.push_back(std::make_unique<PlanCache>(s.store, s.registry, generation));
  }
}

void register_routes(Router& router, Services& services) {
  const auto api = std::make_shared<Api>(services);
  router.set_guard(make_guard({.token = services.required_token, .user = services.user}));
  register_health(router, api);
  register_providers(router, api);
  register_plans(router, api);
  register_runs(router, api);
  register_execute(router, api);
  register_logs(router, api);
  register_credentials(router, api);
  register_schedules(router, api);
}

}  // namespace pilot::api
