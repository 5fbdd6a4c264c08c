// How fast the server starts, and what it needs when it has nothing to do or its runs are asleep.
#pragma once

#include <functional>

#include "report.h"
#include "servers.h"

namespace pilot::bench {

// Gives the settings of a server whose database is new.
using FreshSetup = std::function<Result<ServeSetup>()>;

// Starts on five new directories below `dir`. The last server is also watched while it idles.
Result<StartUp> measure_fresh_starts(const std::filesystem::path& binary,
                                     const std::filesystem::path& dir, const FreshSetup& setup);
// Five starts on a directory that nobody uses now. In milliseconds.
Result<std::vector<double>> measure_restarts(const std::filesystem::path& binary,
                                             const std::filesystem::path& data_dir,
                                             const ServeSetup& setup = {});

// 10,000 runs that sleep for an hour, on a server of their own.
Result<Sleepers> measure_sleepers(const std::filesystem::path& binary,
                                  const std::filesystem::path& data_dir);

}  // namespace pilot::bench
