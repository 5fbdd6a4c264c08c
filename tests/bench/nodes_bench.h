// How long a queue of 20,000 runs (three logic steps each) takes one worker node, and two on the
// same database.
#pragma once

#include "options.h"
#include "postgres_server.h"

namespace pilot::bench {

// One node and two nodes, in turn, each twice, each on a queue of its own.
Result<NodesFigures> measure_nodes(const Options& options, PostgresCluster& cluster,
                                   const std::filesystem::path& dir);

}  // namespace pilot::bench
