#include "store/postgres/run_rows.h"

#include "store/preview.h"

namespace pilot::store::postgres {
namespace {

// LATERAL with what cannot be pulled up into a join (a row lock, OFFSET 0): each given row is
// looked up by its key. As a plain join the planner, without statistics of a young table, goes over
// all of a tenant's runs for each of them.
constexpr SqlText kNotTerminal = " AND r.state NOT IN ('success', 'error', 'cancelled')";

constexpr SqlText kAttemptsGiven =
    " SELECT $1, a.run_id, a.seq, a.revision, a.plan_id, a.plan_name, a.step_number, a.step_id,"
    " a.item_path, a.visit, a.attempt, a.provider, a.action, a.status, a.message, a.latency_ms,"
    " a.idempotency_key, a.http_status, a.wake_at, a.started_at, a.finished_at, a.error_detail,"
    " a.metadata, a.output, a.error, a.error_code, a.output_preview FROM unnest($2::text[], "
    "$3::int8[], $4::int8[], $5::text[], $6::text[],"
    " $7::int4[], $8::text[], $9::text[], $10::int4[], $11::int4[], $12::text[], $13::text[],"
    " $14::text[], $15::text[], $16::int8[], $17::text[], $18::int4[], $19::timestamptz[],"
    " $20::timestamptz[], $21::timestamptz[], $22::json[], $23::json[], $24::json[], $25::text[],"
    " $26::text[], $27::text[]";
constexpr SqlText kAttemptNames =
    "run_id, seq, revision, plan_id, plan_name, step_number, step_id, item_path, visit, attempt,"
    " provider, action, status, message, latency_ms, idempotency_key, http_status, wake_at,"
    " started_at, finished_at, error_detail, metadata, output, error, error_code, output_preview";
constexpr auto kInsertAttempts = SqlText("INSERT INTO execution_logs (") + kAttemptColumns +
                                 ", error, error_code, output_preview)" + kAttemptsGiven +
                                 ") AS a(" + kAttemptNames + ")";
constexpr auto kPutAttempts =
    SqlText("INSERT INTO execution_logs (") + kAttemptColumns +
    ", error, error_code, output_preview)" + kAttemptsGiven + ", $28::text[], $29::int8[]) AS a(" +
    kAttemptNames +
    ", node, epoch) WHERE EXISTS (SELECT FROM runs r WHERE r.user_id = $1 AND r.id = a.run_id"
    " AND r.node = a.node AND r.epoch = a.epoch" +
    kNotTerminal +
    " OFFSET 0) ON CONFLICT (user_id, run_id, seq) DO UPDATE SET (revision, plan_id, plan_name,"
    " step_number, step_id, item_path, visit, attempt, provider, action, status, message,"
    " latency_ms, idempotency_key, http_status, wake_at, started_at, finished_at, error_detail,"
    " metadata, output, error, error_code, output_preview) = (excluded.revision, excluded.plan_id, "
    "excluded.plan_name,"
    " excluded.step_number, excluded.step_id, excluded.item_path, excluded.visit, excluded.attempt,"
    " excluded.provider, excluded.action, excluded.status, excluded.message, excluded.latency_ms,"
    " excluded.idempotency_key, excluded.http_status, excluded.wake_at, excluded.started_at,"
    " excluded.finished_at, excluded.error_detail, excluded.metadata, excluded.output, "
    "excluded.error,"
    " excluded.error_code, excluded.output_preview)";

}  // namespace

void InsertRuns::add(const Run& made, const Run& now) {
  id_.text(made.id.text);
  plan_.text(made.plan.text);
  plan_version_.small(made.plan_version);
  plan_name_.text(made.plan_name);
  state_.text(to_string(now.state));
  reason_.text(now.reason);
  wake_at_.maybe_time(now.wake_at);
  created_at_.time(made.created_at);
  started_at_.maybe_time(now.started_at);
  finished_at_.maybe_time(now.finished_at);
  deadline_.maybe_time(now.deadline);
  retry_of_.text(made.retry_of.text);
  node_.text(now.node);
  epoch_.integer(now.epoch);
  revision_.integer(now.revision);
  total_steps_.small(made.total_steps);
  error_.json(now.error);
  inputs_.json(made.inputs);
  trigger_.json(made.trigger);
  document_.json(made.document);
  output_.json(*now.output);
}

std::size_t InsertRuns::bytes() const {
  return error_.bytes_so_far() + inputs_.bytes_so_far() + trigger_.bytes_so_far() +
         document_.bytes_so_far() + output_.bytes_so_far();
}

Command InsertRuns::command(const UserId& user) const {
  static constexpr auto kInsert =
      SqlText("INSERT INTO runs (") + kRunColumns +
      ", schedule_id) SELECT $1, n.*, '' FROM unnest($2::text[], $3::text[], $4::int4[],"
      " $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],"
      " $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[],"
      " $15::int8[], $16::int8[], $17::int4[], $18::json[], $19::json[], $20::json[], $21::json[],"
      " $22::json[]) AS n";
  Command command{kInsert.text, {}};
  command.params.text(user.text);
  for (const Column* column :
       {&id_,      &plan_,       &plan_version_, &plan_name_,   &state_,    &reason_,
        &wake_at_, &created_at_, &started_at_,   &finished_at_, &deadline_, &retry_of_,
        &node_,    &epoch_,      &revision_,     &total_steps_, &error_,    &inputs_,
        &trigger_, &document_,   &output_}) {
    command.params.column(*column);
  }
  return command;
}

void LockRuns::add(const RunId& run, const std::string& owner, std::int64_t epoch) {
  id_.text(run.text);
  owner_.text(owner);
  epoch_.integer(epoch);
}

Command LockRuns::command(const UserId& user) const {
  static constexpr auto kLock =
      SqlText(
          "SELECT o.place FROM unnest($2::text[], $3::text[], $4::int8[]) WITH ORDINALITY"
          " AS o(id, node, epoch, place), LATERAL (SELECT FROM runs r WHERE r.user_id = $1"
          " AND r.id = o.id AND r.node = o.node AND r.epoch = o.epoch") +
      kNotTerminal + " FOR NO KEY UPDATE) r";
  Command command{kLock.text, {}};
  command.params.text(user.text).column(id_).column(owner_).column(epoch_);
  return command;
}

void UpdateRuns::add(const Run& run, const std::string& owner) {
  id_.text(run.id.text);
  owner_.text(owner);
  epoch_.integer(run.epoch);
  state_.text(to_string(run.state));
  reason_.text(run.reason);
  wake_at_.maybe_time(run.wake_at);
  started_at_.maybe_time(run.started_at);
  finished_at_.maybe_time(run.finished_at);
  deadline_.maybe_time(run.deadline);
  node_.text(run.node);
  revision_.integer(run.revision);
  error_.json(run.error);
  output_.json(*run.output);
}

std::size_t UpdateRuns::bytes() const { return error_.bytes_so_far() + output_.bytes_so_far(); }

// The target of an UPDATE cannot be looked up that way, that of a conflict is: no row is new here.
Command UpdateRuns::command(const UserId& user) const {
  static constexpr auto kUpdate =
      SqlText(
          "INSERT INTO runs (user_id, id, plan_id, plan_version, plan_name, total_steps, retry_of,"
          " schedule_id, created_at, epoch, state, reason, wake_at, started_at, finished_at,"
          " deadline, node, revision, error, output)"
          " SELECT r.user_id, r.id, r.plan_id, r.plan_version, r.plan_name, r.total_steps,"
          " r.retry_of, r.schedule_id, r.created_at, r.epoch, n.state, n.reason, n.wake_at,"
          " n.started_at, n.finished_at, n.deadline, n.new_node, n.revision, n.error, n.output"
          " FROM unnest($2::text[], $3::text[], $4::int8[], $5::text[], $6::text[],"
          " $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],"
          " $11::text[], $12::int8[], $13::json[], $14::json[]) AS n(id, node, epoch, state,"
          " reason, wake_at, started_at, finished_at, deadline, new_node, revision, error, output),"
          " LATERAL (SELECT r.user_id, r.id, r.plan_id, r.plan_version, r.plan_name, r.total_steps,"
          " r.retry_of, r.schedule_id, r.created_at, r.epoch FROM runs r WHERE r.user_id = $1"
          " AND r.id = n.id AND r.node = n.node AND r.epoch = n.epoch") +
      kNotTerminal +
      " OFFSET 0) r ON CONFLICT (user_id, id) DO UPDATE SET state = excluded.state,"
      " reason = excluded.reason, wake_at = excluded.wake_at, started_at = excluded.started_at,"
      " finished_at = excluded.finished_at, deadline = excluded.deadline, node = excluded.node,"
      " revision = excluded.revision, error = excluded.error, output = excluded.output";
  Command command{kUpdate.text, {}};
  command.params.text(user.text);
  for (const Column* column : {&id_, &owner_, &epoch_, &state_, &reason_, &wake_at_, &started_at_,
                               &finished_at_, &deadline_, &node_, &revision_, &error_, &output_}) {
    command.params.column(*column);
  }
  return command;
}

void PutAttempts::add(const Attempt& a, const std::string& owner, std::int64_t epoch) {
  run_.text(a.run.text);
  seq_.integer(a.seq);
  revision_.integer(a.revision);
  plan_.text(a.plan.text);
  plan_name_.text(a.plan_name);
  step_number_.small(a.step_number);
  step_id_.text(a.step_id);
  item_path_.text(a.item_path);
  visit_.small(a.visit);
  attempt_.small(a.attempt);
  provider_.text(a.provider);
  action_.text(a.action);
  status_.text(to_string(a.status));
  message_.text(a.message);
  latency_ms_.integer(a.latency_ms);
  idempotency_key_.text(a.idempotency_key);
  http_status_.maybe_small(a.http_status);
  wake_at_.maybe_time(a.wake_at);
  started_at_.time(a.started_at);
  finished_at_.maybe_time(a.finished_at);
  error_.json(a.error);
  metadata_.json(a.metadata);
  output_.json(*a.output);
  add_readable(a);
  if (of_new_runs_) return;
  owner_.text(owner);
  epoch_.integer(epoch);
}

std::size_t PutAttempts::bytes() const {
  return error_.bytes_so_far() + metadata_.bytes_so_far() + output_.bytes_so_far();
}

// What people read of it in the old service's columns.
void PutAttempts::add_readable(const Attempt& a) {
  const auto put = [](Column& column, std::string_view text, bool there) {
    if (there) return column.text(text);
    column.null();
  };
  put(message_of_error_, string_or(a.error, "message"), a.error.is_object());
  put(code_of_error_, string_or(a.error, "code"), a.error.is_object());
  put(preview_, output_preview(*a.output), !a.output.is_null());
}

Command PutAttempts::command(const UserId& user) const {
  Command command{of_new_runs_ ? kInsertAttempts.text : kPutAttempts.text, {}};
  command.params.text(user.text);
  for (const Column* column : {&run_,           &seq_,         &revision_,   &plan_,
                               &plan_name_,     &step_number_, &step_id_,    &item_path_,
                               &visit_,         &attempt_,     &provider_,   &action_,
                               &status_,        &message_,     &latency_ms_, &idempotency_key_,
                               &http_status_,   &wake_at_,     &started_at_, &finished_at_,
                               &error_,         &metadata_,    &output_,     &message_of_error_,
                               &code_of_error_, &preview_}) {
    command.params.column(*column);
  }
  if (!of_new_runs_) command.params.column(owner_).column(epoch_);
  return command;
}

}  // namespace pilot::store::postgres
