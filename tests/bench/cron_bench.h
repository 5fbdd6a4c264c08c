// What the next due instant of a cron expression costs. In this process, on one thread.
#pragma once

#include "report.h"

namespace pilot::bench {

Result<CronFigures> measure_cron();

}  // namespace pilot::bench
