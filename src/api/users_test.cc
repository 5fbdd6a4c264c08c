// Users over the API: owners see and change their own, and nobody else's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class UsersApi : public IdentityTest {
 protected:
  UsersApi() {
    make_user("acme");
    make_user("other");
    make_user("other.bob", "other");
    key_ = make_key("acme", kEveryScope).secret;
  }
  Answer create(std::string_view key, std::string body) {
    return ask_with(key, Method::post, "/api/users", std::move(body));
  }
  Answer change(std::string_view key, std::string_view id, std::string body) {
    return ask_with(key, Method::put, fmt::format("/api/users/{}", id), std::move(body));
  }
  std::string key_;
};

TEST_F(UsersApi, AUserBelongsToItsMaker) {
  const Answer made = create(key_, R"({"id":"acme.alice","email":"a@example.com"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json_text(made.json.at("user"), "owner"), "acme");
  EXPECT_EQ(json_text(made.json.at("user"), "name"), "acme.alice");
  const Answer unnamed = create(key_, "{}");
  ASSERT_EQ(unnamed.status, 201);
  EXPECT_TRUE(is_uuid(json_text(unnamed.json.at("user"), "id")));
  const Answer listed = ask_with(key_, Method::get, "/api/users");
  EXPECT_EQ(listed.json.at("users").get_array().size(), 2u);
  EXPECT_THAT(listed.body, Not(HasSubstr("other")));
  EXPECT_EQ(ask_with(key_, Method::get, "/api/plans?user_id=acme.alice").status, 200);
}

TEST_F(UsersApi, WhereAUsersCallsMayGo) {
  const auto hosts = [](const Answer& answer) {
    return to_json(answer.json.at("user").at("allowed_hosts"));
  };
  EXPECT_EQ(hosts(create(key_, R"({"id":"acme.a"})")), "null");
  EXPECT_EQ(hosts(create(key_, R"({"id":"acme.b","allowed_hosts":["api.test:443",".cdn.test"]})")),
            R"(["api.test:443",".cdn.test"])");
  EXPECT_EQ(hosts(change(key_, "acme.b", R"({"disabled":false})")),
            R"(["api.test:443",".cdn.test"])");
  EXPECT_EQ(hosts(change(key_, "acme.b", R"({"allowed_hosts":[]})")), "[]");
  EXPECT_EQ(hosts(change(key_, "acme.b", R"({"allowed_hosts":null})")), "null");
  for (const std::string_view wrong :
       {R"("api.test")", R"([7])", R"(["https://api.test/"])", R"([""])", R"(["a.test b.test"])",
        R"(["a.test,b.test"])", R"(["a.test:0"])", R"({"0":"a.test"})"}) {
    const Answer refused = change(key_, "acme.b", fmt::format(R"({{"allowed_hosts":{}}})", wrong));
    EXPECT_EQ(refused.status, 422) << wrong;
    EXPECT_THAT(refused.body, HasSubstr("/allowed_hosts")) << wrong;
  }
  // Nobody lifts a list that somebody else has set for them.
  EXPECT_EQ(change(key_, "acme", R"({"allowed_hosts":null})").status, 404);
  const std::string alices = make_key("acme.b", kEveryScope).secret;
  EXPECT_EQ(change(alices, "acme.b", R"({"allowed_hosts":null})").status, 404);
}

TEST_F(UsersApi, IdsAndNamesStayInTheMakersSpace) {
  for (const std::string_view id : {"alice", "other", "other.x", "local", "acme", "acme.", "acmex",
                                    "ACME.x", "acme.a\\u0000b", "acme.\\u202ex", "acme.x "}) {
    const int status = create(key_, fmt::format(R"({{"id":"{}"}})", id)).status;
    EXPECT_EQ(status, 422) << id;
    EXPECT_EQ(create(key_, fmt::format(R"({{"name":"{}"}})", id)).status, 422) << id;
  }
  EXPECT_EQ(create(key_, fmt::format(R"({{"id":"acme.{}"}})", std::string(200, 'x'))).status, 422);
  // Not even for one that is there: the answer tells nothing.
  EXPECT_EQ(create(key_, R"({"id":"other.bob"})").body, create(key_, R"({"id":"other.nil"})").body);
  for (const std::string_view owner : {"other", "nobody", "local"}) {
    EXPECT_EQ(verdict(create(key_, fmt::format(R"({{"owner":"{}"}})", owner))), "403 user_mismatch")
        << owner;
  }
  EXPECT_EQ(create(key_, R"({"owner":"acme"})").status, 201);
  EXPECT_EQ(create(key_, R"({"id":"acme.a"})").status, 201);
  EXPECT_EQ(verdict(create(key_, R"({"id":"acme.a"})")), "409 duplicate_id");
}

TEST_F(UsersApi, OthersAreAsIfTheyWereNotThere) {
  for (const std::string_view id : {"other.bob", "other", "local", "nobody", "acme"}) {
    EXPECT_EQ(verdict(change(key_, id, R"({"disabled":true})")), "404 not_found") << id;
    EXPECT_EQ(verdict(ask_with(key_, Method::del, fmt::format("/api/users/{}", id))),
              "404 not_found")
        << id;
  }
  EXPECT_FALSE(run_sync(store_->find_user({"other.bob"}))->disabled);
}

TEST_F(UsersApi, ADisabledUserIsShutOutWithinASecond) {
  make_user("acme.alice", "acme", "correct horse");
  const std::string alices = make_key("acme.alice", "read").secret;
  EXPECT_EQ(ask_with(alices, Method::get, "/api/plans").status, 200);
  EXPECT_EQ(change(key_, "acme.alice", R"({"disabled":true})").status, 200);
  EXPECT_EQ(ask_with(alices, Method::get, "/api/plans").status, 401);
  EXPECT_EQ(change(key_, "acme.alice", R"({"disabled":false})").status, 200);
  EXPECT_EQ(ask_with(alices, Method::get, "/api/plans").status, 200);
  // By another node.
  ASSERT_TRUE(run_sync(store_->update_user({"acme.alice"}, {.disabled = true})));
  clock_.advance(1s);
  EXPECT_EQ(ask_with(alices, Method::get, "/api/plans").status, 401);
}

TEST_F(UsersApi, ARemovedUsersIdIsNotGivenAgain) {
  make_user("acme.alice", "acme");
  const std::string alices = make_key("acme.alice", "read").secret;
  EXPECT_EQ(ask_with(key_, Method::del, "/api/users/acme.alice").status, 200);
  EXPECT_EQ(ask_with(alices, Method::get, "/api/plans").status, 401);
  EXPECT_EQ(verdict(create(key_, R"({"id":"acme.alice"})")), "409 duplicate_id");
  EXPECT_EQ(verdict(ask_with(key_, Method::get, "/api/plans?user_id=acme.alice")),
            "403 user_mismatch");
}

// A session may do everything, so giving a password is a way around a key's scopes.
TEST_F(UsersApi, APasswordIsForWhoeverMayEverythingToGive) {
  make_user("acme.alice", "acme");
  const std::string weak = make_key("acme", "admin,read,run,write,act-as").secret;
  EXPECT_EQ(verdict(change(weak, "acme.alice", R"({"password":"correct horse"})")),
            "403 missing_scope");
  EXPECT_EQ(verdict(create(weak, R"({"password":"correct horse"})")), "403 missing_scope");
  EXPECT_EQ(change(weak, "acme.alice", R"({"email":"a@example.com"})").status, 200);
  const Answer set = change(key_, "acme.alice", R"({"password":"correct horse"})");
  EXPECT_EQ(set.status, 200) << set.body;
  EXPECT_THAT(set.body, Not(HasSubstr("argon2")));
  EXPECT_THAT(set.body, Not(HasSubstr("correct")));
  EXPECT_THAT(run_sync(store_->find_user({"acme.alice"}))->password_hash,
              testing::StartsWith("$argon2id$"));
}

TEST_F(UsersApi, PasswordsHaveLimitsAndAreNotEchoed) {
  for (const std::string& password :
       {std::string("1234567"), std::string(1'025, 'x'), std::string(5u << 20, 'x')}) {
    const Answer refused =
        create(key_, fmt::format(R"({{"id":"acme.x","password":"{}"}})", password));
    EXPECT_EQ(verdict(refused), "422 invalid_password");
    EXPECT_THAT(refused.body, Not(HasSubstr(password.substr(0, 7))));
  }
  EXPECT_FALSE(run_sync(store_->find_user({"acme.x"})));
}

TEST_F(UsersApi, TheOperatorSeesAll) {
  EXPECT_EQ(create(kOperatorToken, R"({"id":"free","owner":"acme"})").status, 201);
  EXPECT_EQ(run_sync(store_->find_user({"free"}))->owner.text, "acme");
  const Answer listed = ask_with(kOperatorToken, Method::get, "/api/users");
  EXPECT_EQ(listed.json.at("users").get_array().size(), 4u);
  EXPECT_EQ(change(kOperatorToken, "other.bob", R"({"disabled":true})").status, 200);
  // Acting for one, it sees what that one sees.
  const Answer acmes = ask_with(kOperatorToken, Method::get, "/api/users?user_id=acme");
  EXPECT_EQ(acmes.json.at("users").get_array().size(), 1u);
}

TEST_F(UsersApi, WrongBodiesAreNamed) {
  for (const std::string_view body :
       {R"({"id":5})", R"({"name":""})", R"({"disabled":"yes"})", R"({"password_hash":"x"})",
        R"({"owner_id":"x"})", R"({"email":"a\nb"})", R"({"password":5})"}) {
    EXPECT_EQ(create(key_, std::string(body)).status, 422) << body;
  }
  EXPECT_EQ(create(key_, "[]").status, 422);
  EXPECT_EQ(create(key_, "").status, 400);
}

}  // namespace
}  // namespace pilot::api
