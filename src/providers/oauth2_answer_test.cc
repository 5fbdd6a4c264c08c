// What token endpoints say: the standard's answers, the world's, and the broken ones.
#include <gmock/gmock.h>

#include "providers/call_for_test.h"
#include "providers/oauth2_request.h"

namespace pilot::providers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};

std::string told(const Result<TokenGrant>& grant) {
  if (!grant) return grant.error().code;
  std::string out;
  for (const auto& [name, value] : grant->values) {
    out += fmt::format("{}={} ", name, value.reveal());
  }
  if (grant->expires_at) {
    out += fmt::format(
        "for {} ",
        std::chrono::duration_cast<std::chrono::seconds>(*grant->expires_at - kNow).count());
  }
  if (grant->scope) out += fmt::format("scope {}", *grant->scope);
  return out;
}

struct AnswerCase {
  int status;
  const char* type;
  const char* body;
  const char* expected;
};

class TokenAnswer : public testing::TestWithParam<AnswerCase> {};

TEST_P(TokenAnswer, IsRead) {
  const AnswerCase& c = GetParam();
  const auto grant =
      read_token_answer({}, answer(c.status, c.body, {{"Content-Type", c.type}}), kNow);
  EXPECT_EQ(told(grant), c.expected) << c.body;
}

constexpr const char* kJson = "application/json";
constexpr const char* kForm = "application/x-www-form-urlencoded";

INSTANTIATE_TEST_SUITE_P(
    Good, TokenAnswer,
    testing::Values(
        AnswerCase{200, kJson, R"({"access_token":"a","token_type":"Bearer"})", "access_token=a "},
        AnswerCase{200, kJson, R"({"access_token":"a","refresh_token":"r","expires_in":3600,
                                   "scope":"x y"})",
                   "access_token=a refresh_token=r for 3600 scope x y"},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":"7200"})",
                   "access_token=a for 7200 "},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":59.5})",
                   "access_token=a for 59 "},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":0})", "access_token=a "},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":-5})", "access_token=a "},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":"soon"})", "access_token=a "},
        AnswerCase{200, kJson, R"({"access_token":"a","expires_in":1e300})",
                   "access_token=a for 316224000 "},
        AnswerCase{200, kJson, R"({"access_token":"a","scope":["x","y"],"error":null})",
                   "access_token=a scope x y"},
        AnswerCase{200, kJson, R"({"access_token":"a","refresh_token":""})", "access_token=a "},
        AnswerCase{201, "text/html", R"({"access_token":"a"})", "access_token=a "},
        AnswerCase{200, kForm, "access_token=a%2Bb&scope=x%2Cy+z&expires_in=60&token_type=bearer",
                   "access_token=a+b for 60 scope x,y z"},
        AnswerCase{200, "text/plain", "access_token=a&expires=5", "access_token=a "},
        AnswerCase{200, kForm, "access_token=a&broken=%zz&=x&y", "access_token=a "}));

INSTANTIATE_TEST_SUITE_P(
    Bad, TokenAnswer,
    testing::Values(
        AnswerCase{400, kJson, R"({"error":"invalid_grant","error_description":"no"})",
                   "invalid_grant"},
        AnswerCase{200, kJson, R"({"error":"invalid_grant"})", "invalid_grant"},
        AnswerCase{200, kForm, "error=bad_verification_code&error_description=x", "invalid_grant"},
        AnswerCase{200, kJson, R"({"ok":false,"error":"invalid_refresh_token"})", "invalid_grant"},
        AnswerCase{401, kJson, R"({"error":"invalid_client"})", "token_refused"},
        AnswerCase{200, kJson, R"({"ok":false,"error":"bad_client_secret"})", "token_refused"},
        AnswerCase{400, kJson, R"({"error":{"code":"x","message":"nope"}})", "token_refused"},
        AnswerCase{200, kJson, R"({"error":{"code":190,"type":"OAuthException"}})",
                   "token_refused"},
        AnswerCase{403, kJson, R"({"message":"go away"})", "token_refused"},
        AnswerCase{404, kJson, R"({"error":"Not Found"})", "bad_token_answer"},
        AnswerCase{405, kJson, R"({"message":"POST?"})", "bad_token_answer"},
        AnswerCase{500, kJson, R"({"error":"invalid_grant"})", "invalid_grant"},
        AnswerCase{500, kJson, R"({"error":"oops"})", "token_endpoint_busy"},
        AnswerCase{400, kJson, R"({"error":"temporarily_unavailable"})", "token_endpoint_busy"},
        AnswerCase{429, kJson, "{}", "token_endpoint_busy"},
        AnswerCase{503, "text/html", "<html>down</html>", "token_endpoint_busy"},
        AnswerCase{200, "text/html", "<html>sign in</html>", "bad_token_answer"},
        AnswerCase{302, "text/html", "", "bad_token_answer"},
        AnswerCase{200, kJson, "", "bad_token_answer"},
        AnswerCase{200, kJson, "[]", "bad_token_answer"},
        AnswerCase{200, kJson, "null", "bad_token_answer"},
        AnswerCase{200, kJson, "{}", "bad_token_answer"},
        AnswerCase{200, kJson, R"({"access_token":""})", "bad_token_answer"},
        AnswerCase{200, kJson, R"({"access_token":7})", "bad_token_answer"},
        AnswerCase{200, kJson, R"({"access_token":"a")", "bad_token_answer"},
        AnswerCase{200, kForm, "nothing=here", "bad_token_answer"}));

TEST(TokenAnswerLimits, AHugeOneIsRefusedUnread) {
  const std::string body = R"({"access_token":")" + std::string(1u << 20, 'a') + "\"}";
  EXPECT_EQ(told(read_token_answer({}, answer(200, body), kNow)), "bad_token_answer");
}

TEST(TokenAnswerLimits, WhatTheVendorSaysIsCutAndOneLine) {
  const std::string body = to_json(
      JsonObject{{"error", "x\r\nSet-Cookie: a"}, {"error_description", std::string(10'000, 'y')}});
  const auto grant = read_token_answer({}, answer(400, body), kNow);
  EXPECT_LT(grant.error().message.size(), 1'000u);
  EXPECT_THAT(grant.error().message, Not(HasSubstr("\n")));
  EXPECT_THAT(grant.error().message, HasSubstr("x  Set-Cookie"));
}

TEST(TokenAnswerLimits, RetryAfterIsPassedOn) {
  const auto grant = read_token_answer({}, answer(429, "{}", {{"Retry-After", "7"}}), kNow);
  EXPECT_EQ(grant.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(grant.error().retry_after, std::chrono::seconds{7});
}

TEST(TokenAnswerTake, FieldsAreTakenWhereTheProviderSaysTheyAre) {
  OAuth2 oauth;
  oauth.take = {{"instance_url", *jq::compile(".instance_url")},
                {"access_token", *jq::compile(".authed_user.access_token // .access_token")},
                {"team", *jq::compile(".team.id")},
                {"level", *jq::compile(".level")},
                {"missing", *jq::compile(".nothing")}};
  const auto grant = read_token_answer(
      oauth, answer(200, R"({"authed_user":{"access_token":"u"},"instance_url":"https://x.test",
                             "team":{"id":"T1"},"level":3})"),
      kNow);
  EXPECT_EQ(told(grant), "access_token=u instance_url=https://x.test level=3 team=T1 ");
  oauth.take = {{"bad", *jq::compile(".access_token.x")}};
  const auto bad = read_token_answer(oauth, answer(200, R"({"access_token":"a"})"), kNow);
  EXPECT_EQ(told(bad), "bad_token_answer");
  EXPECT_THAT(bad.error().message, HasSubstr("bad cannot be taken"));
}

TEST(SplitScopes, WordsBetweenSpacesAndCommas) {
  EXPECT_THAT(split_scopes("a b,c, d "), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(split_scopes(" ,"), IsEmpty());
}

}  // namespace
}  // namespace pilot::providers
