// What a plain (unquoted) YAML scalar means in YAML 1.2's core schema. Used by yaml.cc only.
// Pure; any thread.
#pragma once

#include "base/json.h"

namespace pilot {

// null, true, 7, 0x1f, 0o17, 1.5e3 and the like; else the text itself. Error code:
// number_out_of_range (past 64 bits, .inf, .nan).
Result<Json> yaml_plain_scalar(std::string_view text);

}  // namespace pilot
