// The steps of a run: how they begin, and what a restart makes of their rows.
#include <fmt/format.h>

#include "base/spawn.h"
#include "engine/execution.h"
#include "engine/pause.h"
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
  outcome.output_bytes = json_size(*row.output);
  return outcome;
}

// Marks the row of a step that ended the run, so that a replay ends it there, too.
constexpr std::string_view kStops = "stops_run";
constexpr Millis kLeasePause{200};

// One call of a run, whatever happens to it.
std::string call_name(const Run& run, const Cell& cell) {
  return fmt::format("{}:{}:{}:{}", run.id.text, cell.step->spec.id, cell.item_path(), cell.visit);
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
  if (find(outcome.metadata, kStops) != nullptr) machine_.stop(outcome.output);
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
  std::vector<RateLimits::Place> places;
  if (hold_back(cell, active, places)) return;
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
  if (active.key.empty()) active.key = make_uuid8(call_name(run_, cell));
  order.idempotency_key = active.key;
  ++calls_;
  spawn(parts_.executor, call(shared_from_this(), &cell, std::move(order), std::move(places)));
}

// Whether the call has to sleep until the vendor's limit lets it go. That is no attempt, and no
// row.
bool Execution::hold_back(Cell& cell, Active& active, std::vector<RateLimits::Place>& places) {
  active.held = false;
  if (cell.step->spec.mock) return false;
  const plan::CompiledStep& step = *cell.step;
  const std::string whose = StepRunner::caller_of(run_.user, step);
  const std::string ticket = call_name(run_, cell);
  const auto asks = {std::pair(whose + '\0' + step.action->name, &step.action->rate),
                     std::pair(whose, &step.provider->rate)};
  for (const auto& [key, rate] : asks) {
    RateLimits::Turn turn =
        parts_.rates.ask(key, *rate ? &**rate : nullptr, ticket, parts_.clock.steady());
    if (turn.wait > Millis{0}) {
      active.held = true;
      sleep_until(cell, parts_.clock.now() + turn.wait);
      return true;
    }
    places.push_back(std::move(turn.place));
  }
  return false;
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
                                             CallOrder order,
                                             std::vector<RateLimits::Place> /*places*/) {
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
      add_reauth(*result.result.error,
                 {run_.user, step.provider->credential_name(), step.spec.connection},
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

}  // namespace pilot::engine
