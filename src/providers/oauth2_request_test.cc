// What is sent to an authorization server, in tables.
#include "providers/oauth2_request.h"

#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;

OAuth2 acme() {
  OAuth2 oauth;
  oauth.authorize = "https://acme.test/oauth/authorize";
  oauth.token = "https://acme.test/oauth/token";
  oauth.scopes = {"read", "write:all"};
  return oauth;
}

AuthorizeOrder order() {
  return {.client_id = "id 1",
          .redirect_uri = "https://pilot.test/api/oauth/callback",
          .state = "st",
          .code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};
}

OAuthClient client() { return {"id 1", Secret("s&c:r")}; }

std::string header(const http::Request& request, std::string_view name) {
  for (const auto& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

struct UrlCase {
  const char* url;
  std::map<std::string, std::string> values;
  const char* expected;  // a URL, or the code of the error
};

class OAuthUrl : public testing::TestWithParam<UrlCase> {};

TEST_P(OAuthUrl, IsFilledSafely) {
  const UrlCase& c = GetParam();
  const auto url = oauth_url(c.url, "acme", connection_of(c.values));
  EXPECT_EQ(url ? *url : url.error().code, c.expected) << c.url;
}

INSTANTIATE_TEST_SUITE_P(
    Table, OAuthUrl,
    testing::Values(
        UrlCase{"https://a.test/x", {}, "https://a.test/x"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "my-shop"}}, "https://my-shop.a.test/x"},
        UrlCase{"https://{{ sub }}.a.test/x", {{"sub", "a.b"}}, "https://a.b.a.test/x"},
        UrlCase{"https://{{sub}}.a.test/x", {}, "missing_credentials"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "evil.test/"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "evil.test#"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "evil.test?"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "u@evil.test"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "evil.test:1"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "evil.test\\"}}, "invalid_connection"},
        UrlCase{"https://{{sub}}.a.test/x", {{"sub", "a%2eb"}}, "invalid_connection"},
        UrlCase{"https://a.test/{{id}}/t", {{"id", "../b?c#d"}}, "https://a.test/..%2Fb%3Fc%23d/t"},
        UrlCase{"https://a.test/{{id}}/t", {{"id", ".."}}, "https://a.test/%2E%2E/t"},
        UrlCase{
            "https://a.test/t?x={{id}}", {{"id", "a&b=c d"}}, "https://a.test/t?x=a%26b%3Dc%20d"},
        UrlCase{"{{base_url}}/oauth/token",
                {{"base_url", "https://git.acme.test/"}},
                "https://git.acme.test/oauth/token"},
        UrlCase{"{{base_url}}/token",
                {{"base_url", "https://acme.test/git"}},
                "https://acme.test/git/token"},
        UrlCase{
            "{{base_url}}/token", {{"base_url", "https://u:p@acme.test"}}, "invalid_connection"},
        UrlCase{
            "{{base_url}}/token", {{"base_url", "https://acme.test/?a="}}, "invalid_connection"},
        UrlCase{"{{base_url}}/token", {{"base_url", "http://acme.test"}}, "invalid_url"},
        UrlCase{"{{base_url}}/token", {{"base_url", "file:///etc/passwd"}}, "invalid_connection"},
        UrlCase{"http://a.test/t", {}, "invalid_url"},
        UrlCase{"http://127.0.0.1:9/t", {}, "http://127.0.0.1:9/t"},
        UrlCase{"http://localhost:9/t", {}, "http://localhost:9/t"},
        UrlCase{"http://[::1]:9/t", {}, "http://[::1]:9/t"},
        UrlCase{"http://127.evil.test/t", {}, "invalid_url"},
        UrlCase{"http://localhost.evil.test/t", {}, "invalid_url"},
        UrlCase{"http{{s}}://a.test/t", {{"s", "s"}}, "invalid_url"}));

TEST(OAuth2Request, TheChallengeIsThatOfRfc7636) {
  EXPECT_EQ(code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  EXPECT_EQ(make_code_verifier(std::string(32, '\xff')).size(), 43u);
}

TEST(OAuth2Request, TheAuthorizeUrlHasAllThatTiesTheAnswerToUs) {
  EXPECT_EQ(*authorize_url(acme(), "acme", {}, order()),
            "https://acme.test/oauth/authorize?scope=read%20write%3Aall&response_type=code"
            "&client_id=id%201&redirect_uri=https%3A%2F%2Fpilot.test%2Fapi%2Foauth%2Fcallback"
            "&state=st&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
            "&code_challenge_method=S256");
}

TEST(OAuth2Request, AProvidersOwnWaysAreFollowed) {
  OAuth2 oauth = acme();
  oauth.pkce = false;
  oauth.scope_separator = ",";
  oauth.authorize = "https://acme.test/oauth?team=1";
  oauth.authorize_params = {{"access_type", "offline"}, {"n", 2}, {"shop", "{{shop}}"}};
  EXPECT_EQ(*authorize_url(oauth, "acme", connection_of({{"shop", "a b"}}), order()),
            "https://acme.test/oauth?team=1&access_type=offline&n=2&shop=a%20b"
            "&scope=read%2Cwrite%3Aall&response_type=code&client_id=id%201"
            "&redirect_uri=https%3A%2F%2Fpilot.test%2Fapi%2Foauth%2Fcallback&state=st");
}

TEST(OAuth2Request, AProviderCannotChangeWhatTiesTheAnswerToUs) {
  OAuth2 oauth = acme();
  oauth.authorize_params = {{"state", "x"},
                            {"redirect_uri", "https://evil.test"},
                            {"code_challenge_method", "plain"},
                            {"scope", "own"}};
  const std::string url = *authorize_url(oauth, "acme", {}, order());
  EXPECT_THAT(url, Not(HasSubstr("evil")));
  EXPECT_THAT(url, Not(HasSubstr("plain")));
  EXPECT_THAT(url, HasSubstr("state=st"));
  EXPECT_THAT(url, HasSubstr("scope=own"));
}

TEST(OAuth2Request, ACodeIsTradedWithItsVerifier) {
  const auto request = code_request(acme(), "acme", {}, client(), "c/1", order());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->url, "https://acme.test/oauth/token");
  EXPECT_EQ(request->body,
            "grant_type=authorization_code&code=c%2F1"
            "&redirect_uri=https%3A%2F%2Fpilot.test%2Fapi%2Foauth%2Fcallback"
            "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
            "&client_id=id+1&client_secret=s%26c%3Ar");
  EXPECT_EQ(header(*request, "Accept"), "application/json");
  EXPECT_FALSE(request->follow_redirects);
  EXPECT_EQ(request->max_response_bytes, limits::kTokenAnswer);
}

TEST(OAuth2Request, TheClientSignsInAsTheProviderWantsIt) {
  OAuth2 oauth = acme();
  oauth.client_auth = OAuth2::ClientAuth::basic;
  auto request = *refresh_request(oauth, "acme", {}, client(), "r 1");
  EXPECT_EQ(header(request, "Authorization"), "Basic aWQrMTpzJTI2YyUzQXI=");  // id+1:s%26c%3Ar
  EXPECT_TRUE(request.headers.back().sensitive);
  EXPECT_EQ(request.body, "grant_type=refresh_token&refresh_token=r+1");
  // A public client has nothing to sign in with.
  request = *refresh_request(oauth, "acme", {}, {"id", Secret()}, "r");
  EXPECT_EQ(header(request, "Authorization"), "");
  EXPECT_EQ(request.body, "grant_type=refresh_token&refresh_token=r&client_id=id");
  oauth.client_auth = OAuth2::ClientAuth::none;
  request = *refresh_request(oauth, "acme", {}, client(), "r");
  EXPECT_EQ(request.body, "grant_type=refresh_token&refresh_token=r&client_id=id+1");
}

TEST(OAuth2Request, RefreshMayHaveAUrlOfItsOwn) {
  OAuth2 oauth = acme();
  oauth.refresh = "https://{{sub}}.acme.test/refresh";
  const auto request =
      refresh_request(oauth, "acme", connection_of({{"sub", "eu"}}), client(), "r");
  EXPECT_EQ(request->url, "https://eu.acme.test/refresh");
  EXPECT_EQ(refresh_request(oauth, "acme", {}, client(), "r").error().code, "missing_credentials");
}

TEST(OAuth2Request, ClientAndPasswordGrants) {
  OAuth2 oauth = acme();
  oauth.token_params = {{"audience", "https://{{sub}}.acme.test"}};
  const Connection connection = connection_of({{"sub", "eu"}});
  EXPECT_EQ(client_request(oauth, "acme", connection, client())->body,
            "grant_type=client_credentials&scope=read+write%3Aall&client_id=id+1"
            "&client_secret=s%26c%3Ar&audience=https%3A%2F%2Feu.acme.test");
  EXPECT_EQ(password_request(oauth, "acme", connection, client(), "ada", "p&w")->body,
            "grant_type=password&username=ada&password=p%26w&scope=read+write%3Aall"
            "&client_id=id+1&client_secret=s%26c%3Ar&audience=https%3A%2F%2Feu.acme.test");
}

}  // namespace
}  // namespace pilot::providers
