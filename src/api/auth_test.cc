// Who is let in, and to what. T3 and B6 of promises.md.
#include "api/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string target_of(const Route& route) {
  std::string out;
  bool inside = false;
  for (const char c : route.pattern) {
    if (c == '{') out += "x1";
    if (c == '{' || c == '}') {
      inside = c == '{';
    } else if (!inside) {
      out += c;
    }
  }
  return out;
}

// What says nothing about the request that it answers.
std::string without_id(Answer answer) {
  if (JsonObject* object = answer.json.if_object()) object->erase("request_id");
  return fmt::format("{} {}", answer.status, to_json(answer.json));
}

class ScopeMatrix : public IdentityTest {
 protected:
  Answer call_route(const Route& route, Headers headers) {
    const std::string body = changes_state(route.method) ? "{}" : "";
    return ask(route.method, target_of(route), std::move(headers), body);
  }
};

TEST_F(ScopeMatrix, NobodyUnknownIsLetIn) {
  const MadeKey valid = make_key("ada", "read");
  const MadeKey expired = make_key("ada", kEveryScope, clock_.now());
  const MadeKey revoked = make_key("ada", kEveryScope);
  ASSERT_TRUE(run_sync(store_->revoke_key({"ada"}, revoked.id, clock_.now())));
  std::string other_case = valid.secret;
  for (char& c : other_case) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const std::vector<Headers> strangers{
      {},
      bearer(""),
      bearer("pk_"),
      bearer("nonsense"),
      bearer(valid.secret.substr(0, valid.secret.size() - 1)),
      bearer(valid.secret + "A"),
      bearer(valid.secret + " "),
      bearer(other_case),
      bearer(valid.secret.substr(0, 11)),  // the prefix that lists show
      bearer(token_hash(valid.secret)),    // what is stored
      bearer("pk_" + std::string(43, 'A')),
      bearer(expired.secret),
      bearer(revoked.secret),
      {{"Authorization", "Basic " + valid.secret}},
      {{"Authorization", valid.secret}},
      {{"X-API-Key", valid.secret}},
      {{"Cookie", "pilot_session=" + valid.secret}},
      {{"Cookie", "pilot_session="}},
      {{"Authorization", "Bearer " + valid.secret}, {"Authorization", "Bearer " + valid.secret}}};
  std::set<std::string> answers;
  int closed = 0;
  for (const Route& route : router_.routes()) {
    if (!route.scope && !route.caller) continue;
    ++closed;
    for (const Headers& headers : strangers) {
      const Answer answer = call_route(route, headers);
      EXPECT_EQ(answer.status, 401) << route.id;
      EXPECT_EQ(header_of(answer.response, "WWW-Authenticate"), "Bearer");
      answers.insert(without_id(answer));
    }
  }
  EXPECT_GT(closed, 40);
  // A path that is not there, a method that it has not.
  answers.insert(without_id(ask(Method::get, "/api/nowhere")));
  answers.insert(without_id(ask(Method::patch, "/api/plans")));
  answers.insert(without_id(ask(Method::options, "/api/plans")));
  EXPECT_EQ(answers.size(), 1u) << testing::PrintToString(answers);
}

TEST_F(ScopeMatrix, EachRouteTakesItsScopeAndNoOther) {
  std::map<Scope, std::string> keys;
  for (const Scope scope : kAllScopes) keys[scope] = make_key("ada", to_string(scope)).secret;
  std::map<Scope, int> seen;
  for (const Route& route : router_.routes()) {
    for (const Scope scope : kAllScopes) {
      const Answer answer = call_route(route, bearer(keys[scope]));
      EXPECT_NE(answer.status, 401) << route.id;
      EXPECT_LT(answer.status, 500) << route.id << answer.body;
      const bool refused = verdict(answer) == "403 missing_scope";
      EXPECT_EQ(refused, route.scope && *route.scope != scope)
          << route.id << " with " << to_string(scope) << ": " << answer.body;
      if (refused) EXPECT_THAT(answer.body, HasSubstr(to_string(*route.scope)));
    }
    if (route.scope) ++seen[*route.scope];
  }
  EXPECT_EQ(seen.size(), 5u);  // act-as opens no route of its own
}

TEST_F(ScopeMatrix, EveryRouteHasAnIdAndAScopeOrIsListedHere) {
  std::set<std::string> open;
  for (const Route& route : router_.routes()) {
    EXPECT_FALSE(route.id.empty()) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.id;
    if (!route.scope && !route.caller) open.insert(route.id);
    if (route.scope && changes_state(route.method)) {
      const bool checks_only = route.id.find("validate") != std::string::npos;
      EXPECT_EQ(*route.scope == Scope::read, checks_only) << route.id;
    }
  }
  // A vendor sends a browser to the callback; its state says whose it is.
  for (const std::string id :
       {"front_page", "sign_in", "oauth_callback", "health", "healthz", "readyz"}) {
    EXPECT_EQ(open.erase(id), 1u) << id;
  }
  open.erase("openapi");  // tells of routes, not of anybody's things
  open.erase("metrics");
  EXPECT_TRUE(open.empty()) << testing::PrintToString(open);
}

class Auth : public IdentityTest {};

TEST_F(Auth, AKeyInTheAddressIsNotAccepted) {
  const MadeKey key = make_key("ada", kEveryScope);
  for (const std::string name : {"api_key", "token", "key", "access_token", "authorization"}) {
    EXPECT_EQ(ask(Method::get, "/api/plans?" + name + "=" + key.secret).status, 401) << name;
  }
}

TEST_F(Auth, ARevokedKeyIsRefusedAtOnceHereAndWithinASecondElsewhere) {
  const MadeKey admin = make_key("ada", "admin");
  const MadeKey key = make_key("ada", "read");
  const MadeKey other = make_key("ada", "read");
  const auto status = [&](const MadeKey& k) {
    return ask_with(k.secret, Method::get, "/api/plans").status;
  };
  EXPECT_EQ(status(key), 200);
  EXPECT_EQ(status(other), 200);
  EXPECT_EQ(ask_with(admin.secret, Method::del, "/api/keys/" + key.id).status, 200);
  EXPECT_EQ(status(key), 401);
  EXPECT_EQ(status(other), 200);
  // By another node: this one hears of it from the store.
  ASSERT_TRUE(run_sync(store_->revoke_key({"ada"}, other.id, clock_.now())));
  EXPECT_EQ(status(other), 200);  // or else nothing is cached, and this test says nothing
  clock_.advance(1s);
  EXPECT_EQ(status(other), 401);
}

TEST_F(Auth, AKeyEndsAtItsHourThoughCached) {
  const MadeKey key = make_key("ada", "read", clock_.now() + 500ms);
  EXPECT_EQ(ask_with(key.secret, Method::get, "/api/plans").status, 200);
  clock_.advance(499ms);
  EXPECT_EQ(ask_with(key.secret, Method::get, "/api/plans").status, 200);
  clock_.advance(1ms);
  EXPECT_EQ(ask_with(key.secret, Method::get, "/api/plans").status, 401);
}

TEST_F(Auth, AKeyMadeJustNowWorksThoughItWasUnknownBefore) {
  Random& random = *services_->random[0];
  const MadeKey first = make_key("ada", "read");
  const std::string secret = new_api_key(random);
  EXPECT_EQ(ask_with(secret, Method::get, "/api/plans").status, 401);
  store::ApiKey key;
  key.user.text = "ada";
  key.id = "k";
  key.sha256 = token_hash(secret);
  key.scopes = *parse_scopes("read");
  ASSERT_TRUE(run_sync(store_->create_key(key)));
  clock_.advance(1s);
  EXPECT_EQ(ask_with(secret, Method::get, "/api/plans").status, 200);
}

TEST_F(Auth, UseIsNotedOnceAMinute) {
  const MadeKey key = make_key("ada", "read");
  const auto last_used = [&] {
    return run_sync(store_->list_keys({"ada"}, {}))->items.front().last_used_at;
  };
  const WallTime start = clock_.now();
  EXPECT_FALSE(last_used());
  ask_with(key.secret, Method::get, "/api/plans");
  EXPECT_EQ(last_used(), start);
  clock_.advance(59s);
  ask_with(key.secret, Method::get, "/api/plans");
  EXPECT_EQ(last_used(), start);
  clock_.advance(1s);
  ask_with(key.secret, Method::get, "/api/plans");
  EXPECT_EQ(last_used(), start + 60s);
}

TEST_F(Auth, EachKeySeesItsUsersPlansOnly) {
  const MadeKey ada = make_key("ada", kEveryScope);
  const MadeKey bob = make_key("bob", kEveryScope);
  const std::string plan = R"({"name":"p","steps":[{"provider":"logic","action":"set",
      "params":{"x":1}}]})";
  const Answer made = ask_with(ada.secret, Method::post, "/api/plans", plan);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string path = "/api/plans/" + json_text(made.json, "id");
  EXPECT_EQ(ask_with(ada.secret, Method::get, path).status, 200);
  Answer theirs = ask_with(bob.secret, Method::get, path);
  Answer nobodys =
      ask_with(bob.secret, Method::get, "/api/plans/01a21904-be87-78e5-81f6-000000000000");
  EXPECT_EQ(theirs.status, 404);
  EXPECT_EQ(nobodys.status, 404);
}

}  // namespace
}  // namespace pilot::api
