// Asking for a secret: typed without echo, or all of stdin; never an argument, which every process
// on the machine could read. Main thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace pilot::app {

// `what` is shown on a terminal. Line ends at the end are dropped. Codes: missing_value, and those
// of read_text (more than `most` bytes).
Result<Secret> read_secret(std::string_view what, std::size_t most);

}  // namespace pilot::app
