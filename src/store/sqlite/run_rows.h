// Rows of `runs` and `execution_logs`: between the structs of model/run.h and the columns.
#pragma once

#include "model/run.h"
#include "store/sql_text.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

// The columns that read_run() and read_attempt() expect, in their order.
inline constexpr SqlText kRunColumns =
    "user_id, id, plan_id, plan_version, plan_name, state, reason, wake_at, created_at, started_at,"
    " finished_at, deadline, retry_of, node, epoch, revision, total_steps, error, inputs,"
    " \"trigger\", document, output";
inline constexpr SqlText kAttemptColumns =
    "user_id, run_id, seq, revision, plan_id, plan_name, step_number, step_id, item_path, visit,"
    " attempt, provider, action, status, message, latency_ms, idempotency_key, http_status,"
    " wake_at, started_at, finished_at, error_detail, metadata, output";

Run read_run(Query& row);
Attempt read_attempt(Query& row);

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
