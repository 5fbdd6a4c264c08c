// Durations in plan documents: a number is seconds (fractions are fine), a text has its unit:
// "500ms", "30s", "5m", "2h", "1d". Pure, any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"

namespace pilot::plan {

// Code invalid_value. Never negative; cut off (as an error) at a thousand years.
Result<Millis> parse_duration(const Json& value);

// Reads back as the same duration: whole seconds as a number, else "1500ms".
Json duration_to_json(Millis duration);

// For messages: "24h", "90s", "500ms".
std::string duration_text(Millis duration);

}  // namespace pilot::plan
