#include "http/message.h"

#include <gtest/gtest.h>

namespace pilot::http {
namespace {

std::optional<SendError> check(std::string name, std::string value) {
  Request request;
  request.headers.push_back({.name = std::move(name), .value = std::move(value)});
  return check_headers(request);
}

TEST(Message, FindsHeadersInAnyCase) {
  Response response;
  response.headers = {{.name = "Content-Type", .value = "a"},
                      {.name = "content-type", .value = "b"}};
  EXPECT_EQ(response.header("CONTENT-TYPE"), "a");
  EXPECT_EQ(response.header("Content-Typ"), std::nullopt);
}

TEST(Message, OrdinaryHeadersPass) {
  EXPECT_FALSE(check("X-Key", "a b\tc:;\"~"));
  EXPECT_FALSE(check("Authorization", "Bearer x"));
  EXPECT_FALSE(check("X-Empty", ""));
  EXPECT_FALSE(check("Proxied", "x"));
}

TEST(Message, WhatBreaksOutIsRefused) {
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\xc3\xbc"), std::string("a\x7f"), std::string("a\x1b[0m")}) {
    const auto error = check("X-Key", value);
    ASSERT_TRUE(error) << value;
    EXPECT_EQ(error->code, "invalid_header");
    EXPECT_FALSE(error->retryable);
    EXPECT_FALSE(error->sent);
  }
  for (const std::string& name :
       {std::string(), std::string("a:b"), std::string("a b"), std::string("a\r\nb"),
        std::string("a\0", 2), std::string("\xc3\xbc"), std::string("(a)")}) {
    EXPECT_TRUE(check(name, "x")) << name;
  }
}

TEST(Message, HeadersOfTheTransportAreRefused) {
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "Upgrade", "TE", "Trailer",
        "Keep-Alive", "Proxy-Authorization", "proxy-x", "Expect"}) {
    const auto error = check(name, "secret-value");
    ASSERT_TRUE(error) << name;
    EXPECT_NE(error->message.find(name), std::string::npos);
    EXPECT_EQ(error->message.find("secret-value"), std::string::npos);
  }
}

TEST(Message, Methods) {
  Request request;
  for (const char* method : {"GET", "POST", "PATCH", "PURGE", "M-SEARCH"}) {
    request.method = method;
    EXPECT_FALSE(check_headers(request)) << method;
  }
  for (const char* method : {"", "get", "GET /x", "GET\r\n", "G\xc3\xbcT", "CONNECT", "TRACE"}) {
    request.method = method;
    EXPECT_TRUE(check_headers(request)) << method;
  }
}

}  // namespace
}  // namespace pilot::http
