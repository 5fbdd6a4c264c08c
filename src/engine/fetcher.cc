#include "engine/fetcher.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/spawn.h"

namespace pilot::engine {
namespace {

constexpr std::int64_t kBatch = 500;
// Looks again even if nothing is known to be due: the safety net under notice().
constexpr auto kPoll = std::chrono::seconds{5};
constexpr auto kRetry = std::chrono::seconds{1};

// Crosses to the worker's shard and back; the coroutine stays on its own.
awaitable<std::unordered_set<RunId>> ids_of(boost::asio::any_io_executor home, Worker& worker) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                     void(std::unordered_set<RunId>)>(
      [](auto handler, boost::asio::any_io_executor back, Worker* there) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        boost::asio::post(there->executor(), [shared, back, there] {
          boost::asio::post(back, [shared, ids = there->ids()] { (*shared)(ids); });
        });
      },
      boost::asio::use_awaitable, std::move(home), &worker);
}

}  // namespace

Fetcher::~Fetcher() {
  *alive_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
}

void Fetcher::start() {
  running_ = true;
  arm(parts_.engine.clock.now());
}

void Fetcher::stop() {
  running_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  timer_ = 0;
}

void Fetcher::notice(WallTime due) {
  boost::asio::post(parts_.shard.executor, [this, due, alive = alive_] {
    if (*alive && running_ && (!armed_for_ || due < *armed_for_)) arm(due);
  });
}

void Fetcher::arm(WallTime when) {
  if (!running_) return;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  armed_for_ = when;
  const auto left = when - parts_.engine.clock.now();
  timer_ = parts_.shard.timers->call_at(parts_.engine.clock.steady() + left, [this] {
    timer_ = 0;
    armed_for_.reset();
    if (fetching_) {
      again_ = true;
      return;
    }
    fetching_ = true;
    spawn(parts_.shard.executor, fetch());
  });
}

awaitable<void> Fetcher::fetch() {
  const auto alive = alive_;
  std::optional<WallTime> next;
  for (;;) {
    again_ = false;
    const std::size_t active = parts_.shared.active + parts_.shared.loading;
    const auto room = static_cast<std::int64_t>(parts_.options.max_queued -
                                                std::min(active, parts_.options.max_queued));
    const std::int64_t limit = std::min(kBatch, room);
    const WallTime now = parts_.engine.clock.now();
    if (lost_claim_) lost_claim_ = !co_await adopt_lost();
    if (!*alive || !running_) co_return;
    if (limit <= 0) {
      next = now + kRetry;
      break;
    }
    auto runs = co_await parts_.engine.store.claim(parts_.options.node, now, limit);
    if (!*alive || !running_) co_return;
    if (!runs) {
      parts_.engine.log.warn("claiming runs: {}", runs.error().message);
      lost_claim_ = true;
      next = now + kRetry;
      break;
    }
    const bool full = static_cast<std::int64_t>(runs->size()) == limit;
    for (Run& run : *runs) deal(std::move(run));
    if (full || again_) continue;
    const auto wake = co_await parts_.engine.store.next_wake();
    if (!*alive || !running_) co_return;
    next = now + kPoll;
    if (wake && *wake) next = std::min(*next, **wake);
    if (!again_) break;
  }
  fetching_ = false;
  if (!armed_for_ || *next < *armed_for_) arm(*next);
}

// Runs that are ours in the store and that no worker has. Answers false when the store does not.
awaitable<bool> Fetcher::adopt_lost() {
  auto owned = co_await parts_.engine.store.owned_runs(parts_.options.node);
  if (!owned) co_return false;
  for (auto& worker : parts_.workers) {
    const auto known = co_await ids_of(parts_.shard.executor, *worker);
    std::erase_if(*owned, [&](const Run& run) { return known.contains(run.id); });
  }
  for (Run& run : *owned) deal(std::move(run));
  co_return true;
}

void Fetcher::deal(Run run) {
  std::size_t index = next_worker_++ % parts_.workers.size();
  {
    std::lock_guard lock(parts_.shared.mutex);
    if (const auto it = parts_.shared.waiting_shard.find(run.id);
        it != parts_.shared.waiting_shard.end()) {
      index = it->second;
      parts_.shared.waiting_shard.erase(it);
    }
  }
  ++parts_.shared.loading;
  Worker* worker = parts_.workers[index].get();
  boost::asio::post(worker->executor(),
                    [worker, run = std::move(run)]() mutable { worker->adopt(std::move(run)); });
}

}  // namespace pilot::engine
