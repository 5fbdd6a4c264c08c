#include "providers/request_view.h"

#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;
using Values = std::map<std::string, std::string>;

Result<Json> shown(const char* provider_name, const char* action, std::string_view params,
                   const Values& values = {}) {
  const Provider* provider = native_registry().find(provider_name);
  return describe_request(*provider, *provider->find(action), json(params), connection_of(values),
                          WallTime{std::chrono::seconds{1'800'000'000}});
}

std::string text(const Result<Json>& view) { return view ? to_json(*view) : view.error().code; }

TEST(DescribeRequest, IsTheRequestWithSecretsMasked) {
  EXPECT_EQ(text(shown("openai", "chat", R"({"prompt":"Hi"})", {{"api_key", "sk-0123456789"}})),
            R"({"method":"POST","url":"https://api.openai.com/v1/chat/completions",)"
            R"("headers":{"Authorization":"***","Content-Type":"application/json"},)"
            R"("body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}})");
}

TEST(DescribeRequest, BodiesAsJsonTextOrNone) {
  EXPECT_EQ(text(shown("http", "get", R"({"url":"https://a.test"})")),
            R"({"method":"GET","url":"https://a.test/","headers":{},"body":null})");
  EXPECT_EQ(text(shown("http", "post", R"({"url":"https://a.test","form":{"a":1}})")),
            R"({"method":"POST","url":"https://a.test/",)"
            R"("headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":"a=1"})");
}

TEST(DescribeRequest, SecretsNowhere) {
  const Values query = {{"query_name", "key"}, {"query_value", "q&cret 1"}};
  EXPECT_THAT(text(shown("http", "get", R"({"url":"https://a.test"})", query)),
              HasSubstr("https://a.test/?key=***"));
  const Values token = {{"token", "t0psecret"}};
  const std::string view = text(
      shown("http", "post",
            R"({"url":"https://a.test/t0psecret","json":{"t0psecret":"x t0psecret"}})", token));
  EXPECT_THAT(view, Not(HasSubstr("t0psecret")));
  EXPECT_THAT(view, HasSubstr(R"("body":{"***":"x ***"})"));
  const std::string cookie = text(
      shown("http", "get", R"({"url":"https://a.test","headers":{"Cookie":"sid=1","X-A":"b"}})"));
  EXPECT_THAT(cookie, HasSubstr(R"("Cookie":"***","X-A":"b")"));
}

TEST(DescribeRequest, Mail) {
  const Result<Json> view =
      shown("email", "send", R"({"to":"b@y.test","text":"Hi"})",
            {{"host", "mail.x.test"}, {"username", "ann@x.test"}, {"password", "pa55word"}});
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(string_or(*view, "method"), "SMTP");
  EXPECT_EQ(string_or(*view, "url"), "smtp://mail.x.test:587");
  EXPECT_THAT(string_or(*view, "body"), HasSubstr("To: b@y.test\r\n"));
  EXPECT_THAT(to_json(*view), Not(HasSubstr("pa55word")));
}

TEST(DescribeRequest, Errors) {
  EXPECT_EQ(text(shown("logic", "set", "{}")), "not_http");
  EXPECT_EQ(text(shown("http", "get", "{}")), "missing_param");
  EXPECT_EQ(text(shown("openai", "chat", R"({"prompt":"x"})")), "missing_credentials");
  EXPECT_EQ(text(shown("http", "get", R"({"url":"https://a.test","headers":{"X-A":"a\r\nb"}})")),
            "invalid_header");
  EXPECT_EQ(text(shown("http", "get", R"({"url":"https://a.test","headers":{"Host":"b"}})")),
            "invalid_header");
}

}  // namespace
}  // namespace pilot::providers
