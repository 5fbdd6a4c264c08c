#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace pilot {
namespace {

TEST(Random, SeededIsSplitmix64) {
  const auto random = make_seeded_random(1234567);
  EXPECT_EQ(random->next(), 6457827717110365317u);
  EXPECT_EQ(random->next(), 3203168211198807973u);
  EXPECT_EQ(random->next(), 9817491932198370423u);
  EXPECT_EQ(make_seeded_random(7)->next(), make_seeded_random(7)->next());
  EXPECT_NE(make_seeded_random(7)->next(), make_seeded_random(8)->next());
}

TEST(Random, SystemNeverGivesTheSameTwice) {
  const auto random = make_system_random();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(seen.insert(random->next()).second);
  EXPECT_NE(make_system_random()->next(), make_system_random()->next());
}

TEST(Random, FillsEveryByteOfAnyLength) {
  for (const auto& random : {make_system_random(), make_seeded_random(42)}) {
    for (const std::size_t n : {0u, 1u, 7u, 8u, 31u, 1023u, 1024u, 1025u, 4095u, 4096u, 20'000u}) {
      std::vector<std::byte> ored(n);
      for (int round = 0; round < 20; ++round) {
        std::vector<std::byte> bytes(n);
        random->fill(bytes);
        for (std::size_t i = 0; i < n; ++i) ored[i] |= bytes[i];
      }
      // A byte that is never written stays zero; by chance that is 256^-20.
      for (const std::byte byte : ored) ASSERT_NE(byte, std::byte{0}) << n;
    }
  }
}

TEST(Random, UnitIsInRangeAndSpread) {
  const auto random = make_seeded_random(99);
  std::array<int, 10> tenths{};
  for (int i = 0; i < 100'000; ++i) {
    const double u = random->unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++tenths[static_cast<std::size_t>(u * 10)];
  }
  for (const int n : tenths) EXPECT_NEAR(n, 10'000, 500);
}

}  // namespace
}  // namespace pilot
