// How many requests a key and a tenant may send: so many a second, with a burst, and so many at one
// time. Of this process: with n nodes behind a balancer a tenant can get n times as much. Memory is
// bounded: who has been idle long enough for a full burst is forgotten. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/router.h"
#include "base/clock.h"

namespace pilot::api {

struct RateLimit {
  std::int64_t per_second = 0;  // 0: no limit
  std::int64_t burst = 0;       // at once, after a rest; at least one
  std::int64_t in_flight = 0;   // begun and not yet answered; 0: no limit
};

struct RateLimitOptions {
  RateLimit key;
  RateLimit tenant;
  std::size_t most_buckets = 100'000;
};

class RateLimits {
 public:
  RateLimits(RateLimitOptions options, const Clock& clock);
  ~RateLimits();
  RateLimits(const RateLimits&) = delete;
  RateLimits& operator=(const RateLimits&) = delete;

  struct Refusal {
    std::string_view limit;  // "requests_per_second_of_key", "requests_in_flight_of_tenant", ...
    std::int64_t value = 0;
    std::chrono::seconds retry_after{1};  // 1 to 60
  };
  struct Admission {
    std::optional<Refusal> refusal;
    std::shared_ptr<void>
        slot;  // the request is in flight while this lives; may outlive this class
  };
  // `key` may be empty: a caller without one. A refused request counts for nothing.
  Admission admit(std::string_view tenant, std::string_view key);

  std::size_t buckets() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Holds callers with a key or a session to their limits: 429 rate_limited. Whoever runs the server
// has none.
Limiter make_limiter(std::shared_ptr<RateLimits> limits);

}  // namespace pilot::api
