#include "http/retry_after.h"

#include <gtest/gtest.h>

namespace pilot::http {
namespace {

using std::chrono::seconds;

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr WallTime kThen{seconds{784'111'777}};

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(parse_retry_after("0", kThen), seconds{0});
  EXPECT_EQ(parse_retry_after(" 120 ", kThen), seconds{120});
  EXPECT_EQ(parse_retry_after("1.2", kThen), seconds{2});
  EXPECT_EQ(parse_retry_after("2.0", kThen), seconds{2});
}

TEST(RetryAfter, IsClamped) {
  EXPECT_EQ(parse_retry_after("-5", kThen), seconds{0});
  EXPECT_EQ(parse_retry_after("301", kThen), seconds{300});
  EXPECT_EQ(parse_retry_after("300.5", kThen), seconds{300});
  EXPECT_EQ(parse_retry_after(std::string(5'000, '9'), kThen), seconds{300});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kThen + seconds{10}), seconds{0});
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kThen), seconds{300});
}

TEST(RetryAfter, Dates) {
  const WallTime now = kThen - seconds{7};
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), seconds{7});
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), seconds{7});
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), seconds{7});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + Millis{1}), seconds{7});
}

TEST(RetryAfter, TwoDigitYearsAreNear) {
  const WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};
  const auto year = [now](std::string_view text) {
    const auto when = parse_http_date(text, now);
    return when ? static_cast<int>(
                      std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*when)}
                          .year())
                : 0;
  };
  EXPECT_EQ(year("Monday, 23-Nov-26 00:00:00 GMT"), 2026);
  EXPECT_EQ(year("Monday, 23-Nov-76 00:00:00 GMT"), 2076);
  EXPECT_EQ(year("Monday, 23-Nov-77 00:00:00 GMT"), 1977);
}

TEST(RetryAfter, WhatIsNeitherIsNone) {
  for (const std::string_view bad :
       {"", "soon", "1 2", "+5", "0x10", "1e3", "--1", ".5", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_retry_after(bad, kThen), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace pilot::http
