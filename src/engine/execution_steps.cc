// The steps of a run: attempts, their rows in the journal, retries, and what a restart makes of
// them.
#include <fmt/format.h>

#include "engine/execution.h"
#include "engine/pause.h"
#include "engine/spawn.h"
#include "engine/step_errors.h"

namespace pilot::engine {
namespace {

CellOutcome outcome_of(const Attempt& row, const plan::CompiledStep& step) {
  CellOutcome outcome;
  outcome.status = row.status;
  outcome.output = row.output;
  outcome.message = row.message;
  outcome.error = step_error_from_json(row.error);
  outcome.metadata = row.metadata;
  outcome.started_at = row.started_at;
  outcome.jump_else = row.status == AttemptStatus::skipped && step.else_jump.has_value();
  outcome.output_bytes = json_size(row.output);
  return outcome;
}

// Marks the row of a step that ended the run, so that a replay ends it there, too.
constexpr std::string_view kStops = "stops_run";
constexpr Millis kLeasePause{200};
constexpr std::chrono::minutes kReauthLook{10};

StepError unknown_error(const std::string& why) {
  return {.code = "outcome_unknown",
          .message = fmt::format("it is not known whether the call was carried out ({}); doing it "
                                 "again could do it twice",
                                 why)};
}

}  // namespace

void Execution::start(Cell& cell) {
  machine_.activate(cell);
  if (next_seq_ > limits::kRunAttempts && !machine_.failure()) {
    machine_.fail(
        {.code = "limit_exceeded",
         .message = fmt::format("the run has made {} attempts, which is the limit; do its "
                                "loops multiply?",
                                limits::kRunAttempts)});
    cancel_.cancel();
  }
  cell.started_at = parts_.clock.now();
  if (!recorded_.empty() && replay(cell)) return;
  Entry entry = machine_.enter(cell);
  switch (entry.kind) {
    case Entry::Kind::opened:
      return;
    case Entry::Kind::finished:
      entry.outcome.started_at = cell.started_at;
      if (entry.outcome.status != AttemptStatus::skipped) cell.attempt = 1;
      put_outcome(cell, entry.outcome);
      finish_cell(cell, std::move(entry.outcome));
      return;
    case Entry::Kind::call:
      begin_call(cell, std::move(entry.params));
      return;
  }
}

// A step whose end the journal holds is not done again.
bool Execution::replay(Cell& cell) {
  const std::string& id = cell.step->spec.id;
  const auto* rows = recorded_.find(id, cell.item_path(), cell.visit);
  if (rows == nullptr || !is_final(rows->back().status)) return false;
  cell.attempt = rows->back().attempt;
  cell.started_at = rows->front().started_at;
  CellOutcome outcome = outcome_of(rows->back(), *cell.step);
  recorded_.forget(id, cell.item_path(), cell.visit);
  const bool stops = find(outcome.metadata, kStops) != nullptr;
  Json output = stops ? outcome.output : Json(nullptr);
  if (stops) machine_.stop(std::move(output));
  finish_cell(cell, std::move(outcome));
  return true;
}

void Execution::begin_call(Cell& cell, Json params) {
  Active& active = active_[&cell];
  active.params = std::move(params);
  active.first_started = cell.started_at;
  if (!recorded_.empty() && resume_call(cell, active)) return;
  attempt(cell);
}

// The journal holds attempts of this step, but not its end. Answers false for "go on at once".
bool Execution::resume_call(Cell& cell, Active& active) {
  const std::string& id = cell.step->spec.id;
  const auto* rows = recorded_.find(id, cell.item_path(), cell.visit);
  if (rows == nullptr) return false;
  const Attempt last = rows->back();
  active.first_started = rows->front().started_at;
  cell.started_at = active.first_started;
  recorded_.forget(id, cell.item_path(), cell.visit);
  cell.attempt = last.attempt;
  active.seq = last.seq;
  active.started = last.started_at;
  active.key = last.idempotency_key;
  if (last.status == AttemptStatus::retrying) {
    active.seq = 0;
    const auto why = step_error_from_json(last.error);
    if (why && why->code == kNeedsReauth) active.again = last.seq;
    sleep_until(cell, last.wake_at.value_or(parts_.clock.now()));
    return true;
  }
  if (last.status == AttemptStatus::running && last.wake_at) {  // a wait
    sleep_until(cell, *last.wake_at);
    return true;
  }
  if (last.status == AttemptStatus::unknown) {  // its row says so already
    asking_.insert(&cell);
    return true;
  }
  CallResult interrupted;
  interrupted.effect = StepRunner::effect_of(*cell.step, active.params);
  interrupted.stage = CallStage::sent;
  interrupted.result =
      ProviderResult::fail({.code = "interrupted",
                            .message = "the process ended while the call was under way",
                            .retryable = true});
  if (interrupted.effect == EffectClass::unsafe) {
    outcome_unknown(cell, std::move(interrupted));
    return true;
  }
  // Done again with the same key; an interruption is nobody's failed attempt and has no wait.
  interrupted.result.message = "interrupted by a restart; made again with the same key";
  retry_later(cell, std::move(interrupted), Millis{0});
  return true;
}

void Execution::sleep_until(Cell& cell, WallTime when) { sleepers_.emplace(when, &cell); }

// Makes the next attempt, or ends a wait whose time has come.
void Execution::attempt(Cell& cell) {
  Active& active = active_.at(&cell);
  if (active.seq != 0) {  // a wait that was journaled as under way
    CallResult over;
    over.effect = EffectClass::pure;
    over.result = ProviderResult::ok(JsonObject{{"waited_until", to_rfc3339(parts_.clock.now())}});
    conclude(cell, AttemptStatus::success, std::move(over));
    return;
  }
  if (active.again == 0) ++cell.attempt;
  active.started = parts_.clock.now();
  CallOrder order{.step = cell.step,
                  .params = active.params,
                  .user = run_.user,
                  .run = run_.id,
                  .attempt = cell.attempt,
                  .idempotency_key = {},
                  .timeout = cell.step->timeout};
  if (cell.step->spec.mock) {
    CallResult pinned;
    pinned.effect = EffectClass::pure;
    pinned.result = ProviderResult::ok(*cell.step->spec.mock, "pinned output; nothing was called");
    pinned.result.metadata = JsonObject{{"mock", true}};
    conclude(cell, AttemptStatus::success, std::move(pinned));
    return;
  }
  if (cell.step->action->is_logic()) {
    run_logic(cell, std::move(order));
    return;
  }
  if (active.key.empty()) {
    active.key = make_uuid8(
        fmt::format("{}:{}:{}:{}", run_.id.text, cell.step->spec.id, cell.item_path(), cell.visit));
  }
  order.idempotency_key = active.key;
  ++calls_;
  spawn(parts_.executor, call(shared_from_this(), &cell, std::move(order)));
}

void Execution::run_logic(Cell& cell, CallOrder order) {
  providers::LogicOutcome outcome = parts_.steps.run_logic(std::move(order));
  if (const auto* sleep = std::get_if<providers::SleepUntil>(&outcome)) {
    Attempt row = row_of(cell, AttemptStatus::running);
    row.wake_at = sleep->when;
    put(cell, std::move(row), false);
    sleep_until(cell, sleep->when);
    return;
  }
  CallResult result;
  result.effect = EffectClass::pure;
  if (auto* stop = std::get_if<providers::StopRun>(&outcome)) {
    result.result = ProviderResult::ok(stop->output, stop->message);
    result.result.metadata = JsonObject{{kStops, true}};
    // First the stop: bodies around it that it cuts short must not be recorded as done.
    machine_.stop(std::move(stop->output));
    conclude(cell, AttemptStatus::success, std::move(result));
    cancel_.cancel();
    return;
  }
  result.result = std::get<ProviderResult>(std::move(outcome));
  on_result(cell, std::move(result));
}

boost::asio::awaitable<void> Execution::call(std::shared_ptr<Execution> self, Cell* cell,
                                             CallOrder order) {
  Result<std::unique_ptr<PreparedCall>> prepared =
      co_await parts_.steps.prepare(std::move(order), cancel_.token());
  CallResult result;
  if (phase_ == Phase::working && prepared) {
    result.effect = (*prepared)->effect;
    // The mark that it is about to be sent. For an effect it must be durable first; for a read it
    // only tells whoever looks, and is replaced unwritten when the answer comes soon.
    put(*cell, row_of(*cell, AttemptStatus::running), false);
    Status marked = ok();
    if (has_effect(result.effect)) marked = co_await marked_and_ours(*cell);
    if (phase_ == Phase::working && marked) {
      result = co_await parts_.steps.send(std::move(*prepared), cancel_.token());
    }
  } else if (!prepared) {
    result.effect = EffectClass::pure;
    result.result = ProviderResult::fail(to_step_error(prepared.error()));
    result.needs_reauth = prepared.error().code == kNeedsReauth;
    if (result.needs_reauth) {
      const plan::CompiledStep& step = *cell->step;
      add_reauth(*result.result.error, {run_.user, step.provider->name, step.spec.connection},
                 kInvalidGrant);
    }
  }
  --self->calls_;
  if (phase_ != Phase::working) co_return;  // fenced, handed back, or its rows were lost
  on_result(*cell, std::move(result));
  pump();
}

// The mark is durable, and the lease good. While it is not, another node may be taking the run
// over: then the next flush says so.
boost::asio::awaitable<Status> Execution::marked_and_ours(Cell& cell) {
  Status marked = co_await parts_.journal.flushed();
  while (marked && phase_ == Phase::working && !parts_.may_act()) {
    co_await pause(parts_.clock, parts_.timers, kLeasePause);
    if (phase_ != Phase::working) break;
    put(cell, row_of(cell, AttemptStatus::running), false);
    marked = co_await parts_.journal.flushed();
  }
  co_return marked;
}

void Execution::on_result(Cell& cell, CallResult result) {
  if (cancel_.cancelled() && !result.result.success) {
    on_cancelled(cell, std::move(result));
    return;
  }
  if (result.needs_reauth && !machine_.doomed(cell)) {
    wait_for_reauth(cell, std::move(result));
    return;
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

void Execution::outcome_unknown(Cell& cell, CallResult result) {
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
  outcome.output_bytes = json_size(outcome.output);
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
  outcome.output = nullptr;
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
