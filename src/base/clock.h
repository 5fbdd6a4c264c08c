// Time as something handed in, so that tests can move it. One of the four seams (Clock/Timers,
// HttpTransport, the store interfaces, Random).
//
// Clock: any thread. Timers: one per shard, called only on its shard.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace pilot {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;  // UTC
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;       // what a calendar says; may jump
  virtual SteadyTime steady() const = 0;  // for durations; never goes back
};

// Calls back once at (or soon after) a moment, on the shard that owns it.
class Timers {
 public:
  using Id = std::uint64_t;  // 0 is never used
  virtual ~Timers() = default;
  virtual Id call_at(SteadyTime when, std::function<void()> call) = 0;
  virtual void cancel(Id id) = 0;  // unknown or fired ids are ignored
};

std::unique_ptr<Clock> make_system_clock();
// One re-armed steady_timer over an ordered map: arming costs no system call unless it is earlier
// than everything before it.
std::unique_ptr<Timers> make_asio_timers(boost::asio::io_context& context);

// RFC 3339 in UTC with microseconds cut to what is needed: 2026-11-23T02:18:41.25Z
std::string to_rfc3339(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

inline std::int64_t to_unix_micros(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime from_unix_micros(std::int64_t micros) {
  return WallTime{std::chrono::microseconds{micros}};
}

}  // namespace pilot
