// Schedules between JSON and the store: a plan's time trigger when the plan is saved, and what the
// routes of routes_schedules.cc answer. Pure; any thread.
#pragma once

#include "api/codec_plan.h"
#include "engine/engine.h"
#include "plan/timetable.h"

namespace pilot::api {

// plan.schedule as plan.trigger wants it: none unless the plan is active and the trigger is one of
// time. What is wrong is added to applied.problems; `old_trigger` (null: there was none) may have
// nothing more to come, a new one may not.
void set_schedule(store::StoredPlan& plan, Applied& applied, const Json* old_trigger, WallTime now,
                  Random& random);
// Problems of the time trigger in a plan document.
void check_trigger(const Json& document, std::string_view pointer, Checked& checked);

void tell_engine(engine::Engine& engine, const std::optional<Schedule>& schedule);

// A trigger document to the schedule of this plan. `fresh`: it must have something to come.
std::optional<Schedule> make_schedule(const store::StoredPlan& plan, const Json& trigger,
                                      const plan::CompiledPlan* compiled, std::string_view pointer,
                                      bool fresh, WallTime now, Random& random,
                                      plan::Findings& findings);

// As GET /api/scheduler/jobs lists it: id, name, trigger, next_run, ...
Json job_json(const Schedule& schedule);
// All settings, what they mean in words, and the next `upcoming` instants after `now`.
Json schedule_json(const Schedule& schedule, WallTime now, int upcoming);
Json fire_json(const Fire& fire);

}  // namespace pilot::api
