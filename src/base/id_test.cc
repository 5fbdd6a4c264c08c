#include "base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace pilot {
namespace {

using namespace std::chrono_literals;

TEST(Uuid7, HasTimeVersionAndVariant) {
  const auto random = make_seeded_random(1);
  // RFC 9562, A.6: 2022-02-22T19:22:22Z is 017F22E2-79B0.
  const std::string id = make_uuid7(*parse_rfc3339("2022-02-22T19:22:22Z"), *random);
  ASSERT_TRUE(is_uuid(id)) << id;
  EXPECT_EQ(id.substr(0, 13), "017f22e2-79b0");
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
}

TEST(Uuid7, SortsByTimeToTheMicrosecond) {
  const auto random = make_seeded_random(2);
  WallTime time = *parse_rfc3339("2026-11-23T02:18:41Z");
  std::string last = make_uuid7(time, *random);
  for (int i = 0; i < 10'000; ++i) {
    time += 1us;
    std::string next = make_uuid7(time, *random);
    ASSERT_LT(last, next);
    last = std::move(next);
  }
}

TEST(Uuid7, DiffersAtTheSameTime) {
  const auto random = make_seeded_random(3);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(seen.insert(make_uuid7(WallTime{}, *random)).second);
}

TEST(Uuid8, IsTheHashOfItsName) {
  const std::string id = make_uuid8("abc");
  EXPECT_EQ(id, "ba7816bf-8f01-8fea-8141-40de5dae2223");
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(make_uuid8("abc"), id);
  EXPECT_NE(make_uuid8("abd"), id);
}

TEST(Uuid, Shape) {
  EXPECT_TRUE(is_uuid("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"));
  for (const std::string_view bad :
       {"", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4 dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}"}) {
    EXPECT_FALSE(is_uuid(bad)) << bad;
  }
}

TEST(Id, IsAValueOfItsOwnType) {
  using A = Id<struct ATag>;
  EXPECT_EQ(A{"x"}, A{"x"});
  EXPECT_LT(A{"a"}, A{"b"});
  EXPECT_TRUE(A{}.empty());
  EXPECT_EQ(std::hash<A>{}(A{"x"}), std::hash<std::string>{}("x"));
}

}  // namespace
TEST(FirstUuid7, IsNotAfterAnyOfItsMillisecond) {
  const auto random = make_seeded_random(7);
  const WallTime at{std::chrono::milliseconds{1'800'000'000'123}};
  const std::string first = first_uuid7(at);
  EXPECT_TRUE(is_uuid(first));
  EXPECT_LE(first, make_uuid7(at, *random));
  EXPECT_GT(first, make_uuid7(at - std::chrono::milliseconds{1}, *random));
}

}  // namespace pilot
