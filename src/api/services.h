// What the routes work with: built and owned by the app, lent for the life of the router.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/audit.h"
#include "api/idempotency.h"
#include "api/identity.h"
#include "api/plan_cache.h"
#include "api/rate_limits.h"
#include "api/router.h"
#include "base/blocking_pool.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/oauth_connect.h"
#include "vault/key_holder.h"

namespace pilot::api {

struct Services {
  store::Store& store;
  engine::Engine& engine;
  std::shared_ptr<const providers::Registry> registry;
  vault::KeyHolder& keys;
  Clock& clock;
  Log& log;
  std::vector<std::unique_ptr<Random>> random;  // one per shard
  std::string version;
  IdentityOptions identity;
  UserId user{"local"};                   // whom the operator works as
  engine::OAuthConnect* oauth = nullptr;  // null: nobody can connect by OAuth here
  std::string url;                        // of this server itself, once it listens
  Millis sse_keep_alive{15'000};
  IdempotencyOptions idempotency;
  RateLimitOptions limits;
  AuditOptions audit;
  // A document from the network, by the guard's rules; none: nothing can be fetched. Set by the
  // app.
  std::function<awaitable<Result<std::string>>(std::string url)> fetch_document;
  boost::asio::any_io_executor background;   // for work beside the requests; none in tests
  std::function<awaitable<void>()> wind_up;  // set by register_routes: writes what is left to write
  std::atomic<bool> ready{true};             // false once the server is stopping: /readyz says 503
};

// What the routes of one router share. Kept alive by the router's handlers.
struct Api {
  explicit Api(Services& s);
  PlanCache& plans(const Request& request) { return *plan_caches[request.shard]; }
  Random& random(const Request& request) { return *services.random[request.shard]; }

  Services& services;
  engine::UserProviders providers;                      // what a user can name
  PlanGeneration generation;                            // raised by every change of a plan
  std::vector<std::unique_ptr<PlanCache>> plan_caches;  // one per shard
  SteadyTime started;
  Identity identity;
  Idempotency idempotency;
  AuditTrail audit;
  BlockingPool imports{"pilot-import", 1};  // OpenAPI documents: one at a time
};
using ApiPtr = std::shared_ptr<Api>;

// Adds the guard and all routes of Pilot's API. `services` outlives the router.
void register_routes(Router& router, Services& services);

// The parts of it, one per file.
void register_health(Router& router, const ApiPtr& api);
void register_providers(Router& router, const ApiPtr& api);
void register_plans(Router& router, const ApiPtr& api);
void register_runs(Router& router, const ApiPtr& api);
void register_execute(Router& router, const ApiPtr& api);
void register_logs(Router& router, const ApiPtr& api);
void register_credentials(Router& router, const ApiPtr& api);
void register_connection_test(Router& router, const ApiPtr& api);
void register_custom(Router& router, const ApiPtr& api);
void register_schedules(Router& router, const ApiPtr& api);
void register_keys(Router& router, const ApiPtr& api);
void register_users(Router& router, const ApiPtr& api);
void register_session(Router& router, const ApiPtr& api);
void register_audit(Router& router, const ApiPtr& api);
void register_openapi(Router& router, const ApiPtr& api);  // last: it describes all the others
void register_keyring(Router& router, const ApiPtr& api);
void register_nodes(Router& router, const ApiPtr& api);
void register_oauth(Router& router, const ApiPtr& api);

}  // namespace pilot::api
