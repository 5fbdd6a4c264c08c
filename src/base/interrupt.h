// What ends blocking work on a side thread before its time: a deadline, or somebody on another
// thread who cancels. The work waits for its sockets through here, so that both are heard at once.
// One for each piece of work; any thread.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace pilot {

class Interrupt {
 public:
  explicit Interrupt(SteadyTime deadline);  // of std::chrono::steady_clock
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  bool timed_out() const { return left() == Millis{0}; }
  bool is_set() const { return cancelled() || timed_out(); }
  Millis left() const;  // until the deadline, rounded up; never negative

  // Waits until the descriptor is ready for one of poll's `events` (0: for none, only for the rest)
  // or the work is to end. `at_most` makes it a shorter wait: then not_yet.
  enum class Wake { ready, not_yet, timed_out, cancelled };
  Wake wait(int descriptor, short events, Millis at_most = Millis::max()) const;

 private:
  const SteadyTime deadline_;
  const int event_;  // readable once cancelled; -1: none could be had, then waits are short
  std::atomic<bool> cancelled_{false};
};

}  // namespace pilot
