// Makes a call that blocks (providers::TaskAction): hands it to the process's task pool and answers
// on the shard that asked. The wait for a free thread counts against the step's timeout and can be
// cancelled. A call that does not end within limits::kTaskGrace after it should have is left alone:
// its thread goes on by itself, the step's outcome counts as unknown. One per shard, on it only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/cancel.h"
#include "engine/task_pool.h"
#include "providers/action.h"

namespace pilot::engine {

// Owns all that the call needs on its thread; its secrets are wiped when it ends there.
struct TaskCall {
  std::function<providers::TaskOutcome(const providers::Call&, const providers::TaskContext&)> run;
  std::string provider, action;
  Json params;
  providers::Connection connection;
  UserId user;
  RunId run_id;
  std::string step;
  int attempt = 1;
  std::string idempotency_key;
  WallTime now;
  std::vector<http::HostListPtr> allowed_hosts;
  Millis timeout{30'000};
};

class TaskRunner {
 public:
  // Without a pool (null) no such call can be made: code unsupported.
  TaskRunner(TaskPool* pool, Clock& clock, Timers* timers)
      : pool_(pool), clock_(clock), timers_(timers) {}

  boost::asio::awaitable<providers::TaskOutcome> run(TaskCall call, CancelToken cancel) const;

 private:
  TaskPool* const pool_;
  Clock& clock_;
  Timers* const timers_;
};

}  // namespace pilot::engine
