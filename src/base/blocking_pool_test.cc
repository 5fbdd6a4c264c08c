#include "base/blocking_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <set>
#include <thread>

#include "base/result.h"

namespace pilot {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

class BlockingPoolWith : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Threads, BlockingPoolWith, testing::Values(0u, 1u, 2u));

struct Seen {
  std::vector<std::string> values;
  std::set<std::thread::id> shard_threads;
  std::set<std::thread::id> work_threads;
};

awaitable<void> three_jobs(BlockingPool& pool, Seen& seen, int number) {
  for (int i = 0; i < 3; ++i) {
    auto text = std::make_unique<std::string>(fmt::format("{}.{}", number, i));
    // Move-only work, and a value without a default constructor.
    auto job = [text = std::move(text)]() -> Result<std::pair<std::string, std::thread::id>> {
      return std::pair{*text, std::this_thread::get_id()};
    };
    auto result = co_await pool.run(std::move(job));
    seen.values.push_back(result->first);
    seen.work_threads.insert(result->second);
    seen.shard_threads.insert(std::this_thread::get_id());
  }
}

TEST_P(BlockingPoolWith, RunComesBackToTheShard) {
  boost::asio::io_context context(1);
  Seen seen;
  {
    BlockingPool pool("test-pool", GetParam());
    for (int i = 0; i < 200; ++i) {
      co_spawn(context, three_jobs(pool, seen, i), boost::asio::detached);
    }
    context.run();
  }
  EXPECT_EQ(seen.values.size(), 600u);
  EXPECT_EQ(std::set(seen.values.begin(), seen.values.end()).size(), 600u);
  EXPECT_EQ(seen.shard_threads, std::set{std::this_thread::get_id()});
  EXPECT_EQ(seen.work_threads.contains(std::this_thread::get_id()), GetParam() == 0);
}

awaitable<void> one_error(BlockingPool& pool, std::string& code) {
  auto job = []() -> Result<int> { return not_found("nothing there"); };
  const Result<int> result = co_await pool.run(job);
  code = result ? "ok" : result.error().code;
}

TEST_P(BlockingPoolWith, ErrorsComeBackAsValues) {
  boost::asio::io_context context(1);
  BlockingPool pool("test-pool", GetParam());
  std::string code;
  co_spawn(context, one_error(pool, code), boost::asio::detached);
  context.run();
  EXPECT_EQ(code, "not_found");
}

TEST_P(BlockingPoolWith, TheEndWaitsForWhatIsQueued) {
  std::atomic<int> done = 0;
  {
    BlockingPool pool("test-pool", GetParam());
    for (int i = 0; i < 1'000; ++i) pool.post([&done] { ++done; });
  }
  EXPECT_EQ(done, 1'000);
}

TEST(BlockingPool, WorkRunsSideBySide) {
  BlockingPool pool("test-pool", 2);
  std::promise<void> first, second;
  std::promise<bool> met;
  pool.post([&] {
    first.set_value();
    met.set_value(second.get_future().wait_for(30s) == std::future_status::ready);
  });
  pool.post([&] {
    first.get_future().wait_for(30s);
    second.set_value();
  });
  EXPECT_TRUE(met.get_future().get());
}

TEST(BlockingPool, ThreadsAreNamedAndTheNameCut) {
  BlockingPool pool("a-name-that-is-too-long", 1);
  std::promise<std::string> name;
  std::promise<void> named;
  pool.post([&] {
    named.get_future().wait();
    char text[32] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    name.set_value(text);
  });
  named.set_value();  // the constructor, which gives the name, has ended
  EXPECT_EQ(name.get_future().get(), "a-name-that-is-");
}

}  // namespace
}  // namespace pilot
