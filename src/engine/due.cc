#include "engine/due.h"

#include <algorithm>

#include "base/crypto.h"
#include "model/limits.h"

namespace pilot::engine {
namespace {

using namespace std::chrono_literals;
using store::FiredInstant;
using store::Firing;

constexpr auto kRetrySlot = 1s;

// Decides about one schedule.
class Decision {
 public:
  Decision(const store::DueSchedule& due, const plan::Timetable& timetable, Moment moment,
           std::int64_t& walk)
      : seen_(due.schedule),
        timetable_(timetable),
        moment_(moment),
        walk_(walk),
        runnable_(due.plan_version != 0),
        first_(*seen_.next_fire_at) {
    firing_.seen = seen_;
    drawn_ = *seen_.fire_at - first_;
    // Only waiting for a slot moves fire_at further than the jitter.
    waited_ = drawn_ > std::chrono::seconds{seen_.jitter_s};
    if (seen_.misfire_grace_s)
      in_time_ = moment_.now - std::chrono::seconds{*seen_.misfire_grace_s};
    if (!waited_ && *seen_.fire_at >= in_time_) in_time_ = std::min(in_time_, first_);
  }

  Firing decide(Random& random) {
    const std::optional<WallTime> next = seen_.coalesce || !runnable_ ? last_only() : each();
    Schedule after = seen_;
    plan::set_next(after, timetable_, next, random);
    firing_.next_fire_at = after.next_fire_at;
    firing_.fire_at = after.fire_at;
    return std::move(firing_);
  }

 private:
  std::optional<WallTime> next(WallTime after) const {
    return plan::next_due(seen_, timetable_, after);
  }
  WallTime last(WallTime known, WallTime at) const {
    return plan::last_due(seen_, timetable_, known, at);
  }

  // The last of all that are due stands for them.
  std::optional<WallTime> last_only() {
    const WallTime latest = last(first_, moment_.now);
    if (!runnable_) {
      miss(first_, latest, "plan_invalid");
    } else if (latest < in_time_) {
      miss_by_time(first_, latest);
    } else {
      const std::int64_t before =
          latest > first_ ? miss(first_, last(first_, latest - 1us), "coalesced") : 0;
      run(latest, before);
    }
    return next(latest);
  }

  // Each that is in time runs, the oldest first.
  std::optional<WallTime> each() {
    std::optional<WallTime> at = first_;
    if (first_ < in_time_) {
      at = next(in_time_ - 1us);
      const WallTime end = at && *at <= moment_.now ? *at - 1us : moment_.now;
      miss_by_time(first_, last(first_, end));
    }
    std::int64_t runs = 0;
    for (; at && *at <= moment_.now && runs < limits::kCatchUpRuns; at = next(*at)) {
      run(*at, 0);
      ++runs;
    }
    if (runs > 1 || waited_) firing_.retry_at = moment_.now + kRetrySlot;
    return at;
  }

  void miss_by_time(WallTime from, WallTime to) {
    if (waited_) {
      miss(from, to, "no_slot");
      return;
    }
    if (from < moment_.started) {
      const WallTime end = last(from, std::min(to, moment_.started - 1us));
      miss(from, end, "down");
      if (end == to) return;
      from = *next(end);
    }
    miss(from, to, "late");
  }

  // One row for all of them; answers how many, as far as they are counted.
  std::int64_t miss(WallTime from, WallTime to, std::string_view cause) {
    Fire fire = fire_of(from);
    fire.last_due_at = to;
    fire.status = Fire::Status::missed;
    fire.cause = cause;
    std::int64_t count = 1;
    for (auto at = next(from); at && *at <= to; at = next(*at)) {
      if (walk_ <= 0) {
        fire.count.reset();
        break;
      }
      --walk_;
      ++count;
    }
    if (fire.count) fire.count = count;
    firing_.instants.push_back({std::move(fire), std::nullopt});
    return count;
  }

  void run(WallTime due_at, std::int64_t coalesced) {
    FiredInstant instant{fire_of(due_at), Run{}};
    instant.fire.coalesced_count = coalesced;
    Run& run = *instant.run;
    run.user = seen_.user;
    run.id = run_id_of(seen_, due_at);
    run.plan = seen_.plan;
    run.plan_version = seen_.plan_version;
    run.plan_name = seen_.name;
    run.inputs = seen_.inputs;
    run.total_steps = seen_.total_steps;
    run.created_at = moment_.now;
    run.revision = 1;
    JsonObject trigger{{"type", "schedule"},
                       {"schedule_id", seen_.id.text},
                       {"scheduled_at", to_rfc3339(due_at)},
                       {"fired_at", to_rfc3339(moment_.now)}};
    if (coalesced > 0) trigger["coalesced_count"] = coalesced;
    run.trigger = std::move(trigger);
    instant.fire.run = run.id;
    firing_.instants.push_back(std::move(instant));
  }

  Fire fire_of(WallTime due_at) const {
    Fire fire;
    fire.user = seen_.user;
    fire.schedule = seen_.id;
    fire.plan = seen_.plan;
    fire.due_at = fire.last_due_at = due_at;
    const WallTime meant = due_at == first_ && !waited_ ? *seen_.fire_at : due_at;
    fire.lateness_ms = std::chrono::duration_cast<Millis>(moment_.now - meant).count();
    fire.recorded_at = moment_.now;
    return fire;
  }

  const Schedule& seen_;
  const plan::Timetable& timetable_;
  const Moment moment_;
  std::int64_t& walk_;
  const bool runnable_;
  const WallTime first_;
  std::chrono::microseconds drawn_{0};
  bool waited_ = false;
  WallTime in_time_ = WallTime::min();  // what is due before is too late
  Firing firing_;
};

}  // namespace

store::Firing what_to_fire(const store::DueSchedule& due, const plan::Timetable& timetable,
                           Moment moment, Random& random, std::int64_t& walk) {
  return Decision(due, timetable, moment, walk).decide(random);
}

RunId run_id_of(const Schedule& schedule, WallTime due_at) {
  const crypto::Sha256 digest = crypto::sha256(
      fmt::format("{}\n{}\n{}", schedule.user.text, schedule.id.text, to_unix_micros(due_at)));
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < sizeof seed; ++i) seed = seed << 8 | digest[i];
  return RunId{make_uuid7(due_at, *make_seeded_random(seed))};
}

}  // namespace pilot::engine
