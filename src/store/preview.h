// The preview of an output, as the old service kept it in `output_preview`: its first 500
// characters, strings as they are and everything else as compact JSON. On SQLite the column
// computes the same from `output`, so that it is not written twice. Pure; any thread.
#pragma once

#include <string>

#include "base/json.h"

namespace pilot::store {

std::string output_preview(const Json& output);  // null: empty

}  // namespace pilot::store
