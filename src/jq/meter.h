// What a run has used of its budget: steps, memory, CPU time. The machine and the builtins spend
// from it; once anything is used up it stays so, and the machine ends the run at its next step.
// Of one run, one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include "jq/jq.h"

namespace pilot::jq {

enum class Spent : std::uint8_t { nothing, steps, time, memory, depth, outputs, output_bytes };

class Meter {
 public:
  explicit Meter(const Budget& budget)
      : steps_left_(budget.steps),
        memory_limit_(budget.memory_bytes),
        time_(budget.time),
        deadline_(std::chrono::steady_clock::now() + budget.time) {}
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // Takes `units` of work (one: an instruction, or about a hundred nanoseconds in a builtin).
  // False: something is used up; give up and answer anything.
  bool spend(std::int64_t units = 1) {
    fuel_ -= units;
    return fuel_ > 0 || refill();
  }
  // For work over `bytes` of text.
  bool spend_bytes(std::size_t bytes) { return spend(1 + static_cast<std::int64_t>(bytes / 64)); }

  void took(std::size_t bytes) {
    memory_used_ += bytes;
    if (memory_used_ > memory_limit_) [[unlikely]]
      use_up(Spent::memory);
  }
  void gave(std::size_t bytes) { memory_used_ -= bytes; }
  // Before something big is made: whether it fits. If not, memory counts as used up.
  bool fits(std::size_t bytes) {
    if (bytes <= memory_limit_ && memory_used_ <= memory_limit_ - bytes) return true;
    use_up(Spent::memory);
    return false;
  }

  void use_up(Spent what) {
    if (spent_ == Spent::nothing) spent_ = what;
    fuel_ = 0;
    steps_left_ = 0;
  }
  Spent spent() const { return spent_; }
  std::size_t memory_used() const { return memory_used_; }

 private:
  static constexpr std::int64_t kSlice = 512;  // steps between two looks at the clock

  bool refill() {
    if (spent_ != Spent::nothing) return false;
    if (!in_time()) {
      use_up(Spent::time);
      return false;
    }
    // What was overdrawn counts too.
    const auto wanted = static_cast<std::uint64_t>(kSlice - fuel_);
    if (steps_left_ < wanted) {
      use_up(Spent::steps);
      return false;
    }
    steps_left_ -= wanted;
    fuel_ = kSlice;
    return true;
  }

  // The wall clock costs little to read and comes first; what counts is the thread's CPU time, so
  // that a busy machine does not end a program that did nothing wrong.
  bool in_time() {
    const auto now = std::chrono::steady_clock::now();
    if (slices_++ == 1) cpu_start_ = cpu_time();  // short runs never ask
    if (now <= deadline_) return true;
    const std::chrono::nanoseconds used = cpu_time() - cpu_start_;
    if (used >= time_) return false;
    deadline_ = now + (time_ - used);
    return true;
  }
  static std::chrono::nanoseconds cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  }

  std::int64_t fuel_ = 0;
  std::uint64_t steps_left_;
  std::size_t memory_used_ = 0;
  std::size_t memory_limit_;
  std::chrono::nanoseconds time_;
  std::chrono::steady_clock::time_point deadline_;  // to look at the CPU time
  std::chrono::nanoseconds cpu_start_{0};
  std::uint64_t slices_ = 0;
  Spent spent_ = Spent::nothing;
};

}  // namespace pilot::jq
