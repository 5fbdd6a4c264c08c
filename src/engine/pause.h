// Sleeping in a coroutine, on the shard's timers.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

#include "base/cancel.h"
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

// Until then, or until the work is cancelled.
inline boost::asio::awaitable<void> pause_until(const Clock& clock, Timers& timers, SteadyTime when,
                                                CancelToken cancel) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [](auto handler, SteadyTime at, const Clock* now, Timers* on, CancelToken token) {
        struct Wait {
          decltype(handler) resume;
          Timers::Id timer = 0;
          std::uint64_t listener = 0;
        };
        auto wait = std::make_shared<Wait>(Wait{std::move(handler)});
        const auto over = [wait, token] {
          token.forget(wait->listener);
          wait->resume();
        };
        wait->timer = on->call_at(token.cancelled() ? now->steady() : at, over);
        if (token.cancelled()) return;
        // Only the timer holds the coroutine, so that it ends with the timers. Who cancels is not
        // to run it: it gets a turn of its own.
        wait->listener = token.on_cancel([weak = std::weak_ptr<Wait>(wait), now, on] {
          const auto waiting = weak.lock();
          if (!waiting) return;
          on->cancel(waiting->timer);
          waiting->listener = 0;
          waiting->timer = on->call_at(now->steady(), [waiting] { waiting->resume(); });
        });
      },
      boost::asio::use_awaitable, when, &clock, &timers, std::move(cancel));
}

}  // namespace pilot::engine
