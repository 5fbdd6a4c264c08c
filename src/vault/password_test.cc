#include "vault/password.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/run_here.h"

namespace pilot::vault {
namespace {

class PasswordTest : public ::testing::Test {
 protected:
  Result<std::string> hash(std::string password) {
    return run_here(io_, hasher_.hash(Secret(std::move(password)), *random_));
  }
  bool verify(std::string password, std::string encoded) {
    const auto same =
        run_here(io_, hasher_.verify(Secret(std::move(password)), std::move(encoded)));
    EXPECT_TRUE(same);
    return same && *same;
  }
  boost::asio::io_context io_;
  std::unique_ptr<Random> random_ = make_seeded_random(1);
  PasswordHasher hasher_{0};
};

TEST_F(PasswordTest, IsArgon2idAndVerifies) {
  const auto encoded = hash("correct horse");
  ASSERT_TRUE(encoded);
  EXPECT_TRUE(encoded->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *encoded;
  EXPECT_TRUE(verify("correct horse", *encoded));
  EXPECT_FALSE(verify("correct horsf", *encoded));
  EXPECT_FALSE(verify("correct horse ", *encoded));
  EXPECT_FALSE(verify("", *encoded));
}

TEST_F(PasswordTest, TheSamePasswordTwiceHasTwoHashes) {
  EXPECT_NE(*hash("correct horse"), *hash("correct horse"));
}

TEST_F(PasswordTest, NothingToCheckAgainstIsFalse) {
  for (const std::string_view encoded : {"", "$2b$12$xyz", "$argon2id$", "x"}) {
    EXPECT_FALSE(verify("correct horse", std::string(encoded))) << encoded;
  }
}

// What is answered for nobody's password must take as long as for somebody's: the same parameters.
TEST_F(PasswordTest, NobodysCheckTakesAsLong) {
  const std::string encoded = *hash("correct horse");
  const auto time_of = [&](const std::string& against) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      verify("wrong horse!", against);
      least = std::min(least, std::chrono::steady_clock::now() - start);
    }
    return std::chrono::duration<double, std::milli>(least).count();
  };
  const double somebody = time_of(encoded);
  const double nobody = time_of("");
  RecordProperty("somebody_ms", std::to_string(somebody));
  EXPECT_GT(nobody, somebody / 2);
  EXPECT_LT(nobody, somebody * 2);
}

TEST_F(PasswordTest, LengthIsCheckedBeforeHashing) {
  EXPECT_EQ(hash("1234567").error().code, "invalid_password");
  EXPECT_EQ(hash("ü234567").error().code, "invalid_password");  // seven characters
  EXPECT_TRUE(hash("12345678"));
  EXPECT_TRUE(hash(std::string(1'024, 'x')));
  EXPECT_EQ(hash(std::string(1'025, 'x')).error().code, "invalid_password");
  EXPECT_EQ(hash(std::string(16u << 20, 'x')).error().code, "invalid_password");
  EXPECT_EQ(hash(std::string("12345678\0", 9)).error().code, "invalid_password");
  EXPECT_FALSE(verify(std::string(16u << 20, 'x'), *hash("12345678")));
}

boost::asio::awaitable<void> count(PasswordHasher& hasher, int& done, int& refused) {
  const auto same = co_await hasher.verify(Secret("wrong horse!"), "");
  if (same) {
    ++done;
  } else {
    EXPECT_EQ(same.error().kind, ErrorKind::rate_limited);
    EXPECT_TRUE(same.error().retry_after);
    ++refused;
  }
}

TEST(PasswordQueue, IsBounded) {
  boost::asio::io_context io;
  PasswordHasher hasher(2, 3);
  int done = 0;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    boost::asio::co_spawn(io, count(hasher, done, refused), [](std::exception_ptr) {});
  }
  io.run();
  EXPECT_GE(done, 5);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(done + refused, 20);
  // Everybody has left: there is room again.
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(run_here(io, hasher.verify(Secret("wrong horse!"), "")));
}

}  // namespace
}  // namespace pilot::vault
