// Side threads for work that blocks (SQLite, name look-ups, files). A coroutine on a shard awaits
// run(); the work happens on one of the pool's threads and its result is posted back to the shard,
// so that the coroutine never changes thread.
//
// With zero threads the work is done at once on the caller's thread (tests, simulation).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace pilot {

class BlockingPool {
 public:
  // `name` is what the threads are called in top and gdb (15 characters at most).
  BlockingPool(std::string name, unsigned threads);
  ~BlockingPool();  // waits for work that has begun; what is queued is still done
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  void post(std::function<void()> work);

  // Awaits `work`'s value (not void; an exception of it ends the program: it is a bug). The pool
  // must end before the io_context that awaits.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> run(Work work) {
    auto job = std::make_shared<Work>(std::move(work));  // it may be one that cannot be copied
    return run_for<std::invoke_result_t<Work&>>([job = std::move(job)] { return (*job)(); });
  }

 private:
  // A plain function, not a coroutine: `work` moves into the initiation, no frame holds a lambda.
  // Asio's share is compiled for each kind of value, not for each `work`.
  template <class Value>
  boost::asio::awaitable<Value> run_for(std::function<Value()> work) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Value)>(
        [this](auto handler, std::function<Value()> job) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          auto executor = boost::asio::get_associated_executor(*shared);
          post([shared = std::move(shared), guard = boost::asio::make_work_guard(executor),
                job = std::move(job)]() mutable {
            auto value = std::make_shared<Value>(job());
            const auto home = guard.get_executor();
            // All that belongs to the shard goes back with the answer and ends there.
            boost::asio::post(
                home, [shared = std::move(shared), guard = std::move(guard),
                       value = std::move(value)]() mutable { (*shared)(std::move(*value)); });
          });
        },
        boost::asio::use_awaitable, std::move(work));
  }

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pilot
