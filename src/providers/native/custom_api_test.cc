#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using Values = std::map<std::string, std::string>;

Result<http::Request> build(std::string_view params, const Values& values = {}) {
  return TestCall("custom_api", "call_api", params, values).build();
}

TEST(CustomApi, JoinsWithOneSlash) {
  const auto url = [](const char* base, const char* endpoint) {
    const Result<http::Request> request =
        build(to_json(JsonObject{{"base_url", base}, {"endpoint", endpoint}}));
    return request ? request->url : request.error().code;
  };
  EXPECT_EQ(url("https://a.test/v1", "users"), "https://a.test/v1/users");
  EXPECT_EQ(url("https://a.test/v1/", "/users"), "https://a.test/v1/users");
  EXPECT_EQ(url("https://a.test/v1//", "//users/"), "https://a.test/v1/users/");
  EXPECT_EQ(url("https://a.test", "users?x=1"), "https://a.test/users?x=1");
  EXPECT_EQ(url("https://a.test/v1", ""), "https://a.test/v1");
  EXPECT_EQ(url("a.test", "x"), "invalid_url");
}

TEST(CustomApi, UrlFromParamsOrConnection) {
  EXPECT_EQ(build(R"({"url":"https://a.test/x"})")->url, "https://a.test/x");
  EXPECT_EQ(build(R"({"endpoint":"x"})", {{"base_url", "https://c.test/"}})->url,
            "https://c.test/x");
  EXPECT_EQ(build("{}").error().code, "missing_param");
}

TEST(CustomApi, KeyInItsHeader) {
  const Values key = {{"api_key", "k3y"}};
  EXPECT_EQ(header_of(*build(R"({"url":"https://a.test"})", key), "Authorization"), "Bearer k3y");
  EXPECT_EQ(header_of(*build(R"({"url":"https://a.test","auth_header":"X-Api-Key",
                                 "auth_prefix":""})",
                             key),
                      "X-Api-Key"),
            "k3y");
  EXPECT_EQ(
      header_of(*build(R"({"url":"https://a.test","auth_prefix":"Token"})", key), "Authorization"),
      "Token k3y");
  EXPECT_TRUE(build(R"({"url":"https://a.test"})")->headers.empty());
  const auto own = build(R"({"url":"https://a.test","headers":{"authorization":"x"}})", key);
  ASSERT_EQ(own->headers.size(), 1U);
  EXPECT_EQ(own->headers[0].value, "x");
}

TEST(CustomApi, OldForms) {
  const auto request = build(R"({"url":"https://a.test","method":"post",
      "headers_json":"{\"X-A\": \"1\"}","body_json":"{\"a\": 1}"})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(header_of(*request, "X-A"), "1");
  EXPECT_EQ(request->body, R"({"a": 1})");
  EXPECT_EQ(header_of(*request, "Content-Type"), "application/json");
  const auto empty = build(R"({"url":"https://a.test","headers_json":"","body_json":" "})");
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->has_body);
  EXPECT_EQ(build(R"({"url":"https://a.test","headers_json":"{"})").error().code, "invalid_value");
  EXPECT_EQ(build(R"({"url":"https://a.test","body_json":"{"})").error().pointer, "/body_json");
}

TEST(CustomApi, Bodies) {
  const auto body = [](const char* body_json) {
    Json params = json(R"({"url":"https://a.test","method":"POST"})");
    params.get_object()["body"] = json(body_json);
    const auto request = build(to_json(params));
    return header_of(*request, "Content-Type") + " " + request->body;
  };
  EXPECT_EQ(body(R"({"a":1})"), R"(application/json {"a":1})");
  EXPECT_EQ(body(R"("{\"a\": 1}")"), R"(application/json {"a": 1})");
  EXPECT_EQ(body(R"("plain text")"), "text/plain; charset=utf-8 plain text");
}

TEST(CustomApi, AnswersAreAsThoseOfHttp) {
  const TestCall call("custom_api", "request", R"({"url":"https://a.test"})");
  EXPECT_EQ(to_json(call.read(answer(200, "[1]")).output),
            R"({"status":200,"body":[1],"headers":{"content-type":"application/json"}})");
  EXPECT_EQ(call.read(answer(401, R"({"message":"bad key"})")).error->code, "unauthorized");
}

}  // namespace
}  // namespace pilot::providers
