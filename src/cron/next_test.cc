// next_after and last_at_or_before where the random oracle does not look: the ends of the calendar,
// parts of a second, long ways. The rules for changes of the clocks: oracle_test.cc, docs_test.cc.
#include <gtest/gtest.h>

#include "cron/cron.h"

namespace pilot::cron {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time ? *time : WallTime{};
}

struct Case {
  std::shared_ptr<const Expression> expression;
  std::shared_ptr<const Zone> zone;

  std::string next(std::string_view after, DstRule rule = DstRule::vixie) const {
    const auto found = next_after(*expression, *zone, at(after), rule);
    return found ? to_rfc3339(*found) : "none";
  }
  std::string last(std::string_view until, DstRule rule = DstRule::vixie) const {
    const auto found = last_at_or_before(*expression, *zone, at(until), rule);
    return found ? to_rfc3339(*found) : "none";
  }
};

Case make(std::string_view expression, std::string_view zone = "UTC") {
  const auto parsed = parse(expression);
  const auto found = find_zone(zone);
  EXPECT_TRUE(parsed.has_value() && found.has_value()) << expression << zone;
  return {*parsed, *found};
}

TEST(CronNext, IsStrictlyAfter) {
  const Case daily = make("0 7 * * *");
  EXPECT_EQ(daily.next("2026-01-01T06:59:59.999999Z"), "2026-01-01T07:00:00Z");
  EXPECT_EQ(daily.next("2026-01-01T07:00:00Z"), "2026-01-02T07:00:00Z");
  EXPECT_EQ(daily.next("2026-01-01T07:00:00.000001Z"), "2026-01-02T07:00:00Z");
  const Case each = make("* * * * * *");
  EXPECT_EQ(each.next("2026-01-01T00:00:00.5Z"), "2026-01-01T00:00:01Z");
  EXPECT_EQ(each.next("2026-12-31T23:59:59Z"), "2027-01-01T00:00:00Z");
}

TEST(CronNext, LooksFromAnyMomentUpTo2200) {
  const Case yearly = make("0 0 1 1 *");
  EXPECT_EQ(yearly.next("0001-01-01T00:00:00Z"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(yearly.next("1969-12-31T23:59:59.9Z"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(yearly.next("2199-06-01T00:00:00Z"), "2200-01-01T00:00:00Z");
  EXPECT_EQ(yearly.next("2200-01-01T00:00:00Z"), "none");
  EXPECT_EQ(yearly.next("9999-01-01T00:00:00Z"), "none");
  const Case minutes = make("* * * * *", "Europe/Berlin");
  EXPECT_EQ(minutes.next("2200-12-31T22:58:00Z"), "2200-12-31T22:59:00Z");
  EXPECT_EQ(minutes.next("2200-12-31T22:59:00Z"), "none");
  EXPECT_EQ(next_after(*minutes.expression, *minutes.zone, WallTime::max()), std::nullopt);
  EXPECT_EQ(next_after(*minutes.expression, *minutes.zone, WallTime::min()),
            at("1970-01-01T00:00:00Z"));
}

TEST(CronNext, PassesOverCenturiesWithoutALeapDay) {
  const Case leap = make("0 0 29 2 *");
  EXPECT_EQ(leap.next("2096-02-29T00:00:00Z"), "2104-02-29T00:00:00Z");
  const auto sunday = parse("0 0 29 2 sun", Dialect::apscheduler);  // when it is one
  ASSERT_TRUE(sunday.has_value());
  EXPECT_EQ(next_after(**sunday, *leap.zone, at("2060-03-01T00:00:00Z")),
            at("2088-02-29T00:00:00Z"));
  EXPECT_EQ(next_after(**sunday, *leap.zone, at("2088-03-01T00:00:00Z")),
            at("2128-02-29T00:00:00Z"));
}

// The rules of the zone go on after the last year that tzdata lists.
TEST(CronNext, KnowsSummerTimeAfter2037) {
  const Case daily = make("0 7 * * *", "Europe/Berlin");
  EXPECT_EQ(daily.next("2075-07-01T12:00:00Z"), "2075-07-02T05:00:00Z");
  EXPECT_EQ(daily.next("2190-07-01T12:00:00Z"), "2190-07-02T05:00:00Z");
  EXPECT_EQ(make("0 7 * * *", "America/Los_Angeles").next("2040-07-01T00:00:00Z"),
            "2040-07-01T14:00:00Z");
  EXPECT_EQ(make("0 7 * * *", "Australia/Lord_Howe").next("2040-07-01T00:00:00Z"),
            "2040-07-01T20:30:00Z");
}

// Each second of a named hour, from inside of the hour when it comes for the second time.
TEST(CronNext, LeavesARepeatedHourAtOnce) {
  const Case seconds = make("* * 2 * * *", "Europe/Berlin");
  EXPECT_EQ(seconds.next("2026-10-25T00:59:59Z"), "2026-10-26T01:00:00Z");
  EXPECT_EQ(seconds.next("2026-10-25T01:15:00Z"), "2026-10-26T01:00:00Z");
}

TEST(CronLast, IsAtOrBefore) {
  const Case daily = make("0 7 * * 1-5", "Europe/Berlin");
  EXPECT_EQ(daily.last("2026-01-05T06:00:00Z"), "2026-01-05T06:00:00Z");
  EXPECT_EQ(daily.last("2026-01-05T06:00:00.5Z"), "2026-01-05T06:00:00Z");
  EXPECT_EQ(daily.last("2026-01-05T05:59:59.999999Z"), "2026-01-02T06:00:00Z");
  EXPECT_EQ(make("* * * * * *").last("2026-01-05T06:00:00.5Z"), "2026-01-05T06:00:00Z");
  EXPECT_EQ(make("0 0 29 2 *").last("2103-01-01T00:00:00Z"), "2096-02-29T00:00:00Z");
}

TEST(CronLast, EndsIn1970And2200) {
  const Case yearly = make("0 0 1 6 *");
  EXPECT_EQ(yearly.last("1970-06-01T00:00:00Z"), "1970-06-01T00:00:00Z");
  EXPECT_EQ(yearly.last("1970-05-31T23:59:59Z"), "none");
  EXPECT_EQ(yearly.last("0001-01-01T00:00:00Z"), "none");
  EXPECT_EQ(yearly.last("9999-01-01T00:00:00Z"), "2200-06-01T00:00:00Z");
  EXPECT_EQ(make("0 0 1 1 *").last("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00Z");
}

TEST(CronLast, FollowsTheRuleForTheClocks) {
  const Case night = make("30 2 * * *", "Europe/Berlin");
  EXPECT_EQ(night.last("2026-03-29T12:00:00Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(night.last("2026-03-29T12:00:00Z", DstRule::literal), "2026-03-28T01:30:00Z");
  EXPECT_EQ(night.last("2026-10-25T12:00:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(night.last("2026-10-25T12:00:00Z", DstRule::literal), "2026-10-25T01:30:00Z");
}

}  // namespace
}  // namespace pilot::cron
