#include "engine/engine.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "engine/fetcher.h"
#include "engine/grant_keeper.h"
#include "engine/housekeeper.h"
#include "engine/lease.h"
#include "engine/pause.h"
#include "engine/scheduler.h"
#include "engine/worker.h"

namespace pilot::engine {
namespace {

// How long the caller of a cancel waits for the node that has the run.
constexpr Millis kCancelWait{10'000};
constexpr Millis kCancelLook{100};

class WorkerEngine final : public Engine {
 public:
  WorkerEngine(EngineOptions options, EngineParts parts)
      : options_(std::move(options)), parts_(std::move(parts)) {
    for (std::size_t i = 0; i < parts_.shards.size(); ++i) {
      workers_.push_back(std::make_unique<Worker>(
          Worker::Parts{.engine = parts_,
                        .options = options_,
                        .shard = parts_.shards[i],
                        .bus = bus_,
                        .shared = shared_,
                        .sign_ins = sign_ins_,
                        .rates = rates_,
                        .refreshing = refreshing_,
                        .index = i,
                        .on_parked = [this](WallTime due) { fetcher_.notice(due); },
                        .may_act = [this] { return lease_.safe(); }}));
    }
    grants_ =
        std::make_unique<GrantKeeper>(GrantKeeper::Parts{.store = parts_.store,
                                                         .keys = parts_.keys,
                                                         .clock = parts_.clock,
                                                         .timers = *parts_.shards[0].timers,
                                                         .log = parts_.log,
                                                         .executor = parts_.shards[0].executor,
                                                         .registry = parts_.registry,
                                                         .refresh = workers_[0]->refresh()});
  }

  ~WorkerEngine() override { parts_.store.watch({}); }

  awaitable<Status> start() override {
    // Even a single command that shares a database needs a lease: its run would be taken from it.
    if (!options_.claim_others && !parts_.store.shared()) co_return ok();
    const Status leased = co_await lease_.start();
    if (!leased || !options_.claim_others) co_return leased;
    if (options_.works) {
      fetcher_.start();
      parts_.store.watch([this] { fetcher_.notice(parts_.clock.now()); });
    }
    if (options_.schedules) scheduler_.start();
    if (options_.works && options_.keeps_grants) grants_->start();
    housekeeper_.start();
    co_return ok();
  }

  awaitable<void> stop(Millis grace) override {
    shared_.stopping = true;
    parts_.store.watch({});
    lease_.drain();
    housekeeper_.stop();
    grants_->stop();
    scheduler_.stop();
    fetcher_.stop();
    co_await stop_workers(grace);
    co_await lease_.stop();
  }

  awaitable<Result<Run>> enqueue(std::size_t shard, StartRun start) override {
    return workers_[shard]->enqueue(std::move(start));
  }

  awaitable<Result<Executed>> execute(std::size_t shard, StartRun start, Millis wait) override {
    return workers_[shard]->execute(std::move(start), wait);
  }

  awaitable<Result<Run>> cancel(std::size_t shard, UserId user, RunId run) override {
    // A run may be parked or woken between the look into memory and the one into the store.
    for (int tries = 0; tries < 5; ++tries) {
      for (auto& worker : workers_) {
        const std::optional<Run> ended =
            co_await cancel_at(workers_[shard]->executor(), *worker, user, run);
        if (!ended) continue;
        if (ended->state == RunState::cancelled) co_return *ended;
        co_return conflict("run_finished",
                           fmt::format("the run has already ended ({})", to_string(ended->state)));
      }
      const auto idle = co_await parts_.store.cancel_idle_run(user, run, parts_.clock.now());
      if (!idle) co_return idle.error();
      if (*idle) co_return co_await publish_cancelled(user, run);
      const auto asked = co_await parts_.store.request_cancel(user, run);
      if (!asked) co_return asked.error();
      if (*asked) co_return co_await cancelled_elsewhere(shard, user, run);
    }
    co_return conflict("run_busy", "the run is changing hands; try again");
  }

  void schedule_changed(std::optional<WallTime> next) override {
    if (next) scheduler_.notice(*next);
  }

  void runs_woken() override { fetcher_.notice(parts_.clock.now()); }

  EventBus& events() override { return bus_; }

  EngineLoad load() const override {
    const std::size_t active = shared_.active;
    return {.active = active, .open = active, .limit = options_.max_queued};
  }

 private:
  awaitable<Result<Run>> publish_cancelled(UserId user, RunId run) {
    Result<Run> row = co_await parts_.store.find_run(user, run);
    if (row && bus_.wanted(run)) {
      bus_.publish(run, std::make_shared<const Event>(Event{row->revision, *row}));
    }
    co_return row;
  }

  // Another node owns it, and has been asked: its answer is in the store.
  awaitable<Result<Run>> cancelled_elsewhere(std::size_t shard, UserId user, RunId run) {
    for (Millis waited{0}; waited < kCancelWait; waited += kCancelLook) {
      Result<Run> row = co_await parts_.store.find_run(user, run);
      if (!row || row->state == RunState::cancelled) co_return row;
      if (is_terminal(row->state)) {
        co_return conflict("run_finished",
                           fmt::format("the run has already ended ({})", to_string(row->state)));
      }
      co_await pause(parts_.clock, *parts_.shards[shard].timers, kCancelLook);
    }
    co_return conflict(
        "run_busy",
        "the node that has this run does not answer; the run is cancelled as soon as "
        "it or another does");
  }

  // A run of ours that was cancelled through another node. Its watchers hear of its end as always.
  void cancel_here(const store::UserRun& wanted) {
    for (auto& one : workers_) {
      Worker* worker = one.get();
      boost::asio::post(worker->executor(), [worker, wanted] {
        worker->cancel(wanted.user, wanted.run, [](const std::optional<Run>&) {});
      });
    }
  }

  // Crosses to the worker's shard and back; the coroutine itself stays where it is.
  static awaitable<std::optional<Run>> cancel_at(boost::asio::any_io_executor home, Worker& worker,
                                                 UserId user, RunId run) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                       void(std::optional<Run>)>(
        [](auto handler, boost::asio::any_io_executor back, Worker* there, UserId whose, RunId id) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          boost::asio::post(there->executor(), [shared, back, there, whose, id] {
            there->cancel(whose, id, [shared, back](std::optional<Run> ended) {
              boost::asio::post(back, [shared, ended] { (*shared)(ended); });
            });
          });
        },
        boost::asio::use_awaitable, std::move(home), &worker, std::move(user), std::move(run));
  }

  // All at once; answers on the first shard when the last has stopped.
  awaitable<void> stop_workers(Millis grace) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this, home = workers_[0]->executor()](auto handler, Millis most) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          auto left = std::make_shared<std::size_t>(workers_.size());  // on `home` only
          for (auto& one : workers_) {
            Worker* worker = one.get();
            boost::asio::post(worker->executor(), [shared, left, home, worker, most] {
              worker->stop(most, [shared, left, home] {
                boost::asio::post(home, [shared, left] {
                  if (--*left == 0) (*shared)();
                });
              });
            });
          }
        },
        boost::asio::use_awaitable, grace);
  }

  EngineOptions options_;
  EngineParts parts_;
  EventBus bus_;
  Shared shared_;
  SignIns sign_ins_;
  RateLimits rates_;
  std::shared_ptr<Flights> refreshing_ = std::make_shared<Flights>();
  std::vector<std::unique_ptr<Worker>> workers_;
  Fetcher fetcher_{{.engine = parts_,
                    .options = options_,
                    .shard = parts_.shards[0],
                    .shared = shared_,
                    .workers = workers_}};
  Lease lease_{{.engine = parts_,
                .options = options_,
                .shard = parts_.shards[0],
                .on_released = [this] { fetcher_.notice(parts_.clock.now()); },
                .on_cancel = [this](const store::UserRun& run) { cancel_here(run); }}};
  Housekeeper housekeeper_{{.engine = parts_, .options = options_, .shard = parts_.shards[0]}};
  std::unique_ptr<GrantKeeper> grants_;
  Scheduler scheduler_{{.engine = parts_,
                        .shard = parts_.shards[0],
                        .on_fired = [this](WallTime now) { fetcher_.notice(now); }}};
};

}  // namespace

std::unique_ptr<Engine> make_engine(EngineOptions options, EngineParts parts) {
  return std::make_unique<WorkerEngine>(std::move(options), std::move(parts));
}

}  // namespace pilot::engine
