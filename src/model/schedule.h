// A time trigger and its due moments as they are stored: rows of `schedules` and `schedule_fires`.
// Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "model/ids.h"

namespace pilot {

// When a plan runs by itself. The schedule that a plan's own trigger makes has the plan's id;
// others (several per plan) would have ids of their own. A trigger of another kind (an interval,
// one date) would say so in a member beside `expression`; all the rest is the same for it.
struct Schedule {
  UserId user;
  ScheduleId id;
  PlanId plan;
  int plan_version = 0;          // the version that `inputs` were checked against
  std::int32_t total_steps = 0;  // of that version
  std::string name;              // of the plan

  // What decides the due instants; plan/timetable.h reads it.
  std::string expression;
  std::string dialect = "crontab";
  std::string timezone = "UTC";
  std::string dst = "vixie";
  std::optional<WallTime> starts_at;  // both are inside
  std::optional<WallTime> ends_at;

  std::optional<std::int64_t> misfire_grace_s = 60;  // none: never too late
  bool coalesce = true;
  std::int64_t max_instances = 1;
  std::int64_t jitter_s = 0;
  Json inputs = JsonObject{};  // with the plan's defaults

  std::optional<WallTime> next_fire_at;  // the next due instant; none: nothing more to come
  std::optional<WallTime> fire_at;       // it and the jitter drawn for it
  WallTime created_at;
  WallTime updated_at;
  std::int64_t revision = 1;  // raised by every change, not by firing
};

// What became of one due instant, or of several in a row that were missed for one cause.
struct Fire {
  enum class Status { fired, missed };
  UserId user;
  ScheduleId schedule;
  PlanId plan;
  WallTime due_at;
  WallTime last_due_at;                   // == due_at, but for a row of missed ones
  std::optional<std::int64_t> count = 1;  // instants in the row; none: too many to count
  Status status = Status::fired;
  // Of a miss: down (due before the process started), late, coalesced (a later one ran for it),
  // no_slot (max_instances), limit (too many at once), inputs_invalid, plan_invalid.
  std::string cause;
  std::int64_t lateness_ms = 0;      // of the first, jitter not counted
  std::int64_t coalesced_count = 0;  // how many before it this one stands for
  RunId run;
  WallTime recorded_at;
};
inline std::string_view to_string(Fire::Status status) {
  return status == Fire::Status::fired ? "fired" : "missed";
}

}  // namespace pilot
