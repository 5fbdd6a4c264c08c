// What a schedule that has come due means: which instants run now, which are missed and why, and
// what comes next. Pure; any thread.
#pragma once

#include "plan/timetable.h"
#include "store/schedule_store.h"

namespace pilot::engine {

struct Moment {
  WallTime now;
  WallTime started;  // what was due before it was missed because Pilot was down
};

// `due.schedule` has a fire_at <= now. `walk` is how many instants may be counted one by one, and
// becomes what is left; past it the count of a row of missed ones stays open.
store::Firing what_to_fire(const store::DueSchedule& due, const plan::Timetable& timetable,
                           Moment moment, Random& random, std::int64_t& walk);

// Always the same for the same instant of the same schedule: a second run cannot come of it.
RunId run_id_of(const Schedule& schedule, WallTime due_at);

}  // namespace pilot::engine
