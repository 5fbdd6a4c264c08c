// A time trigger's document to a Schedule and back.
#include <fmt/format.h>

#include <array>

#include "model/limits.h"
#include "plan/durations.h"
#include "plan/fields.h"
#include "plan/legacy.h"
#include "plan/timetable.h"

namespace pilot::plan {
namespace {

constexpr std::array<std::string_view, 14> kKeys{
    "type",     "cron_expression", "timezone", "dialect", "dst",        "misfire_grace_time",
    "coalesce", "max_instances",   "start",    "end",     "start_date", "end_date",
    "jitter",   "inputs"};
// What the old service's triggers carry beside: other kinds' settings (empty), and words.
constexpr std::array<std::string_view, 8> kDropped{"webhook_path", "webhook_secret",  "event",
                                                   "event_type",   "event_source",    "description",
                                                   "name",         "replace_existing"};
constexpr std::string_view kUnlimited = "unlimited";

// "cron" is a short name of "cron_expression".
void read_expression(Fields& fields, Schedule& out) {
  std::string_view name;
  const Json* given = fields.either("cron_expression", "cron", name);
  if (given == nullptr) {
    fields.problem("cron_expression", "missing_key",
                   "a schedule needs `cron_expression`, like \"0 7 * * 1-5\" (07:00 on weekdays)");
    return;
  }
  const auto text = fields.text(name, limits::kPatternBytes);
  if (!text) return;
  out.expression = *text;
  const auto dialect = cron::dialect_from(out.dialect);
  const auto parsed = cron::parse(*text, dialect.value_or(cron::Dialect::crontab));
  if (parsed) return;
  const Error& error = parsed.error();
  const std::string place = error.pointer.empty() ? "" : error.pointer + ": ";
  fields.problem(name, error.code_or_kind(), place + error.message);
}

// One of a few words.
void read_word(Fields& fields, std::string_view key, std::vector<std::string> words,
               std::string& out) {
  const auto text = fields.text(key, limits::kNameLength);
  if (!text) return;
  if (std::find(words.begin(), words.end(), *text) == words.end()) {
    fields.problem(key, "invalid_value",
                   fmt::format("`{}` is {}, not {}{}", key, fmt::join(words, " or "), quoted(*text),
                               suggestion(*text, words)));
    return;
  }
  out = *text;
}

void read_timezone(Fields& fields, Schedule& out) {
  const auto text = fields.text("timezone", limits::kNameLength);
  if (!text || text->empty()) return;  // the old service wrote "" for none
  const auto zone = cron::find_zone(*text);
  if (!zone) fields.problem("timezone", zone.error().code_or_kind(), zone.error().message);
  out.timezone = *text;
}

std::optional<WallTime> read_time(Fields& fields, std::string_view key, std::string_view old_key) {
  std::string_view name;
  if (fields.either(key, old_key, name) == nullptr) return std::nullopt;
  const auto text = fields.text(name, limits::kNameLength);
  if (!text) return std::nullopt;
  const Result<WallTime> time = parse_rfc3339(*text);
  if (!time) {
    fields.problem(name, "invalid_value",
                   fmt::format("`{}` must be a moment like 2027-01-31T07:00:00Z, not {}", name,
                               quoted(*text)));
    return std::nullopt;
  }
  return *time;
}

void read_grace(Fields& fields, Schedule& out) {
  constexpr std::string_view kKey = "misfire_grace_time";
  const Json* given = fields.get(kKey);
  if (given != nullptr && *given == Json(boost::json::string(kUnlimited))) {
    out.misfire_grace_s.reset();
    return;
  }
  const auto grace = fields.duration(kKey, Millis{1'000}, limits::kMisfireGrace);
  if (!grace) return;
  if (*grace % Millis{1'000} != Millis{0}) {
    fields.problem(kKey, "invalid_value",
                   fmt::format("`{}` must be whole seconds, or \"{}\"", kKey, kUnlimited));
    return;
  }
  out.misfire_grace_s = *grace / Millis{1'000};
}

void read_limits(Fields& fields, Schedule& out) {
  read_grace(fields, out);
  out.coalesce = fields.boolean("coalesce").value_or(true);
  out.max_instances = fields.integer("max_instances", 1, limits::kScheduleInstances).value_or(1);
  if (const auto jitter = fields.duration("jitter", Millis{0}, limits::kScheduleJitter)) {
    out.jitter_s = std::chrono::ceil<std::chrono::seconds>(*jitter).count();
  }
  out.starts_at = read_time(fields, "start", "start_date");
  out.ends_at = read_time(fields, "end", "end_date");
  if (out.starts_at && out.ends_at && *out.ends_at < *out.starts_at) {
    fields.problem("end", "invalid_value", "`end` lies before `start`");
  }
  if (const JsonObject* inputs = fields.object("inputs")) out.inputs = *inputs;
}

Json seconds_json(std::int64_t seconds) { return duration_to_json(Millis{seconds * 1'000}); }

}  // namespace

bool is_schedule(const Json& trigger) {
  const JsonObject* object = trigger.if_object();
  if (object == nullptr) return false;
  const std::string_view type = string_or(trigger, "type");
  if (type == "schedule" || type == "cron") return true;
  const Json* given = find(*object, "type");
  return (given == nullptr || given->is_null()) && find(*object, "cron_expression") != nullptr;
}

Json normal_trigger(const Json& trigger, std::string_view pointer, Findings& findings) {
  // legacy.h reads a plan's trigger: it stands under `trigger` there.
  const JsonObject plan{{"trigger", trigger}};
  Findings below;
  Fields fields(plan, "", below);
  Json normal = normal_trigger(fields);
  constexpr std::string_view kThere = "/trigger";
  for (Problem& problem : below.list()) {
    findings.add(std::string(pointer) + problem.pointer.substr(kThere.size()), problem.code,
                 std::move(problem.message));
  }
  return normal;
}

std::optional<Schedule> read_schedule(const Json& trigger, std::string_view pointer,
                                      Findings& findings) {
  const std::size_t before = findings.list().size();
  const Json normal = normal_trigger(trigger, pointer, findings);
  if (!normal.is_object()) return std::nullopt;
  Fields fields(normal.get_object(), std::string(pointer), findings);
  std::vector<std::string_view> known(kKeys.begin(), kKeys.end());
  known.emplace_back("cron");
  fields.refuse_unknown(known, kDropped);
  Schedule out;
  read_word(fields, "dialect", {"crontab", "apscheduler"}, out.dialect);
  read_word(fields, "dst", {"vixie", "literal"}, out.dst);
  read_expression(fields, out);
  read_timezone(fields, out);
  read_limits(fields, out);
  if (findings.list().size() != before) return std::nullopt;
  return out;
}

void fit_to_plan(Schedule& schedule, const CompiledPlan& plan, std::string_view pointer,
                 Findings& findings) {
  schedule.total_steps = plan.step_count;
  if (!plan.inputs) return;
  schema::fill_defaults(schedule.inputs, plan.inputs->document());
  const Problems problems = plan.inputs->check(schedule.inputs, pointer_join(pointer, "inputs"));
  for (const Problem& problem : problems) {
    findings.add(problem.pointer, problem.code, problem.message);
  }
}

Json to_trigger(const Schedule& schedule) {
  const Schedule plain;
  JsonObject out{{"type", "schedule"},
                 {"cron_expression", schedule.expression},
                 {"timezone", schedule.timezone}};
  if (schedule.dialect != plain.dialect) out["dialect"] = schedule.dialect;
  if (schedule.dst != plain.dst) out["dst"] = schedule.dst;
  if (!schedule.misfire_grace_s) {
    out["misfire_grace_time"] = boost::json::string(kUnlimited);
  } else if (schedule.misfire_grace_s != plain.misfire_grace_s) {
    out["misfire_grace_time"] = seconds_json(*schedule.misfire_grace_s);
  }
  if (!schedule.coalesce) out["coalesce"] = false;
  if (schedule.max_instances != plain.max_instances) out["max_instances"] = schedule.max_instances;
  if (schedule.jitter_s != 0) out["jitter"] = seconds_json(schedule.jitter_s);
  if (schedule.starts_at) out["start"] = to_rfc3339(*schedule.starts_at);
  if (schedule.ends_at) out["end"] = to_rfc3339(*schedule.ends_at);
  if (schedule.inputs != Json(JsonObject{})) out["inputs"] = schedule.inputs;
  return out;
}

}  // namespace pilot::plan
