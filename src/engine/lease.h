// This node's lease, where several nodes share a database: renewed every third of its time; what
// dead nodes owned is handed back on the way, and requests to cancel runs of ours are looked for.
//
// The lease is judged on the database's clock. On our own a smaller promise is kept: once two
// thirds of it have passed since we began to renew it, no effect is started any more (safe()), so
// that a node that was stopped and wakes up does nothing that another has begun to do. Where the
// store is this process's alone there is no lease, and it is always safe. Lives on the first shard.
#pragma once

#include <atomic>

#include "engine/engine.h"

namespace pilot::engine {

class Lease {
 public:
  struct Parts {
    EngineParts& engine;
    const EngineOptions& options;
    ShardContext& shard;
    std::function<void()> on_released;  // runs are there to be claimed; on this shard
    std::function<void(const store::UserRun&)> on_cancel;  // on this shard
  };
  explicit Lease(Parts parts) : parts_(std::move(parts)) {}
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  awaitable<Status> start();  // on its shard: takes the lease, hands back what dead nodes own
  void drain();               // on its shard: others are told that this node takes nothing new
  awaitable<void> stop();     // on its shard: gives the lease up

  bool safe() const;  // any thread

 private:
  void arm(Millis wait);
  awaitable<void> work();
  awaitable<Status> renew();
  awaitable<Status> release_dead();
  awaitable<void> look_for_cancels();

  Parts parts_;
  std::atomic<std::int64_t> safe_until_{0};  // steady, in nanoseconds
  bool shared_ = false;
  bool running_ = false;
  bool draining_ = false;
  bool failing_ = false;
  SteadyTime renewed_;
  SteadyTime released_;
  Timers::Id timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::engine
