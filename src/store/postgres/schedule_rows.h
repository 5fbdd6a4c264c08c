// Rows of `schedules`, `schedule_fires` and `execution_plans`: between the structs and the columns,
// and as the JSON objects that the functions of migrations/postgres take.
#pragma once

#include "store/plan_store.h"
#include "store/postgres/rows.h"
#include "store/schedule_store.h"
#include "store/sql_text.h"

namespace pilot::store::postgres {

// The columns that the readers expect, in their order.
inline constexpr SqlText kScheduleColumns =
    "s.user_id, s.id, s.plan_id, s.plan_version, s.total_steps, s.name, s.expression, s.dialect,"
    " s.timezone, s.dst, s.starts_at, s.ends_at, s.misfire_grace_s, s.coalesce, s.max_instances,"
    " s.jitter_s, s.next_fire_at, s.fire_at, s.created_at, s.updated_at, s.revision, s.inputs";
inline constexpr SqlText kFireColumns =
    "user_id, schedule_id, plan_id, due_at, last_due_at, count, status, cause, lateness_ms,"
    " coalesced_count, run_id, recorded_at";

Schedule read_schedule(Rows& row);
Fire read_fire(Rows& row);

Json schedule_row(const Schedule& schedule);
Json fired_row(const FiredInstant& instant, const ScheduleId& schedule);
Json plan_row(const StoredPlan& plan);  // without its document

}  // namespace pilot::store::postgres
