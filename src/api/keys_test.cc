// API keys over the API: T3 and B6 of promises.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class KeysApi : public IdentityTest {
 protected:
  KeysApi() { admin_ = make_key("ada", kEveryScope).secret; }
  Answer create(std::string_view key, std::string_view more,
                std::string_view scopes = "[\"read\"]") {
    return ask_with(key, Method::post, "/api/keys",
                    fmt::format(R"({{"name":"ci","scopes":{}{}}})", scopes, more));
  }
  std::string admin_;
};

TEST_F(KeysApi, AKeyIsShownOnce) {
  const Answer made = create(admin_, R"(,"expires_in":"90d")", R"(["read","run"])");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.response.shown_once);
  const std::string key = json_text(made.json, "key");
  EXPECT_TRUE(has_key_shape(key)) << key;
  EXPECT_EQ(json_text(made.json, "prefix"), key.substr(0, 11));
  EXPECT_EQ(json_text(made.json, "user"), "ada");
  EXPECT_EQ(to_json(made.json.at("scopes")), R"(["read","run"])");
  EXPECT_EQ(json_text(made.json, "expires_at"), to_rfc3339(clock_.now() + 24h * 90));
  EXPECT_EQ(ask_with(key, Method::get, "/api/plans").status, 200);
  const Answer listed = ask_with(admin_, Method::get, "/api/keys");
  EXPECT_EQ(listed.json.at("keys").get_array().size(), 2u);
  EXPECT_THAT(listed.body, HasSubstr(key.substr(0, 11)));
  EXPECT_THAT(listed.body, Not(HasSubstr(key)));
  EXPECT_THAT(listed.body, Not(HasSubstr(token_hash(key))));
  EXPECT_THAT(listed.body, Not(HasSubstr("sha256")));
}

TEST_F(KeysApi, KeysAreRandomAndOnlyTheirHashIsStored) {
  std::set<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.insert(json_text(create(admin_, "").json, "key"));
  EXPECT_EQ(keys.size(), 20u);
  const auto page = run_sync(store_->list_keys({"ada"}, {.limit = 100}));
  for (const store::ApiKey& key : page->items) {
    EXPECT_EQ(key.sha256.size(), 64u);
    for (const std::string& secret : keys) EXPECT_NE(key.sha256, secret);
  }
}

TEST_F(KeysApi, NoKeyMakesOneThatMayDoMore) {
  const std::string weak = make_key("ada", "read,admin").secret;
  EXPECT_EQ(create(weak, "", R"(["read"])").status, 201);
  EXPECT_EQ(create(weak, "", R"(["admin","read"])").status, 201);
  for (const std::string_view more : {R"(["run"])", R"(["read","write"])", R"(["act-as"])",
                                      R"(["credentials","admin"])", R"("read,run")"}) {
    EXPECT_EQ(verdict(create(weak, "", more)), "403 missing_scope") << more;
  }
}

TEST_F(KeysApi, BadRequestsAreNamed) {
  for (const std::string_view scopes : {"[]", "null", "\"\"", "[\"*\"]", "[\"Read\"]", "\"all\"",
                                        "[\"read\",\"\"]", "{}", "1", "[1]"}) {
    EXPECT_EQ(create(admin_, "", scopes).status, 422) << scopes;
  }
  for (const std::string_view more :
       {R"(,"expires_in":"soon")", R"(,"expires_in":0)", R"(,"expires_in":-5)",
        R"(,"expires_in":"4000d")", R"(,"expires_at":"yesterday")",
        R"(,"expires_at":"2020-01-01T00:00:00Z")", R"(,"expires_at":5)", R"(,"sha256":"x")",
        R"(,"user_id":7)", R"(,"user":7)"}) {
    const int status = create(admin_, more).status;
    EXPECT_TRUE(status == 422 || status == 403) << more << status;
  }
  EXPECT_EQ(ask_with(admin_, Method::post, "/api/keys", R"({"scopes":["read"]})").status, 422);
  EXPECT_EQ(ask_with(admin_, Method::post, "/api/keys", R"({"name":"a\u202eb","scopes":["read"]})")
                .status,
            422);
  EXPECT_EQ(ask_with(admin_, Method::post, "/api/keys", "[]").status, 422);
}

TEST_F(KeysApi, ForAnotherUserNeedsActAsAndOwnership) {
  make_user("ada.sub", "ada");
  make_user("bob.sub", "bob");
  const Answer made = create(admin_, R"(,"user":"ada.sub")");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json_text(made.json, "user"), "ada.sub");
  EXPECT_EQ(create(admin_, R"(,"user_id":"ada.sub")").status, 201);
  EXPECT_EQ(run_sync(store_->list_keys({"ada.sub"}, {}))->items.size(), 2u);
  for (const std::string_view user : {"bob.sub", "bob", "nobody", "ADA.SUB", "ada.sub "}) {
    EXPECT_EQ(verdict(create(admin_, fmt::format(R"(,"user":"{}")", user))), "403 user_mismatch")
        << user;
  }
  const std::string weak = make_key("ada", "read,admin").secret;
  EXPECT_EQ(verdict(create(weak, R"(,"user":"ada.sub")")), "403 user_mismatch");
  EXPECT_EQ(create(weak, R"(,"user":"ada")").status, 201);
}

TEST_F(KeysApi, TheOperatorMakesKeysForAnybodyAndWithThemUsers) {
  const Answer made = create(kOperatorToken, R"(,"user":"carol")", R"("read,run")");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(ask_with(json_text(made.json, "key"), Method::get, "/api/session").json.at("user"),
            Json("carol"));
  // The id is taken from then on.
  const auto carol = run_sync(store_->find_user({"carol"}));
  ASSERT_TRUE(carol);
  EXPECT_EQ(carol->owner.text, "");
}

TEST_F(KeysApi, OthersKeysCannotBeSeenOrRevoked) {
  const MadeKey bobs = make_key("bob", kEveryScope);
  EXPECT_THAT(ask_with(admin_, Method::get, "/api/keys").body, Not(HasSubstr(bobs.id)));
  Answer theirs = ask_with(admin_, Method::del, "/api/keys/" + bobs.id);
  Answer nobodys = ask_with(admin_, Method::del, "/api/keys/01a21904-be87-78e5-81f6-000000000000");
  for (Answer* answer : {&theirs, &nobodys}) answer->json.get_object().erase("request_id");
  EXPECT_EQ(theirs.status, 404);
  EXPECT_EQ(to_json(theirs.json), to_json(nobodys.json));
  EXPECT_EQ(ask_with(bobs.secret, Method::get, "/api/plans").status, 200);
}

TEST_F(KeysApi, HaveALimit) {
  for (int i = 1; i < limits::kKeys; ++i) make_key("ada", "read");
  const Answer over = create(admin_, "");
  EXPECT_EQ(verdict(over), "429 quota_exceeded");
}

awaitable<int> choose_often(const Router& router, Request request, int times) {
  int let_in = 0;
  for (int i = 0; i < times; ++i) {
    const Router::Choice choice = co_await router.choose(request);
    let_in += choice.refusal ? 0 : 1;
  }
  co_return let_in;
}

// The figure to reach is 20 microseconds of CPU, in release: there it is about 3. A debug build is
// slower, so it prints the time and refuses only what is far off.
TEST_F(KeysApi, ACachedCheckIsCheap) {
  constexpr int kTimes = 20'000;
  const std::string authorization = "Bearer " + admin_;
  Request request;
  ASSERT_TRUE(parse_target("/api/plans?user_id=ada", request));
  request.headers = {{"Host", "localhost"}, {"Authorization", authorization}};
  EXPECT_EQ(run_sync(choose_often(router_, request, 1)), 1);
  const std::clock_t begin = std::clock();
  EXPECT_EQ(run_sync(choose_often(router_, request, kTimes)), kTimes);
  const double each = 1e6 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / kTimes;
  fmt::print("finding a route and checking a cached key takes {:.2f} us of CPU\n", each);
  EXPECT_LT(each, 200);
}

}  // namespace
}  // namespace pilot::api
