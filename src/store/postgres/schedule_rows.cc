#include "store/postgres/schedule_rows.h"

namespace pilot::store::postgres {
namespace {

Json time_or_null(std::optional<WallTime> at) {
  if (!at) return nullptr;
  return Json(to_rfc3339(*at));
}

Json number_or_null(std::optional<std::int64_t> number) {
  if (!number) return nullptr;
  return Json(*number);
}

}  // namespace

Json schedule_row(const Schedule& s) {
  return JsonObject{{"user_id", s.user.text},
                    {"id", s.id.text},
                    {"plan_id", s.plan.text},
                    {"plan_version", s.plan_version},
                    {"total_steps", s.total_steps},
                    {"name", s.name},
                    {"expression", s.expression},
                    {"dialect", s.dialect},
                    {"timezone", s.timezone},
                    {"dst", s.dst},
                    {"starts_at", time_or_null(s.starts_at)},
                    {"ends_at", time_or_null(s.ends_at)},
                    {"misfire_grace_s", number_or_null(s.misfire_grace_s)},
                    {"coalesce", s.coalesce},
                    {"max_instances", s.max_instances},
                    {"jitter_s", s.jitter_s},
                    {"next_fire_at", time_or_null(s.next_fire_at)},
                    {"fire_at", time_or_null(s.fire_at)},
                    {"created_at", to_rfc3339(s.created_at)},
                    {"updated_at", to_rfc3339(s.updated_at)},
                    {"inputs", s.inputs}};
}

Json fired_row(const FiredInstant& instant, const ScheduleId& schedule) {
  const Fire& f = instant.fire;
  JsonObject row{{"fire", JsonObject{{"user_id", f.user.text},
                                     {"schedule_id", f.schedule.text},
                                     {"plan_id", f.plan.text},
                                     {"due_at", to_rfc3339(f.due_at)},
                                     {"last_due_at", to_rfc3339(f.last_due_at)},
                                     {"count", number_or_null(f.count)},
                                     {"status", to_string(f.status)},
                                     {"cause", f.cause},
                                     {"lateness_ms", f.lateness_ms},
                                     {"coalesced_count", f.coalesced_count},
                                     {"run_id", f.run.text},
                                     {"recorded_at", to_rfc3339(f.recorded_at)}}},
                 {"run", nullptr}};
  if (!instant.run) return row;
  const Run& r = *instant.run;
  JsonObject run{{"user_id", r.user.text},
                 {"id", r.id.text},
                 {"plan_id", r.plan.text},
                 {"plan_version", r.plan_version},
                 {"plan_name", r.plan_name},
                 {"state", to_string(r.state)},
                 {"reason", ""},
                 {"created_at", to_rfc3339(r.created_at)},
                 {"retry_of", ""},
                 {"node", ""},
                 {"epoch", 0},
                 {"revision", r.revision},
                 {"total_steps", r.total_steps},
                 {"schedule_id", schedule.text}};
  if (!r.inputs.is_null()) run["inputs"] = r.inputs;
  if (!r.trigger.is_null()) run["trigger"] = r.trigger;
  row["run"] = std::move(run);
  return row;
}

Json plan_row(const StoredPlan& p) {
  return JsonObject{
      {"user_id", p.user.text},
      {"id", p.id.text},
      {"name", p.name},
      {"status", p.status},
      {"created_at", to_rfc3339(p.created_at)},
      {"updated_at", to_rfc3339(p.updated_at)},
      {"original_prompt", p.original_prompt},
      {"plain_english_steps",
       JsonArray(p.plain_english_steps.begin(), p.plain_english_steps.end())},
      {"required_providers", JsonArray(p.required_providers.begin(), p.required_providers.end())},
      {"trigger", p.trigger}};
}

}  // namespace pilot::store::postgres
