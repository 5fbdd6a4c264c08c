// When a failed attempt is tried again (design.md, "Result, errors, retries"). Values and pure
// functions; any thread.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace pilot {

struct RetryPolicy {
  int max_attempts = 3;  // the first one counts
  Millis initial{1'000};
  double multiplier = 2.0;
  Millis max_interval{60'000};
  std::optional<Millis> max_duration;  // from the first attempt's start
  bool jitter = true;                  // full jitter: uniform between 0 and the computed wait
  bool operator==(const RetryPolicy&) const = default;
};

// Wait before attempt `attempt + 1`: min(max_interval, initial * multiplier^(attempt-1)), jittered;
// `retry_after` (what the other side asked for, cut to limits::kRetryAfter) is the least it can be.
// None when the attempts or the duration are used up.
std::optional<Millis> next_wait(const RetryPolicy& policy, int attempt, Millis since_first,
                                std::optional<Millis> retry_after, Random& random);

}  // namespace pilot
