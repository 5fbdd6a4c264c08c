#include "base/environment.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>

extern char** environ;  // NOLINT: POSIX

namespace pilot {
namespace {

TEST(Environment, AValueIsTakenOnceAndItsBytesAreOverwritten) {
  std::string block = "PILOT_TEST_SECRET=canary";
  ASSERT_EQ(::putenv(block.data()), 0);  // the block itself becomes part of the environment
  const auto taken = take_from_environment("PILOT_TEST_SECRET");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->reveal(), "canary");
  EXPECT_EQ(block, "PILOT_TEST_SECRET=" + std::string(6, '\0'));
  EXPECT_EQ(std::getenv("PILOT_TEST_SECRET"), nullptr);
  EXPECT_FALSE(take_from_environment("PILOT_TEST_SECRET"));
}

TEST(Environment, ANameIsComparedWhole) {
  std::string longer = "PILOT_TEST_SECRETS=other";
  ASSERT_EQ(::putenv(longer.data()), 0);
  EXPECT_FALSE(take_from_environment("PILOT_TEST_SECRET"));
  EXPECT_EQ(longer, "PILOT_TEST_SECRETS=other");
  ::unsetenv("PILOT_TEST_SECRETS");
}

TEST(Environment, ANameThatStandsThereTwiceIsWipedTwice) {
  std::string first = "PILOT_TEST_SECRET=one";
  std::string second = "PILOT_TEST_SECRET=two";
  std::array<char*, 3> block{first.data(), second.data(), nullptr};
  char** const before = environ;
  environ = block.data();
  const auto taken = take_from_environment("PILOT_TEST_SECRET");
  environ = before;
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->reveal(), "one");
  EXPECT_EQ(first.find("one"), std::string::npos);
  EXPECT_EQ(second.find("two"), std::string::npos);
}

}  // namespace
}  // namespace pilot
