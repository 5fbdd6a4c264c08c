#include "api/connection_stored.h"

#include "engine/token_refresh.h"

namespace pilot::api {

awaitable<Status> connection_stored(ApiPtr api, store::ConnectionKey key) {
  store::Store& store = api->services.store;
  const UserId user = key.user;
  const Status cleared = co_await store.clear_connection_mark(std::move(key));
  if (!cleared) co_return cleared;
  const auto woken =
      co_await store.wake_runs(user, std::string(engine::kNeedsReauth), api->services.clock.now());
  if (!woken) co_return woken.error();
  if (*woken > 0) api->services.engine.runs_woken();
  co_return ok();
}

}  // namespace pilot::api
