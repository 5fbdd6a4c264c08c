// How often each connection calls its provider, as the vendor allows it (`rate` of a manifest): a
// call that would be one too many gets a later time instead of a 429. Within one process; each
// node counts for itself. Any thread.
//
// In no window of the limit's length are there more calls than it allows. (A token bucket that
// starts full would let nearly twice as many through in its first window.)
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "providers/rate_limit.h"

namespace pilot::engine {

class RateLimits {
  struct Shared;

 public:
  // A place among the calls that may be under way at once; given back at its end.
  class Place {
   public:
    Place() = default;
    Place(std::shared_ptr<Shared> shared, std::string key);
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    std::shared_ptr<Shared> shared_;
    std::string key_;
  };
  struct Turn {
    Millis wait{0};  // 0: now. Else whoever asked has its turn after so long
    Place place;     // with a turn that is now
  };

  RateLimits();

  // `key`: whose calls count together. `limit`: null when only close() can hold them. `ticket`: the
  // call; one that sleeps asks again with it and finds the turn that it was given. Empty: it does
  // not ask again, but calls after `wait`.
  Turn ask(const std::string& key, const providers::RateLimit* limit, const std::string& ticket,
           SteadyTime now);
  // The vendor said 429 and when to come back: until then nobody's turn comes.
  void close(const std::string& key, SteadyTime until);

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace pilot::engine
