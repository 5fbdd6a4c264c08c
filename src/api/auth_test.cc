#include "api/auth.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

struct Ask {
  Method method = Method::get;
  std::string target = "/api/plans";
  std::vector<HeaderView> headers{{"Host", "localhost:8080"}};
  bool has_body = false;
};

// The code of the refusal, "" when there is none.
std::string judge(Ask ask, std::string token = {}) {
  Request request;
  request.method = ask.method;
  request.headers = ask.headers;
  request.has_body = ask.has_body;
  EXPECT_TRUE(parse_target(ask.target, request));
  const auto refusal = make_guard({.token = std::move(token)})(request);
  if (!refusal) {
    EXPECT_EQ(request.principal.text, "local");
    return "";
  }
  return fmt::format("{} {}", refusal->status, json_text(*parse_json(refusal->body), "code"));
}

TEST(LoopbackHost, OnlyTheseNames) {
  for (const std::string_view host :
       {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const std::string_view host :
       {"", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "127.0.0.2", "0.0.0.0",
        "::1", "[::1", "[::1]x", "localhost:", "localhost:x", "localhost:123456", "localhost:1:2",
        "user@localhost", "localhost@evil.test:80", " localhost"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(Guard, RefusesDnsRebinding) {
  EXPECT_EQ(judge({}), "");
  EXPECT_EQ(judge({.headers = {{"Host", "evil.test"}}}), "403 bad_host");
  EXPECT_EQ(judge({.headers = {}}), "403 bad_host");
  EXPECT_EQ(judge({.headers = {{"Host", "localhost"}, {"host", "evil.test"}}}), "403 bad_host");
}

TEST(Guard, RefusesPagesOfOtherSites) {
  const auto with = [](std::string_view origin) {
    return judge({.headers = {{"Host", "127.0.0.1:8080"}, {"Origin", origin}}});
  };
  EXPECT_EQ(with("http://127.0.0.1:8080"), "");
  for (const std::string_view origin :
       {"null", "http://evil.test", "http://127.0.0.1", "http://127.0.0.1:8081",
        "https://127.0.0.1:8080", "http://localhost:8080", "http://127.0.0.1:8080.evil.test", ""}) {
    EXPECT_EQ(with(origin), "403 bad_origin") << origin;
  }
}

TEST(Guard, RefusesWhatAFormCanSend) {
  const auto with = [](std::vector<HeaderView> headers, bool body) {
    headers.push_back({"Host", "localhost"});
    return judge({.method = Method::post, .headers = std::move(headers), .has_body = body});
  };
  EXPECT_EQ(with({{"Content-Type", "application/json"}}, true), "");
  EXPECT_EQ(with({{"Content-Type", "Application/JSON ; charset=utf-8"}}, true), "");
  EXPECT_EQ(with({}, false), "");
  EXPECT_EQ(with({}, true), "415 unsupported_media_type");
  for (const std::string_view type :
       {"text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x",
        "application/jsonx", "text/plain; application/json"}) {
    EXPECT_EQ(with({{"Content-Type", type}}, true), "415 unsupported_media_type") << type;
    EXPECT_EQ(with({{"Content-Type", type}}, false), "415 unsupported_media_type") << type;
  }
  EXPECT_EQ(with({{"Idempotency-Key", "a"}}, false), "422 not_supported");
}

TEST(Guard, WantsItsToken) {
  const auto with = [](std::string_view authorization) {
    return judge({.headers = {{"Host", "localhost"}, {"Authorization", authorization}}}, "s3cret");
  };
  EXPECT_EQ(with("Bearer s3cret"), "");
  EXPECT_EQ(with("bearer s3cret"), "");
  for (const std::string_view wrong :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret"}) {
    EXPECT_EQ(with(wrong), "401 unauthenticated") << wrong;
  }
  EXPECT_EQ(judge({}, "s3cret"), "401 unauthenticated");
}

TEST(Guard, KnowsOneUser) {
  EXPECT_EQ(judge({.target = "/api/plans?user_id=local"}), "");
  for (const std::string_view user : {"", "Local", "local%20", "other", "%25", "null"}) {
    EXPECT_EQ(judge({.target = fmt::format("/api/plans?user_id={}", user)}), "403 user_mismatch")
        << user;
  }
}

}  // namespace
}  // namespace pilot::api
