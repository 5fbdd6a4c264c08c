#include "providers/answer.h"

#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};

TEST(ReadFailure, CodesByStatus) {
  struct Row {
    int status;
    const char* code;
    bool retryable;
  };
  const Row rows[] = {
      {302, "unexpected_redirect", false},
      {400, "invalid_request", false},
      {401, "unauthorized", false},
      {402, "payment_required", false},
      {403, "forbidden", false},
      {404, "not_found", false},
      {405, "method_not_allowed", false},
      {408, "request_timeout", true},
      {409, "conflict", false},
      {410, "gone", false},
      {413, "too_large", false},
      {418, "invalid_request", false},
      {422, "invalid_request", false},
      {425, "too_early", true},
      {429, "rate_limited", true},
      {500, "server_error", false},
      {502, "gateway_error", false},
      {503, "unavailable", true},
      {504, "gateway_error", false},
      {599, "server_error", false},
      {700, "bad_response", false},
  };
  for (const Row& row : rows) {
    const ProviderResult result = read_failure(answer(row.status, ""), kNow);
    SCOPED_TRACE(row.status);
    EXPECT_FALSE(result.success);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->code, row.code);
    EXPECT_EQ(result.error->retryable, row.retryable);
    EXPECT_EQ(result.error->http_status, row.status);
    EXPECT_EQ(find(result.metadata, "status")->get_int64(), row.status);
  }
}

// The one table of what is retried reads what we write.
TEST(ReadFailure, IsJudgedAsTheDesignSays) {
  const auto verdict = [](int status, EffectClass effect) {
    return judge(read_failure(answer(status, ""), kNow), CallStage::answered, effect).kind;
  };
  for (const int status : {408, 425, 429, 503}) {
    EXPECT_EQ(verdict(status, EffectClass::unsafe), Verdict::Kind::retry) << status;
  }
  EXPECT_EQ(verdict(500, EffectClass::read), Verdict::Kind::retry);
  EXPECT_EQ(verdict(500, EffectClass::unsafe), Verdict::Kind::fail);
  EXPECT_EQ(verdict(502, EffectClass::unsafe), Verdict::Kind::unknown);
  EXPECT_EQ(verdict(404, EffectClass::read), Verdict::Kind::fail);
}

TEST(ReadFailure, RetryAfter) {
  http::Response late = answer(429, "", {{"Retry-After", "7"}});
  EXPECT_EQ(read_failure(late, kNow).error->retry_after, Millis{7'000});
  late = answer(503, "", {{"retry-after", "Fri, 15 Jan 2027 08:00:30 GMT"}});
  EXPECT_EQ(read_failure(late, kNow).error->retry_after, Millis{30'000});
  EXPECT_EQ(read_failure(answer(429, "", {{"Retry-After", "soon"}}), kNow).error->retry_after,
            std::nullopt);
}

TEST(VendorMessage, IsFoundWhereVendorsPutIt) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"error":{"message":"Incorrect key","type":"auth"}})", "Incorrect key"},
      {R"({"error":"invalid_grant","error_description":"Token expired"})", "Token expired"},
      {R"({"error":"nope"})", "nope"},
      {R"({"message":"Not Found","documentation_url":"x"})", "Not Found"},
      {R"({"errors":[{"message":"name is taken"}]})", "name is taken"},
      {R"({"errors":["too short"]})", "too short"},
      {R"([{"errorCode":"X","message":"Session expired"}])", "Session expired"},
      {R"({"detail":"Bad input"})", "Bad input"},
      {R"({"title":"Gone","status":410})", "Gone"},
      {R"({"fault":{"faultstring":"x","detail":{"message":"quota"}}})", "quota"},
      {R"({"ok":false})", ""},
      {R"({"message":"line\n  two\u0007"})", "line two"},
      {"plain words\nand more", "plain words"},
      {"", ""},
  };
  for (const auto& [body, words] : rows) {
    EXPECT_EQ(vendor_message(answer(400, body)), words) << body;
  }
  EXPECT_EQ(vendor_message(answer(502, "<html><h1>x</h1>", {{"Content-Type", "text/html"}})), "");
  EXPECT_EQ(vendor_message(answer(500, "\xff\xfe")), "");
}

TEST(ReadFailure, MessageAndDetails) {
  const ProviderResult result =
      read_failure(answer(422, R"({"message":"name is missing","field":"name"})"), kNow);
  EXPECT_EQ(result.error->message, "HTTP 422: name is missing");
  EXPECT_EQ(result.message, result.error->message);
  EXPECT_EQ(to_json(result.error->details),
            R"({"body":{"message":"name is missing","field":"name"}})");
  const ProviderResult large = read_failure(answer(500, std::string(100'000, 'x')), kNow);
  EXPECT_LT(json_size(large.error->details), 5'000U);
  EXPECT_LT(large.error->message.size(), 600U);
}

TEST(AnswerMetadata, TellsWhereARedirectLed) {
  http::Response response = answer(200, "", {{"X-Request-Id", "req_1"}});
  response.url = "https://b.test/";
  EXPECT_EQ(to_json(answer_metadata(response)), R"({"status":200,"request_id":"req_1"})");
  response.redirects = 2;
  EXPECT_EQ(to_json(answer_metadata(response)),
            R"({"status":200,"url":"https://b.test/","redirects":2,"request_id":"req_1"})");
}

TEST(ReadJsonAnswer, GivesTheBody) {
  const TestCall call("http", "get", R"({"url":"https://a.test"})");
  EXPECT_EQ(to_json(read_json_answer(call.call(), answer(200, R"({"a":1})")).output), R"({"a":1})");
  EXPECT_EQ(read_json_answer(call.call(), answer(204, "")).output, Json(nullptr));
  EXPECT_EQ(read_json_answer(call.call(), answer(200, "ok")).output, Json("ok"));
  EXPECT_EQ(read_json_answer(call.call(), answer(200, "\xff")).error->code, "bad_response");
  EXPECT_EQ(read_json_answer(call.call(), answer(404, "")).error->code, "not_found");
}

TEST(ReadMailAnswer, CodesByReply) {
  const TestCall call("email", "send", R"({"to":"b@x.test","text":"hi","from":"a@x.test"})",
                      {{"host", "mail.test"}});
  const auto read = [&](int status, const char* body = "") {
    return read_mail_answer(call.call(), answer(status, body, {}));
  };
  const ProviderResult sent = read(250);
  EXPECT_TRUE(sent.success);
  EXPECT_EQ(string_or(sent.output, "message_id"), "<" + call.key + "@x.test>");
  for (const int status : {421, 450, 451, 452}) {
    EXPECT_TRUE(read(status).error->retryable) << status;
    EXPECT_EQ(judge(read(status), CallStage::answered, EffectClass::unsafe).kind,
              Verdict::Kind::retry);
  }
  for (const int status : {500, 503, 550, 554}) {
    EXPECT_FALSE(read(status).error->retryable) << status;
    EXPECT_EQ(judge(read(status), CallStage::answered, EffectClass::unsafe).kind,
              Verdict::Kind::fail);
  }
  EXPECT_EQ(read(535).error->code, "unauthorized");
  EXPECT_THAT(read(550, "no such user\r\nx").error->message, HasSubstr("no such user"));
  EXPECT_THAT(read(550, "no such user\r\nx").error->message, Not(HasSubstr("\r")));
}

}  // namespace
}  // namespace pilot::providers
