// Durations as people write them, and what is none.
#include "plan/durations.h"

#include <gtest/gtest.h>

namespace pilot::plan {
namespace {

TEST(Durations, NumbersAreSecondsAndTextsHaveUnits) {
  const std::pair<Json, std::int64_t> good[] = {
      {0, 0},          {30, 30'000},      {1.5, 1'500},       {"500ms", 500},      {"30s", 30'000},
      {"5m", 300'000}, {"2h", 7'200'000}, {"1d", 86'400'000}, {"1.5h", 5'400'000}, {"0ms", 0},
      {"0.25s", 250},
  };
  for (const auto& [written, millis] : good) {
    const Result<Millis> read = parse_duration(written);
    ASSERT_TRUE(read) << to_json(written);
    EXPECT_EQ(read->count(), millis) << to_json(written);
    EXPECT_EQ(*parse_duration(duration_to_json(*read)), *read) << to_json(written);
  }
}

TEST(Durations, WhatIsNoneIsRefused) {
  const Json bad[] = {nullptr,
                      true,
                      -1,
                      -0.5,
                      1e300,
                      "",
                      "s",
                      "5",
                      "5 s",
                      "-5s",
                      "5x",
                      "1e3s",
                      "inf",
                      "nan",
                      "1.s2s",
                      "1..5s",
                      "0x1s",
                      "5mm",
                      JsonArray{},
                      "99999999999999999999d",
                      std::uint64_t{1} << 63};
  for (const Json& written : bad) {
    const Result<Millis> read = parse_duration(written);
    ASSERT_FALSE(read) << to_json(written);
    EXPECT_EQ(read.error().code, "invalid_value");
  }
}

TEST(Durations, EveryMillisecondComesBack) {
  for (std::int64_t count = 0; count < 5'000; ++count) {
    ASSERT_EQ(parse_duration(duration_to_json(Millis{count}))->count(), count);
  }
}

TEST(Durations, TextForPeople) {
  EXPECT_EQ(duration_text(Millis{86'400'000}), "24h");
  EXPECT_EQ(duration_text(Millis{90'000}), "90s");
  EXPECT_EQ(duration_text(Millis{1}), "1ms");
  EXPECT_EQ(duration_text(Millis{0}), "0s");
}

}  // namespace
}  // namespace pilot::plan
