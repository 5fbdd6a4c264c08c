// One connection to a MySQL or MariaDB server for one prepared statement in a transaction of its
// own. Connects to judged addresses only; every wait ends with the interrupt, and then the server
// is told to stop. On the call's side thread.
#pragma once

#include "providers/data/sql.h"
#include "providers/data/target.h"

namespace pilot::providers::data {

// Before the first session, while there is one thread.
void prepare_mysql();

// `target.tls` is none, require (encrypted, whoever it is) or verify (a good certificate for the
// address).
TaskOutcome run_on_mysql(const Target& target, const Statement& statement, bool read_only,
                         const TaskContext& context);

}  // namespace pilot::providers::data
