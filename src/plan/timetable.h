// A plan's time trigger: the document {type: schedule, cron_expression, timezone, ...} to a
// Schedule and back, and the due instants of a Schedule. docs/schedules.md says what each member
// means. Pure; any thread.
#pragma once

#include <memory>

#include "base/random.h"
#include "cron/cron.h"
#include "model/schedule.h"
#include "plan/compiled_plan.h"
#include "plan/findings.h"

namespace pilot::plan {

// What decides a schedule's due instants, ready to be asked. Immutable, shared.
struct Timetable {
  std::shared_ptr<const cron::Expression> expression;
  std::shared_ptr<const cron::Zone> zone;
  cron::DstRule dst = cron::DstRule::vixie;
};
// Codes: those of cron::parse and cron::find_zone. A stored schedule can only fail when the
// system's time zones have changed.
Result<Timetable> make_timetable(const Schedule& schedule);

// The first due instant after `after`, within the schedule's start and end.
std::optional<WallTime> next_due(const Schedule& schedule, const Timetable& timetable,
                                 WallTime after);
// The last due instant that is not after `at`; `known` is one. Costs a few dozen next_due(), not
// one for each instant in between.
WallTime last_due(const Schedule& schedule, const Timetable& timetable, WallTime known,
                  WallTime at);

// Sets next_fire_at to `next` and fire_at to it and a jitter that is drawn anew: up to jitter_s,
// but never as far as the instant after it, so that none overtakes another.
void set_next(Schedule& schedule, const Timetable& timetable, std::optional<WallTime> next,
              Random& random);

// Whether a plan's trigger, as written or in normal form, is a time trigger.
bool is_schedule(const Json& trigger);
// The trigger in normal form ({type: cron} and {type, config: {...}} are the old service's);
// problems point below `pointer`.
Json normal_trigger(const Json& trigger, std::string_view pointer, Findings& findings);
// Reads a time trigger (in any form): all problems at once, with pointers below `pointer`. Codes:
// unknown_key, missing_key, wrong_type, invalid_value, invalid_cron, never_fires, unknown_timezone.
// next_fire_at is not set yet. None: there were problems.
std::optional<Schedule> read_schedule(const Json& trigger, std::string_view pointer,
                                      Findings& findings);
// Makes it one of this plan: its steps, and its inputs, which must be what the plan takes (with
// the defaults put in); problems point below `pointer`, the trigger's.
void fit_to_plan(Schedule& schedule, const CompiledPlan& plan, std::string_view pointer,
                 Findings& findings);
// The same as a trigger document again, with what is not the default.
Json to_trigger(const Schedule& schedule);

}  // namespace pilot::plan
