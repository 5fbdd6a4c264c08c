// Calls of a connection keep to the vendor's limit.
#include "engine/rate_limits.h"

#include <gtest/gtest.h>

#include <random>

namespace pilot::engine {
namespace {

using providers::RateLimit;
using std::chrono::seconds;

class RateLimitsTest : public testing::Test {
 protected:
  Millis ask(const RateLimit& limit, const std::string& ticket = "", const std::string& key = "a") {
    return limits.ask(key, &limit, ticket, now).wait;
  }
  RateLimits limits;
  SteadyTime now{seconds{1'000}};
};

TEST_F(RateLimitsTest, AsManyAsAllowedGoAtOnceAndTheNextWaitsForTheWindow) {
  const RateLimit limit{.calls = 3, .per = seconds{10}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(limit), Millis{0});
  now += seconds{4};
  EXPECT_EQ(ask(limit), seconds{6});
  EXPECT_EQ(ask(limit, "", "b"), Millis{0}) << "another connection";
  now += seconds{6};
  EXPECT_EQ(ask(limit), Millis{0});
}

TEST_F(RateLimitsTest, TurnsAreGivenOneAfterTheOther) {
  const RateLimit limit{.calls = 1, .per = seconds{1}};
  EXPECT_EQ(ask(limit, "one"), Millis{0});
  EXPECT_EQ(ask(limit, "two"), seconds{1});
  EXPECT_EQ(ask(limit, "three"), seconds{2});
  EXPECT_EQ(ask(limit, "two"), seconds{1}) << "to ask again costs nothing";
  now += seconds{2};
  EXPECT_EQ(ask(limit, "three"), Millis{0}) << "it kept its turn";
  EXPECT_EQ(ask(limit, "two"), Millis{0});
  EXPECT_EQ(ask(limit, "three"), seconds{1}) << "its turn is used up";
}

TEST_F(RateLimitsTest, FewerAtOnceMayBeAllowed) {
  const RateLimit limit{.calls = 60, .per = seconds{60}, .burst = 2};
  EXPECT_EQ(ask(limit), Millis{0});
  EXPECT_EQ(ask(limit), Millis{0});
  EXPECT_EQ(ask(limit), seconds{2});
}

TEST_F(RateLimitsTest, PlacesAreGivenBack) {
  const RateLimit limit{.calls = 1'000, .per = seconds{1}, .concurrency = 1};
  {
    const RateLimits::Turn turn = limits.ask("a", &limit, "one", now);
    EXPECT_EQ(turn.wait, Millis{0});
    EXPECT_GT(ask(limit, "two"), Millis{0});
  }
  EXPECT_EQ(ask(limit, "two"), Millis{0});
}

TEST_F(RateLimitsTest, AClosedOneLetsNobodyThroughUntilItsTime) {
  const RateLimit limit{.calls = 5, .per = seconds{1}};
  EXPECT_EQ(limits.ask("a", nullptr, "one", now).wait, Millis{0});
  limits.close("a", now + seconds{30});
  EXPECT_EQ(limits.ask("a", nullptr, "one", now).wait, seconds{30});
  EXPECT_EQ(ask(limit), seconds{30});
  EXPECT_EQ(ask(limit, "", "b"), Millis{0});
  limits.close("a", now + seconds{10});
  now += seconds{29};
  EXPECT_EQ(ask(limit), seconds{1}) << "the later time counts";
  now += seconds{1};
  EXPECT_EQ(ask(limit), Millis{0});
}

// Whatever comes when: no window has more calls than allowed, and nobody waits longer than needed
// by more than a hundredth of it.
TEST_F(RateLimitsTest, NoWindowHasTooMany) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const RateLimit limit :
       {RateLimit{.calls = 7, .per = seconds{3}}, RateLimit{.calls = 250, .per = seconds{60}},
        RateLimit{.calls = 5'000, .per = seconds{3'600}}}) {
    const std::string key = std::to_string(limit.calls);
    const auto step = 3'000ul * static_cast<unsigned long>(limit.per.count()) / limit.calls;
    std::vector<SteadyTime> calls;
    for (unsigned i = 0; i < limit.calls * 3; ++i) {
      calls.push_back(now + ask(limit, "", key));
      if (random() % 4 == 0) now += Millis{static_cast<long>(random() % step)};
    }
    std::sort(calls.begin(), calls.end());
    for (std::size_t i = limit.calls; i < calls.size(); ++i) {
      ASSERT_GE(calls[i] - calls[i - limit.calls], limit.per) << key << " call " << i;
    }
  }
}

}  // namespace
}  // namespace pilot::engine
