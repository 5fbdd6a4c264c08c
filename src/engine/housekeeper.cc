#include "engine/housekeeper.h"

#include "base/log.h"
#include "base/spawn.h"

namespace pilot::engine {
namespace {

constexpr Millis kFirst{10'000};  // not in the way of starting
constexpr Millis kEvery{3'600'000};

}  // namespace

Housekeeper::~Housekeeper() {
  *alive_ = false;
  stop();
}

// A store that keeps everything, and needs no room made, has nothing to do.
void Housekeeper::start() {
  running_ = parts_.engine.store.shared() || parts_.options.retention.has_value();
  if (running_) arm(kFirst);
}

void Housekeeper::stop() {
  running_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  timer_ = 0;
}

void Housekeeper::arm(Millis wait) {
  timer_ = parts_.shard.timers->call_at(parts_.engine.clock.steady() + wait, [this] {
    timer_ = 0;
    spawn(parts_.shard.executor, work());
  });
}

awaitable<void> Housekeeper::work() {
  const auto alive = alive_;
  const auto gone =
      co_await parts_.engine.store.tidy(parts_.engine.clock.now(), parts_.options.retention);
  if (!*alive || !running_) co_return;
  if (!gone) parts_.engine.log.warn("tidying the database: {}", gone.error().message);
  if (gone && *gone > 0) {
    parts_.engine.log.info("retention: {} {} dropped", *gone,
                           parts_.engine.store.shared() ? "months" : "runs");
  }
  arm(kEvery);
}

}  // namespace pilot::engine
