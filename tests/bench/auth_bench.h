// What it costs to know who is calling: the server's CPU for the same request on a server that is
// open on loopback, and on one that wants an API key.
#pragma once

#include "options.h"
#include "report.h"
#include "start_up.h"

namespace pilot::bench {

// Two servers, each with a new database (`setup`), asked in turn.
Result<AuthFigures> measure_auth(const Options& options, const std::filesystem::path& dir,
                                 const FreshSetup& setup);

}  // namespace pilot::bench
