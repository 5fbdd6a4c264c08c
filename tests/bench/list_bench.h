// One tenant's list of runs when the table holds ten million of many tenants: loaded by COPY, then
// asked for over HTTP with the tenant's API key.
#pragma once

#include "options.h"
#include "postgres_server.h"

namespace pilot::bench {

// On a database of its own; `dir` for the server's files.
Result<ListFigures> measure_list(const Options& options, PostgresCluster& cluster,
                                 const std::filesystem::path& dir);

}  // namespace pilot::bench
