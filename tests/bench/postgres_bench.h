// The benchmark with --store postgres: the same table as on SQLite, pgbench as the reference, and
// the parts that only a shared database has.
#pragma once

#include "options.h"
#include "report.h"

namespace pilot::bench {

Status measure_on_postgres(const Options& options, const std::filesystem::path& dir,
                           Report& report);

}  // namespace pilot::bench
