// Finds runs that need somebody (queued ones that nobody owns, sleepers whose time has come),
// claims them in batches and deals them out to the workers. Lives on the first shard.
#pragma once

#include "engine/worker.h"

namespace pilot::engine {

class Fetcher {
 public:
  struct Parts {
    EngineParts& engine;
    const EngineOptions& options;
    ShardContext& shard;
    Shared& shared;
    std::vector<std::unique_ptr<Worker>>& workers;
  };
  explicit Fetcher(Parts parts) : parts_(std::move(parts)) {}
  ~Fetcher();

  void start();               // on its shard
  void stop();                // on its shard
  void notice(WallTime due);  // a run was parked until then; any thread

 private:
  void arm(WallTime when);
  awaitable<void> fetch();
  awaitable<bool> adopt_lost();
  void deal(Run run);

  Parts parts_;
  bool running_ = false;
  bool fetching_ = false;
  bool again_ = false;
  bool lost_claim_ = false;  // a claim failed: it may have happened all the same
  Timers::Id timer_ = 0;
  std::optional<WallTime> armed_for_;
  std::size_t next_worker_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::engine
