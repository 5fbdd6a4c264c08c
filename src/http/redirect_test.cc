#include "http/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pilot::http {
namespace {

Request post() {
  Request request{.method = "POST", .url = "https://a.test/x", .body = "canary", .has_body = true};
  request.headers = {{.name = "Authorization", .value = "Bearer canary"},
                     {.name = "COOKIE", .value = "canary"},
                     {.name = "X-Api-Key", .value = "canary"},
                     {.name = "X-Mine", .value = "canary", .sensitive = true},
                     {.name = "Referer", .value = "https://a.test/?canary"},
                     {.name = "Content-Type", .value = "text/plain"},
                     {.name = "Accept", .value = "*/*"}};
  return request;
}

Response moved(int status, std::string location) {
  Response response{.status = status};
  response.headers.push_back({.name = "Location", .value = std::move(location)});
  return response;
}

std::vector<std::string> names(const Request& request) {
  std::vector<std::string> out;
  for (const Header& header : request.headers) out.push_back(header.name);
  return out;
}

TEST(Redirect, OtherAnswersAreAnswers) {
  for (const int status : {200, 204, 300, 304, 305, 400}) {
    const Redirect redirect = follow(post(), moved(status, "/y"));
    EXPECT_FALSE(redirect.next || redirect.refused) << status;
  }
  EXPECT_FALSE(follow(post(), Response{.status = 302}).next);
  Request still = post();
  still.follow_redirects = false;
  EXPECT_FALSE(follow(still, moved(302, "/y")).next);
}

TEST(Redirect, MethodsChangeAsRfc9110Says) {
  struct Case {
    int status;
    const char* method;
    const char* becomes;
  };
  for (const Case& one : {Case{301, "POST", "GET"},
                          {302, "POST", "GET"},
                          {303, "POST", "GET"},
                          {303, "PUT", "GET"},
                          {303, "HEAD", "HEAD"},
                          {303, "DELETE", "GET"},
                          {301, "PUT", "PUT"},
                          {302, "DELETE", "DELETE"},
                          {307, "POST", "POST"},
                          {308, "POST", "POST"},
                          {308, "PATCH", "PATCH"},
                          {302, "HEAD", "HEAD"}}) {
    Request request = post();
    request.method = one.method;
    const Redirect redirect = follow(request, moved(one.status, "/y"));
    ASSERT_TRUE(redirect.next) << one.status << one.method;
    EXPECT_EQ(redirect.next->method, one.becomes) << one.status << one.method;
    const bool keeps = std::string(one.becomes) == one.method;
    EXPECT_EQ(redirect.next->has_body, keeps);
    EXPECT_EQ(redirect.next->body, keeps ? "canary" : "");
  }
}

TEST(Redirect, SameOriginKeepsCredentials) {
  const Redirect redirect = follow(post(), moved(307, "https://A.test:443/y"));
  ASSERT_TRUE(redirect.next);
  EXPECT_EQ(redirect.next->url, "https://a.test/y");
  EXPECT_EQ(redirect.next->headers.size(), post().headers.size());
}

TEST(Redirect, CredentialsStayBehindWhenTheOriginChanges) {
  for (const char* to : {"https://b.test/x", "https://a.test:444/x", "http://a.test/x",
                         "//b.test/x", "https://a.test.b.test/"}) {
    const Redirect redirect = follow(post(), moved(302, to));
    ASSERT_TRUE(redirect.next) << to;
    EXPECT_THAT(names(*redirect.next), testing::ElementsAre("Accept")) << to;
    EXPECT_EQ(redirect.next->body, "");
  }
}

TEST(Redirect, BodyDoesNotGoToAnotherOrigin) {
  for (const int status : {307, 308}) {
    const Redirect redirect = follow(post(), moved(status, "https://b.test/"));
    EXPECT_FALSE(redirect.next || redirect.refused);
  }
}

TEST(Redirect, IsBounded) {
  Response response = moved(302, "/y");
  response.redirects = limits::kRedirects - 1;
  EXPECT_TRUE(follow(post(), response).next);
  response.redirects = limits::kRedirects;
  const Redirect redirect = follow(post(), response);
  ASSERT_TRUE(redirect.refused);
  EXPECT_EQ(redirect.refused->code, "too_many_redirects");
  EXPECT_FALSE(redirect.refused->retryable);
  EXPECT_TRUE(redirect.refused->sent);
}

TEST(Redirect, OnlyHttp) {
  EXPECT_EQ(follow(post(), moved(302, "ftp://b.test/")).refused->code, "unsupported");
  EXPECT_EQ(follow(post(), moved(302, "file:///etc/passwd")).refused->code, "unsupported");
  const Redirect redirect = follow(post(), moved(302, "https://u:canary@b.test/"));
  EXPECT_EQ(redirect.refused->code, "invalid_url");
  EXPECT_EQ(redirect.refused->message.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace pilot::http
