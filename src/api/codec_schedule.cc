#include "api/codec_schedule.h"

#include <algorithm>

namespace pilot::api {
namespace {

// What the document's own check has said already is not said again.
void add_new(Problems& problems, Problems more) {
  for (Problem& one : more) {
    const bool told = std::any_of(problems.begin(), problems.end(), [&](const Problem& known) {
      return known.pointer == one.pointer && known.code == one.code;
    });
    if (!told && problems.size() < plan::Findings::kMost) problems.push_back(std::move(one));
  }
}

Json seconds_or_null(const std::optional<std::int64_t>& seconds) {
  return seconds ? Json(*seconds) : Json();
}

std::string explained(const Schedule& schedule, const plan::Timetable& timetable) {
  return fmt::format("{} ({})", cron::explain(*timetable.expression), schedule.timezone);
}

}  // namespace

std::optional<Schedule> make_schedule(const store::StoredPlan& plan, const Json& trigger,
                                      const plan::CompiledPlan* compiled, std::string_view pointer,
                                      bool fresh, WallTime now, Random& random,
                                      plan::Findings& findings) {
  std::optional<Schedule> schedule = plan::read_schedule(trigger, pointer, findings);
  if (!schedule) return std::nullopt;
  schedule->user = plan.user;
  schedule->id = {plan.id.text};
  schedule->plan = plan.id;
  schedule->plan_version = plan.version;
  schedule->name = plan.name;
  schedule->created_at = schedule->updated_at = now;
  if (compiled != nullptr) plan::fit_to_plan(*schedule, *compiled, pointer, findings);
  const Result<plan::Timetable> timetable = plan::make_timetable(*schedule);
  if (!timetable) {  // has been read a moment ago
    findings.add(std::string(pointer), timetable.error().code_or_kind(), timetable.error().message);
    return std::nullopt;
  }
  plan::set_next(*schedule, *timetable, plan::next_due(*schedule, *timetable, now), random);
  if (fresh && !schedule->next_fire_at) {
    findings.add(pointer_join(pointer, schedule->ends_at ? "end" : "cron_expression"),
                 "never_fires",
                 "this schedule would never fire: nothing of it is still to come before its end");
  }
  return schedule;
}

void set_schedule(store::StoredPlan& plan, Applied& applied, const Json* old_trigger, WallTime now,
                  Random& random) {
  plan.schedule.reset();
  if (plan.status == "draft" || !plan::is_schedule(plan.trigger)) return;
  const bool fresh = old_trigger == nullptr || *old_trigger != plan.trigger;
  plan::Findings findings;
  auto schedule = make_schedule(plan, plan.trigger, applied.compiled.get(), applied.trigger, fresh,
                                now, random, findings);
  add_new(applied.problems, findings.take());
  if (plan.status == "active") plan.schedule = std::move(schedule);
}

void check_trigger(const Json& document, std::string_view pointer, Checked& checked) {
  const Json* trigger = document.is_object() ? find(document, "trigger") : nullptr;
  if (trigger == nullptr || !plan::is_schedule(*trigger)) return;
  plan::Findings findings;
  const std::string place = pointer_join(pointer, "trigger");
  auto schedule = plan::read_schedule(*trigger, place, findings);
  if (schedule && checked.compiled) {
    plan::fit_to_plan(*schedule, *checked.compiled, place, findings);
  }
  add_new(checked.problems, findings.take());
}

void tell_engine(engine::Engine& engine, const std::optional<Schedule>& schedule) {
  if (schedule) engine.schedule_changed(schedule->fire_at);
}

Json job_json(const Schedule& schedule) {
  return JsonObject{
      {"id", text(schedule.id.text)},
      {"name", text(schedule.name)},
      {"trigger", text(fmt::format("cron[{}] {}", schedule.expression, schedule.timezone))},
      {"next_run", time_or_null(schedule.next_fire_at)},
      {"plan_id", text(schedule.plan.text)},
      {"user_id", text(schedule.user.text)},
      {"cron_expression", text(schedule.expression)},
      {"timezone", text(schedule.timezone)}};
}

Json schedule_json(const Schedule& schedule, WallTime now, int upcoming) {
  JsonObject out = job_json(schedule).get_object();
  out["dialect"] = text(schedule.dialect);
  out["dst"] = text(schedule.dst);
  out["misfire_grace_time"] = seconds_or_null(schedule.misfire_grace_s);
  out["coalesce"] = schedule.coalesce;
  out["max_instances"] = schedule.max_instances;
  out["jitter"] = schedule.jitter_s;
  out["start"] = time_or_null(schedule.starts_at);
  out["end"] = time_or_null(schedule.ends_at);
  out["inputs"] = schedule.inputs;
  out["created_at"] = text(to_rfc3339(schedule.created_at));
  out["updated_at"] = text(to_rfc3339(schedule.updated_at));
  const Result<plan::Timetable> timetable = plan::make_timetable(schedule);
  out["description"] = timetable ? text(explained(schedule, *timetable)) : Json();
  JsonArray next;
  if (timetable) {
    // What is due already (it waits for a slot) comes first.
    std::optional<WallTime> at = schedule.next_fire_at;
    for (int i = 0; at && i < upcoming; ++i) {
      next.push_back(text(to_rfc3339(*at)));
      at = plan::next_due(schedule, *timetable, std::max(*at, now));
    }
  }
  out["upcoming"] = std::move(next);
  return out;
}

Json fire_json(const Fire& fire) {
  return JsonObject{{"schedule_id", text(fire.schedule.text)},
                    {"plan_id", text(fire.plan.text)},
                    {"scheduled_at", text(to_rfc3339(fire.due_at))},
                    {"last_scheduled_at", text(to_rfc3339(fire.last_due_at))},
                    {"count", seconds_or_null(fire.count)},
                    {"status", text(to_string(fire.status))},
                    {"cause", text_or_null(fire.cause)},
                    {"lateness_ms", fire.lateness_ms},
                    {"coalesced_count", fire.coalesced_count},
                    {"run_id", text_or_null(fire.run.text)},
                    {"recorded_at", text(to_rfc3339(fire.recorded_at))}};
}

}  // namespace pilot::api
