// Schedules: what is due, firing it, changing and reading them.
#include "model/limits.h"
#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/schedule_rows.h"

#include <map>

namespace pilot::store::postgres {
namespace {

Error no_schedule(const ScheduleId& id) { return not_found("there is no schedule " + id.text); }
Error no_plan(const PlanId& id) { return not_found("there is no plan " + id.text); }

constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";  // after every id
// Within PostgreSQL's calendar, and around every due instant.
constexpr WallTime kFirstTime{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr WallTime kLastTime{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};

constexpr auto kSelectFires =
    SqlText("SELECT ") + kFireColumns + " FROM schedule_fires WHERE user_id = $1";
constexpr auto kOfSchedule =
    kSelectFires + " AND schedule_id = $2 AND due_at < $3 ORDER BY due_at DESC LIMIT $4";
constexpr auto kOfUser = kSelectFires +
                         " AND (due_at, schedule_id) < ($3, $2)"
                         " ORDER BY due_at DESC, schedule_id DESC LIMIT $4";

Command firing_command(const Firing& firing) {
  static constexpr char kFire[] =
      "SELECT runs, missed, stale, waiting FROM fire_schedule($1, $2, $3, $4, $5, $6, $7, $8, $9)";
  JsonArray instants;
  for (const FiredInstant& instant : firing.instants) {
    instants.push_back(fired_row(instant, firing.seen.id));
  }
  Command command{kFire, {}};
  command.params.text(firing.seen.user.text).text(firing.seen.id.text);
  command.params.maybe_time(firing.seen.next_fire_at).integer(firing.seen.revision);
  command.params.maybe_time(firing.next_fire_at).maybe_time(firing.fire_at);
  command.params.integer(firing.seen.max_instances).maybe_time(firing.retry_at).json(instants);
  return command;
}

// As the tenants whose schedules they are; in the order of `keys`.
Result<std::vector<DueSchedule>> read_due(Answers answers,
                                          const std::map<std::string, std::size_t>& places) {
  std::vector<std::optional<DueSchedule>> found(places.size());
  for (Rows& rows : answers) {
    while (rows.next()) {
      DueSchedule due;
      due.schedule = read_schedule(rows);
      due.plan_version = rows.small();
      const auto at = places.find(due.schedule.user.text + '\0' + due.schedule.id.text);
      if (at != places.end()) found[at->second] = std::move(due);
    }
  }
  std::vector<DueSchedule> all;
  for (auto& one : found) {
    if (one) all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace

awaitable<Result<std::vector<DueSchedule>>> PostgresStore::due_schedules(WallTime now,
                                                                         std::int64_t limit) {
  static constexpr char kKeys[] = "SELECT user_id, id FROM due_schedules($1, $2)";
  // Looked at again: meanwhile it may have been moved on.
  static constexpr auto kDue =
      SqlText("SELECT ") + kScheduleColumns +
      ", coalesce((SELECT version FROM execution_plans p WHERE p.user_id = s.user_id"
      " AND p.id = s.plan_id AND p.status = 'active'), 0) FROM schedules s"
      " WHERE s.user_id = $1 AND s.id = ANY($2::text[]) AND s.fire_at <= $3";
  Command command{kKeys, {}};
  command.params.time(now).integer(limit);
  const auto keys = co_await reading(system_step(std::move(command)), &read_keys);
  if (!keys) co_return keys.error();
  if (keys->empty()) co_return std::vector<DueSchedule>{};
  std::map<std::string, std::vector<std::string>> tenants;
  std::map<std::string, std::size_t> places;
  for (const Key& key : *keys) {
    tenants[key.user].push_back(key.id);
    places.emplace(key.user + '\0' + key.id, places.size());
  }
  Steps steps;
  for (const auto& [user, ids] : tenants) {
    steps.push_back({user, {}});
    steps.back().commands.push_back({kDue.text, {}});
    steps.back().commands.back().params.text(user).texts(ids).time(now);
  }
  auto read = [places = std::move(places)](Answers answers) { return read_due(answers, places); };
  co_return co_await reading(std::move(steps), std::move(read));
}

awaitable<Result<std::optional<WallTime>>> PostgresStore::next_fire() {
  static constexpr char kNext[] = "SELECT next_fire()";
  return reading(system_step({kNext, {}}), [](Answers answers) -> Result<std::optional<WallTime>> {
    return answers[0].next() ? answers[0].maybe_time() : std::nullopt;
  });
}

awaitable<Result<FiringReport>> PostgresStore::fire(std::vector<Firing> firings) {
  Steps steps;
  for (const Firing& firing : firings) {
    if (steps.empty() || steps.back().user != firing.seen.user.text) {
      steps.push_back({firing.seen.user.text, {}});
    }
    steps.back().commands.push_back(firing_command(firing));
  }
  if (steps.empty()) co_return FiringReport{};
  auto read = [](Answers answers) -> Result<FiringReport> {
    FiringReport report;
    for (Rows& rows : answers) {
      if (!rows.next()) continue;
      report.runs += rows.integer();
      report.missed += rows.integer();
      report.stale += rows.integer();
      report.waiting += rows.integer();
    }
    return report;
  };
  co_return co_await writing(std::move(steps), read, 3 * firings.size(), true);
}

awaitable<Status> PostgresStore::put_schedule(Schedule schedule, Json trigger) {
  // One statement decides: the plan is changed, and the schedule written, only at that version.
  static constexpr char kPut[] =
      "WITH plan AS (SELECT version FROM execution_plans WHERE user_id = $1 AND id = $2 FOR "
      "UPDATE),"
      " changed AS (UPDATE execution_plans SET \"trigger\" = $4, updated_at = $5"
      " WHERE user_id = $1 AND id = $2 AND (SELECT version FROM plan) = $3 RETURNING id)"
      " SELECT version, (SELECT put_schedule_row($6, $7) FROM changed) FROM plan";
  Command command{kPut, {}};
  command.params.text(schedule.user.text).text(schedule.plan.text).small(schedule.plan_version);
  command.params.jsonb(trigger).time(schedule.updated_at).json(schedule_row(schedule));
  command.params.integer(limits::kSchedules);
  auto read = [plan = schedule.plan, wanted = schedule.plan_version](Answers answers) -> Status {
    if (!answers[0].next()) return no_plan(plan);
    if (answers[0].small() == wanted) return ok();
    return conflict("version_conflict",
                    fmt::format("plan {} was changed meanwhile; try again", plan.text));
  };
  return writing(one_step(schedule.user, std::move(command)), std::move(read), 2);
}

awaitable<Status> PostgresStore::remove_schedule(UserId user, PlanId plan, Json trigger,
                                                 WallTime now) {
  static constexpr char kRemove[] =
      "WITH changed AS (UPDATE execution_plans SET \"trigger\" = $3, updated_at = $4"
      " WHERE user_id = $1 AND id = $2 RETURNING id), gone AS (DELETE FROM schedules"
      " WHERE user_id = $1 AND id = $2 AND EXISTS (SELECT FROM changed)) SELECT id FROM changed";
  Command command{kRemove, {}};
  command.params.text(user.text).text(plan.text).jsonb(trigger).time(now);
  auto read = [plan](Answers answers) -> Status {
    return answers[0].next() ? ok() : Status(no_plan(plan));
  };
  return writing(one_step(user, std::move(command)), std::move(read), 2);
}

awaitable<Result<Schedule>> PostgresStore::find_schedule(UserId user, ScheduleId id) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kScheduleColumns + " FROM schedules WHERE user_id = $1 AND id = $2";
  Command command{kFind.text, {}};
  command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Result<Schedule> {
    if (!answers[0].next()) return no_schedule(id);
    return read_schedule(answers[0]);
  };
  return reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Result<Page<Schedule>>> PostgresStore::list_schedules(UserId user, PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kScheduleColumns +
                                " FROM schedules WHERE user_id = $1 AND id < $2"
                                " ORDER BY id DESC LIMIT $3";
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.text(user.text).text(before->value_or(kLastText)).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<Schedule>> {
    return read_page<Schedule>(answers[0], limit, &read_schedule<Rows>,
                               [](const Schedule& last) { return id_cursor(last.id.text); });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Result<Page<Fire>>> PostgresStore::list_fires(UserId user, FireFilter filter,
                                                        PageRequest page) {
  const auto before = read_fire_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  const bool one = !filter.schedule.empty();
  WallTime due = kLastTime;
  std::string schedule = one ? filter.schedule.text : kLastText;
  if (before->has_value()) {
    due = std::clamp(from_unix_micros((*before)->due_at), kFirstTime, kLastTime);
    if (!one) schedule = (*before)->schedule;
  }
  Command command{one ? kOfSchedule.text : kOfUser.text, {}};
  command.params.text(user.text).text(schedule).time(due).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<Fire>> {
    return read_page<Fire>(answers[0], limit, &read_fire<Rows>, [](const Fire& last) {
      return fire_cursor({last.schedule.text, to_unix_micros(last.due_at)});
    });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

}  // namespace pilot::store::postgres
