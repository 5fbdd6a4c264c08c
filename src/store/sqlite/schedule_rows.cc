#include "store/sqlite/schedule_rows.h"

#include "model/limits.h"

namespace pilot::store::sqlite {
namespace {

// Only a new one counts against the limit.
Status check_room(Connection& db, const Schedule& schedule) {
  static constexpr char kCount[] = "SELECT schedules FROM schedule_counts WHERE user_id = ?1";
  static constexpr char kKnown[] = "SELECT 1 FROM schedules WHERE user_id = ?1 AND id = ?2";
  {
    Query row = db.query(kCount);
    const bool full = row.bind(schedule.user.text).next() && row.integer() >= limits::kSchedules;
    if (!row.status()) return row.status();
    if (!full) return ok();
  }
  Query row = db.query(kKnown);
  if (row.bind(schedule.user.text, schedule.id.text).next()) return ok();
  if (!row.status()) return row.status();
  return Error{ErrorKind::rate_limited,
               "too_many_schedules",
               fmt::format("there are {} schedules, which is the limit; remove one to make another",
                           limits::kSchedules),
               {}};
}

}  // namespace

Status put_schedule_row(Connection& db, const Schedule& s) {
  // On the right of SET a column is the row's as it was.
  static constexpr SqlText kSame =
      "(expression, dialect, timezone, dst, starts_at, ends_at) IS (excluded.expression,"
      " excluded.dialect, excluded.timezone, excluded.dst, excluded.starts_at, excluded.ends_at)";
  static constexpr auto kPut =
      SqlText("INSERT INTO schedules (") + kScheduleColumns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
      " ?19, ?20, 1, ?21)"
      " ON CONFLICT (user_id, id) DO UPDATE SET"
      " next_fire_at = CASE WHEN " +
      kSame +
      " THEN next_fire_at ELSE excluded.next_fire_at END,"
      " fire_at = CASE WHEN NOT (" +
      kSame +
      ") THEN excluded.fire_at"
      " WHEN jitter_s = excluded.jitter_s THEN fire_at"
      " ELSE next_fire_at + coalesce(excluded.fire_at - excluded.next_fire_at, 0) END,"
      " plan_id = excluded.plan_id, plan_version = excluded.plan_version,"
      " total_steps = excluded.total_steps, name = excluded.name,"
      " expression = excluded.expression, dialect = excluded.dialect,"
      " timezone = excluded.timezone, dst = excluded.dst, starts_at = excluded.starts_at,"
      " ends_at = excluded.ends_at, misfire_grace_s = excluded.misfire_grace_s,"
      " coalesce = excluded.coalesce, max_instances = excluded.max_instances,"
      " jitter_s = excluded.jitter_s, updated_at = excluded.updated_at,"
      " revision = revision + 1, inputs = excluded.inputs";
  if (Status room = check_room(db, s); !room) return room;
  const std::string inputs = to_json(s.inputs);
  return db.query(kPut.text)
      .bind(s.user.text, s.id.text, s.plan.text, s.plan_version, s.total_steps, s.name,
            s.expression, s.dialect, s.timezone, s.dst, s.starts_at, s.ends_at, s.misfire_grace_s,
            s.coalesce ? 1 : 0, s.max_instances, s.jitter_s, s.next_fire_at, s.fire_at,
            s.created_at, s.updated_at, inputs)
      .run();
}

Status remove_schedule_row(Connection& db, const UserId& user, const ScheduleId& id) {
  static constexpr char kRemove[] = "DELETE FROM schedules WHERE user_id = ?1 AND id = ?2";
  return db.query(kRemove).bind(user.text, id.text).run();
}

Result<bool> insert_fire(Connection& db, const Fire& f) {
  static constexpr auto kInsert =
      SqlText("INSERT INTO schedule_fires (") + kFireColumns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
  Query query = db.query(kInsert.text);
  query.bind(f.user.text, f.schedule.text, f.plan.text, f.due_at, f.last_due_at, f.count,
             to_string(f.status), f.cause, f.lateness_ms, f.coalesced_count, f.run.text,
             f.recorded_at);
  if (Status done = query.run(); !done) return done.error();
  return db.changes() == 1;
}

}  // namespace pilot::store::sqlite
