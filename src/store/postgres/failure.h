// What PostgreSQL's errors mean for people and callers. The words of the server go to the log, not
// into answers: they name tables, addresses and values. Pure.
#pragma once

#include "base/error.h"
#include "store/postgres/link.h"

namespace pilot::store::postgres {

Error failure_error(const Failure& failure);

// Worth doing again at once: a deadlock or a serialisation failure, nothing was done.
bool is_passing(const Failure& failure);
// The server is going down or is not up yet: the connection is of no use.
bool is_shutdown(const Failure& failure);

// 503 with Retry-After; the connection could not be made, or broke.
Error database_away();
// The connection broke between the COMMIT and its answer.
Error outcome_unknown();

}  // namespace pilot::store::postgres
