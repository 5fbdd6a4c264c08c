// Rows of `runs` and `execution_logs`: between the structs of model/run.h and the columns.
#pragma once

#include "model/run.h"
#include "store/read_rows.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

// A new row: what never changes from `made`, the rest from `now` (the same run, or a later change
// of it in the same batch).
Status insert_run(Connection& db, const Run& made, const Run& now);
// The first row of a run that a schedule makes. One that is there already (its fire's row was lost
// and came back) is the same run, and stays.
Status insert_fired_run(Connection& db, const Run& run, const ScheduleId& schedule);
// Changes the row if (owner, epoch) owns it and it is not terminal; answers whether it did.
Result<bool> update_run(Connection& db, const Run& run, const std::string& owner);
Result<bool> owns_run(Connection& db, const UserId& user, const RunId& run,
                      const std::string& owner, std::int64_t epoch);
// Inserts, or replaces the whole row of the same key.
Status put_attempt(Connection& db, const Attempt& attempt);

}  // namespace pilot::store::sqlite
