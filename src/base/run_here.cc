#include "base/run_here.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

namespace pilot {

void run_here(boost::asio::io_context& io, boost::asio::awaitable<void> work) {
  std::exception_ptr failed;
  bool over = false;
  boost::asio::co_spawn(io, std::move(work), [&failed, &over](std::exception_ptr error) {
    failed = std::move(error);
    over = true;
  });
  io.restart();
  const auto guard = boost::asio::make_work_guard(io);
  while (!over) io.run_one();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace pilot
