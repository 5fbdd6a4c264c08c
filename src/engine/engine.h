// The engine's face: start runs, wait for them, cancel them. `pilot run`, POST /api/execute and
// POST /api/runs all come through here. One Engine per process, one Worker per shard inside.
//
// Every call is made on a shard's thread and answers there.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "engine/event_bus.h"
#include "http/transport.h"
#include "plan/compiled_plan.h"
#include "providers/oauth_clients.h"
#include "store/store.h"
#include "vault/key_holder.h"

namespace pilot::engine {

using boost::asio::awaitable;

class TaskPool;

// What one shard has of its own. Outlives the engine.
struct ShardContext {
  boost::asio::any_io_executor executor;
  Timers* timers = nullptr;
  std::unique_ptr<Random> random;
};

struct EngineOptions {
  std::string node;                              // this process's uuid
  std::string name;                              // host and pid, for people
  std::string version;                           // of the program
  std::size_t max_queued = limits::kQueuedRuns;  // past it: 503 `overloaded`
  // False: `pilot run` works on its own run only, keeps it in memory while it sleeps, and fires no
  // schedules.
  bool claim_others = true;
  // Roles. A node that does not work leaves what it accepts to others (but for execute(), whose
  // caller waits for it here); one that does not schedule fires nothing.
  bool works = true;
  bool schedules = true;
  bool keeps_grants = true;  // renews OAuth grants that nobody uses (a node that works)
  std::string roles = "api,worker,scheduler";  // as people gave them
  // Several nodes on one database: how long a silent node keeps its runs.
  Millis lease{15'000};
  std::optional<std::chrono::days> retention;  // none: finished runs are kept
  // Of this deployment; null: users bring their own.
  std::shared_ptr<const providers::OAuthClients> oauth_clients = {};
};

// Everything a run is started from.
struct StartRun {
  UserId user;
  RunId id;     // decided by its cause, so that it is made once; empty: a new one
  PlanId plan;  // empty: the plan came along
  int plan_version = 0;
  Json document;  // the plan itself when `plan` is empty, else null
  std::shared_ptr<const plan::CompiledPlan> compiled;
  Json inputs = JsonObject{};
  Json trigger = nullptr;  // {type: "manual"} if null
  RunId retry_of;
};

// One step as it stands at the end: its last attempt of its last visit.
struct StepSummary {
  int number = 0;    // from 0, over all steps in document order
  int position = 0;  // among the top-level steps; -1 for nested ones (not listed)
  std::string id, provider, action;
  std::string status;  // success, error, timeout, skipped, unknown, running, pending
  int attempts = 0;
  SharedJson output;
  std::string message;
  Json error;  // null or {code, message, ...}
};

struct Executed {
  Run run;                         // not terminal when the wait was over first
  std::vector<StepSummary> steps;  // top-level steps in order; empty when not terminal
};

struct EngineLoad {
  std::size_t active = 0;  // runs in memory
  std::size_t open = 0;    // accepted, not finished, not asleep
  std::size_t limit = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Begins to work: hands back what a dead process owned, claims what is due.
  virtual awaitable<Status> start() = 0;
  // No new runs; running ones are handed back (state queued) after `grace`; the journal is flushed.
  virtual awaitable<void> stop(Millis grace) = 0;

  // Answers once the run is durable as `queued`. Errors: overloaded (503), shutting_down (503),
  // inputs_invalid (422), the store's.
  virtual awaitable<Result<Run>> enqueue(std::size_t shard, StartRun start) = 0;

  // Runs on this shard and answers when it is finished and flushed, or when `wait` is over (then
  // the run goes on). Same errors.
  virtual awaitable<Result<Executed>> execute(std::size_t shard, StartRun start, Millis wait) = 0;

  // Answers when the run is durably cancelled. conflict/run_finished when it is terminal,
  // not_found.
  virtual awaitable<Result<Run>> cancel(std::size_t shard, UserId user, RunId run) = 0;

  // A schedule was saved whose next instant is then (none: nothing to wake up for). Any thread.
  virtual void schedule_changed(std::optional<WallTime> next) = 0;

  // Sleeping runs were made due in the store. Any thread.
  virtual void runs_woken() = 0;

  virtual EventBus& events() = 0;
  virtual EngineLoad load() const = 0;  // any thread
};

struct EngineParts {
  store::Store& store;
  http::Transport& transport;
  const vault::KeyHolder& keys;
  std::shared_ptr<const providers::Registry> registry;
  Clock& clock;
  Log& log;
  std::vector<ShardContext>& shards;
  TaskPool* tasks = nullptr;  // null: no calls that block
};
std::unique_ptr<Engine> make_engine(EngineOptions options, EngineParts parts);

}  // namespace pilot::engine
