// Sleeping in a coroutine, on the shard's timers.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

#include "base/clock.h"

namespace pilot::engine {

// On the timers' own shard. A plain function: no frame holds a lambda.
inline boost::asio::awaitable<void> pause(const Clock& clock, Timers& timers, Millis time) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [](auto handler, SteadyTime when, Timers* on) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        on->call_at(when, [shared] { (*shared)(); });
      },
      boost::asio::use_awaitable, clock.steady() + time, &timers);
}

}  // namespace pilot::engine
