// For whom: user_id in query and body, scope act-as. T2 and T8 of promises.md.
#include "api/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;

class ActAs : public IdentityTest {
 protected:
  ActAs() {
    make_user("acme");
    make_user("acme.alice", "acme");
    make_user("other");
    make_user("other.bob", "other");
    make_user("acme.off", "acme");
    EXPECT_TRUE(run_sync(store_->update_user({"acme.off"}, {.disabled = true})));
    key_ = make_key("acme", kEveryScope).secret;
    weak_ = make_key("acme", "read,run,write,credentials,admin").secret;
  }
  std::string by_query(std::string_view key, std::string_view user) {
    return verdict(ask_with(key, Method::get, fmt::format("/api/plans?user_id={}", user)));
  }
  // As JSON: "\"ada\"", "null", ...
  std::string by_body(std::string_view key, std::string_view user, std::string_view query = "") {
    return verdict(ask_with(key, Method::post, fmt::format("/api/plans{}", query),
                            fmt::format(R"({{"user_id":{},"name":"p","steps":[{{"provider":"logic",
                              "action":"set","params":{{"x":1}}}}]}})",
                                        user)));
  }
  std::string key_;
  std::string weak_;
};

TEST_F(ActAs, ReachesTheOwnUsersAndNobodyElse) {
  for (const std::string_view user : {"acme", "acme.alice"}) {
    EXPECT_EQ(by_query(key_, user), "200 ") << user;
    EXPECT_EQ(by_body(key_, fmt::format("\"{}\"", user)), "201 ") << user;
  }
  std::set<std::string> refusals;
  for (const std::string_view user :
       {"other", "other.bob", "nobody", "acme.off", "local", "*", "%25", "null", "~", "", "acme%20",
        "%20acme", "Acme", "acme.", "acm", "acme.alice%20", "ACME.ALICE", "acme.alic%D0%B5",
        "acme.alice%0A"}) {
    EXPECT_EQ(by_query(key_, user), "403 user_mismatch") << user;
    refusals.insert(json_text(
        ask_with(key_, Method::get, fmt::format("/api/plans?user_id={}", user)).json, "detail"));
  }
  EXPECT_EQ(refusals.size(), 1u);  // whether the user exists or not
  for (const std::string_view user :
       {R"("other")", R"("nobody")", R"("")", "null", "1", "true", R"(["acme"])", R"({"a":1})",
        R"("acme ")", R"("ACME")", R"("acme.alice\n")"}) {
    EXPECT_EQ(by_body(key_, user), "403 user_mismatch") << user;
  }
  EXPECT_EQ(by_body(key_, R"("acme","user_id":"acme.alice")"), "400 duplicate_key");
}

TEST_F(ActAs, NeedsTheScope) {
  EXPECT_EQ(by_query(weak_, "acme"), "200 ");
  EXPECT_EQ(by_query(weak_, "acme.alice"), "403 user_mismatch");
  EXPECT_EQ(by_body(weak_, R"("acme.alice")"), "403 user_mismatch");
  // Nor does being owned reach upwards or sideways.
  const std::string alice = make_key("acme.alice", kEveryScope).secret;
  EXPECT_EQ(by_query(alice, "acme"), "403 user_mismatch");
  EXPECT_EQ(by_query(alice, "acme.alice"), "200 ");
}

TEST_F(ActAs, WorksAsThatUser) {
  ASSERT_EQ(by_body(key_, R"("acme.alice")"), "201 ");
  const auto count = [&](std::string_view user) {
    return run_sync(store_->list_plans({std::string(user)}, "", {}))->items.size();
  };
  EXPECT_EQ(count("acme.alice"), 1u);
  EXPECT_EQ(count("acme"), 0u);
  // Without user_id it is always the caller.
  const Answer own = ask_with(key_, Method::get, "/api/plans");
  EXPECT_EQ(own.json.at("plans").get_array().size(), 0u);
  const Answer theirs = ask_with(key_, Method::get, "/api/plans?user_id=acme.alice");
  EXPECT_EQ(theirs.json.at("plans").get_array().size(), 1u);
}

TEST_F(ActAs, QueryAndBodyMustAgree) {
  EXPECT_EQ(by_body(key_, R"("acme.alice")", "?user_id=acme.alice"), "201 ");
  EXPECT_EQ(by_body(key_, R"("acme")", "?user_id=acme.alice"), "403 user_mismatch");
  EXPECT_EQ(by_body(key_, R"("acme.alice")", "?user_id=acme"), "403 user_mismatch");
}

TEST_F(ActAs, ANameWrittenWithEscapesIsRefusedNotOverlooked) {
  const Answer answer =
      ask_with(key_, Method::post, "/api/plans", R"({"user\u005fid":"other","steps":[]})");
  EXPECT_EQ(verdict(answer), "403 user_mismatch");
}

TEST_F(ActAs, HeadersAndNestedOnesChooseNobody) {
  Headers headers = bearer(key_);
  for (const std::string name : {"X-User-Id", "user_id", "X-Pilot-User", "X-Forwarded-User"}) {
    headers.emplace_back(name, "acme.alice");
  }
  const Answer made = ask(Method::post, "/api/plans", headers,
                          R"({"name":"p","inputs":{"user_id":"other"},"steps":[{"provider":"logic",
                              "action":"set","params":{"user_id":"other"}}]})");
  EXPECT_EQ(run_sync(store_->list_plans({"acme"}, "", {}))->items.size(), made.status == 201);
  EXPECT_TRUE(run_sync(store_->list_plans({"other"}, "", {}))->items.empty());
  EXPECT_TRUE(run_sync(store_->list_plans({"acme.alice"}, "", {}))->items.empty());
}

TEST_F(ActAs, EndsWithinASecondWhenTheUserIsDisabled) {
  EXPECT_EQ(by_query(key_, "acme.alice"), "200 ");
  ASSERT_TRUE(run_sync(store_->update_user({"acme.alice"}, {.disabled = true})));
  clock_.advance(1s);
  EXPECT_EQ(by_query(key_, "acme.alice"), "403 user_mismatch");
}

}  // namespace
}  // namespace pilot::api
