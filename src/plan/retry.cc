// The three ways to write `retry`.
#include "plan/retry.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "model/limits.h"
#include "plan/durations.h"
#include "plan/fields.h"

namespace pilot::plan {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 6> kRetryKeys{"max_attempts", "initial",      "multiplier",
                                                     "max_interval", "max_duration", "jitter"};
constexpr double kMostMultiplier = 100.0;

// `outage` follows what people know from Make's and Zapier's ladders: minutes first, then hours.
std::optional<RetryPolicy> preset(std::string_view name) {
  RetryPolicy policy;
  if (name == "none") {
    policy.max_attempts = 1;
  } else if (name == "short") {
    policy.multiplier = 3.0;
    policy.max_interval = 10s;
  } else if (name == "outage") {
    policy = {.max_attempts = 8, .initial = 60s, .multiplier = 3.0, .max_interval = 3h};
  } else {
    return std::nullopt;
  }
  return policy;
}

void read_multiplier(Fields& fields, RetryPolicy& policy) {
  const Json* value = fields.get("multiplier");
  if (value == nullptr) return;
  if (!value->is_number()) {
    fields.wrong_type("multiplier", "a number");
    return;
  }
  const double multiplier = value->to_number<double>();
  if (!(multiplier >= 1.0 && multiplier <= kMostMultiplier)) {
    fields.problem("multiplier", "invalid_value",
                   fmt::format("`multiplier` must be from 1 to {}", kMostMultiplier));
    return;
  }
  policy.multiplier = multiplier;
}

RetryPolicy read_object(const JsonObject& object, const std::string& pointer, Findings& findings) {
  RetryPolicy policy;
  Fields fields(object, pointer, findings);
  fields.refuse_unknown(kRetryKeys, {});
  if (const auto n = fields.integer("max_attempts", 1, limits::kRetryAttempts)) {
    policy.max_attempts = static_cast<int>(*n);
  }
  if (const auto initial = fields.duration("initial", 0ms, limits::kStepTimeout)) {
    policy.initial = *initial;
    // Asked for a first wait above the default ceiling: the ceiling gives way.
    policy.max_interval = std::max(policy.max_interval, policy.initial);
  }
  read_multiplier(fields, policy);
  if (const auto most = fields.duration("max_interval", 0ms, limits::kStepTimeout)) {
    policy.max_interval = *most;
  }
  policy.max_duration = fields.duration("max_duration", 0ms, limits::kWait);
  policy.jitter = fields.boolean("jitter").value_or(true);
  return policy;
}

}  // namespace

RetryPolicy read_retry(const Json& value, const std::string& pointer, Findings& findings) {
  if (const JsonObject* object = value.if_object()) return read_object(*object, pointer, findings);
  if (value.is_string()) {
    const std::string_view name = as_view(value.get_string());
    if (const auto policy = preset(name)) return *policy;
    findings.add(pointer, "invalid_value",
                 fmt::format("`retry` as a text is none, short or outage, not {}{}", quoted(name),
                             suggestion(name, {"none", "short", "outage"})));
    return {};
  }
  RetryPolicy policy;
  if (!value.is_int64() && !value.is_uint64()) {
    findings.add(
        pointer, "wrong_type",
        fmt::format("`retry` is a number of attempts, a preset (none, short, outage) or an "
                    "object, not {}",
                    json_type_name(value)));
  } else if (!value.is_int64() || value.get_int64() < 1 ||
             value.get_int64() > limits::kRetryAttempts) {
    findings.add(pointer, "invalid_value",
                 fmt::format("`retry` counts the first attempt, too: from 1 (no retry) to {}",
                             limits::kRetryAttempts));
  } else {
    policy.max_attempts = static_cast<int>(value.get_int64());
  }
  return policy;
}

Json retry_to_json(const RetryPolicy& policy) {
  JsonObject out{{"max_attempts", policy.max_attempts},
                 {"initial", duration_to_json(policy.initial)},
                 {"multiplier", policy.multiplier},
                 {"max_interval", duration_to_json(policy.max_interval)}};
  if (policy.max_duration) out["max_duration"] = duration_to_json(*policy.max_duration);
  out["jitter"] = policy.jitter;
  return out;
}

}  // namespace pilot::plan
