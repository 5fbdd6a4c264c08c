// Loopback mode, the operator, and what is open to everybody. B2 of promises.md.
#include "api/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Loopback : public IdentityTest {};

TEST_F(Loopback, NobodyNeedsAKeyUntilThereIsOne) {
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 200);
  EXPECT_EQ(ask(Method::get, "/api/plans?user_id=local").status, 200);
  EXPECT_EQ(verdict(ask(Method::get, "/api/plans?user_id=other")), "403 user_mismatch");
  EXPECT_EQ(ask(Method::get, "/api/nowhere").status, 404);
  EXPECT_EQ(json_text(ask(Method::get, "/api/session").json, "kind"), "loopback");
  // A stale or wrong credential does not become a good one.
  EXPECT_EQ(ask_with("pk_" + std::string(43, 'A'), Method::get, "/api/plans").status, 401);
  const Answer made = ask(Method::post, "/api/keys", {}, R"({"name":"first","scopes":["read"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);
  const std::string key = json_text(made.json, "key");
  EXPECT_EQ(ask_with(key, Method::get, "/api/plans").status, 200);
  // Revoking the last key does not open the server.
  ASSERT_TRUE(run_sync(store_->revoke_key({"local"}, json_text(made.json, "id"), clock_.now())));
  clock_.advance(1s);
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);
  restart(services_->identity);
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);
}

TEST_F(Loopback, APasswordClosesItToo) {
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 200);
  make_user("ada", "", "correct horse");
  clock_.advance(1s);
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);
}

TEST_F(Loopback, WantsALoopbackHostAndItsOwnOrigin) {
  for (const std::string path : {"/api/plans", "/api/health", "/", "/api/nowhere"}) {
    EXPECT_EQ(verdict(ask(Method::get, path, {{"Host", "evil.test"}})), "403 bad_host") << path;
    EXPECT_EQ(verdict(ask(Method::get, path, {{"Origin", "http://evil.test"}})), "403 bad_origin")
        << path;
  }
  EXPECT_EQ(ask(Method::get, "/api/plans", {{"Origin", "http://localhost"}}).status, 200);
  EXPECT_EQ(verdict(ask(Method::post, "/api/runs", {{"Content-Type", "text/plain"}}, "{}")),
            "415 unsupported_media_type");
}

TEST_F(Loopback, WithKeysTheHostIsAnybodysBusiness) {
  const MadeKey key = make_key("ada", "read");
  Headers headers = bearer(key.secret);
  headers.emplace_back("Host", "pilot.example.com");
  headers.emplace_back("Origin", "https://elsewhere.test");
  EXPECT_EQ(ask(Method::get, "/api/plans", headers).status, 200);
  EXPECT_EQ(ask(Method::get, "/api/health", {{"Host", "pilot.example.com"}}).status, 200);
}

TEST_F(Loopback, NotOpenMeansThatEverybodyIsAsked) {
  restart({.operator_token = std::string(kOperatorToken),
           .open_on_loopback = false,
           .password_threads = 0});
  EXPECT_EQ(ask(Method::get, "/api/plans").status, 401);
  EXPECT_EQ(ask_with(kOperatorToken, Method::get, "/api/plans").status, 200);
  EXPECT_EQ(ask(Method::get, "/healthz", {{"Host", "10.0.0.1"}}).status, 200);
}

TEST_F(Loopback, TheOperatorMayEverythingForAnybody) {
  make_key("ada", "read");
  const Answer who = ask_with(kOperatorToken, Method::get, "/api/session");
  EXPECT_EQ(json_text(who.json, "kind"), "operator");
  EXPECT_EQ(json_text(who.json, "user"), "local");
  for (const std::string_view user : {"ada", "nobody-yet", "auth0|17", "x@example.com"}) {
    EXPECT_EQ(
        ask_with(kOperatorToken, Method::get, fmt::format("/api/plans?user_id={}", user)).status,
        200)
        << user;
  }
  EXPECT_EQ(verdict(ask_with(kOperatorToken, Method::get, "/api/plans?user_id=")),
            "403 user_mismatch");
  EXPECT_EQ(ask_with("the-operators-toke", Method::get, "/api/plans").status, 401);
  restart({.password_threads = 0});  // no token: an empty one is nobody's
  EXPECT_EQ(ask_with("", Method::get, "/api/plans").status, 401);
}

TEST_F(Loopback, WhetherItIsWellIsSaidToEverybody) {
  make_key("ada", "read");
  for (const std::string path : {"/healthz", "/readyz", "/api/health"}) {
    const Answer answer = ask(Method::get, path, {{"Host", "10.0.0.1"}});
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("ada")));
  }
}

}  // namespace
}  // namespace pilot::api
