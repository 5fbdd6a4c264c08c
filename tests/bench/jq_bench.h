// What ten usual jq programs cost, beside libjq in the same process. On one thread.
#pragma once

#include "base/result.h"
#include "report.h"

namespace pilot::bench {

// Without libjq (package libjq-dev when this was configured) its figures are 0.
Result<JqFigures> measure_jq();

}  // namespace pilot::bench
