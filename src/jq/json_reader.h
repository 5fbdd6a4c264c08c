// JSON text to values, as lax as jq's own reader: nan, leading zeros, numbers that are too large
// (infinite), the last of equal keys. Strict reading of what comes from outside is base/json.h's.
// Not recursive. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "jq/value.h"

namespace pilot::jq {

// `problem` is jq's message ("Unmatched ']' at line 1, column 3 (while parsing '1 ]')"), or empty.
// Arrays nest at most 256 deep, objects half of that.
Val read_json(Meter& meter, std::string_view text, std::string& problem);

}  // namespace pilot::jq
