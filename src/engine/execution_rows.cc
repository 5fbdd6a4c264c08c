// What a run writes into the journal about its steps.
#include "engine/execution.h"

namespace pilot::engine {

Attempt Execution::row_of(Cell& cell, AttemptStatus status) {
  const Step& spec = cell.step->spec;
  const auto active = active_.find(&cell);
  Attempt row;
  row.user = run_.user;
  row.run = run_.id;
  row.plan = run_.plan;
  row.plan_name = run_.plan_name;
  row.step_number = cell.step->number + 1;
  row.step_id = spec.id;
  row.item_path = cell.item_path();
  row.visit = cell.visit;
  row.attempt = std::max(1, cell.attempt);
  row.provider = spec.provider;
  row.action = spec.action;
  row.status = status;
  row.started_at = active == active_.end() ? cell.started_at : active->second.started;
  if (active != active_.end()) row.idempotency_key = active->second.key;
  if (status != AttemptStatus::running) {
    row.finished_at = parts_.clock.now();
    row.latency_ms = std::chrono::duration_cast<Millis>(*row.finished_at - row.started_at).count();
  }
  return row;
}

// `is_last`: the attempt is over; the next one has a row of its own.
void Execution::put(Cell& cell, Attempt row, bool is_last) {
  Active& active = active_.at(&cell);
  if (active.seq == 0) {
    active.seq = active.again != 0 ? std::exchange(active.again, 0) : next_seq_++;
  }
  row.seq = active.seq;
  row.revision = ++run_.revision;
  parts_.journal.put_attempt(std::move(row), run_.epoch, active.slot);
  if (is_last) {
    active.seq = 0;
    active.slot = {};
  }
}

// A sleeper that will not be woken: its row does not stay open.
void Execution::close_row(Cell& cell) {
  const auto active = active_.find(&cell);
  if (active == active_.end() || (active->second.seq == 0 && active->second.again == 0) ||
      asking_.contains(&cell))
    return;
  Attempt row = row_of(cell, AttemptStatus::error);
  row.message = "the run ended before it was done";
  row.error = to_json_value(StepError{.code = "cancelled", .message = row.message});
  put(cell, std::move(row), true);
}

// Rows of steps that make no call: skipped, failed before it, foreach and groups.
void Execution::put_outcome(Cell& cell, const CellOutcome& outcome) {
  Attempt row = row_of(cell, outcome.status);
  row.message = outcome.message;
  row.output = outcome.output;
  if (outcome.error) row.error = to_json_value(*outcome.error);
  row.seq = next_seq_++;
  row.revision = ++run_.revision;
  JournalSlot slot;
  parts_.journal.put_attempt(std::move(row), run_.epoch, slot);
}

}  // namespace pilot::engine
