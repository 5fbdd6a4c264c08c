#include "api/head_rules.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

Request with(std::vector<HeaderView> headers, Method method = Method::get, bool body = false) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  request.has_body = body;
  return request;
}

std::string code(const std::optional<Response>& refusal) {
  if (!refusal) return "";
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

TEST(HeadRules, RefuseDnsRebinding) {
  EXPECT_EQ(code(judge_host(with({{"Host", "localhost:8080"}}))), "");
  EXPECT_EQ(code(judge_host(with({{"Host", "evil.test"}}))), "403 bad_host");
  EXPECT_EQ(code(judge_host(with({}))), "403 bad_host");
  EXPECT_EQ(code(judge_host(with({{"Host", "localhost"}, {"host", "evil.test"}}))), "403 bad_host");
}

TEST(HeadRules, RefusePagesOfOtherSites) {
  const auto judge = [](std::string_view origin, std::string_view own = "", bool tls = false) {
    return code(judge_origin(with({{"Host", "127.0.0.1:8080"}, {"Origin", origin}}), own, tls));
  };
  EXPECT_EQ(code(judge_origin(with({{"Host", "127.0.0.1:8080"}}), "", false)), "");
  EXPECT_EQ(judge("http://127.0.0.1:8080"), "");
  EXPECT_EQ(judge("https://127.0.0.1:8080", "", true), "");
  EXPECT_EQ(judge("https://pilot.example.com", "https://pilot.example.com"), "");
  for (const std::string_view origin :
       {"null", "http://evil.test", "http://127.0.0.1", "http://127.0.0.1:8081",
        "https://127.0.0.1:8080", "http://localhost:8080", "http://127.0.0.1:8080.evil.test",
        "https://evil.pilot.example.com", "https://pilot.example.com.evil.test",
        "https://pilot.example.com:444", "http://pilot.example.com", "*", ""}) {
    EXPECT_EQ(judge(origin, "https://pilot.example.com"), "403 bad_origin") << origin;
  }
  EXPECT_EQ(judge("http://127.0.0.1:8080", "", true), "403 bad_origin");
  EXPECT_EQ(code(judge_origin(with({{"Host", "localhost"},
                                    {"Origin", "http://localhost"},
                                    {"origin", "http://evil.test"}}),
                              "", false)),
            "403 bad_origin");
}

TEST(HeadRules, RefuseWhatAFormCanSend) {
  const auto judge = [](std::vector<HeaderView> headers, bool body) {
    return code(judge_write(with(std::move(headers), Method::post, body)));
  };
  EXPECT_EQ(judge({{"Content-Type", "application/json"}}, true), "");
  EXPECT_EQ(judge({{"Content-Type", "Application/JSON ; charset=utf-8"}}, true), "");
  EXPECT_EQ(judge({}, false), "");
  EXPECT_EQ(judge({}, true), "415 unsupported_media_type");
  for (const std::string_view type :
       {"text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x",
        "application/jsonx", "text/plain; application/json"}) {
    EXPECT_EQ(judge({{"Content-Type", type}}, true), "415 unsupported_media_type") << type;
    EXPECT_EQ(judge({{"Content-Type", type}}, false), "415 unsupported_media_type") << type;
  }
}

TEST(HeadRules, ReadWhatIsPresented) {
  using Kind = Presented::Kind;
  const auto shown = [](std::vector<HeaderView> headers) { return presented(with(headers)); };
  EXPECT_EQ(shown({}).kind, Kind::nothing);
  EXPECT_EQ(shown({{"authorization", "bearer abc"}}).token, "abc");
  for (const std::string_view text : {"", "Bearer", "Basic abc", "abc", "Bearerabc"}) {
    EXPECT_EQ(shown({{"Authorization", text}}).kind, Kind::unreadable) << text;
  }
  EXPECT_EQ(shown({{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}}).kind,
            Kind::unreadable);
  EXPECT_EQ(shown({{"Cookie", "a=b; pilot_session=x=y;c=d"}}).token, "x=y");
  EXPECT_EQ(shown({{"Cookie", "a=b"}, {"Cookie", "pilot_session=x"}}).token, "x");
  EXPECT_EQ(shown({{"Cookie", "Pilot_session=x; xpilot_session=y; pilot_session"}}).kind,
            Kind::nothing);
  EXPECT_EQ(shown({{"Cookie", "pilot_session=x; pilot_session=y"}}).kind, Kind::unreadable);
  EXPECT_EQ(shown({{"Cookie", "pilot_session=x"}, {"Authorization", "Bearer k"}}).token, "k");
}

}  // namespace
}  // namespace pilot::api
