// One connection to a PostgreSQL server for one statement in a transaction of its own. Connects to
// judged addresses only; every wait ends with the interrupt, and then the server is told to stop.
// On the call's side thread.
#pragma once

#include "providers/data/sql.h"
#include "providers/data/target.h"

namespace pilot::providers::data {

// `target.tls` is one of libpq's sslmodes. Nothing of the environment (PGPASSWORD, ~/.pgpass,
// service files) is used.
enum class Access { read_only, read_write };
TaskOutcome run_on_postgres(const Target& target, const Statement& statement, Access access,
                            const TaskContext& context);

}  // namespace pilot::providers::data
