#include "base/nearest.h"

#include <gtest/gtest.h>

namespace pilot {
namespace {

const std::vector<std::string> kNames{"slack", "http",    "logic", "openai",
                                      "groq",  "webhook", "email"};

TEST(Nearest, FindsSlips) {
  EXPECT_EQ(nearest("slak", kNames), "slack");    // a letter left out
  EXPECT_EQ(nearest("sslack", kNames), "slack");  // one too many
  EXPECT_EQ(nearest("slcak", kNames), "slack");   // two swapped
  EXPECT_EQ(nearest("SLACK", kNames), "slack");   // case
  EXPECT_EQ(nearest("htpp", kNames), "http");     // wrong letter
  EXPECT_EQ(nearest("open-ai", kNames), "openai");
  EXPECT_EQ(nearest("openai", kNames), "openai");
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest("postgres", kNames), std::nullopt);
  EXPECT_EQ(nearest("", kNames), std::nullopt);
  EXPECT_EQ(nearest("x", {"y"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000, 'a'), {std::string(1'000, 'a')}), std::nullopt);
}

TEST(Nearest, TakesTheNearestAndTheFirstOfEquals) {
  EXPECT_EQ(nearest("getting", {"setting", "betting"}), "setting");
  EXPECT_EQ(nearest("message", {"massages", "messages"}), "messages");
}

TEST(Nearest, AsWords) {
  EXPECT_EQ(did_you_mean("slak", kNames), " (did you mean \"slack\"?)");
  EXPECT_EQ(did_you_mean("nothing", kNames), "");
}

}  // namespace
}  // namespace pilot
