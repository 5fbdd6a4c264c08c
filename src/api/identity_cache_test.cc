#include "api/identity_cache.h"

#include <gtest/gtest.h>

#include "api/identity_fixture.h"
#include "store/faulty_store_for_test.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;

class IdentityCacheTest : public IdentityTest {
 protected:
  bool has(const std::string& secret) {
    const auto key = run_sync(cache_.key(token_hash(secret)));
    EXPECT_TRUE(key);
    return key && *key != nullptr;
  }
  store::FaultyStore counted_{*store_};
  IdentityGeneration generation_;
  IdentityCache cache_{counted_, clock_, generation_};
};

TEST_F(IdentityCacheTest, AsksOnceASecond) {
  const std::string key = make_key("ada", "read").secret;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(has(key));
  EXPECT_EQ(counted_.calls(), 1);
  clock_.advance(999ms);
  EXPECT_TRUE(has(key));
  EXPECT_EQ(counted_.calls(), 1);
  clock_.advance(1ms);
  EXPECT_TRUE(has(key));
  EXPECT_EQ(counted_.calls(), 2);
}

TEST_F(IdentityCacheTest, AsksAgainAfterAChange) {
  const std::string key = make_key("ada", "read").secret;
  EXPECT_TRUE(has(key));
  generation_.raise();
  EXPECT_TRUE(has(key));
  EXPECT_EQ(counted_.calls(), 2);
}

TEST_F(IdentityCacheTest, RemembersWhatNobodyHasAndIsBounded) {
  const std::string key = make_key("ada", "read").secret;
  EXPECT_TRUE(has(key));
  for (int i = 0; i < 5'000; ++i) EXPECT_FALSE(has(fmt::format("stranger {}", i)));
  EXPECT_FALSE(has("stranger 4999"));
  EXPECT_EQ(counted_.calls(), 5'001);
  EXPECT_LE(cache_.size(), limits::kUnknownKeys + 1);
  EXPECT_TRUE(has(key));  // strangers do not push it out
  EXPECT_EQ(counted_.calls(), 5'001);
}

TEST_F(IdentityCacheTest, AFailureIsNotRemembered) {
  const std::string key = make_key("ada", "read").secret;
  counted_.fail_at(1, store::FaultyStore::Before);
  EXPECT_FALSE(run_sync(cache_.key(token_hash(key))));
  EXPECT_TRUE(has(key));
}

TEST_F(IdentityCacheTest, AStoreThatIsAwayIs503AndNeverALetIn) {
  const std::string key = make_key("ada", "read").secret;
  EXPECT_EQ(ask_with(key, Method::get, "/api/plans").status, 200);
  store::FaultyStore broken(*store_);
  broken.crash_now();
  Services& s = *services_;
  Services other{.store = broken,
                 .engine = s.engine,
                 .registry = s.registry,
                 .keys = s.keys,
                 .clock = s.clock,
                 .log = s.log,
                 .random = {},
                 .version = "1",
                 .identity = {.password_threads = 0}};
  other.random.push_back(make_seeded_random(3));
  router_ = Router{};
  register_routes(router_, other);
  EXPECT_EQ(ask_with(key, Method::get, "/api/plans").status, 503);
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 503);
  EXPECT_EQ(ask(Method::get, "/api/nowhere").status, 503);
  EXPECT_EQ(ask(Method::get, "/healthz").status, 200);
  router_ = Router{};
}

TEST_F(IdentityCacheTest, ASignInIsForGood) {
  EXPECT_FALSE(cache_.known_open());
  EXPECT_FALSE(*run_sync(cache_.any_sign_in()));
  EXPECT_TRUE(cache_.known_open());
  EXPECT_FALSE(*run_sync(cache_.any_sign_in()));
  EXPECT_EQ(counted_.calls(), 1);
  make_key("ada", "read");
  clock_.advance(1s);
  EXPECT_TRUE(*run_sync(cache_.any_sign_in()));
  clock_.advance(10s);
  EXPECT_TRUE(*run_sync(cache_.any_sign_in()));
  EXPECT_EQ(counted_.calls(), 2);
  EXPECT_FALSE(cache_.known_open());
}

}  // namespace
}  // namespace pilot::api
