#include "engine/worker.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/spawn.h"

namespace pilot::engine {
namespace {

constexpr std::size_t kKeptPlans = 1'000;
constexpr Millis kReloadAfter{1'000};

std::shared_ptr<TokenRefresh> make_refresh(const Worker::Parts& parts) {
  auto clients = parts.options.oauth_clients;
  if (!clients) clients = std::make_shared<const providers::OAuthClients>();
  return std::make_shared<TokenRefresh>(TokenRefresh::Parts{.store = parts.engine.store,
                                                            .keys = parts.engine.keys,
                                                            .transport = parts.engine.transport,
                                                            .clock = parts.engine.clock,
                                                            .timers = *parts.shard.timers,
                                                            .random = *parts.shard.random,
                                                            .log = parts.engine.log,
                                                            .executor = parts.shard.executor,
                                                            .node = parts.options.node,
                                                            .flights = parts.refreshing,
                                                            .clients = std::move(clients)});
}

}  // namespace

Worker::Worker(Parts parts)
    : parts_(std::move(parts)),
      refresh_(make_refresh(parts_)),
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
      steps_({.store = parts_.engine.store,
              .keys = parts_.engine.keys,
              .transport = parts_.engine.transport,
              .clock = parts_.engine.clock,
              .log = parts_.engine.log,
              .timers = *parts_.shard.timers,
              .sign_ins = parts_.sign_ins,
              .rates = parts_.rates,
              .tasks = TaskRunner(parts_.engine.tasks, parts_.engine.clock, parts_.shard.timers),
              .refresh = refresh_}),
      providers_(parts_.engine.store, parts_.engine.registry) {}

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
  run.id = start.id.empty() ? RunId{make_uuid7(now, *parts_.shard.random)} : start.id;
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
      .rates = parts_.rates,
      .clock = parts_.engine.clock,
      .timers = *parts_.shard.timers,
      .random = *parts_.shard.random,
      .log = parts_.engine.log,
      .executor = parts_.shard.executor,
      .may_act = parts_.may_act,
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
  if (!parts_.options.works) co_return co_await leave_to_others(std::move(*run));
  const std::shared_ptr<Execution> execution = add(std::move(*run), std::move(start.compiled), {});
  execution->insert();
  Run answer = execution->run();  // what the flush makes durable, not what comes meanwhile
  const Status accepted = co_await journal_.flushed();
  if (!accepted) co_return accepted.error();
  if (!execution->ending()) execution->go();
  co_return answer;
}

awaitable<Result<Run>> Worker::leave_to_others(Run run) {
  run.node.clear();
  run.epoch = 0;
  JournalSlot slot;
  journal_.insert_run(run, slot);
  const Status accepted = co_await journal_.flushed();
  if (!accepted) co_return accepted.error();
  co_return run;
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

void Worker::on_end(Execution& execution, Ending ending) {
  const RunId id = execution.run().id;
  const auto node = runs_.extract(id);
  --parts_.shared.active;
  if (ending == Ending::parked) {
    park_waiters(execution);
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
  reload_later(execution->run().user, run, execution->run().epoch);
}

void Worker::reload_later(UserId user, RunId run, std::int64_t epoch) {
  reloading_.insert(run);
  parts_.shard.timers->call_at(parts_.engine.clock.steady() + kReloadAfter,
                               [this, user, run, epoch] {
                                 if (!parts_.shared.stopping)
                                   spawn(executor(), reload(user, run, epoch));
                               });
}

awaitable<void> Worker::reload(UserId user, RunId run, std::int64_t epoch) {
  Result<Run> row = co_await parts_.engine.store.find_run(user, run);
  if (!row) {
    // Not found: it never was durable, and its caller was told so.
    if (row.error().kind == ErrorKind::not_found) {
      reloading_.erase(run);
    } else {
      reload_later(user, run, epoch);
    }
    co_return;
  }
  reloading_.erase(run);
  // Another epoch: it was let go and claimed meanwhile, maybe by another shard of this process.
  const bool ours = row->node == parts_.options.node && row->epoch == epoch;
  if (ours && !is_terminal(row->state) && !parts_.shared.stopping) {
    ++parts_.shared.loading;
    adopt(std::move(*row));
  }
}

void Worker::adopt(Run run) {
  // A run that is just being parked here may have been claimed already: the old copy gives way.
  if (const auto it = runs_.find(run.id);
      it != runs_.end() && it->second->run().epoch < run.epoch) {
    std::shared_ptr(it->second)->drop();
  }
  // So may one that was lost while it was being loaded: then only the newer load counts.
  const auto [loading, fresh] = loading_.try_emplace(run.id, run.epoch);
  if (runs_.contains(run.id) || (!fresh && loading->second >= run.epoch)) {
    if (fresh) loading_.erase(loading);
    --parts_.shared.loading;
    return;
  }
  loading->second = run.epoch;
  spawn(executor(), load(std::move(run)));
}

awaitable<void> Worker::load(Run run) {
  const auto plan = co_await plan_of(run);
  Result<std::vector<Attempt>> attempts = std::vector<Attempt>{};
  if (plan) attempts = co_await parts_.engine.store.run_attempts(run.user, run.id, 0);
  --parts_.shared.loading;
  const auto loading = loading_.find(run.id);
  if (loading == loading_.end() || loading->second != run.epoch) co_return;
  loading_.erase(loading);
  const bool hopeless = !plan && (plan.error().kind == ErrorKind::not_found ||
                                  plan.error().kind == ErrorKind::invalid_argument);
  if (hopeless) {
    co_await fail_run(std::move(run), plan.error());
  } else if (!plan || !attempts) {
    reload_later(run.user, run.id, run.epoch);
  } else {
    const auto execution = add(std::move(run), *plan, std::move(*attempts));
    if (parts_.shared.stopping) {
      execution->drain();
    } else {
      execution->go();
    }
  }
  when_empty();
}

awaitable<Result<std::shared_ptr<const plan::CompiledPlan>>> Worker::plan_of(Run run) {
  const std::string key = fmt::format("{}|{}|{}", run.user.text, run.plan.text, run.plan_version);
  if (!run.plan.empty()) {
    const auto it = plans_.find(key);
    if (it != plans_.end() && providers_.holds(it->second.plan->registry, it->second.stamp)) {
      co_return it->second.plan;
    }
    auto version = co_await parts_.engine.store.find_version(run.user, run.plan, run.plan_version);
    if (!version) co_return version.error();
    run.document = std::move(version->document);
  }
  const UserProviders::Stamp stamp = providers_.stamp();
  auto registry = co_await providers_.of_document(run.user, run.document);
  if (!registry) co_return registry.error().prefixed("its plan");
  plan::CompileOutcome compiled = plan::compile_plan(run.document, std::move(*registry));
  if (!compiled.plan) co_return plan::to_error(compiled.problems).prefixed("its plan");
  if (!run.plan.empty()) {
    if (plans_.size() >= kKeptPlans) plans_.clear();
    plans_[key] = {compiled.plan, stamp};
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
  const UserId user = run.user;
  const RunId id = run.id;
  const std::int64_t epoch = run.epoch;
  JournalSlot slot;
  journal_.update_run(std::move(run), slot);
  const Status flushed = co_await journal_.flushed();
  if (!flushed) reload_later(user, id, epoch);
}

std::unordered_set<RunId> Worker::ids() const {
  std::unordered_set<RunId> all = reloading_;
  for (const auto& [id, epoch] : loading_) all.insert(id);
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
