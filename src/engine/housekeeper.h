// Looks after the big tables: months that are to come get their partitions, what retention has
// passed goes. Once at start, then every hour. Safe on several nodes at once. Lives on the first
// shard.
#pragma once

#include "engine/engine.h"

namespace pilot::engine {

class Housekeeper {
 public:
  struct Parts {
    EngineParts& engine;
    const EngineOptions& options;
    ShardContext& shard;
  };
  explicit Housekeeper(Parts parts) : parts_(std::move(parts)) {}
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  void start();  // on its shard
  void stop();   // on its shard

 private:
  void arm(Millis wait);
  awaitable<void> work();

  Parts parts_;
  bool running_ = false;
  Timers::Id timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::engine
