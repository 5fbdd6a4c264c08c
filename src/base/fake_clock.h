// FakeClock: Clock and Timers for tests; time moves only in advance(). One thread.
#pragma once

#include <map>

#include "base/clock.h"

namespace pilot {

class FakeClock final : public Clock, public Timers {
 public:
  explicit FakeClock(WallTime start = WallTime{std::chrono::seconds{1'800'000'000}})
      : wall_(start) {}

  WallTime now() const override { return wall_; }
  SteadyTime steady() const override { return steady_; }

  Id call_at(SteadyTime when, std::function<void()> call) override {
    const Id id = ++last_;
    calls_.emplace(std::pair{when, id}, std::move(call));
    return id;
  }
  void cancel(Id id) override {
    std::erase_if(calls_, [id](const auto& entry) { return entry.first.second == id; });
  }

  // Moves on, firing in order what falls due on the way; each sees the time it was due at.
  void advance(std::chrono::microseconds by) {
    const SteadyTime end = steady_ + by;
    while (!calls_.empty() && calls_.begin()->first.first <= end) {
      auto node = calls_.extract(calls_.begin());
      move_to(std::max(steady_, node.key().first));
      node.mapped()();
    }
    move_to(end);
  }
  bool has_timers() const { return !calls_.empty(); }
  SteadyTime next_due() const { return calls_.begin()->first.first; }
  void jump_wall(std::chrono::microseconds by) { wall_ += by; }        // the calendar only
  void drop_timers() { const auto gone = std::exchange(calls_, {}); }  // as a crash does

 private:
  void move_to(SteadyTime to) {
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(to - steady_);
    steady_ = to;
  }
  WallTime wall_;
  SteadyTime steady_{std::chrono::hours{1}};
  Id last_ = 0;
  std::map<std::pair<SteadyTime, Id>, std::function<void()>> calls_;
};

}  // namespace pilot
