// Schedules, what is due of them, and what became of it (`schedules`, `schedule_fires`). Called on
// a shard; the answer comes back on the same shard, after the commit.
//
// due_schedules, next_fire and fire are the scheduler's and see every user; the others are by user.
// With several schedulers on one database, due_schedules would become a claim under a lease, like
// RunStore::claim; fire() is safe already: it does nothing for what another has fired.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "model/run.h"
#include "model/schedule.h"
#include "store/page.h"

namespace pilot::store {

using boost::asio::awaitable;

struct DueSchedule {
  Schedule schedule;
  int plan_version = 0;  // the plan's present one; 0: there is no such active plan
};

// A due instant (or several that were missed) and the run it makes.
struct FiredInstant {
  Fire fire;
  std::optional<Run> run;  // of a fired one: as it begins (queued, nobody's)
};

// What the scheduler has decided about one schedule: takes effect only if it still is as it was.
struct Firing {
  Schedule seen;                         // as due_schedules gave it
  std::optional<WallTime> next_fire_at;  // what comes after it
  std::optional<WallTime> fire_at;
  std::vector<FiredInstant> instants;  // oldest first
  // Several instants to be made up for, one after the other: one that finds no slot is not missed
  // but waits, with all that follow it, and is looked at again then.
  std::optional<WallTime> retry_at = std::nullopt;
};

struct FiringReport {
  std::int64_t runs = 0;     // made
  std::int64_t missed = 0;   // rows of missed instants
  std::int64_t stale = 0;    // schedules that had changed meanwhile: nothing was done
  std::int64_t waiting = 0;  // schedules whose instants wait for a slot
};

struct FireFilter {
  ScheduleId schedule;  // empty: all
};

class ScheduleStore {
 public:
  virtual ~ScheduleStore() = default;

  // Schedules whose fire_at <= now, the earliest first, at most `limit`. From an index.
  virtual awaitable<Result<std::vector<DueSchedule>>> due_schedules(WallTime now,
                                                                    std::int64_t limit) = 0;
  // The earliest fire_at of all; none: no schedule has anything to come.
  virtual awaitable<Result<std::optional<WallTime>>> next_fire() = 0;
  // All of it in one transaction. A schedule that has another next_fire_at or revision than `seen`
  // is left alone. An instant that is recorded already makes no run; one that finds max_instances
  // runs of its schedule open is recorded as missed with cause no_slot, unless retry_at is set.
  virtual awaitable<Result<FiringReport>> fire(std::vector<Firing> firings) = 0;

  // Makes or replaces the plan's own schedule and sets the plan's trigger (no new version), if the
  // plan still has version schedule.plan_version: else conflict/version_conflict. next_fire_at and
  // fire_at stay as they are stored when what decides the due instants is the same. Codes:
  // too_many_schedules, not_found.
  virtual awaitable<Status> put_schedule(Schedule schedule, Json trigger) = 0;
  // Removes it, if there is one, and sets the plan's trigger. Its fires stay.
  virtual awaitable<Status> remove_schedule(UserId user, PlanId plan, Json trigger,
                                            WallTime now) = 0;
  virtual awaitable<Result<Schedule>> find_schedule(UserId user, ScheduleId id) = 0;
  // Newest first (by id).
  virtual awaitable<Result<Page<Schedule>>> list_schedules(UserId user, PageRequest page) = 0;
  // Newest due instant first.
  virtual awaitable<Result<Page<Fire>>> list_fires(UserId user, FireFilter filter,
                                                   PageRequest page) = 0;
};

}  // namespace pilot::store
