#include "api/login_limiter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;

TEST(LoginLimiter, TenAtOnceThenOneInSixSeconds) {
  FakeClock clock;
  LoginLimiter limiter(clock);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("ada", "192.0.2.1")) << i;
  EXPECT_EQ(limiter.take("ada", "192.0.2.1"), 6s);
  clock.advance(5'500ms);
  EXPECT_EQ(limiter.take("ada", "192.0.2.1"), 1s);
  clock.advance(500ms);
  EXPECT_FALSE(limiter.take("ada", "192.0.2.1"));
  EXPECT_TRUE(limiter.take("ada", "192.0.2.1"));
  clock.advance(60s);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("ada", "192.0.2.1")) << i;
  EXPECT_TRUE(limiter.take("ada", "192.0.2.1"));
}

TEST(LoginLimiter, ARefusalCostsNothing) {
  FakeClock clock;
  LoginLimiter limiter(clock);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("ada", "192.0.2.1"));
  // From an address that is used up, bob's tries stay.
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.take("bob", "192.0.2.1"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("bob", "192.0.2.2"));
}

TEST(LoginLimiter, AnIpv6CustomerIsOneAddress) {
  FakeClock clock;
  LoginLimiter limiter(clock);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(limiter.take(fmt::format("u{}", i), fmt::format("2001:db8:1:2::{}", i)));
  }
  EXPECT_TRUE(limiter.take("x", "2001:db8:1:2:ffff::1"));
  EXPECT_FALSE(limiter.take("x", "2001:db8:1:3::1"));
}

TEST(LoginLimiter, IsBounded) {
  FakeClock clock;
  LoginLimiter limiter(clock, 100);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("ada", fmt::format("192.0.2.{}", i)));
  EXPECT_TRUE(limiter.take("ada", "192.0.2.77"));
  for (int i = 0; i < 1'000; ++i) {
    limiter.take(fmt::format("u{}", i), fmt::format("198.51.{}.{}", i / 250, i % 250));
  }
  EXPECT_FALSE(limiter.take("ada", "192.0.2.77"));  // forgotten, as the oldest
}

}  // namespace
}  // namespace pilot::api
