// The runs of one shard: starts them, takes over claimed ones, tells whoever waits for their end.
// On its shard only, but for what says otherwise.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_set>

#include "engine/execution.h"
#include "engine/user_providers.h"

namespace pilot::engine {

// What the workers of a process share. Any thread.
struct Shared {
  std::atomic<std::size_t> active{0};   // runs in memory
  std::atomic<std::size_t> loading{0};  // claimed, and on their way into memory
  std::atomic<bool> stopping{false};
  // A parked run may be claimed by another shard than the one whose caller waits for it: it goes
  // back to that one.
  std::mutex mutex;
  std::unordered_map<RunId, std::size_t> waiting_shard;
};

class Worker {
 public:
  struct Parts {
    EngineParts& engine;
    const EngineOptions& options;
    ShardContext& shard;
    EventBus& bus;
    Shared& shared;
    SignIns& sign_ins;
    RateLimits& rates;
    std::shared_ptr<Flights> refreshing;
    std::size_t index = 0;
    // A run was parked and is due then; called on this shard.
    std::function<void(WallTime)> on_parked;
    std::function<bool()> may_act;  // see Execution::Parts
  };
  explicit Worker(Parts parts);
  ~Worker();

  awaitable<Result<Run>> enqueue(StartRun start);
  awaitable<Result<Executed>> execute(StartRun start, Millis wait);

  // A run that this node has claimed: its plan and journal are loaded and it goes on.
  void adopt(Run run);

  // `done(run)` once a run that is in memory here has ended (whatever its end); `done(none)` at
  // once when it is not here, or when it has just been parked.
  void cancel(const UserId& user, const RunId& run, std::function<void(std::optional<Run>)> done);

  // Runs in memory here, being loaded, or to be looked up again.
  std::unordered_set<RunId> ids() const;

  // No new steps; what is left after `grace` is handed back; `done` when all is flushed.
  void stop(Millis grace, std::function<void()> done);

  const boost::asio::any_io_executor& executor() const { return parts_.shard.executor; }
  const std::shared_ptr<TokenRefresh>& refresh() const { return refresh_; }

 private:
  struct Waiter {
    std::function<void(Result<Executed>)> answer;
    Timers::Id timer = 0;
    Run parked = {};  // as it was when it left memory
  };
  Result<Run> make_run(StartRun& start);
  awaitable<Result<Run>> leave_to_others(Run run);
  std::shared_ptr<Execution> add(Run run, std::shared_ptr<const plan::CompiledPlan> plan,
                                 std::vector<Attempt> recorded);
  awaitable<void> load(Run run);
  awaitable<Result<std::shared_ptr<const plan::CompiledPlan>>> plan_of(Run run);
  awaitable<void> fail_run(Run run, Error error);
  awaitable<void> reload(UserId user, RunId run, std::int64_t epoch);
  void reload_later(UserId user, RunId run, std::int64_t epoch);
  void wait_for(const RunId& run, Millis wait, std::function<void(Result<Executed>)> answer);
  void wait_is_over(const RunId& run, const std::shared_ptr<Waiter>& waiter);
  void on_end(Execution& execution, Ending ending);
  void park_waiters(const Execution& execution);
  void answer_waiters(const Execution& execution, Ending ending);
  void on_failed(const RunId& run, const Error& error);
  void when_empty();

  Parts parts_;
  std::shared_ptr<TokenRefresh> refresh_;
  Journal journal_;
  StepRunner steps_;
  UserProviders providers_;
  std::unordered_map<RunId, std::shared_ptr<Execution>> runs_;
  std::unordered_map<RunId, std::vector<std::shared_ptr<Waiter>>> waiters_;
  std::unordered_map<RunId, std::vector<std::function<void(std::optional<Run>)>>> cancels_;
  struct KeptPlan {
    std::shared_ptr<const plan::CompiledPlan> plan;
    UserProviders::Stamp stamp;  // of the providers that it was made with
  };
  std::unordered_map<std::string, KeptPlan> plans_;
  std::unordered_map<RunId, Error> failed_;  // while on_failed drops them
  std::function<void()> stopped_;
  Timers::Id stop_timer_ = 0;
  std::unordered_map<RunId, std::int64_t> loading_;  // with its newest epoch
  std::unordered_set<RunId> reloading_;              // dropped; looked up again in a moment
};

}  // namespace pilot::engine
