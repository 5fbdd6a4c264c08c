#include "store/sqlite/run_rows.h"

#include <array>

namespace pilot::store::sqlite {
namespace {

// The JSON texts of one statement, one after the other in the connection's scratch room, so that
// binding them copies nothing and allocates nothing.
template <std::size_t N>
class JsonTexts {
 public:
  JsonTexts(Connection& db, const std::array<const Json*, N>& values) : room_(db.scratch()) {
    for (std::size_t i = 0; i < N; ++i) {
      from_[i] = room_.size();
      null_[i] = values[i]->is_null();
      if (null_[i]) continue;
      if (may_be_large(*values[i])) room_.reserve(room_.size() + json_size(*values[i]) + 1);
      append_json(room_, *values[i]);
      room_ += '\0';
    }
    from_[N] = room_.size();
  }
  std::optional<TerminatedText> operator[](std::size_t i) const {
    if (null_[i]) return std::nullopt;
    return TerminatedText{std::string_view(room_).substr(from_[i], from_[i + 1] - from_[i] - 1)};
  }

 private:
  // Room that doubles as it grows would take three times the text at the end.
  static bool may_be_large(const Json& value) {
    constexpr std::size_t kMany = 64;
    return (value.is_array() && value.get_array().size() >= kMany) ||
           (value.is_object() && value.get_object().size() >= kMany) ||
           (value.is_string() && value.get_string().size() >= kMany * kMany);
  }

  std::string& room_;
  std::array<std::size_t, N + 1> from_{};
  std::array<bool, N> null_{};
};

}  // namespace

Status insert_run(Connection& db, const Run& made, const Run& now) {
  static constexpr auto kInsert =
      SqlText("INSERT INTO runs (") + kRunColumns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
      " ?19, ?20, ?21, ?22)";
  const JsonTexts<5> json(db,
                          {&now.error, &made.inputs, &made.trigger, &made.document, &*now.output});
  Query query = db.query(kInsert.text);
  query.bind(made.user.text, made.id.text, made.plan.text, made.plan_version, made.plan_name,
             to_string(now.state), now.reason, now.wake_at, made.created_at, now.started_at,
             now.finished_at, now.deadline, made.retry_of.text, now.node, now.epoch, now.revision,
             made.total_steps, json[0], json[1], json[2], json[3], json[4]);
  return query.run();
}

Status insert_fired_run(Connection& db, const Run& run, const ScheduleId& schedule) {
  static constexpr char kInsert[] =
      "INSERT INTO runs (user_id, id, plan_id, plan_version, plan_name, state, reason, created_at,"
      " retry_of, node, epoch, revision, total_steps, inputs, \"trigger\", schedule_id)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7, '', '', 0, ?8, ?9, ?10, ?11, ?12)"
      " ON CONFLICT DO NOTHING";
  const JsonTexts<2> json(db, {&run.inputs, &run.trigger});
  return db.query(kInsert)
      .bind(run.user.text, run.id.text, run.plan.text, run.plan_version, run.plan_name,
            to_string(run.state), run.created_at, run.revision, run.total_steps, json[0], json[1],
            schedule.text)
      .run();
}

Result<bool> update_run(Connection& db, const Run& run, const std::string& owner) {
  static constexpr char kUpdate[] =
      "UPDATE runs SET state = ?5, reason = ?6, wake_at = ?7, started_at = ?8, finished_at = ?9,"
      " deadline = ?10, node = ?11, revision = ?12, error = ?13, output = ?14"
      " WHERE user_id = ?1 AND id = ?2 AND node = ?3 AND epoch = ?4"
      " AND state NOT IN ('success', 'error', 'cancelled')";
  if (owner.empty()) return false;
  const JsonTexts<2> json(db, {&run.error, &*run.output});
  Query query = db.query(kUpdate);
  query.bind(run.user.text, run.id.text, owner, run.epoch, to_string(run.state), run.reason,
             run.wake_at, run.started_at, run.finished_at, run.deadline, run.node, run.revision,
             json[0], json[1]);
  if (Status done = query.run(); !done) return done.error();
  return db.changes() == 1;
}

Result<bool> owns_run(Connection& db, const UserId& user, const RunId& run,
                      const std::string& owner, std::int64_t epoch) {
  static constexpr char kOwns[] =
      "SELECT 1 FROM runs WHERE user_id = ?1 AND id = ?2 AND node = ?3 AND epoch = ?4"
      " AND state NOT IN ('success', 'error', 'cancelled')";
  if (owner.empty()) return false;
  Query query = db.query(kOwns);
  const bool found = query.bind(user.text, run.text, owner, epoch).next();
  if (!query.status()) return query.status().error();
  return found;
}

Status put_attempt(Connection& db, const Attempt& a) {
  static constexpr auto kPut =
      SqlText("INSERT INTO execution_logs (") + kAttemptColumns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
      " ?19, ?20, ?21, ?22, ?23, ?24)"
      // In place: REPLACE would delete the row, append it again and touch the key's index twice.
      " ON CONFLICT (user_id, run_id, seq) DO UPDATE SET (revision, plan_id, plan_name,"
      " step_number, step_id, item_path, visit, attempt, provider, action, status, message,"
      " latency_ms, idempotency_key, http_status, wake_at, started_at, finished_at, error_detail,"
      " metadata, output) = (?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
      " ?19, ?20, ?21, ?22, ?23, ?24)";
  const JsonTexts<3> json(db, {&a.error, &a.metadata, &*a.output});
  Query query = db.query(kPut.text);
  query.bind(a.user.text, a.run.text, a.seq, a.revision, a.plan.text, a.plan_name, a.step_number,
             a.step_id, a.item_path, a.visit, a.attempt, a.provider, a.action, to_string(a.status),
             a.message, a.latency_ms, a.idempotency_key, a.http_status, a.wake_at, a.started_at,
             a.finished_at, json[0], json[1], json[2]);
  return query.run();
}

}  // namespace pilot::store::sqlite
