#include "engine/lease.h"

#include "base/log.h"
#include "base/spawn.h"

namespace pilot::engine {
namespace {

// How often requests to cancel are looked for, and a lost database is tried again.
constexpr Millis kLook{500};
// How often runs of dead nodes are looked for: with the lease this bounds how long one lies still.
constexpr Millis kRelease{2'000};

std::int64_t nanos(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

Lease::~Lease() {
  *alive_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
}

bool Lease::safe() const {
  return !parts_.engine.store.shared() ||
         nanos(parts_.engine.clock.steady()) < safe_until_.load(std::memory_order_relaxed);
}

awaitable<Status> Lease::start() {
  shared_ = parts_.engine.store.shared();
  Status ready = co_await renew();
  if (ready) ready = co_await release_dead();
  if (!ready) co_return ready;
  running_ = true;
  if (shared_) arm(kLook);
  co_return ok();
}

void Lease::drain() { draining_ = true; }

awaitable<void> Lease::stop() {
  running_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  timer_ = 0;
  // What could not be told is found out when the lease has run out.
  if (shared_) static_cast<void>(co_await parts_.engine.store.forget_node(parts_.options.node));
}

void Lease::arm(Millis wait) {
  timer_ = parts_.shard.timers->call_at(parts_.engine.clock.steady() + wait, [this] {
    timer_ = 0;
    spawn(parts_.shard.executor, work());
  });
}

awaitable<void> Lease::work() {
  const auto alive = alive_;
  const SteadyTime now = parts_.engine.clock.steady();
  if (failing_ || now - renewed_ >= parts_.options.lease / 3) {
    const Status renewed = co_await renew();
    if (!*alive || !running_) co_return;
    if (!renewed && !failing_) {
      parts_.engine.log.warn("renewing this node's lease: {}", renewed.error().message);
    }
    failing_ = !renewed;
  }
  if (!failing_ && now - released_ >= kRelease) {
    // What fails now is tried again in a moment.
    static_cast<void>(co_await release_dead());
    if (!*alive || !running_) co_return;
  }
  if (!failing_) co_await look_for_cancels();
  if (*alive && running_) arm(kLook);
}

awaitable<Status> Lease::renew() {
  const auto alive = alive_;
  const SteadyTime before = parts_.engine.clock.steady();
  const Status renewed =
      co_await parts_.engine.store.renew_lease({.id = parts_.options.node,
                                                .name = parts_.options.name,
                                                .roles = parts_.options.roles,
                                                .version = parts_.options.version,
                                                .ttl = parts_.options.lease,
                                                .draining = draining_});
  if (!renewed || !*alive) co_return renewed;
  renewed_ = before;
  safe_until_ = nanos(before + parts_.options.lease * 2 / 3);
  co_return ok();
}

awaitable<Status> Lease::release_dead() {
  const auto alive = alive_;
  released_ = parts_.engine.clock.steady();
  const auto released = co_await parts_.engine.store.release_others(parts_.options.node);
  if (!released) co_return released.error();
  if (!*alive || *released == 0) co_return ok();
  parts_.engine.log.info("taking up {} unfinished runs", *released);
  parts_.on_released();
  co_return ok();
}

awaitable<void> Lease::look_for_cancels() {
  const auto alive = alive_;
  const auto wanted = co_await parts_.engine.store.cancel_requests(parts_.options.node);
  if (!wanted || !*alive) co_return;
  for (const store::UserRun& one : *wanted) parts_.on_cancel(one);
}

}  // namespace pilot::engine
