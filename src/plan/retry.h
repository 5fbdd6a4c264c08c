// `retry` of a step: a number of attempts, a preset (none, short, outage) or an object. Pure.
#pragma once

#include "base/json.h"
#include "model/retry_policy.h"
#include "plan/findings.h"

namespace pilot::plan {

// Problems wrong_type, invalid_value, unknown_key; what is wrong keeps its default.
RetryPolicy read_retry(const Json& value, const std::string& pointer, Findings& findings);

Json retry_to_json(const RetryPolicy& policy);  // the object, with every field

}  // namespace pilot::plan
