#include "model/outcome.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace pilot {
namespace {

using Kind = Verdict::Kind;

constexpr std::array kEffects{EffectClass::pure, EffectClass::read, EffectClass::idempotent,
                              EffectClass::keyed, EffectClass::unsafe};
constexpr std::array kStages{CallStage::not_sent, CallStage::sent, CallStage::answered};

ProviderResult failed(std::string code, bool retryable, std::optional<int> status = std::nullopt) {
  return ProviderResult::fail(
      {.code = std::move(code), .message = "m", .retryable = retryable, .http_status = status});
}

// The table of design.md, "Result, errors, retries", row by row.
Kind expected_of_answer(int status, EffectClass effect) {
  static const std::set<int> kAlways{408, 425, 429, 503};
  if (kAlways.contains(status)) return Kind::retry;
  if (status == 500 || status == 502 || status == 504) {
    if (effect != EffectClass::unsafe) return Kind::retry;
    return status == 500 ? Kind::fail : Kind::unknown;
  }
  return Kind::fail;
}

TEST(Judge, EveryAnswerOfEveryEffectClass) {
  for (const EffectClass effect : kEffects) {
    for (int status = 300; status < 600; ++status) {
      const ProviderResult result = failed("http_error", false, status);
      EXPECT_EQ(judge(result, CallStage::answered, effect).kind, expected_of_answer(status, effect))
          << status << " " << to_string(effect);
    }
  }
}

TEST(Judge, WhatAManifestMarksAsRateLimitIsTriedAgain) {
  for (const EffectClass effect : kEffects) {
    for (const int status : {200, 400, 403, 420}) {
      EXPECT_EQ(judge(failed("rate_limited", true, status), CallStage::answered, effect).kind,
                Kind::retry)
          << status << " " << to_string(effect);
    }
  }
}

TEST(Judge, NeverSentIsAlwaysTriedAgain) {
  for (const EffectClass effect : kEffects) {
    for (const char* code : {"connect_failed", "dns_failed", "tls_failed", "timeout"}) {
      const Verdict verdict = judge(failed(code, true), CallStage::not_sent, effect);
      EXPECT_EQ(verdict.kind, Kind::retry) << code << " " << to_string(effect);
      EXPECT_EQ(verdict.timed_out, std::string(code) == "timeout");
    }
  }
}

TEST(Judge, WhatWillBeWrongAgainIsNeverTriedAgain) {
  for (const EffectClass effect : kEffects) {
    for (const char* code : {"invalid_params", "missing_credentials", "unresolved_reference",
                             "blocked_address", "output_too_large"}) {
      for (const CallStage stage : kStages) {
        EXPECT_EQ(judge(failed(code, false), stage, effect).kind, Kind::fail)
            << code << " " << to_string(effect);
      }
    }
  }
}

TEST(Judge, SentWithoutAnAnswerGoesByTheEffect) {
  for (const EffectClass effect : kEffects) {
    const Kind expected = effect == EffectClass::unsafe ? Kind::unknown : Kind::retry;
    for (const char* code : {"timeout", "connection_reset"}) {
      const Verdict verdict = judge(failed(code, true), CallStage::sent, effect);
      EXPECT_EQ(verdict.kind, expected) << code << " " << to_string(effect);
      EXPECT_EQ(verdict.timed_out, std::string(code) == "timeout");
    }
    ProviderResult nothing;  // failed, and nobody said why
    EXPECT_EQ(judge(nothing, CallStage::sent, effect).kind, expected);
  }
}

TEST(Judge, SuccessIsSuccessAtEveryStage) {
  for (const EffectClass effect : kEffects) {
    for (const CallStage stage : kStages) {
      const Verdict verdict = judge(ProviderResult::ok(1), stage, effect);
      EXPECT_EQ(verdict.kind, Kind::success);
      EXPECT_FALSE(verdict.timed_out);
    }
  }
}

// Only an unsafe call can leave an outcome that is not known.
TEST(Judge, UnknownIsForUnsafeOnly) {
  for (const EffectClass effect : kEffects) {
    for (const CallStage stage : kStages) {
      for (int status = 0; status < 600; ++status) {
        for (const bool retryable : {false, true}) {
          const auto http = status < 100 ? std::nullopt : std::optional<int>(status);
          const Verdict verdict = judge(failed("x", retryable, http), stage, effect);
          if (effect != EffectClass::unsafe) ASSERT_NE(verdict.kind, Kind::unknown);
          ASSERT_NE(verdict.kind, Kind::success);
          // A call that was never sent has a known outcome: nothing happened.
          if (stage == CallStage::not_sent) ASSERT_NE(verdict.kind, Kind::unknown);
        }
      }
    }
  }
}

TEST(StepError, RoundTripsThroughJson) {
  const StepError full{.code = "http_error",
                       .message = "500 from the other side",
                       .retryable = true,
                       .http_status = 500,
                       .retry_after = Millis{1'500},
                       .details = JsonObject{{"body", "x"}}};
  const Json value = to_json_value(full);
  EXPECT_EQ(to_json(value),
            R"({"code":"http_error","message":"500 from the other side","retryable":true,)"
            R"("http_status":500,"retry_after":1.5,"details":{"body":"x"}})");
  const auto back = step_error_from_json(value);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(to_json_value(*back)), to_json(value));

  EXPECT_EQ(to_json(to_json_value({.code = "c", .message = "m"})),
            R"({"code":"c","message":"m","retryable":false})");
}

TEST(StepError, FromWhatIsNone) {
  for (const char* text : {"null", "1", "[]", "{}", R"({"code":1})", R"({"message":"m"})"}) {
    EXPECT_FALSE(step_error_from_json(*parse_json(text))) << text;
  }
  const auto odd = step_error_from_json(
      *parse_json(R"({"code":"c","message":1,"retryable":"yes","http_status":"500"})"));
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->message, "");
  EXPECT_FALSE(odd->retryable);
  EXPECT_FALSE(odd->http_status);
  const auto huge = step_error_from_json(*parse_json(R"({"code":"c","retry_after":1e300})"));
  EXPECT_EQ(huge->retry_after, Millis{1'000'000'000'000});
  const auto past = step_error_from_json(*parse_json(R"({"code":"c","retry_after":-1})"));
  EXPECT_EQ(past->retry_after, Millis{0});
}

TEST(ProviderResult, OkAndFail) {
  const ProviderResult fine = ProviderResult::ok(JsonArray{1}, "done");
  EXPECT_TRUE(fine.success);
  EXPECT_EQ(fine.message, "done");
  EXPECT_FALSE(fine.error);
  const ProviderResult bad = failed("c", true);
  EXPECT_FALSE(bad.success);
  EXPECT_EQ(bad.message, "m");
  EXPECT_TRUE(bad.output.is_null());
  EXPECT_EQ(bad.error->code, "c");
}

}  // namespace
}  // namespace pilot
