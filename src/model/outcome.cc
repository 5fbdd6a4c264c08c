#include "model/outcome.h"

#include <algorithm>

namespace pilot {

ProviderResult ProviderResult::ok(Json output, std::string message) {
  ProviderResult result;
  result.success = true;
  result.output = std::move(output);
  result.message = std::move(message);
  return result;
}

ProviderResult ProviderResult::fail(StepError error) {
  ProviderResult result;
  result.message = error.message;
  result.error = std::move(error);
  return result;
}

Json to_json_value(const StepError& error) {
  JsonObject out{{"code", error.code}, {"message", error.message}, {"retryable", error.retryable}};
  if (error.http_status) out["http_status"] = *error.http_status;
  if (error.retry_after) {
    out["retry_after"] = static_cast<double>(error.retry_after->count()) / 1000.0;
  }
  if (!error.details.is_null()) out["details"] = error.details;
  return out;
}

std::optional<StepError> step_error_from_json(const Json& value) {
  const Json* code = find(value, "code");
  if (code == nullptr || !code->is_string()) return std::nullopt;
  StepError error{.code = std::string(as_view(code->get_string())),
                  .message = std::string(string_or(value, "message"))};
  if (const Json* retryable = find(value, "retryable"); retryable && retryable->is_bool()) {
    error.retryable = retryable->get_bool();
  }
  if (const Json* status = find(value, "http_status"); status && status->is_int64()) {
    error.http_status = static_cast<int>(status->get_int64());
  }
  if (const Json* after = find(value, "retry_after"); after && after->is_number()) {
    const double seconds = std::clamp(after->to_number<double>(), 0.0, 1e9);
    error.retry_after = Millis{static_cast<std::int64_t>(seconds * 1000.0)};
  }
  if (const Json* details = find(value, "details")) error.details = *details;
  return error;
}

namespace {

// A failure after the request went out: may it be done again?
Verdict by_effect(EffectClass effect, bool answer_missing, bool timed_out) {
  if (effect != EffectClass::unsafe) return {Verdict::Kind::retry, timed_out};
  return {answer_missing ? Verdict::Kind::unknown : Verdict::Kind::fail, timed_out};
}

}  // namespace

Verdict judge(const ProviderResult& result, CallStage stage, EffectClass effect) {
  if (result.success) return {Verdict::Kind::success};
  const bool timed_out = result.error && result.error->code == "timeout";
  const bool retryable = result.error && result.error->retryable;
  if (stage == CallStage::not_sent) {
    return {retryable ? Verdict::Kind::retry : Verdict::Kind::fail, timed_out};
  }
  if (stage == CallStage::sent) {
    // A limit of ours that was hit on the way back (too large, bad answer) will be hit again.
    if (result.error && !retryable) return {Verdict::Kind::fail, timed_out};
    return by_effect(effect, true, timed_out);
  }
  const int status = result.error ? result.error->http_status.value_or(0) : 0;
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 503:
      return {Verdict::Kind::retry};
    case 500:
      return by_effect(effect, false, false);
    case 502:
    case 504:
      return by_effect(effect, true, false);
    default:
      return {retryable ? Verdict::Kind::retry : Verdict::Kind::fail, timed_out};
  }
}

}  // namespace pilot
