// What one call of an action gives: the same shape everywhere (design.md, "Result, errors,
// retries"), and which failures are tried again. Values; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "model/plan.h"

namespace pilot {

struct StepError {
  std::string code;     // stable, snake_case
  std::string message;  // for people; no secret
  bool retryable = false;
  std::optional<int> http_status = std::nullopt;
  std::optional<Millis> retry_after = std::nullopt;
  Json details = nullptr;
};

struct ProviderResult {
  bool success = false;
  Json output = nullptr;
  std::string message;
  std::optional<StepError> error;
  Json metadata = JsonObject{};

  static ProviderResult ok(Json output, std::string message = {});
  static ProviderResult fail(StepError error);
};

// {code, message, retryable, http_status?, retry_after? (seconds), details?}
Json to_json_value(const StepError& error);
std::optional<StepError> step_error_from_json(const Json& value);

// How far a call got before it failed; decides with the effect class what a failure means.
enum class CallStage { not_sent, sent, answered };

struct Verdict {
  enum class Kind {
    success,
    retry,
    fail,
    unknown
  };  // unknown: outcome_unknown, for unsafe effects
  Kind kind = Kind::fail;
  bool timed_out = false;
};

// The one table of what is retried. Attempts and durations are the retry policy's matter.
Verdict judge(const ProviderResult& result, CallStage stage, EffectClass effect);

}  // namespace pilot
