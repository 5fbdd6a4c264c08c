#include "model/retry_policy.h"

#include <algorithm>
#include <cmath>

#include "model/limits.h"

namespace pilot {

std::optional<Millis> next_wait(const RetryPolicy& policy, int attempt, Millis since_first,
                                std::optional<Millis> retry_after, Random& random) {
  if (attempt >= policy.max_attempts) return std::nullopt;
  const double most = static_cast<double>(policy.max_interval.count());
  double wait = static_cast<double>(policy.initial.count()) *
                std::pow(policy.multiplier, static_cast<double>(attempt - 1));
  wait = std::min(wait, most);  // also tames an overflow to infinity
  if (policy.jitter) wait *= random.unit();
  Millis result{static_cast<std::int64_t>(wait)};
  if (retry_after) {
    const Millis asked = std::clamp<Millis>(*retry_after, Millis{0}, limits::kRetryAfter);
    result = std::max(result, asked);
  }
  if (policy.max_duration && since_first + result > *policy.max_duration) return std::nullopt;
  return result;
}

}  // namespace pilot
