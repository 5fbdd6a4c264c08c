#include "engine/scheduler.h"

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/spawn.h"
#include "model/limits.h"

namespace pilot::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kBatch = 500;  // schedules in one transaction
constexpr auto kTick = 1s;            // how long a jump of the calendar may go unseen
constexpr auto kLook = 5s;            // the safety net under notice()
constexpr Millis kFirstPause{200};
constexpr Millis kLongestPause{5'000};
constexpr auto kStalePause = 10ms;  // somebody was faster: let them finish
constexpr auto kBrokenPause = 60s;  // for a schedule whose time zone the system has lost
constexpr std::size_t kTimetables = 4'096;

}  // namespace

Scheduler::~Scheduler() {
  *alive_ = false;
  stop();
}

void Scheduler::start() {
  running_ = true;
  started_ = parts_.engine.clock.now();
  look_at_ = parts_.engine.clock.steady();
  tick();
}

void Scheduler::stop() {
  running_ = false;
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  timer_ = 0;
}

void Scheduler::notice(WallTime next) {
  boost::asio::post(parts_.shard.executor, [this, next, alive = alive_] {
    if (!*alive || !running_ || (next_ && *next_ <= next)) return;
    next_ = next;
    arm();
  });
}

// One look at the clocks. Work that is under way arms the timer when it is done.
void Scheduler::tick() {
  timer_ = 0;
  if (!running_ || working_) return;
  const WallTime now = parts_.engine.clock.now();
  // Set back to before the start: what is due from now on is not "down".
  started_ = std::min(started_, now);
  const bool due = next_ && *next_ <= now;
  if ((due && pause_ == Millis{0}) || parts_.engine.clock.steady() >= look_at_) {
    working_ = true;
    spawn(parts_.shard.executor, work());
  } else {
    arm();
  }
}

void Scheduler::arm() {
  if (!running_ || working_) return;
  const SteadyTime now = parts_.engine.clock.steady();
  SteadyTime when = look_at_;
  if (next_ && pause_ == Millis{0}) {
    const WallTime::duration left = *next_ - parts_.engine.clock.now();
    const auto wait = std::clamp<WallTime::duration>(left, WallTime::duration{0}, kTick);
    when = std::min<SteadyTime>(when, now + wait);
  }
  if (timer_ != 0) parts_.shard.timers->cancel(timer_);
  timer_ = parts_.shard.timers->call_at(when, [this] { tick(); });
}

awaitable<void> Scheduler::work() {
  const auto alive = alive_;
  bool more = true;
  while (more) {
    more = co_await fire_due();
    if (!*alive || !running_) co_return;
  }
  working_ = false;
  arm();
}

awaitable<bool> Scheduler::fire_due() {
  const auto alive = alive_;
  store::Store& store = parts_.engine.store;
  const WallTime now = parts_.engine.clock.now();
  next_.reset();  // notice() may set it while we look
  const auto due = co_await store.due_schedules(now, kBatch);
  if (!*alive || !running_) co_return false;
  if (!due) {
    failed("looking for due schedules", due.error());
    co_return false;
  }
  store::FiringReport report;
  if (!due->empty()) {
    std::vector<store::Firing> firings;
    firings.reserve(due->size());
    std::int64_t walk = limits::kCountedInstants;
    for (const store::DueSchedule& one : *due) firings.push_back(decide(one, now, walk));
    const auto fired = co_await store.fire(std::move(firings));
    if (!*alive || !running_) co_return false;
    if (!fired) {
      failed("firing schedules", fired.error());
      co_return false;
    }
    report = *fired;
    if (report.runs > 0) parts_.on_fired(now);
  }
  pause_ = Millis{0};
  look_at_ = parts_.engine.clock.steady() + kLook;
  if (std::ssize(*due) == kBatch && report.stale < kBatch) co_return true;
  const auto next = co_await store.next_fire();
  if (!*alive || !running_) co_return false;
  if (!next) {
    failed("looking for the next schedule", next.error());
    co_return false;
  }
  if (*next) {
    const WallTime soonest =
        report.stale > 0 ? parts_.engine.clock.now() + kStalePause : WallTime::min();
    const WallTime wanted = std::max(**next, soonest);
    next_ = next_ ? std::min(*next_, wanted) : wanted;
  }
  co_return false;
}

store::Firing Scheduler::decide(const store::DueSchedule& due, WallTime now, std::int64_t& walk) {
  const plan::Timetable* timetable = timetable_of(due.schedule);
  if (timetable == nullptr || !due.schedule.next_fire_at) {
    return {.seen = due.schedule,
            .next_fire_at = due.schedule.next_fire_at,
            .fire_at = now + kBrokenPause,
            .instants = {}};
  }
  return what_to_fire(due, *timetable, {.now = now, .started = started_}, *parts_.shard.random,
                      walk);
}

// Many schedules say the same: each rule is read once.
const plan::Timetable* Scheduler::timetable_of(const Schedule& schedule) {
  std::string key = fmt::format("{}\n{}\n{}\n{}", schedule.dialect, schedule.dst, schedule.timezone,
                                schedule.expression);
  if (const auto it = timetables_.find(key); it != timetables_.end()) return &it->second;
  Result<plan::Timetable> made = plan::make_timetable(schedule);
  if (!made) {
    parts_.engine.log.error("schedule {} (\"{}\", {}) cannot be read: {}", schedule.id.text,
                            schedule.expression, schedule.timezone, made.error().message);
    return nullptr;
  }
  if (timetables_.size() >= kTimetables) timetables_.clear();
  return &timetables_.emplace(std::move(key), std::move(*made)).first->second;
}

void Scheduler::failed(std::string_view what, const Error& error) {
  pause_ = pause_ == Millis{0} ? kFirstPause : std::min(pause_ * 2, kLongestPause);
  look_at_ = parts_.engine.clock.steady() + pause_;
  parts_.engine.log.warn("{}: {}; trying again in {} ms", what, error.message, pause_.count());
}

}  // namespace pilot::engine
