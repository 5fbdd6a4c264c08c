#include "base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <random>

#include "base/fake_clock.h"

namespace pilot {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(FakeClock, FiresInOrderAndShowsTheDueTime) {
  FakeClock clock;
  const SteadyTime start = clock.steady();
  std::vector<std::string> seen;
  const auto note = [&](std::string name) {
    return [&seen, &clock, start, name = std::move(name)] {
      seen.push_back(fmt::format("{} {}", name, (clock.steady() - start) / 1ms));
    };
  };
  clock.call_at(start + 30ms, note("c"));
  clock.call_at(start + 10ms, note("a"));
  const auto gone = clock.call_at(start + 15ms, note("never"));
  clock.call_at(start + 10ms, [&] {
    seen.push_back("b");
    clock.cancel(gone);
    clock.call_at(start + 20ms, note("nested"));
  });
  clock.advance(9ms);
  EXPECT_TRUE(seen.empty());
  clock.advance(100ms);
  EXPECT_THAT(seen, ElementsAre("a 10", "b", "nested 20", "c 30"));
  EXPECT_EQ(clock.steady(), start + 109ms);
  EXPECT_FALSE(clock.has_timers());
}

TEST(SystemClock, GoesOn) {
  const auto clock = make_system_clock();
  const SteadyTime before = clock->steady();
  EXPECT_GE(clock->steady(), before);
  EXPECT_GT(clock->now(), *parse_rfc3339("2020-01-01T00:00:00Z"));
}

TEST(AsioTimers, FiresInOrderOfTimeThenOfArming) {
  boost::asio::io_context context;
  const auto timers = make_asio_timers(context);
  const SteadyTime start = std::chrono::steady_clock::now();
  std::vector<int> seen;
  timers->call_at(start + 3ms, [&] { seen.push_back(3); });
  timers->call_at(start + 1ms, [&] { seen.push_back(1); });
  timers->call_at(start + 2ms, [&] { seen.push_back(2); });
  timers->call_at(start + 2ms, [&] { seen.push_back(22); });
  context.run();
  EXPECT_THAT(seen, ElementsAre(1, 2, 22, 3));
  EXPECT_GE(std::chrono::steady_clock::now(), start + 3ms);
}

TEST(AsioTimers, CancelAlsoFromACallThatIsDueTogether) {
  boost::asio::io_context context;
  const auto timers = make_asio_timers(context);
  const SteadyTime past = std::chrono::steady_clock::now() - 1s;
  std::vector<int> seen;
  Timers::Id second = 0;
  timers->call_at(past, [&] {
    seen.push_back(1);
    timers->cancel(second);
    timers->cancel(second);
    timers->cancel(12345);
  });
  second = timers->call_at(past, [&] { seen.push_back(2); });
  timers->call_at(past, [&] { seen.push_back(3); });
  context.run();
  EXPECT_THAT(seen, ElementsAre(1, 3));
}

TEST(AsioTimers, ACallMayArmAgainWithoutStarvingOthers) {
  boost::asio::io_context context;
  const auto timers = make_asio_timers(context);
  const SteadyTime past = std::chrono::steady_clock::now() - 1s;
  int turns = 0;
  bool posted_ran = false;
  std::function<void()> again = [&] {
    if (++turns == 1) {
      // If timers kept the shard for as long as something is due, this could not get in between.
      boost::asio::post(context, [&] { posted_ran = true; });
    }
    if (!posted_ran && turns < 100'000) timers->call_at(past, again);
  };
  timers->call_at(past, again);
  context.run();
  EXPECT_TRUE(posted_ran);
}

TEST(AsioTimers, NothingIsCalledAfterTheirEnd) {
  boost::asio::io_context context;
  auto timers = make_asio_timers(context);
  auto owned = std::make_shared<int>(1);
  timers->call_at(std::chrono::steady_clock::now() + 24h, [owned] { FAIL(); });
  EXPECT_EQ(owned.use_count(), 2);
  timers.reset();
  EXPECT_EQ(owned.use_count(), 1);
  context.run();  // ends: the wait was aborted
}

TEST(AsioTimers, TimersMayEndInsideACall) {
  boost::asio::io_context context;
  auto timers = make_asio_timers(context);
  const SteadyTime past = std::chrono::steady_clock::now() - 1s;
  bool first = false;
  timers->call_at(past, [&] {
    first = true;
    timers.reset();
  });
  timers->call_at(past, [] { FAIL(); });
  context.run();
  EXPECT_TRUE(first);
}

TEST(Rfc3339, Prints) {
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(from_unix_micros(1'795'400'321'250'000)), "2026-11-23T02:18:41.25Z");
  EXPECT_EQ(to_rfc3339(from_unix_micros(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(to_rfc3339(from_unix_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, Reads) {
  const auto read = [](std::string_view text) {
    const auto time = parse_rfc3339(text);
    return time ? to_rfc3339(*time) : time.error().code;
  };
  EXPECT_EQ(read("2026-11-23T02:18:41Z"), "2026-11-23T02:18:41Z");
  EXPECT_EQ(read("2026-11-23t02:18:41z"), "2026-11-23T02:18:41Z");
  EXPECT_EQ(read("2026-11-23 02:18:41+02:30"), "2026-11-22T23:48:41Z");
  EXPECT_EQ(read("2026-12-31T23:00:00-05:00"), "2027-01-01T04:00:00Z");
  EXPECT_EQ(read("2026-11-23T02:18:41.1Z"), "2026-11-23T02:18:41.1Z");
  EXPECT_EQ(read("2026-11-23T02:18:41.123456789Z"), "2026-11-23T02:18:41.123456Z");
  EXPECT_EQ(read("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
  for (const std::string_view bad : {"",
                                     "now",
                                     "2026",
                                     "2026-11-23",
                                     "2026-11-23T02:18:41",
                                     "2026-11-23T02:18Z",
                                     "2026-13-01T00:00:00Z",
                                     "2026-00-01T00:00:00Z",
                                     "2026-02-30T00:00:00Z",
                                     "2023-02-29T00:00:00Z",
                                     "2026-11-23T24:00:00Z",
                                     "2026-11-23T00:60:00Z",
                                     "2026-11-23T00:00:60Z",
                                     "2026-11-23T00:00:00.Z",
                                     "2026-11-23T00:00:00+24:00",
                                     "2026-11-23T00:00:00+0100",
                                     "2026-11-23T00:00:00Z ",
                                     " 2026-11-23T00:00:00Z",
                                     "26-11-23T00:00:00Z",
                                     "2026-11-23T00:00:00,5Z",
                                     "+026-11-23T00:00:00Z"}) {
    EXPECT_EQ(read(bad), "invalid_time") << bad;
  }
}

TEST(Rfc3339, RoundTrips) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto last = to_unix_micros(*parse_rfc3339("9999-12-31T23:59:59.999999Z"));
  for (int i = 0; i < 20'000; ++i) {
    const WallTime time =
        from_unix_micros(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last)));
    const auto back = parse_rfc3339(to_rfc3339(time));
    ASSERT_TRUE(back) << to_rfc3339(time);
    ASSERT_EQ(*back, time);
  }
}

}  // namespace
}  // namespace pilot
