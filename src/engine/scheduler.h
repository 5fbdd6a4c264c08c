// Fires what is due of the schedules: asks the store's index for it, decides (due.h), and has the
// fires and their runs written in one transaction. Lives on the first shard.
//
// The calendar may jump, so only the wall clock is compared, and at least once a second; a finer
// timer is armed for the next moment that is known. What fails is asked again with growing pauses:
// nothing is lost, because what is due stays due until it is written that it was dealt with.
#pragma once

#include <unordered_map>

#include "engine/due.h"
#include "engine/engine.h"

namespace pilot::engine {

class Scheduler {
 public:
  struct Parts {
    EngineParts& engine;
    ShardContext& shard;
    std::function<void(WallTime)> on_fired;  // runs are there to be claimed; on this shard
  };
  explicit Scheduler(Parts parts) : parts_(std::move(parts)) {}
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void start();                // on its shard
  void stop();                 // on its shard
  void notice(WallTime next);  // a schedule was saved that is due then; any thread

 private:
  void tick();
  void arm();
  awaitable<void> work();
  awaitable<bool> fire_due();  // answers whether there may be more
  store::Firing decide(const store::DueSchedule& due, WallTime now, std::int64_t& walk);
  const plan::Timetable* timetable_of(const Schedule& schedule);
  void failed(std::string_view what, const Error& error);

  Parts parts_;
  bool running_ = false;
  bool working_ = false;
  Timers::Id timer_ = 0;
  WallTime started_;
  std::optional<WallTime> next_;  // when something is due, as far as is known
  SteadyTime look_at_;            // look into the store then, whatever is known
  Millis pause_{0};               // after a failure; grows
  std::unordered_map<std::string, plan::Timetable> timetables_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::engine
