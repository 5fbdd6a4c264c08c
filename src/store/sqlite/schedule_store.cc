// Schedules: what is due, firing it, changing and reading them.
#include "store/cursor.h"
#include "store/sqlite/run_rows.h"
#include "store/sqlite/schedule_rows.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

Result<std::vector<DueSchedule>> due(Connection& db, WallTime now, std::int64_t limit) {
  std::vector<DueSchedule> found;
  Query rows = db.query(kDueSchedules.text);
  rows.bind(now, limit);
  while (rows.next()) {
    DueSchedule& one = found.emplace_back();
    one.schedule = read_schedule(rows);
    one.plan_version = rows.small();
  }
  if (!rows.status()) return rows.status().error();
  return found;
}

// Moves the schedule on, if it is as it was seen.
Result<bool> advance(Connection& db, const Firing& firing) {
  static constexpr char kAdvance[] =
      "UPDATE schedules SET next_fire_at = ?5, fire_at = ?6"
      " WHERE user_id = ?1 AND id = ?2 AND next_fire_at = ?3 AND revision = ?4";
  const Schedule& seen = firing.seen;
  Query query = db.query(kAdvance);
  query.bind(seen.user.text, seen.id.text, seen.next_fire_at, seen.revision, firing.next_fire_at,
             firing.fire_at);
  if (Status done = query.run(); !done) return done.error();
  return db.changes() == 1;
}

// The instant and what comes after it wait for a slot.
Status wait_for_slot(Connection& db, const Firing& firing, WallTime due_at) {
  static constexpr char kWait[] =
      "UPDATE schedules SET next_fire_at = ?3, fire_at = ?4 WHERE user_id = ?1 AND id = ?2";
  return db.query(kWait)
      .bind(firing.seen.user.text, firing.seen.id.text, due_at, *firing.retry_at)
      .run();
}

// A row of missed instants may reach over it: then it has been dealt with, too. (The clock went
// back, and somebody changed the schedule.)
Result<bool> recorded(Connection& db, const Fire& fire) {
  static constexpr char kLast[] =
      "SELECT last_due_at FROM schedule_fires WHERE user_id = ?1 AND schedule_id = ?2"
      " AND due_at <= ?3 ORDER BY due_at DESC LIMIT 1";
  Query row = db.query(kLast);
  const bool covered =
      row.bind(fire.user.text, fire.schedule.text, fire.due_at).next() && row.time() >= fire.due_at;
  if (!row.status()) return row.status().error();
  return covered;
}

Result<std::int64_t> open_runs(Connection& db, const Schedule& schedule) {
  Query row = db.query(kOpenOfSchedule);
  const std::int64_t open =
      row.bind(schedule.user.text, schedule.id.text).next() ? row.integer() : 0;
  if (!row.status()) return row.status().error();
  return open;
}

Status fire_one(Connection& db, const Firing& firing, FiringReport& report) {
  const Result<bool> ours = advance(db, firing);
  if (!ours) return ours.error();
  if (!*ours) {
    ++report.stale;
    return ok();
  }
  std::optional<std::int64_t> open;  // counted with the first run, then kept
  for (const FiredInstant& instant : firing.instants) {
    Fire fire = instant.fire;
    if (instant.run) {
      const Result<bool> known = recorded(db, fire);
      if (!known) return known.error();
      if (*known) continue;
      if (!open) {
        const Result<std::int64_t> counted = open_runs(db, firing.seen);
        if (!counted) return counted.error();
        open = *counted;
      }
      if (*open >= firing.seen.max_instances && firing.retry_at) {
        ++report.waiting;
        return wait_for_slot(db, firing, fire.due_at);
      }
      if (*open >= firing.seen.max_instances) {
        fire.status = Fire::Status::missed;
        fire.cause = "no_slot";
        fire.run = {};
      }
    }
    const Result<bool> fresh = insert_fire(db, fire);
    if (!fresh) return fresh.error();
    if (!*fresh) continue;
    if (fire.status == Fire::Status::missed) {
      ++report.missed;
      continue;
    }
    const Status made = insert_fired_run(db, *instant.run, firing.seen.id);
    if (!made) return made.error().prefixed("run " + instant.run->id.text);
    ++*open;
    ++report.runs;
  }
  return ok();
}

Result<FiringReport> fire_all(Connection& db, const std::vector<Firing>& firings) {
  FiringReport report;
  for (const Firing& firing : firings) {
    if (Status done = fire_one(db, firing, report); !done) return done.error();
  }
  return report;
}

Error no_schedule(const ScheduleId& id) { return not_found("there is no schedule " + id.text); }

Result<int> plan_version(Connection& db, const UserId& user, const PlanId& plan) {
  static constexpr char kVersion[] =
      "SELECT version FROM execution_plans WHERE user_id = ?1 AND id = ?2";
  Query row = db.query(kVersion);
  if (!row.bind(user.text, plan.text).next()) {
    return row.status() ? not_found("there is no plan " + plan.text) : row.status().error();
  }
  return row.small();
}

Status set_trigger(Connection& db, const UserId& user, const PlanId& plan, const Json& trigger,
                   WallTime now) {
  static constexpr char kSet[] =
      "UPDATE execution_plans SET \"trigger\" = ?3, updated_at = ?4"
      " WHERE user_id = ?1 AND id = ?2";
  const std::string text = to_json(trigger);
  return db.query(kSet).bind(user.text, plan.text, text, now).run();
}

Status put(Connection& db, const Schedule& schedule, const Json& trigger) {
  const Result<int> version = plan_version(db, schedule.user, schedule.plan);
  if (!version) return version.error();
  if (*version != schedule.plan_version) {
    return conflict("version_conflict",
                    fmt::format("plan {} was changed meanwhile; try again", schedule.plan.text));
  }
  if (Status set = set_trigger(db, schedule.user, schedule.plan, trigger, schedule.updated_at);
      !set) {
    return set;
  }
  return put_schedule_row(db, schedule);
}

Status remove(Connection& db, const UserId& user, const PlanId& plan, const Json& trigger,
              WallTime now) {
  if (const auto version = plan_version(db, user, plan); !version) return version.error();
  if (Status set = set_trigger(db, user, plan, trigger, now); !set) return set;
  return remove_schedule_row(db, user, {plan.text});
}

Result<Schedule> find_one(Connection& db, const UserId& user, const ScheduleId& id) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kScheduleColumns + " FROM schedules WHERE user_id = ?1 AND id = ?2";
  Query row = db.query(kFind.text);
  if (!row.bind(user.text, id.text).next()) {
    return row.status() ? no_schedule(id) : row.status().error();
  }
  Schedule schedule = read_schedule(row);
  if (!row.status()) return row.status().error();
  return schedule;
}

Result<Page<Schedule>> list(Connection& db, const UserId& user, const PageRequest& request) {
  static constexpr auto kList = SqlText("SELECT ") + kScheduleColumns +
                                " FROM schedules WHERE user_id = ?1 AND id < ?2"
                                " ORDER BY id DESC LIMIT ?3";
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(kList.text);
  if (before->has_value()) {
    rows.bind(user.text, **before, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, limit + 1);
  }
  Page<Schedule> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
      page.next_cursor = id_cursor(page.items.back().id.text);
      break;
    }
    page.items.push_back(read_schedule(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

constexpr auto kSelectFires =
    SqlText("SELECT ") + kFireColumns + " FROM schedule_fires WHERE user_id = ?1";
constexpr auto kOfSchedule =
    kSelectFires + " AND schedule_id = ?2 AND due_at < ?3 ORDER BY due_at DESC LIMIT ?4";
constexpr auto kOfUser = kSelectFires +
                         " AND (due_at, schedule_id) < (?3, ?2)"
                         " ORDER BY due_at DESC, schedule_id DESC LIMIT ?4";

Result<Page<Fire>> fires(Connection& db, const UserId& user, const FireFilter& filter,
                         const PageRequest& request) {
  const auto before = read_fire_cursor(request.cursor);
  if (!before) return before.error();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  const std::int64_t due_at = before->has_value() ? (*before)->due_at : kLast;
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(filter.schedule.empty() ? kOfUser.text : kOfSchedule.text);
  if (!filter.schedule.empty()) {
    rows.bind(user.text, filter.schedule.text, due_at, limit + 1);
  } else if (before->has_value()) {
    rows.bind(user.text, (*before)->schedule, due_at, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, due_at, limit + 1);
  }
  Page<Fire> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit) {
      const Fire& last = page.items.back();
      page.next_cursor = fire_cursor({last.schedule.text, to_unix_micros(last.due_at)});
      break;
    }
    page.items.push_back(read_fire(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

}  // namespace

awaitable<Result<std::vector<DueSchedule>>> SqliteStore::due_schedules(WallTime now,
                                                                       std::int64_t limit) {
  return readers_.run([now, limit](Connection& db) { return due(db, now, limit); });
}

awaitable<Result<std::optional<WallTime>>> SqliteStore::next_fire() {
  return readers_.run([](Connection& db) -> Result<std::optional<WallTime>> {
    Query row = db.query(kNextFire);
    std::optional<WallTime> next;
    if (row.next()) next = row.maybe_time();
    if (!row.status()) return row.status().error();
    return next;
  });
}

awaitable<Result<FiringReport>> SqliteStore::fire(std::vector<Firing> firings) {
  const std::size_t rows = 3 * firings.size();
  return writer_.run(
      [firings = std::move(firings)](Connection& db) { return fire_all(db, firings); }, rows);
}

awaitable<Status> SqliteStore::put_schedule(Schedule schedule, Json trigger) {
  return writer_.run([schedule = std::move(schedule), trigger = std::move(trigger)](
                         Connection& db) { return put(db, schedule, trigger); },
                     2);
}

awaitable<Status> SqliteStore::remove_schedule(UserId user, PlanId plan, Json trigger,
                                               WallTime now) {
  return writer_.run([user = std::move(user), plan = std::move(plan), trigger = std::move(trigger),
                      now](Connection& db) { return remove(db, user, plan, trigger, now); },
                     2);
}

awaitable<Result<Schedule>> SqliteStore::find_schedule(UserId user, ScheduleId id) {
  return readers_.run([user = std::move(user), id = std::move(id)](Connection& db) {
    return find_one(db, user, id);
  });
}

awaitable<Result<Page<Schedule>>> SqliteStore::list_schedules(UserId user, PageRequest page) {
  return readers_.run([user = std::move(user), page = std::move(page)](Connection& db) {
    return list(db, user, page);
  });
}

awaitable<Result<Page<Fire>>> SqliteStore::list_fires(UserId user, FireFilter filter,
                                                      PageRequest page) {
  return readers_.run([user = std::move(user), filter = std::move(filter), page = std::move(page)](
                          Connection& db) { return fires(db, user, filter, page); });
}

}  // namespace pilot::store::sqlite
