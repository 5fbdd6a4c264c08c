// What many schedules cost: 100,000 of them at rest, and 1,000 or 10,000 due in one second. On a
// server of their own.
#pragma once

#include "report.h"
#include "servers.h"

namespace pilot::bench {

Result<Schedules> measure_schedules(const std::filesystem::path& binary,
                                    const std::filesystem::path& data_dir);

}  // namespace pilot::bench
