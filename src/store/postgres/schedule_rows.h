// Rows of `schedules`, `schedule_fires` and `execution_plans`: between the structs and the columns,
// and as the JSON objects that the functions of migrations/postgres take.
#pragma once

#include "store/plan_store.h"
#include "store/postgres/rows.h"
#include "store/read_rows.h"
#include "store/schedule_store.h"

namespace pilot::store::postgres {

Json schedule_row(const Schedule& schedule);
Json fired_row(const FiredInstant& instant, const ScheduleId& schedule);
Json plan_row(const StoredPlan& plan);  // without its document

}  // namespace pilot::store::postgres
