// Runs an awaitable to its end on the caller's thread, driving an io_context whose own thread does
// not run (start-up, commands, tests). Not for use on a shard.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

namespace pilot {

template <class T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> work, std::optional<T>& slot) {
  slot.emplace(co_await std::move(work));
}

template <class T>
T run_here(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
  std::optional<T> slot;
  std::exception_ptr failed;
  bool over = false;  // the coroutine's own end comes a turn after its result
  boost::asio::co_spawn(io, keep_result(std::move(work), slot),
                        [&failed, &over](std::exception_ptr error) {
                          failed = std::move(error);
                          over = true;
                        });
  io.restart();
  const auto guard = boost::asio::make_work_guard(io);
  while (!over) io.run_one();
  if (failed) std::rethrow_exception(failed);
  return std::move(*slot);
}

}  // namespace pilot
