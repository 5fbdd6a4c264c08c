// What becomes of a step once its call has an answer: a result, another try, or a wait for
// somebody.
#include <fmt/format.h>

#include "base/spawn.h"
#include "engine/execution.h"
#include "engine/step_errors.h"

namespace pilot::engine {
namespace {

constexpr std::chrono::minutes kReauthLook{10};

StepError unknown_error(const std::string& why) {
  return {.code = "outcome_unknown",
          .message = fmt::format("it is not known whether the call was carried out ({}); doing it "
                                 "again could do it twice",
                                 why)};
}

}  // namespace

void Execution::on_result(Cell& cell, CallResult result) {
  if (cancel_.cancelled() && !result.result.success) {
    on_cancelled(cell, std::move(result));
    return;
  }
  if (result.needs_reauth && !machine_.doomed(cell)) {
    wait_for_reauth(cell, std::move(result));
    return;
  }
  const auto& why = result.result.error;
  if (result.http_status == 429 && why && why->retry_after) {
    parts_.rates.close(StepRunner::caller_of(run_.user, *cell.step),
                       parts_.clock.steady() + *why->retry_after);
  }
  const Verdict verdict = judge(result.result, result.stage, result.effect);
  const AttemptStatus failed = verdict.timed_out ? AttemptStatus::timeout : AttemptStatus::error;
  switch (verdict.kind) {
    case Verdict::Kind::success:
      conclude(cell, AttemptStatus::success, std::move(result));
      return;
    case Verdict::Kind::fail:
      conclude(cell, failed, std::move(result));
      return;
    case Verdict::Kind::unknown:
      outcome_unknown(cell, std::move(result));
      return;
    case Verdict::Kind::retry:
      break;
  }
  const auto since =
      std::chrono::duration_cast<Millis>(parts_.clock.now() - active_.at(&cell).first_started);
  const std::optional<Millis> asked =
      result.result.error ? result.result.error->retry_after : std::nullopt;
  const std::optional<Millis> wait =
      next_wait(cell.step->spec.retry, cell.attempt, since, asked, parts_.random);
  if (!wait || machine_.doomed(cell)) {
    conclude(cell, failed, std::move(result));
    return;
  }
  retry_later(cell, std::move(result), *wait);
}

// The run was cancelled, stopped or timed out while the call was under way.
void Execution::on_cancelled(Cell& cell, CallResult result) {
  if (result.stage != CallStage::not_sent && result.effect == EffectClass::unsafe) {
    result.result.error = unknown_error("the run ended during it");
    result.result.message = result.result.error->message;
    conclude(cell, AttemptStatus::unknown, std::move(result));
    return;
  }
  conclude(cell, AttemptStatus::error, std::move(result));
}

void Execution::retry_later(Cell& cell, CallResult result, Millis wait) {
  Attempt row = row_of(cell, AttemptStatus::retrying);
  row.message = result.result.message;
  if (result.result.error) row.error = to_json_value(*result.result.error);
  row.metadata = std::move(result.result.metadata);
  row.http_status = result.http_status;
  row.wake_at = parts_.clock.now() + wait;
  const WallTime when = *row.wake_at;
  put(cell, std::move(row), true);
  sleep_until(cell, when);
}

// Until the user has connected anew, which wakes the run; a look now and then finds what was stored
// in another way. Nothing was tried, so it costs no attempt: the next one is the same, in the same
// row, which has no time of its own, so that a run that is loaded looks at once.
void Execution::wait_for_reauth(Cell& cell, CallResult result) {
  Attempt row = row_of(cell, AttemptStatus::retrying);
  row.message = result.result.message;
  row.error = to_json_value(*result.result.error);
  put(cell, std::move(row), false);
  Active& active = active_.at(&cell);
  active.again = std::exchange(active.seq, 0);
  active.slot = {};
  reauth_.insert(&cell);
  sleep_until(cell, parts_.clock.now() + kReauthLook);
}

// Where somebody can be asked whether it was carried out, that comes before all else.
void Execution::outcome_unknown(Cell& cell, CallResult result) {
  if (cell.step->action->verify == nullptr) {
    leave_unknown(cell, std::move(result));
    return;
  }
  ++calls_;
  spawn(parts_.executor, verify(shared_from_this(), &cell, std::move(result)));
}

void Execution::leave_unknown(Cell& cell, CallResult result) {
  const StepError why = result.result.error.value_or(StepError{.message = "no answer came"});
  switch (cell.step->spec.on_unknown) {
    case OnUnknown::retry: {
      const bool again = cell.attempt < cell.step->spec.retry.max_attempts;
      if (again) {
        retry_later(cell, std::move(result), cell.step->spec.retry.initial);
        return;
      }
      break;
    }
    case OnUnknown::fail:
      break;
    case OnUnknown::ask: {
      Attempt row = row_of(cell, AttemptStatus::unknown);
      const StepError error = unknown_error(why.message);
      row.message = error.message;
      row.error = to_json_value(error);
      row.http_status = result.http_status;
      row.finished_at = parts_.clock.now();
      put(cell, std::move(row), false);
      asking_.insert(&cell);
      return;
    }
  }
  result.result.error = unknown_error(why.message);
  result.result.message = result.result.error->message;
  conclude(cell, AttemptStatus::error, std::move(result));
}

void Execution::conclude(Cell& cell, AttemptStatus status, CallResult result) {
  CellOutcome outcome;
  outcome.status = status;
  outcome.started_at = active_.at(&cell).started;
  outcome.output = std::move(result.result.output);
  outcome.output_bytes = json_size(*outcome.output);
  outcome.message = std::move(result.result.message);
  outcome.error = std::move(result.result.error);
  outcome.metadata = std::move(result.result.metadata);
  bound_output(outcome);
  Attempt row = row_of(cell, outcome.status);
  row.message = outcome.message;
  row.output = outcome.output;
  if (outcome.error) row.error = to_json_value(*outcome.error);
  row.metadata = outcome.metadata;
  row.http_status = result.http_status;
  put(cell, std::move(row), true);
  active_.erase(&cell);
  finish_cell(cell, std::move(outcome));
}

// A call's output was bounded when it came; a loop's list and the sum of all are bounded here.
void Execution::bound_output(CellOutcome& outcome) const {
  std::string why;
  if (outcome.output_bytes > limits::kStepOutput) {
    why = fmt::format("the output has {} bytes, the limit is {}", outcome.output_bytes,
                      limits::kStepOutput);
  } else if (machine_.output_bytes() + outcome.output_bytes > limits::kRunOutput) {
    why =
        fmt::format("the outputs of the run's steps exceed {} bytes together", limits::kRunOutput);
  } else {
    return;
  }
  outcome.status = AttemptStatus::error;
  outcome.output = {};
  outcome.output_bytes = 0;
  outcome.message = why;
  outcome.error = StepError{.code = "output_too_large", .message = std::move(why)};
}

void Execution::finish_cell(Cell& cell, CellOutcome outcome) {
  finish_containers(machine_.finish(cell, std::move(outcome)));
}

// A foreach or group that became complete by this, and the ones around it.
void Execution::finish_containers(std::optional<Machine::Completed> done) {
  while (done) {
    Cell& container = *done->cell;
    container.attempt = 1;
    done->outcome.started_at = container.started_at;
    bound_output(done->outcome);
    put_outcome(container, done->outcome);
    done = machine_.finish(container, std::move(done->outcome));
  }
}

}  // namespace pilot::engine
