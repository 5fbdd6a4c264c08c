#include "model/retry_policy.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "model/limits.h"

namespace pilot {
namespace {

using namespace std::chrono_literals;

std::optional<Millis> wait(const RetryPolicy& policy, int attempt, Millis since_first = 0ms,
                           std::optional<Millis> retry_after = std::nullopt) {
  const auto random = make_seeded_random(1);
  return next_wait(policy, attempt, since_first, retry_after, *random);
}

RetryPolicy steady(int attempts) { return {.max_attempts = attempts, .jitter = false}; }

TEST(RetryPolicy, DoublesUpToTheMost) {
  const RetryPolicy policy = steady(100);
  EXPECT_EQ(wait(policy, 1), 1s);
  EXPECT_EQ(wait(policy, 2), 2s);
  EXPECT_EQ(wait(policy, 3), 4s);
  EXPECT_EQ(wait(policy, 6), 32s);
  EXPECT_EQ(wait(policy, 7), 60s);
  EXPECT_EQ(wait(policy, 99), 60s);
  EXPECT_EQ(wait(policy, 100), std::nullopt);
}

TEST(RetryPolicy, EndsWithItsAttempts) {
  EXPECT_EQ(wait(steady(3), 2), 2s);
  EXPECT_EQ(wait(steady(3), 3), std::nullopt);
  EXPECT_EQ(wait(steady(3), 4), std::nullopt);
  EXPECT_EQ(wait(steady(1), 1), std::nullopt);
}

TEST(RetryPolicy, EndsWithItsDuration) {
  RetryPolicy policy = steady(100);
  policy.max_duration = 10s;
  EXPECT_EQ(wait(policy, 3, 6s), 4s);  // ends exactly then
  EXPECT_EQ(wait(policy, 3, 6'001ms), std::nullopt);
  EXPECT_EQ(wait(policy, 1, 0s, 11s), std::nullopt);
}

TEST(RetryPolicy, RetryAfterIsTheLeastAndIsCut) {
  const RetryPolicy policy = steady(10);
  EXPECT_EQ(wait(policy, 1, 0s, 7s), 7s);
  EXPECT_EQ(wait(policy, 3, 0s, 1s), 4s);
  EXPECT_EQ(wait(policy, 1, 0s, 24h), Millis(limits::kRetryAfter));
  EXPECT_EQ(wait(policy, 1, 0s, -5s), 1s);
  EXPECT_EQ(wait(policy, 1, 0s, Millis::max()), Millis(limits::kRetryAfter));
}

TEST(RetryPolicy, HugeMultipliersDoNotOverflow) {
  RetryPolicy policy = steady(100);
  policy.multiplier = 1e300;
  EXPECT_EQ(wait(policy, 99), 60s);
  policy.multiplier = 1.0;
  EXPECT_EQ(wait(policy, 99), 1s);
  policy.max_interval = 500ms;
  EXPECT_EQ(wait(policy, 1), 500ms);
}

TEST(RetryPolicy, JitterSpreadsFromZeroToTheWait) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = make_seeded_random(seed);
  const RetryPolicy policy{.max_attempts = 10};
  Millis least = Millis::max();
  Millis most = Millis::min();
  std::int64_t sum = 0;
  constexpr int kRounds = 10'000;
  for (int i = 0; i < kRounds; ++i) {
    const Millis wait = next_wait(policy, 4, 0ms, std::nullopt, *random).value();
    ASSERT_GE(wait, 0ms);
    ASSERT_LT(wait, 8s);
    least = std::min(least, wait);
    most = std::max(most, wait);
    sum += wait.count();
  }
  EXPECT_LT(least, 100ms);
  EXPECT_GT(most, 7'900ms);
  EXPECT_NEAR(static_cast<double>(sum) / kRounds, 4'000, 200);
  for (int i = 0; i < 100; ++i) {
    ASSERT_GE(*next_wait(policy, 1, 0ms, 5s, *random), 5s);  // never before what was asked for
  }
}

}  // namespace
}  // namespace pilot
