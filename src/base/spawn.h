// Starts a coroutine on its shard. Whoever spawns keeps what the coroutine uses alive (it holds a
// shared_ptr to its owner). An exception out of it is a bug: it leaves the io_context's run().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace pilot {

void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work);

}  // namespace pilot
