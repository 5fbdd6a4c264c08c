// pilot schedule list|set|rm|show|fires
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/plan_file.h"
#include "http/url.h"

namespace pilot::app {
namespace {

std::string path_of(const std::string& plan, std::string_view what) {
  return fmt::format("/api/plans/{}/{}", http::encode_segment(plan), what);
}

// A text that looks like a number is one: seconds.
Json duration_of(const std::string& text) {
  const Result<Json> number = parse_json(text);
  return number && number->is_number() ? *number : Json(text);
}

Result<Json> trigger_of(const ScheduleOptions& options) {
  JsonObject out{{"cron_expression", options.expression}};
  for (const auto& [key, value] :
       {std::pair{"timezone", &options.timezone}, std::pair{"dialect", &options.dialect},
        std::pair{"dst", &options.dst}, std::pair{"start", &options.start},
        std::pair{"end", &options.end}}) {
    if (!value->empty()) out[key] = *value;
  }
  if (!options.grace.empty()) out["misfire_grace_time"] = duration_of(options.grace);
  if (!options.jitter.empty()) out["jitter"] = duration_of(options.jitter);
  if (options.every) out["coalesce"] = false;
  if (options.max_instances > 0) out["max_instances"] = options.max_instances;
  if (!options.run.inputs.empty() || !options.run.input.empty()) {
    Result<Json> inputs = read_inputs(options.run.inputs, options.run.input);
    if (!inputs) return inputs.error();
    out["inputs"] = std::move(*inputs);
  }
  return Json(std::move(out));
}

void print_schedule(const Json& schedule) {
  print_line(fmt::format("{}  {}", field(schedule, "id"), one_line(field(schedule, "name"), 60)));
  print_line(
      fmt::format("  {} {}", field(schedule, "cron_expression"), field(schedule, "timezone")));
  if (!field(schedule, "description").empty()) print_line("  " + field(schedule, "description"));
  const Json* upcoming = find(schedule, "upcoming");
  if (upcoming == nullptr || !upcoming->is_array() || upcoming->get_array().empty()) {
    print_line("  nothing more to come");
    return;
  }
  for (const Json& at : upcoming->get_array()) print_line("  " + preview(at, 40));
}

int show_answer(const GlobalOptions& global, const Result<Json>& answer) {
  if (!answer) return refuse(answer.error());
  const Json* schedule = find(*answer, "schedule");
  if (global.json || schedule == nullptr) {
    print_json(schedule != nullptr ? *schedule : *answer);
  } else {
    print_schedule(*schedule);
  }
  return kExitOk;
}

std::string what_happened(const Json& fire) {
  if (field(fire, "status") == "fired") return field(fire, "run_id");
  const std::string count = field(fire, "count");
  if (count == "1") return field(fire, "cause");
  return fmt::format("{} ({} until {})", field(fire, "cause"),
                     count.empty() ? "too many to count" : count, field(fire, "last_scheduled_at"));
}

int print_rows(const std::vector<std::vector<std::string>>& rows, std::string_view none) {
  if (rows.size() == 1) {
    print_line(none);
  } else {
    fmt::print("{}", table(rows));
  }
  return kExitOk;
}

}  // namespace

int schedule_list(const GlobalOptions& global, const ListOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("GET", fmt::format("/api/scheduler/jobs?limit={}", options.limit));
    if (!answer) return refuse(answer.error());
    const Json* jobs = find(*answer, "jobs");
    if (jobs == nullptr || !jobs->is_array()) return kExitOk;
    if (global.json) {
      print_json(*jobs);
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{{"PLAN", "NAME", "WHEN", "ZONE", "NEXT"}};
    for (const Json& job : jobs->get_array()) {
      rows.push_back({field(job, "plan_id"), one_line(field(job, "name"), 40),
                      one_line(field(job, "cron_expression"), 30), field(job, "timezone"),
                      field(job, "next_run")});
    }
    return print_rows(rows, "no schedules; set one with: pilot schedule set PLAN \"0 7 * * *\"");
  });
}

int schedule_set(const GlobalOptions& global, const ScheduleOptions& options) {
  const Result<Json> trigger = trigger_of(options);
  if (!trigger) return refuse(trigger.error());
  return with_session(global, [&](Session& session) {
    const int code = show_answer(
        global, session.client().expect("POST", path_of(options.plan, "schedule"), *trigger));
    if (code == kExitOk && !global.json && !session.is_remote()) {
      print_line("  it fires while a server runs: pilot serve");
    }
    return code;
  });
}

int schedule_show(const GlobalOptions& global, const std::string& plan) {
  return with_session(global, [&](Session& session) {
    return show_answer(global, session.client().expect("GET", path_of(plan, "schedule")));
  });
}

int schedule_remove(const GlobalOptions& global, const std::string& plan) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("POST", path_of(plan, "unschedule"), JsonObject{});
    if (!answer) return refuse(answer.error());
    if (global.json) {
      print_json(*answer);
    } else {
      print_line("removed the schedule of " + printable(plan));
    }
    return kExitOk;
  });
}

int schedule_fires(const GlobalOptions& global, const ListOptions& options) {
  return with_session(global, [&](Session& session) {
    std::string target = fmt::format("/api/scheduler/fires?limit={}", options.limit);
    if (!options.plan.empty()) target += "&plan_id=" + http::encode_component(options.plan);
    const Result<Json> answer = session.client().expect("GET", target);
    if (!answer) return refuse(answer.error());
    const Json* fires = find(*answer, "fires");
    if (fires == nullptr || !fires->is_array()) return kExitOk;
    if (global.json) {
      print_json(*fires);
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{{"DUE", "PLAN", "STATUS", "LATE", "RUN OR CAUSE"}};
    for (const Json& fire : fires->get_array()) {
      rows.push_back({field(fire, "scheduled_at"), field(fire, "plan_id"), field(fire, "status"),
                      field(fire, "lateness_ms") + " ms", what_happened(fire)});
    }
    return print_rows(rows, "nothing has been due yet");
  });
}

}  // namespace pilot::app
