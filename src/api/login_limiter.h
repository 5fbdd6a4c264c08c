// How often somebody may try to sign in: ten times at once, then once in six seconds, for each
// account and for each address. Bounded: past its size the one that has been quiet longest goes. Of
// this process; any thread.
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "model/limits.h"

namespace pilot::api {

class LoginLimiter {
 public:
  explicit LoginLimiter(const Clock& clock, std::size_t most = 10'000)
      : clock_(clock), most_(most) {}

  // None: go on. Else how long to wait; a try that is refused costs nothing. An IPv6 address counts
  // by its first 64 bits, which is what one customer has.
  std::optional<std::chrono::seconds> take(const std::string& account, const std::string& address);

 private:
  struct Bucket {
    std::string name;
    SteadyTime full_at{};  // when all tries are there again
  };
  using Buckets = std::list<Bucket>;  // the one used last in front

  Bucket& bucket(std::string name);

  const Clock& clock_;
  const std::size_t most_;
  std::mutex mutex_;
  Buckets buckets_;                                             // guarded by mutex_
  std::unordered_map<std::string, Buckets::iterator> by_name_;  // guarded by mutex_
};

}  // namespace pilot::api
