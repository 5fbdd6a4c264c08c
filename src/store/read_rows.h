// Reading the rows that both drivers have: the columns in their order, and what they make. `Row` is
// a driver's row (sqlite::Query, postgres::Rows), which gives its columns from the left.
#pragma once

#include "model/run.h"
#include "model/schedule.h"
#include "store/audit_store.h"
#include "store/identity_store.h"
#include "store/sql_text.h"

namespace pilot::store {

// The columns that the readers below expect, in their order.
inline constexpr SqlText kRunColumns =
    "user_id, id, plan_id, plan_version, plan_name, state, reason, wake_at, created_at, started_at,"
    " finished_at, deadline, retry_of, node, epoch, revision, total_steps, error, inputs,"
    " \"trigger\", document, output";
// Of kRunColumns, what a list shows however large it is.
inline constexpr SqlText kRunListHead =
    "user_id, id, plan_id, plan_version, plan_name, state, reason, wake_at, created_at, started_at,"
    " finished_at, deadline, retry_of, node, epoch, revision, total_steps, error";
inline constexpr SqlText kAttemptColumns =
    "user_id, run_id, seq, revision, plan_id, plan_name, step_number, step_id, item_path, visit,"
    " attempt, provider, action, status, message, latency_ms, idempotency_key, http_status,"
    " wake_at, started_at, finished_at, error_detail, metadata, output";
inline constexpr SqlText kScheduleColumns =
    "user_id, id, plan_id, plan_version, total_steps, name, expression, dialect, timezone, dst,"
    " starts_at, ends_at, misfire_grace_s, coalesce, max_instances, jitter_s, next_fire_at,"
    " fire_at, created_at, updated_at, revision, inputs";
inline constexpr SqlText kFireColumns =
    "user_id, schedule_id, plan_id, due_at, last_due_at, count, status, cause, lateness_ms,"
    " coalesced_count, run_id, recorded_at";

template <class Row>
Run read_run(Row& row) {
  Run run;
  run.user = {row.text()};
  run.id = {row.text()};
  run.plan = {row.text()};
  run.plan_version = row.small();
  run.plan_name = row.text();
  run.state = run_state_from(row.text()).value_or(RunState::error);
  run.reason = row.text();
  run.wake_at = row.maybe_time();
  run.created_at = row.time();
  run.started_at = row.maybe_time();
  run.finished_at = row.maybe_time();
  run.deadline = row.maybe_time();
  run.retry_of = {row.text()};
  run.node = row.text();
  run.epoch = row.integer();
  run.revision = row.integer();
  run.total_steps = row.small();
  run.error = row.json();
  run.inputs = row.json();
  run.trigger = row.json();
  run.document = row.json();
  run.output = row.json();
  return run;
}

// A row of a list: kRunColumns, then whether inputs, trigger and output are cut.
template <class Row>
Run read_listed_run(Row& row) {
  Run run = read_run(row);
  run.inputs_cut = row.integer() != 0;
  run.trigger_cut = row.integer() != 0;
  run.output_cut = row.integer() != 0;
  return run;
}

template <class Row>
Attempt read_attempt(Row& row) {
  Attempt attempt;
  attempt.user = {row.text()};
  attempt.run = {row.text()};
  attempt.seq = row.integer();
  attempt.revision = row.integer();
  attempt.plan = {row.text()};
  attempt.plan_name = row.text();
  attempt.step_number = row.small();
  attempt.step_id = row.text();
  attempt.item_path = row.text();
  attempt.visit = row.small();
  attempt.attempt = row.small();
  attempt.provider = row.text();
  attempt.action = row.text();
  attempt.status = attempt_status_from(row.text()).value_or(AttemptStatus::error);
  attempt.message = row.text();
  attempt.latency_ms = row.integer();
  attempt.idempotency_key = row.text();
  if (const auto status = row.maybe_integer()) attempt.http_status = static_cast<int>(*status);
  attempt.wake_at = row.maybe_time();
  attempt.started_at = row.time();
  attempt.finished_at = row.maybe_time();
  attempt.error = row.json();
  attempt.metadata = row.json();
  attempt.output = row.json();
  return attempt;
}

template <class Row>
Schedule read_schedule(Row& row) {
  Schedule schedule;
  schedule.user = {row.text()};
  schedule.id = {row.text()};
  schedule.plan = {row.text()};
  schedule.plan_version = row.small();
  schedule.total_steps = row.small();
  schedule.name = row.text();
  schedule.expression = row.text();
  schedule.dialect = row.text();
  schedule.timezone = row.text();
  schedule.dst = row.text();
  schedule.starts_at = row.maybe_time();
  schedule.ends_at = row.maybe_time();
  schedule.misfire_grace_s = row.maybe_integer();
  schedule.coalesce = row.boolean();
  schedule.max_instances = row.integer();
  schedule.jitter_s = row.integer();
  schedule.next_fire_at = row.maybe_time();
  schedule.fire_at = row.maybe_time();
  schedule.created_at = row.time();
  schedule.updated_at = row.time();
  schedule.revision = row.integer();
  schedule.inputs = row.json();
  return schedule;
}

template <class Row>
Fire read_fire(Row& row) {
  Fire fire;
  fire.user = {row.text()};
  fire.schedule = {row.text()};
  fire.plan = {row.text()};
  fire.due_at = row.time();
  fire.last_due_at = row.time();
  fire.count = row.maybe_integer();
  fire.status = row.text() == "fired" ? Fire::Status::fired : Fire::Status::missed;
  fire.cause = row.text();
  fire.lateness_ms = row.integer();
  fire.coalesced_count = row.integer();
  fire.run = {row.text()};
  fire.recorded_at = row.time();
  return fire;
}

template <class Row>
User read_user(Row& row) {
  User user;
  user.id.text = row.text();
  user.owner.text = row.text();
  user.name = row.text();
  user.email = row.text();
  user.password_hash = row.text();
  user.created_at = row.time();
  user.disabled = row.boolean();
  const bool has_hosts = row.boolean();
  std::string hosts = row.text();
  if (has_hosts) user.allowed_hosts = std::move(hosts);
  return user;
}

template <class Row>
ApiKey read_key(Row& row) {
  ApiKey key;
  key.user.text = row.text();
  key.id = row.text();
  key.name = row.text();
  key.prefix = row.text();
  key.sha256 = row.text();
  // A scope of a newer Pilot is one that this one does not have: the key is then of no use here.
  key.scopes = parse_scopes(row.text()).value_or(Scopes{});
  key.expires_at = row.maybe_time();
  key.created_at = row.time();
  key.last_used_at = row.maybe_time();
  key.revoked_at = row.maybe_time();
  return key;
}

template <class Row>
AuditEntry read_entry(Row& row) {
  AuditEntry entry;
  entry.user.text = row.text();
  entry.id = row.text();
  entry.at = row.time();
  entry.caller = row.text();
  entry.caller_id = row.text();
  entry.method = row.text();
  entry.route = row.text();
  entry.status = row.small();
  entry.code = row.text();
  entry.address = row.text();
  entry.request_id = row.text();
  entry.acting_for = row.text();
  return entry;
}

}  // namespace pilot::store
