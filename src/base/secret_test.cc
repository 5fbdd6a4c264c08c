#include "base/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <type_traits>

namespace pilot {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);

// The object's own bytes, where short texts live.
bool holds(const Secret& secret, std::string_view text) {
  return memmem(&secret, sizeof secret, text.data(), text.size()) != nullptr;
}

TEST(Secret, RevealsAndClones) {
  const Secret secret(std::string("hunter2"));
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_EQ(secret.clone().reveal(), "hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret{}.empty());
}

TEST(Secret, MovingWipesTheSource) {
  for (const std::string& text : {std::string("short-key-123"), std::string(1'000, 'k')}) {
    Secret source(text);
    Secret target(std::move(source));
    EXPECT_EQ(target.reveal(), text);
    EXPECT_TRUE(source.empty());  // NOLINT: what a move leaves is the point
    EXPECT_FALSE(holds(source, "short-key"));
    Secret assigned(std::string("something else"));
    assigned = std::move(target);
    EXPECT_EQ(assigned.reveal(), text);
    EXPECT_TRUE(target.empty());  // NOLINT
    EXPECT_FALSE(holds(target, "short-key"));
  }
}

TEST(Secret, AssigningToItselfKeepsIt) {
  Secret secret(std::string("abc"));
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), "abc");
}

TEST(Secret, WipeZeroesTheWholeCapacity) {
  std::string text = "a-short-one";
  const char* bytes = text.data();
  text.resize(3);  // the rest is still behind the end
  wipe(text);
  EXPECT_TRUE(text.empty());
  for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(bytes[i], 0) << i;
}

}  // namespace
}  // namespace pilot
