// What a take-over has done, for scripts and for people. Names and numbers, never a value.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/output.h"
#include "app/take_over.h"
#include "plan/timetable.h"

namespace pilot::app {
namespace {

std::string words(const Schedule& schedule) {
  const auto timetable = plan::make_timetable(schedule);
  return timetable ? cron::explain(*timetable->expression) : "";
}

// "Monday 2026-10-05 07:30 UTC"
std::string moment(const std::optional<WallTime>& at) {
  if (!at) return "";
  return fmt::format("{:%A %Y-%m-%d %H:%M} UTC", std::chrono::floor<std::chrono::seconds>(*at));
}

Json table_json(const store::TakenTable& table) {
  JsonArray notes;
  for (const store::TakeOverNote& note : table.notes) {
    notes.push_back(
        JsonObject{{"outcome", note.outcome}, {"reason", note.reason}, {"rows", note.rows}});
  }
  return JsonObject{{"name", table.name},       {"found", table.there},     {"rows", table.rows},
                    {"taken", table.taken},     {"changed", table.changed}, {"left", table.left},
                    {"notes", std::move(notes)}};
}

Json schedule_json(const MadeSchedule& made) {
  const Schedule& schedule = made.schedule;
  return JsonObject{
      {"user_id", schedule.user.text},
      {"plan_id", schedule.plan.text},
      {"name", schedule.name},
      {"cron_expression", schedule.expression},
      {"dialect", schedule.dialect},
      {"timezone", schedule.timezone},
      {"timezone_given", made.zone_given},
      {"description", words(schedule)},
      {"next_fire_at",
       schedule.next_fire_at ? Json(to_rfc3339(*schedule.next_fire_at)) : Json(nullptr)}};
}

JsonArray problems_json(const std::vector<PlanProblem>& problems) {
  JsonArray out;
  for (const PlanProblem& one : problems) {
    out.push_back(JsonObject{{"user_id", one.plan.user.text},
                             {"plan_id", one.plan.id.text},
                             {"name", one.name},
                             {"status", one.status},
                             {"pointer", one.problem.pointer},
                             {"code", one.problem.code},
                             {"message", one.problem.message}});
  }
  return out;
}

void print_tables(const store::TakeOverReport& report) {
  std::vector<std::vector<std::string>> rows{{"TABLE", "ROWS", "TAKEN", "CHANGED", "LEFT"}};
  for (const store::TakenTable& table : report.tables) {
    if (!table.there) {
      rows.push_back({table.name, "not there", "", "", ""});
      continue;
    }
    rows.push_back({table.name, std::to_string(table.rows), std::to_string(table.taken),
                    std::to_string(table.changed), std::to_string(table.left)});
  }
  fmt::print("{}", table(rows));
  for (const store::TakenTable& table : report.tables) {
    if (table.notes.empty()) continue;
    print_line("\n" + table.name);
    for (const store::TakeOverNote& note : table.notes) {
      const std::string count = note.rows > 0 ? fmt::format(" {}", note.rows) : "";
      print_line(fmt::format("  {}{}: {}", note.outcome, count, one_line(note.reason, 120)));
    }
  }
}

void print_credentials(const store::TakeOverReport& report) {
  print_line("\ncredentials");
  if (!report.keys_tried) {
    print_line(
        "  not tried: there is no key. Give the old service's as PILOT_ENCRYPTION_KEY to Pilot");
    return;
  }
  if (report.unreadable.empty()) print_line("  all can be opened with the key");
  for (const store::CredentialName& name : report.unreadable) {
    print_line(fmt::format("  no key opens {} of {} for user {}", one_line(name.type, 40),
                           one_line(name.provider, 40), one_line(name.user, 60)));
  }
}

void print_problems(std::string_view title, const std::vector<PlanProblem>& problems) {
  if (problems.empty()) return;
  print_line(fmt::format("\n{}", title));
  for (const PlanProblem& one : problems) {
    const std::string& place = one.problem.pointer;
    print_line(fmt::format("  {} \"{}\" of {} ({}): {}{}{}", one_line(one.plan.id.text, 60),
                           one_line(one.name, 40), one_line(one.plan.user.text, 60), one.status,
                           one_line(place, 60), place.empty() ? "" : ": ",
                           one_line(one.problem.message, 200)));
  }
}

void print_schedules(const TakeOver& done) {
  if (!done.made.empty()) print_line("\nschedules made");
  bool zone_missing = false;
  for (const MadeSchedule& made : done.made) {
    const Schedule& s = made.schedule;
    zone_missing = zone_missing || !made.zone_given;
    print_line(fmt::format("  {} \"{}\" of {}: {} ({}{}), next {}", one_line(s.plan.text, 60),
                           one_line(s.name, 40), one_line(s.user.text, 60), words(s), s.timezone,
                           made.zone_given ? "" : ": no zone was given", moment(s.next_fire_at)));
  }
  if (!done.made.empty()) {
    print_line(
        "  They fire as the old service's did (dialect apscheduler): 0 is Monday, 6 is Sunday, "
        "and\n"
        "  day and weekday must both match.");
  }
  if (zone_missing) {
    print_line(
        "  Where no zone was given the old service took that of its server, and Pilot takes UTC.\n"
        "  To change one: pilot schedule set PLAN \"EXPRESSION\" --dialect apscheduler --timezone "
        "ZONE");
  }
  print_problems("no schedule was made for", done.not_made);
}

}  // namespace

Json to_json_value(const TakeOver& done) {
  JsonArray tables;
  for (const store::TakenTable& table : done.tables.tables) tables.push_back(table_json(table));
  JsonArray unreadable;
  for (const store::CredentialName& name : done.tables.unreadable) {
    unreadable.push_back(
        JsonObject{{"user_id", name.user}, {"provider", name.provider}, {"type", name.type}});
  }
  JsonArray made;
  for (const MadeSchedule& one : done.made) made.push_back(schedule_json(one));
  return JsonObject{
      {"already", done.tables.already},
      {"taken_over_at", done.tables.at ? Json(to_rfc3339(*done.tables.at)) : Json(nullptr)},
      {"tables", std::move(tables)},
      {"credentials",
       JsonObject{{"tried", done.tables.keys_tried}, {"unreadable", std::move(unreadable)}}},
      {"plans", JsonObject{{"checked", done.plans},
                           {"hooks", done.hooks},
                           {"problems", problems_json(done.plans_wrong)}}},
      {"schedules",
       JsonObject{{"made", std::move(made)}, {"not_made", problems_json(done.not_made)}}}};
}

void print(const TakeOver& done) {
  const store::TakeOverReport& report = done.tables;
  if (!report.at) {
    print_line("this is Pilot's database already, and holds nothing of the old service");
    return;
  }
  print_line(fmt::format(
      "{}taken over from the old service at {}; its tables are in the schema old_service until\n"
      "pilot migrate --drop-old\n",
      report.already ? "already " : "", to_rfc3339(*report.at)));
  print_tables(report);
  print_credentials(report);
  print_problems("plans that do not compile (kept as they are)", done.plans_wrong);
  if (done.hooks > 0) {
    print_line(fmt::format("\nplans with the trigger of a webhook or an event, kept as it was: {}",
                           done.hooks));
  }
  print_schedules(done);
}

}  // namespace pilot::app
