// One leads, the others wait, whatever shard they are on.
#include "engine/flights.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "base/spawn.h"

namespace pilot::engine {
namespace {

namespace asio = boost::asio;

struct Tally {
  std::atomic<int> together{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  std::atomic<int> told{0};  // of an error
};

asio::awaitable<void> fly(Flights& flights, Tally& tally, bool fails, CancelToken cancel) {
  for (;;) {
    if (auto lead = flights.board("key")) {
      const int now = ++tally.together;
      tally.most = std::max(tally.most.load(), now);
      for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      }
      --tally.together;
      if (fails) lead->fail(internal_error("no"));
      ++tally.done;
      co_return;
    }
    const Status landed = co_await flights.landed("key", cancel);
    if (!landed) {
      ++tally.told;
      co_return;
    }
  }
}

TEST(Flights, AtMostOneLeadsOverManyThreads) {
  Flights flights;
  Tally tally;
  std::vector<std::unique_ptr<asio::io_context>> shards;
  for (int i = 0; i < 4; ++i) {
    shards.push_back(std::make_unique<asio::io_context>(1));
    for (int k = 0; k < 25; ++k)
      spawn(shards.back()->get_executor(), fly(flights, tally, false, {}));
  }
  std::vector<std::jthread> threads;
  for (auto& shard : shards) threads.emplace_back([&shard] { shard->run(); });
  threads.clear();
  EXPECT_EQ(tally.done, 100);
  EXPECT_EQ(tally.most, 1);
}

TEST(Flights, AFailureIsToldToThoseWhoWaited) {
  Flights flights;
  Tally tally;
  asio::io_context shard;
  for (int k = 0; k < 10; ++k) spawn(shard.get_executor(), fly(flights, tally, true, {}));
  shard.run();
  EXPECT_EQ(tally.done, 1);
  EXPECT_EQ(tally.told, 9);
}

TEST(Flights, WhoeverIsCancelledWaitsNoLonger) {
  Flights flights;
  Tally tally;
  asio::io_context shard;
  CancelSource cancel;
  auto lead = flights.board("key");
  ASSERT_TRUE(lead);
  spawn(shard.get_executor(), fly(flights, tally, false, cancel.token()));
  spawn(shard.get_executor(), fly(flights, tally, false, {}));
  shard.poll();
  cancel.cancel();
  shard.restart();
  shard.poll();
  EXPECT_EQ(tally.told, 1);
  lead.reset();
  shard.restart();
  shard.run();
  EXPECT_EQ(tally.done, 1);
  EXPECT_TRUE(flights.board("key")) << "nobody leads any more";
}

TEST(Flights, WaitersMayBeLeftBehind) {
  auto flights = std::make_unique<Flights>();
  Tally tally;
  asio::io_context shard;
  auto lead = flights->board("key");
  spawn(shard.get_executor(), fly(*flights, tally, false, {}));
  shard.poll();
  flights.reset();
  lead.reset();  // resumes nobody that is gone
  EXPECT_EQ(tally.done, 0);
}

}  // namespace
}  // namespace pilot::engine
