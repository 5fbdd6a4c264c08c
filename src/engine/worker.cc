#include "engine/worker.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "engine/spawn.h"

namespace pilot::engine {
namespace {

constexpr std::size_t kKeptPlans = 1'000;
constexpr Millis kReloadAfter{1'000};

}  // namespace

Worker::Worker(Parts parts)
    : parts_(std::move(parts)),
      journal_(
          {.store = parts_.engine.store,
           .bus = parts_.bus,
           .clock = parts_.engine.clock,
           .timers = *parts_.shard.timers,
           .executor = parts_.shard.executor,
           .node = parts_.options.node,
           .on_fenced =
               [this](const RunId& run) {
                 const auto it = runs_.find(run);
                 if (it != runs_.end()) std::shared_ptr(it->second)->drop();
               },
           .on_failed = [this](const RunId& run, const Error& error) { on_failed(run, error); }}),
      steps_(parts_.engine.store, parts_.engine.keys, parts_.engine.transport,
             parts_.engine.clock) {}

Worker::~Worker() = default;

Result<Run> Worker::make_run(StartRun& start) {
  if (parts_.shared.stopping) {
    return unavailable("shutting_down", "this server is shutting down; try again in a moment");
  }
  if (parts_.shared.active >= parts_.options.max_queued) {
    return unavailable("overloaded", fmt::format("{} runs are under way, which is the limit; try "
                                                 "again in a moment",
                                                 parts_.options.max_queued));
  }
  if (!start.inputs.is_object()) {
    return invalid("inputs_invalid", "inputs must be an object", "/inputs");
  }
  if (start.compiled->inputs) {
    schema::fill_defaults(start.inputs, start.compiled->inputs->document());
    const Problems problems = start.compiled->inputs->check(start.inputs, "/inputs");
    if (!problems.empty()) {
      Error error = plan::to_error(problems);
      error.code = "inputs_invalid";
      return error;
    }
  }
  Run run;
  const WallTime now = parts_.engine.clock.now();
  run.user = std::move(start.user);
  run.id = RunId{make_uuid7(now, *parts_.shard.random)};
  run.plan = std::move(start.plan);
  run.plan_version = start.plan_version;
  run.plan_name = start.compiled->plan.name;
  run.document = std::move(start.document);
  run.inputs = std::move(start.inputs);
  run.trigger =
      start.trigger.is_null() ? Json(JsonObject{{"type", "manual"}}) : std::move(start.trigger);
  run.retry_of = std::move(start.retry_of);
  run.created_at = now;
  run.node = parts_.options.node;
  run.epoch = 1;
  return run;
}

std::shared_ptr<Execution> Worker::add(Run run, std::shared_ptr<const plan::CompiledPlan> plan,
                                       std::vector<Attempt> recorded) {
  const RunId id = run.id;
  Execution::Parts parts{
      .journal = journal_,
      .steps = steps_,
      .clock = parts_.engine.clock,
      .timers = *parts_.shard.timers,
      .random = *parts_.shard.random,
      .log = parts_.engine.log,
      .executor = parts_.shard.executor,
      .park_after =
          parts_.options.claim_others ? Millis{limits::kParkAfter} : Millis{limits::kWait},
      .on_end = [this](Execution& execution, Ending ending) { on_end(execution, ending); }};
  auto execution = std::make_shared<Execution>(std::move(parts), std::move(run), std::move(plan),
                                               std::move(recorded));
  runs_[id] = execution;
  ++parts_.shared.active;
  return execution;
}

awaitable<Result<Run>> Worker::enqueue(StartRun start) {
  Result<Run> run = make_run(start);
  if (!run) co_return run.error();
  const std::shared_ptr<Execution> execution = add(std::move(*run), std::move(start.compiled), {});
  execution->insert();
  const Status accepted = co_await journal_.flushed();
  if (!accepted) co_return accepted.error();
  Run answer = execution->run();
  if (!execution->ending()) execution->go();
  co_return answer;
}

awaitable<Result<Executed>> Worker::execute(StartRun start, Millis wait) {
  Result<Run> run = make_run(start);
  if (!run) co_return run.error();
  run->state = RunState::running;
  run->started_at = run->created_at;
  const RunId id = run->id;
  const std::shared_ptr<Execution> execution = add(std::move(*run), std::move(start.compiled), {});
  execution->insert();
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<Executed>)>(
      [this, &id, wait, execution](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        wait_for(id, wait, [shared](Result<Executed> result) { (*shared)(std::move(result)); });
        execution->go();
      },
      boost::asio::use_awaitable);
}

void Worker::wait_for(const RunId& run, Millis wait, std::function<void(Result<Executed>)> answer) {
  auto waiter = std::make_shared<Waiter>(Waiter{std::move(answer)});
  waiters_[run].push_back(waiter);
  waiter->timer = parts_.shard.timers->call_at(parts_.engine.clock.steady() + wait,
                                               [this, run, waiter] { wait_is_over(run, waiter); });
}

// The caller hears of a run that goes on: only once the run is durable.
void Worker::wait_is_over(const RunId& run, const std::shared_ptr<Waiter>& waiter) {
  waiter->timer = 0;
  journal_.flush([this, run, waiter](const Status& flushed) {
    const auto it = waiters_.find(run);
    if (it == waiters_.end() || std::erase(it->second, waiter) == 0) return;  // answered meanwhile
    if (it->second.empty()) waiters_.erase(it);
    const auto running = runs_.find(run);
    if (!flushed) {
      waiter->answer(flushed.error());
    } else if (running != runs_.end()) {
      waiter->answer(Executed{running->second->run(), {}});
    } else {
      waiter->answer(Executed{waiter->parked, {}});
    }
  });
}

void Worker::answer_waiters(const Execution& execution, Ending ending) {
  const auto it = waiters_.find(execution.run().id);
  if (it == waiters_.end()) return;
  auto waiters = std::move(it->second);
  waiters_.erase(it);
  for (const auto& waiter : waiters) {
    if (waiter->timer != 0) parts_.shard.timers->cancel(waiter->timer);
    if (ending == Ending::dropped) {
      const auto failed = failed_.find(execution.run().id);
      waiter->answer(failed != failed_.end()
                         ? failed->second
                         : unavailable("run_moved", "the run goes on elsewhere; look it up by id"));
    } else {
      waiter->answer(Executed{execution.run(), ending == Ending::finished
                                                   ? execution.summaries()
                                                   : std::vector<StepSummary>{}});
    }
  }
}

void Worker::on_end(Execution& execution, Ending ending) {
  const RunId id = execution.run().id;
  const auto node = runs_.extract(id);
  --parts_.shared.active;
  if (ending == Ending::parked) {
    if (const auto it = waiters_.find(id); it != waiters_.end()) {
      for (const auto& waiter : it->second) waiter->parked = execution.run();
      std::lock_guard lock(parts_.shared.mutex);
      parts_.shared.waiting_shard[id] = parts_.index;
    }
    if (execution.run().wake_at) parts_.on_parked(*execution.run().wake_at);
  } else {
    answer_waiters(execution, ending);
  }
  if (const auto it = cancels_.find(id); it != cancels_.end()) {
    auto callbacks = std::move(it->second);
    cancels_.erase(it);
    for (const auto& done : callbacks) {
      if (ending == Ending::finished) {
        done(execution.run());
      } else {
        done(std::nullopt);
      }
    }
  }
  when_empty();
}

void Worker::cancel(const UserId& user, const RunId& run,
                    std::function<void(std::optional<Run>)> done) {
  const auto it = runs_.find(run);
  if (it == runs_.end() || it->second->run().user != user) {
    done(std::nullopt);
    return;
  }
  cancels_[run].push_back(std::move(done));
  std::shared_ptr(it->second)->cancel();
}

// A group commit failed: what is in memory is ahead of the store. The runs in it are dropped and,
// once the store answers again, rebuilt from what it has.
void Worker::on_failed(const RunId& run, const Error& error) {
  const auto it = runs_.find(run);
  if (it == runs_.end()) return;
  const std::shared_ptr<Execution> execution = it->second;
  parts_.engine.log.warn("run {}: {}; it is rebuilt from the store", run.text, error.message);
  failed_.emplace(run, error);
  execution->drop();
  failed_.erase(run);
  reload_later(execution->run().user, run);
}

void Worker::reload_later(UserId user, RunId run) {
  reloading_.insert(run);
  parts_.shard.timers->call_at(parts_.engine.clock.steady() + kReloadAfter, [this, user, run] {
    if (!parts_.shared.stopping) spawn(executor(), reload(user, run));
  });
}

awaitable<void> Worker::reload(UserId user, RunId run) {
  Result<Run> row = co_await parts_.engine.store.find_run(user, run);
  if (!row) {
    // Not found: it never was durable, and its caller was told so.
    if (row.error().kind == ErrorKind::not_found) {
      reloading_.erase(run);
    } else {
      reload_later(user, run);
    }
    co_return;
  }
  reloading_.erase(run);
  if (!is_terminal(row->state) && row->node == parts_.options.node) adopt(std::move(*row));
}

void Worker::adopt(Run run) {
  if (runs_.contains(run.id) || !loading_.insert(run.id).second) return;
  spawn(executor(), load(std::move(run)));
}

awaitable<void> Worker::load(Run run) {
  const auto plan = co_await plan_of(run);
  Result<std::vector<Attempt>> attempts = std::vector<Attempt>{};
  if (plan) attempts = co_await parts_.engine.store.run_attempts(run.user, run.id, 0);
  loading_.erase(run.id);
  if (!plan && plan.error().kind != ErrorKind::unavailable) {
    co_await fail_run(std::move(run), plan.error());
  } else if (!plan || !attempts) {
    reload_later(run.user, run.id);
  } else {
    const auto execution = add(std::move(run), *plan, std::move(*attempts));
    execution->go();
    if (parts_.shared.stopping) execution->drain();
  }
  when_empty();
}

awaitable<Result<std::shared_ptr<const plan::CompiledPlan>>> Worker::plan_of(Run run) {
  const std::string key = fmt::format("{}|{}|{}", run.user.text, run.plan.text, run.plan_version);
  if (!run.plan.empty()) {
    if (const auto it = plans_.find(key); it != plans_.end()) co_return it->second;
    auto version = co_await parts_.engine.store.find_version(run.user, run.plan, run.plan_version);
    if (!version) co_return version.error();
    run.document = std::move(version->document);
  }
  plan::CompileOutcome compiled = plan::compile_plan(run.document, parts_.engine.registry);
  if (!compiled.plan) co_return plan::to_error(compiled.problems).prefixed("its plan");
  if (!run.plan.empty()) {
    if (plans_.size() >= kKeptPlans) plans_.clear();
    plans_[key] = compiled.plan;
  }
  co_return compiled.plan;
}

awaitable<void> Worker::fail_run(Run run, Error error) {
  parts_.engine.log.error("run {} cannot go on: {}", run.id.text, error.message);
  run.state = RunState::error;
  run.error =
      JsonObject{{"code", error.code_or_kind()}, {"message", error.message}, {"retryable", false}};
  run.finished_at = parts_.engine.clock.now();
  ++run.revision;
  JournalSlot slot;
  journal_.update_run(std::move(run), slot);
  (void)co_await journal_.flushed();
}

std::unordered_set<RunId> Worker::ids() const {
  std::unordered_set<RunId> all = loading_;
  all.insert(reloading_.begin(), reloading_.end());
  for (const auto& [id, execution] : runs_) all.insert(id);
  return all;
}

void Worker::stop(Millis grace, std::function<void()> done) {
  stopped_ = std::move(done);
  std::vector<std::shared_ptr<Execution>> all;
  for (const auto& [id, execution] : runs_) all.push_back(execution);
  for (const auto& execution : all) execution->drain();
  stop_timer_ = parts_.shard.timers->call_at(parts_.engine.clock.steady() + grace, [this] {
    stop_timer_ = 0;
    std::vector<std::shared_ptr<Execution>> left;
    for (const auto& [id, execution] : runs_) left.push_back(execution);
    for (const auto& execution : left) execution->hand_back();
  });
  when_empty();
}

void Worker::when_empty() {
  if (!stopped_ || !runs_.empty() || !loading_.empty()) return;
  if (stop_timer_ != 0) parts_.shard.timers->cancel(stop_timer_);
  journal_.flush([done = std::exchange(stopped_, nullptr)](const Status&) { done(); });
}

}  // namespace pilot::engine
