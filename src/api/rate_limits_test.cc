#include "api/rate_limits.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;

// What refused it; "" when nothing did. The slot is given back at once.
std::string ask(RateLimits& limits, std::string_view tenant, std::string_view key = {}) {
  const auto admission = limits.admit(tenant, key);
  EXPECT_NE(admission.refusal.has_value(), admission.slot != nullptr);
  return admission.refusal ? std::string(admission.refusal->limit) : "";
}

TEST(RateLimits, NothingIsLimitedUnlessItIsSaid) {
  FakeClock clock;
  RateLimits limits({}, clock);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(limits.admit("ada", "key").refusal);
  }
  EXPECT_EQ(limits.buckets(), 0u);
}

TEST(RateLimits, ABurstThenTheRate) {
  FakeClock clock;
  RateLimits limits({.tenant = {.per_second = 10, .burst = 20}}, clock);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(limits, "ada"), "") << i;
  EXPECT_EQ(ask(limits, "ada"), "requests_per_second_of_tenant");
  clock.advance(99ms);
  EXPECT_EQ(ask(limits, "ada"), "requests_per_second_of_tenant");
  clock.advance(1ms);
  EXPECT_EQ(ask(limits, "ada"), "");
  EXPECT_EQ(ask(limits, "ada"), "requests_per_second_of_tenant");
  clock.advance(1h);  // no more than a burst is saved up
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(limits, "ada"), "") << i;
  EXPECT_EQ(ask(limits, "ada"), "requests_per_second_of_tenant");
}

TEST(RateLimits, OverTimeTheRateIsExact) {
  FakeClock clock;
  RateLimits limits({.tenant = {.per_second = 1'000, .burst = 1}}, clock);
  int passed = 0;
  for (int i = 0; i < 10'000; ++i) {
    clock.advance(250us);
    passed += ask(limits, "ada").empty() ? 1 : 0;
  }
  EXPECT_EQ(passed, 2'500);
}

TEST(RateLimits, TenantsAndKeysHaveTheirOwn) {
  FakeClock clock;
  RateLimits limits({.key = {.per_second = 1, .burst = 2}, .tenant = {.per_second = 1, .burst = 3}},
                    clock);
  EXPECT_EQ(ask(limits, "ada", "k1"), "");
  EXPECT_EQ(ask(limits, "ada", "k1"), "");
  EXPECT_EQ(ask(limits, "ada", "k1"), "requests_per_second_of_key");
  EXPECT_EQ(ask(limits, "ada", "k2"), "");
  EXPECT_EQ(ask(limits, "ada", "k2"), "requests_per_second_of_tenant");
  EXPECT_EQ(ask(limits, "bob", "k3"), "");
  EXPECT_EQ(ask(limits, "k1", "ada"), "");  // a tenant named like a key is not the key
  clock.advance(1s);
  // What the tenant's limit refused was not charged to the key.
  EXPECT_EQ(ask(limits, "ada", "k2"), "");
}

TEST(RateLimits, InFlightUntilTheSlotGoes) {
  FakeClock clock;
  RateLimits limits({.tenant = {.in_flight = 2}}, clock);
  auto first = limits.admit("ada", "");
  const auto second = limits.admit("ada", "");
  ASSERT_FALSE(second.refusal);
  const auto third = limits.admit("ada", "");
  ASSERT_TRUE(third.refusal);
  EXPECT_EQ(third.refusal->limit, "requests_in_flight_of_tenant");
  EXPECT_EQ(third.refusal->value, 2);
  EXPECT_EQ(third.refusal->retry_after, 1s);
  EXPECT_EQ(ask(limits, "bob"), "");
  clock.advance(1h);  // time alone frees nothing
  EXPECT_NE(ask(limits, "ada"), "");
  first.slot.reset();
  EXPECT_EQ(ask(limits, "ada"), "");
}

TEST(RateLimits, ASlotMayOutliveTheLimits) {
  FakeClock clock;
  std::shared_ptr<void> slot;
  {
    RateLimits limits({.tenant = {.in_flight = 2}}, clock);
    slot = limits.admit("ada", "").slot;
  }
  slot.reset();
}

TEST(RateLimits, RetryAfterIsWholeSecondsFromOneToSixty) {
  FakeClock clock;
  RateLimits limits({.tenant = {.per_second = 1, .burst = 1}}, clock);
  EXPECT_EQ(ask(limits, "ada"), "");
  EXPECT_EQ(limits.admit("ada", "").refusal->retry_after, 1s);
  clock.advance(1ms);
  EXPECT_EQ(limits.admit("ada", "").refusal->retry_after, 1s);
}

TEST(RateLimiter, NamesTheLimitAndSparesTheOperator) {
  FakeClock clock;
  const auto limits = std::make_shared<RateLimits>(
      RateLimitOptions{.key = {.per_second = 1, .burst = 1}, .tenant = {.in_flight = 5}}, clock);
  const Limiter limiter = make_limiter(limits);
  const auto ask_as = [&](Principal::Kind kind) {
    Request request;
    request.caller = {kind, {"ada"}, Scopes::all(), "key-1"};
    request.principal = {"ada"};
    return limiter(request);
  };
  for (const auto kind :
       {Principal::Kind::nobody, Principal::Kind::loopback, Principal::Kind::node}) {
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(ask_as(kind));
  }
  EXPECT_FALSE(ask_as(Principal::Kind::key));
  const auto refusal = ask_as(Principal::Kind::session);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 429);
  const auto json = parse_json(refusal->body);
  ASSERT_TRUE(json);
  EXPECT_EQ(string_or(*json, "code"), "rate_limited");
  EXPECT_EQ(string_or(*json, "limit"), "requests_per_second_of_key");
  EXPECT_EQ(*find(*json, "limit_value"), Json(1));
  const std::pair<std::string, std::string> wanted{"Retry-After", "1"};
  EXPECT_NE(std::find(refusal->headers.begin(), refusal->headers.end(), wanted),
            refusal->headers.end());
}

TEST(RateLimits, WhoIsIdleIsForgotten) {
  FakeClock clock;
  RateLimits limits(
      {.tenant = {.per_second = 10, .burst = 10, .in_flight = 5}, .most_buckets = 100}, clock);
  const auto held = limits.admit("held", "");
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(ask(limits, "tenant-" + std::to_string(i)), "");
    ASSERT_LE(limits.buckets(), 100u);
    if (i % 50 == 0) clock.advance(1s);
  }
  // One in flight was kept through all of it.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(limits, "held"), "");
  std::vector<RateLimits::Admission> more;
  for (int i = 0; i < 4; ++i) more.push_back(limits.admit("held", ""));
  EXPECT_EQ(ask(limits, "held"), "requests_in_flight_of_tenant");
}

}  // namespace
}  // namespace pilot::api
