// Rows of `schedules` and `schedule_fires`: between the structs of model/schedule.h and the
// columns.
#pragma once

#include "model/schedule.h"
#include "store/read_rows.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

// Asked all the time, whatever there is: each must come from an index alone.
inline constexpr auto kDueSchedules =
    SqlText("SELECT ") + kScheduleColumns +
    ", coalesce((SELECT version FROM execution_plans p WHERE p.user_id = s.user_id"
    " AND p.id = s.plan_id AND p.status = 'active'), 0)"
    " FROM schedules s WHERE fire_at IS NOT NULL AND fire_at <= ?1 ORDER BY fire_at LIMIT ?2";
inline constexpr char kNextFire[] = "SELECT min(fire_at) FROM schedules WHERE fire_at IS NOT NULL";
inline constexpr char kOpenOfSchedule[] =
    "SELECT count(*) FROM runs WHERE user_id = ?1 AND schedule_id = ?2 AND schedule_id <> ''"
    " AND (state = 'queued' OR state = 'running' OR state = 'waiting')";

// A new row, or the row of that id changed: next_fire_at and fire_at stay when what decides the due
// instants is the same. Code too_many_schedules.
Status put_schedule_row(Connection& db, const Schedule& schedule);
Status remove_schedule_row(Connection& db, const UserId& user, const ScheduleId& id);

// Answers whether it was inserted: not when that instant has a row already.
Result<bool> insert_fire(Connection& db, const Fire& fire);

}  // namespace pilot::store::sqlite
