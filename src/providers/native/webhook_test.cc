#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;
using Values = std::map<std::string, std::string>;

const char* const kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// The vector that the Standard Webhooks libraries are tested with; its id has our prefix.
TEST(Webhook, SignsAsTheSpecificationSays) {
  TestCall call("webhook", "send",
                R"({"url":"https://a.test/hook","payload_json":"{\"test\": 2432232314}"})",
                {{"secret", kSecret}});
  call.key = "p5jXN8AQM9LWM0D4loKWxJek";
  call.now = WallTime{std::chrono::seconds{1'614'265'330} + std::chrono::milliseconds{999}};
  const Result<http::Request> request = call.build();
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->body, R"({"test": 2432232314})");
  EXPECT_EQ(header_of(*request, "webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  EXPECT_EQ(header_of(*request, "webhook-timestamp"), "1614265330");
  EXPECT_EQ(header_of(*request, "webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_FALSE(request->follow_redirects);
}

TEST(Webhook, TheIdStaysOverAttemptsAndHasNoDot) {
  TestCall first("webhook", "send", R"({"url":"https://a.test","payload":{"a":1}})");
  TestCall second("webhook", "send", R"({"url":"https://a.test","payload":{"a":1}})");
  second.now += std::chrono::minutes{5};
  EXPECT_EQ(header_of(*first.build(), "webhook-id"), header_of(*second.build(), "webhook-id"));
  EXPECT_NE(header_of(*first.build(), "webhook-timestamp"),
            header_of(*second.build(), "webhook-timestamp"));
  EXPECT_THAT(header_of(*first.build(), "webhook-id"), Not(HasSubstr(".")));
  EXPECT_EQ(header_of(*first.build(), "webhook-signature"), "(none)");
}

TEST(Webhook, Payloads) {
  const auto body = [](const char* params) {
    const Result<http::Request> request = TestCall("webhook", "send", params).build();
    return request ? request->body : request.error().code;
  };
  EXPECT_EQ(body(R"({"url":"https://a.test","payload":[1]})"), "[1]");
  EXPECT_EQ(body(R"({"url":"https://a.test","payload":"x"})"), R"("x")");
  EXPECT_EQ(body(R"({"url":"https://a.test"})"), "{}");
  EXPECT_EQ(body(R"({"webhook_url":"https://a.test","payload_json":{"a":1}})"), R"({"a":1})");
  EXPECT_EQ(body(R"({"webhook_url":"https://a.test","payload_json":"{"})"), "invalid_value");
  EXPECT_EQ(body(R"({"url":"https://a.test","headers":{"Webhook-Id":"x"}})"), "invalid_value");
  EXPECT_EQ(body(R"({"url":"nowhere"})"), "invalid_url");
  EXPECT_EQ(body(R"({"payload":1})"), "missing_param");
  const TestCall headers("webhook", "send", R"({"url":"https://a.test","headers":{"X-A":"1"}})");
  EXPECT_EQ(header_of(*headers.build(), "X-A"), "1");
  EXPECT_EQ(header_of(*headers.build(), "Content-Type"), "application/json");
}

TEST(Webhook, ABadSecretIsNotShown) {
  for (const std::string secret : {"whsec_c2hvcnQ=", "whsec_!!!!", "plain-password", "whsec_"}) {
    const TestCall call("webhook", "send", R"({"url":"https://a.test"})", {{"secret", secret}});
    const Result<http::Request> request = call.build();
    ASSERT_FALSE(request) << secret;
    EXPECT_EQ(request.error().code, "invalid_credentials");
    EXPECT_THAT(request.error().message, Not(HasSubstr("password")));
    EXPECT_THAT(request.error().message, Not(HasSubstr("c2hvcnQ")));
  }
}

TEST(Webhook, Answers) {
  const TestCall call("webhook", "send", R"({"url":"https://a.test"})");
  EXPECT_EQ(call.effect(), EffectClass::keyed);
  const auto verdict = [&](int status) {
    return judge(call.read(answer(status, "")), CallStage::answered, call.effect()).kind;
  };
  EXPECT_EQ(verdict(200), Verdict::Kind::success);
  EXPECT_EQ(verdict(204), Verdict::Kind::success);
  EXPECT_EQ(verdict(302), Verdict::Kind::fail);
  EXPECT_EQ(verdict(400), Verdict::Kind::fail);
  EXPECT_EQ(verdict(410), Verdict::Kind::fail);
  EXPECT_EQ(verdict(429), Verdict::Kind::retry);
  EXPECT_EQ(verdict(500), Verdict::Kind::retry);
  EXPECT_EQ(verdict(502), Verdict::Kind::retry);
  EXPECT_EQ(verdict(504), Verdict::Kind::retry);
  EXPECT_EQ(call.read(answer(410, "")).error->code, "endpoint_gone");
  EXPECT_EQ(to_json(*find(call.read(answer(200, R"({"ok":1})")).output, "body")), R"({"ok":1})");
}

}  // namespace
}  // namespace pilot::providers
