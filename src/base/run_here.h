// Runs an awaitable to its end on the caller's thread, driving an io_context whose own thread does
// not run (start-up, commands, tests). Not for use on a shard.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

namespace boost::asio {
class io_context;
}

namespace pilot {

// An exception out of the work comes out of it.
void run_here(boost::asio::io_context& io, boost::asio::awaitable<void> work);

template <class T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> work, std::optional<T>& slot) {
  slot.emplace(co_await std::move(work));
}

template <class T>
T run_here(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
  std::optional<T> slot;
  run_here(io, keep_result(std::move(work), slot));
  return std::move(*slot);
}

}  // namespace pilot
