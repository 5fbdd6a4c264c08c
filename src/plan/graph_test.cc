// Cycles and ancestors of small graphs and of the largest.
#include "plan/graph.h"

#include <gtest/gtest.h>

namespace pilot::plan {
namespace {

TEST(FindCycle, NoneInAListOrADiamond) {
  EXPECT_TRUE(find_cycle({}).empty());
  EXPECT_TRUE(find_cycle({{}, {0}, {1}}).empty());
  EXPECT_TRUE(find_cycle({{}, {0}, {0}, {1, 2}}).empty());
}

TEST(FindCycle, NamesItFromItsSmallestPosition) {
  EXPECT_EQ(find_cycle({{0}}), (std::vector<int>{0, 0}));
  EXPECT_EQ(find_cycle({{1}, {0}}), (std::vector<int>{0, 1, 0}));
  // 0 hangs on the cycle of 1, 3 and 2, and is no part of it.
  EXPECT_EQ(find_cycle({{2}, {3}, {1}, {2}}), (std::vector<int>{1, 3, 2, 1}));
}

TEST(Ancestors, FollowAllEdgesBack) {
  const Ancestors before({{}, {0}, {0}, {1}, {3, 2}, {}});
  EXPECT_TRUE(before.has(4, 0));
  EXPECT_TRUE(before.has(4, 1));
  EXPECT_TRUE(before.has(3, 0));
  EXPECT_FALSE(before.has(3, 2));
  EXPECT_FALSE(before.has(0, 4));
  EXPECT_FALSE(before.has(4, 5));
  EXPECT_FALSE(before.has(4, 4));
}

TEST(Ancestors, WorkWhenALaterPositionComesFirst) {
  const Ancestors before({{2}, {0}, {}});
  EXPECT_TRUE(before.has(1, 2));
  EXPECT_TRUE(before.has(0, 2));
  EXPECT_FALSE(before.has(2, 1));
}

TEST(Ancestors, OfAThousandStepsInALine) {
  Edges line(1000);
  for (int i = 1; i < 1000; ++i) line[static_cast<std::size_t>(i)].push_back(i - 1);
  const Ancestors before(line);
  for (int i = 0; i < 999; ++i) {
    ASSERT_TRUE(before.has(999, i)) << i;
    ASSERT_FALSE(before.has(i, 999)) << i;
  }
  line[0].push_back(999);
  EXPECT_EQ(find_cycle(line).size(), 1001u);
}

}  // namespace
}  // namespace pilot::plan
