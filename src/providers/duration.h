// Durations as people write them in params: "90s", "5m", "1h30m", "2 days". Pure; any thread.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace pilot::providers {

// Units ms, s, m, h, d, w and their English words, several in a row from large to small or not.
// Code invalid_value. A duration that would not fit into the type is refused, too.
Result<std::chrono::microseconds> parse_duration(std::string_view text);

}  // namespace pilot::providers
