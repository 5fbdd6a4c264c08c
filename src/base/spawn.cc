#include "base/spawn.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace pilot {

void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work) {
  boost::asio::co_spawn(executor, std::move(work), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace pilot
