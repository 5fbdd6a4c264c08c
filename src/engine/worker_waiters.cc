// Who waits for a run's end in this process, and when they hear of it.
#include "engine/worker.h"

namespace pilot::engine {

void Worker::wait_for(const RunId& run, Millis wait, std::function<void(Result<Executed>)> answer) {
  auto waiter = std::make_shared<Waiter>(Waiter{std::move(answer)});
  waiters_[run].push_back(waiter);
  waiter->timer = parts_.shard.timers->call_at(parts_.engine.clock.steady() + wait,
                                               [this, run, waiter] { wait_is_over(run, waiter); });
}

// The caller hears of a run that goes on: only once the run is durable.
void Worker::wait_is_over(const RunId& run, const std::shared_ptr<Waiter>& waiter) {
  waiter->timer = 0;
  const auto running = runs_.find(run);
  // One that is ending answers in a moment, with its flushed end.
  if (running != runs_.end() && running->second->ending()) return;
  Run as_it_is = running != runs_.end() ? running->second->run() : waiter->parked;
  journal_.flush([this, run, waiter, as_it_is = std::move(as_it_is)](const Status& flushed) {
    const auto it = waiters_.find(run);
    if (it == waiters_.end() || std::erase(it->second, waiter) == 0) return;  // answered meanwhile
    if (it->second.empty()) waiters_.erase(it);
    if (flushed) {
      waiter->answer(Executed{as_it_is, {}});
    } else {
      waiter->answer(flushed.error());
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

// The run sleeps now: who still has time waits on, who ran out of it while it was parked hears so.
// Until somebody connects anew is no time to wait for: all hear of that at once.
void Worker::park_waiters(const Execution& execution) {
  const Run& run = execution.run();
  if (run.reason == kNeedsReauth) {
    answer_waiters(execution, Ending::parked);
    return;
  }
  const auto it = waiters_.find(run.id);
  if (it == waiters_.end()) return;
  std::vector<std::shared_ptr<Waiter>> late;
  for (const auto& waiter : it->second) {
    waiter->parked = run;
    if (waiter->timer == 0) late.push_back(waiter);
  }
  std::erase_if(it->second, [](const auto& waiter) { return waiter->timer == 0; });
  if (it->second.empty()) {
    waiters_.erase(it);
  } else {
    std::lock_guard lock(parts_.shared.mutex);
    parts_.shared.waiting_shard[run.id] = parts_.index;
  }
  for (const auto& waiter : late) waiter->answer(Executed{run, {}});
}

}  // namespace pilot::engine
