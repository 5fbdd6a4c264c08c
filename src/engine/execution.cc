#include "engine/execution.h"

#include <boost/asio/post.hpp>

#include "base/log.h"

namespace pilot::engine {
namespace {

// Steps started in one turn of the loop; then others on the shard have theirs.
constexpr int kStepsPerTurn = 256;

RunRoots roots_of(const Run& run) {
  RunRoots roots;
  roots.trigger = run.trigger;
  roots.inputs = run.inputs;
  roots.run =
      JsonObject{{"id", run.id.text},
                 {"started_at", to_rfc3339(run.started_at.value_or(run.created_at))},
                 {"retry_of", run.retry_of.empty() ? Json(nullptr) : Json(run.retry_of.text)}};
  roots.plan = JsonObject{{"id", run.plan.empty() ? Json(nullptr) : Json(run.plan.text)},
                          {"name", run.plan_name},
                          {"version", run.plan_version}};
  roots.user = JsonObject{{"id", run.user.text}};
  roots.vars = JsonObject{};
  return roots;
}

}  // namespace

Execution::Execution(Parts parts, Run run, std::shared_ptr<const plan::CompiledPlan> plan,
                     std::vector<Attempt> recorded)
    : parts_(std::move(parts)),
      run_(std::move(run)),
      plan_(std::move(plan)),
      machine_(plan_, roots_of(run_)),
      recorded_(std::move(recorded)) {
  next_seq_ = recorded_.last_seq() + 1;
  run_.revision = std::max(run_.revision, recorded_.last_revision());
  run_.total_steps = plan_->step_count;
}

// Timers left behind find nobody (they hold it weakly): the shard's may be gone before this is.
Execution::~Execution() = default;

void Execution::set_deadline() {
  if (plan_->plan.timeout && !run_.deadline) {
    run_.deadline = run_.started_at.value_or(parts_.clock.now()) + *plan_->plan.timeout;
  }
}

void Execution::insert() {
  if (run_.state == RunState::running) set_deadline();
  ++run_.revision;
  parts_.journal.insert_run(run_, run_slot_);
}

void Execution::write_run() {
  ++run_.revision;
  parts_.journal.update_run(run_, run_slot_);
}

void Execution::go() {
  if (run_.state != RunState::running) {
    const WallTime now = parts_.clock.now();
    run_.state = RunState::running;
    run_.reason.clear();
    run_.wake_at.reset();
    if (!run_.started_at) run_.started_at = now;
    set_deadline();
    write_run();
  }
  if (run_.deadline) {
    const auto left = *run_.deadline - parts_.clock.now();
    deadline_timer_ =
        parts_.timers.call_at(parts_.clock.steady() + left, [weak = weak_from_this()] {
          if (auto self = weak.lock()) self->on_deadline();
        });
  }
  pump();
}

void Execution::pump() {
  if (pumping_ || phase_ != Phase::working) return;
  pumping_ = true;
  int budget = kStepsPerTurn;
  bool more = false;
  while (phase_ == Phase::working) {
    if (budget-- == 0) {
      more = true;
      break;
    }
    Cell* cell = draining_ ? nullptr : machine_.next();
    if (cell != nullptr) {
      start(*cell);
    } else if (!abandon_doomed()) {
      break;
    }
  }
  pumping_ = false;
  if (more) {
    boost::asio::post(parts_.executor, [self = shared_from_this()] { self->pump(); });
  } else if (phase_ == Phase::working) {
    settle();
  }
}

// Nothing is ready any more: is the run over, asleep, or waiting for its calls?
void Execution::settle() {
  if (calls_ > 0) {
    arm();  // a sleeper beside the calls
    return;
  }
  if (machine_.complete()) {
    finish_run();
    return;
  }
  if (draining_) {
    hand_back();
    return;
  }
  const auto far_off = [this](WallTime when) {
    return when - parts_.clock.now() > parts_.park_after;
  };
  if (sleepers_.empty()) {
    if (!asking_.empty()) {
      if (!run_.deadline || far_off(*run_.deadline)) park("outcome_unknown", run_.deadline);
      return;
    }
    parts_.log.error("run {} has nothing left to do and is not complete; this is a bug",
                     run_.id.text);
    machine_.fail({.code = "internal", .message = "the run came to a standstill"});
    finish_run();
    return;
  }
  const auto& [when, cell] = *sleepers_.begin();
  const WallTime next = run_.deadline ? std::min(when, *run_.deadline) : when;
  if (far_off(next)) {
    const bool retry = cell->step->action == nullptr || !cell->step->action->is_logic();
    const auto active = active_.find(cell);
    const bool held = active != active_.end() && active->second.held;
    park(reauth_.contains(cell) ? std::string(kNeedsReauth)
         : held                 ? "rate_limit"
         : retry                ? "retry"
                                : "timer",
         next);
    return;
  }
  arm();
  parts_.journal.flush([](const Status&) {});  // nothing sleeps on an unflushed row
}

void Execution::arm() {
  if (timer_ != 0) parts_.timers.cancel(timer_);
  timer_ = 0;
  if (sleepers_.empty()) return;
  const auto left = sleepers_.begin()->first - parts_.clock.now();
  timer_ = parts_.timers.call_at(parts_.clock.steady() + left, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake();
  });
}

void Execution::wake() {
  timer_ = 0;
  const WallTime now = parts_.clock.now();
  const auto self = shared_from_this();
  while (phase_ == Phase::working && !draining_ && !sleepers_.empty() &&
         sleepers_.begin()->first <= now) {
    Cell& cell = *sleepers_.begin()->second;
    sleepers_.erase(sleepers_.begin());
    reauth_.erase(&cell);
    attempt(cell);
  }
  pump();
}

// Sleepers and open questions of bodies that have failed, or of a run that is over: let go.
// Answers whether there were any (their containers may be complete now).
bool Execution::abandon_doomed() {
  std::vector<Cell*> doomed;
  for (const auto& [when, cell] : sleepers_) {
    if (machine_.doomed(*cell)) doomed.push_back(cell);
  }
  for (Cell* cell : asking_) {
    if (machine_.doomed(*cell)) doomed.push_back(cell);
  }
  for (Cell* cell : doomed) {
    std::erase_if(sleepers_, [cell](const auto& entry) { return entry.second == cell; });
    close_row(*cell);
    asking_.erase(cell);
    reauth_.erase(cell);
    active_.erase(cell);
    finish_containers(machine_.abandon(*cell));
  }
  return !doomed.empty();
}

void Execution::on_deadline() {
  deadline_timer_ = 0;
  if (phase_ != Phase::working) return;
  machine_.fail({.code = "run_timeout",
                 .message = fmt::format(
                     "the run took longer than its timeout of {:g} s",
                     static_cast<double>(plan_->plan.timeout.value_or(Millis{0}).count()) / 1000)});
  cancel_.cancel();
  pump();
}

void Execution::cancel() {
  if (phase_ != Phase::working || cancelling_) return;
  cancelling_ = true;
  machine_.stop({});
  cancel_.cancel();
  pump();
}

void Execution::finish_run() {
  phase_ = Phase::finishing;
  run_.finished_at = parts_.clock.now();
  run_.wake_at.reset();
  run_.reason.clear();
  if (cancelling_) {
    run_.state = RunState::cancelled;
  } else if (machine_.succeeded()) {
    run_.state = RunState::success;
    run_.output = machine_.output();
  } else {
    run_.state = RunState::error;
    const StepError& failure = *machine_.failure();
    JsonObject error = to_json_value(failure).get_object();
    if (!machine_.failed_step().empty()) error["step"] = machine_.failed_step();
    run_.error = std::move(error);
  }
  write_run();
  parts_.journal.flush([self = shared_from_this()](const Status& flushed) {
    if (flushed && self->phase_ == Phase::finishing) self->end(Ending::finished);
  });
}

void Execution::park(std::string reason, std::optional<WallTime> wake_at) {
  phase_ = Phase::parking;
  run_.state = RunState::waiting;
  run_.reason = std::move(reason);
  run_.wake_at = wake_at;
  run_.node.clear();
  write_run();
  parts_.journal.flush([self = shared_from_this()](const Status& flushed) {
    if (flushed && self->phase_ == Phase::parking) self->end(Ending::parked);
  });
}

void Execution::drain() {
  draining_ = true;
  pump();
}

void Execution::hand_back() {
  if (phase_ != Phase::working) return;
  phase_ = Phase::parking;
  run_.state = RunState::queued;
  run_.reason.clear();
  run_.node.clear();
  write_run();
  cancel_.cancel();
  parts_.journal.flush([self = shared_from_this()](const Status& flushed) {
    if (flushed && self->phase_ == Phase::parking) self->end(Ending::handed_back);
  });
}

void Execution::drop() {
  if (phase_ == Phase::over) return;
  const auto self = shared_from_this();
  end(Ending::dropped);
  cancel_.cancel();
}

void Execution::end(Ending ending) {
  phase_ = Phase::over;
  if (timer_ != 0) parts_.timers.cancel(timer_);
  if (deadline_timer_ != 0) parts_.timers.cancel(deadline_timer_);
  timer_ = deadline_timer_ = 0;
  const auto on_end = std::exchange(parts_.on_end, nullptr);
  if (on_end) on_end(*this, ending);
}

std::vector<StepSummary> Execution::summaries() const {
  std::vector<StepSummary> all;
  for (const Cell& cell : machine_.root().cells) {
    const Step& spec = cell.step->spec;
    StepSummary summary{.number = cell.step->number,
                        .position = cell.step->position,
                        .id = spec.id,
                        .provider = spec.provider,
                        .action = spec.action,
                        .attempts = cell.attempt};
    if (cell.state == Cell::State::done) {
      summary.status = to_string(cell.status);
      summary.output = cell.output;
      if (const Json* error = find(cell.view, "error")) summary.error = *error;
      summary.message = string_or(cell.view, "message");
    } else {
      summary.status = asking_.contains(const_cast<Cell*>(&cell)) ? "unknown" : "pending";
    }
    all.push_back(std::move(summary));
  }
  return all;
}

}  // namespace pilot::engine
