// The due instants of a schedule. Its document: schedule_trigger.cc.
#include "plan/timetable.h"

#include <algorithm>

namespace pilot::plan {

namespace {

constexpr auto kInstant = std::chrono::microseconds{1};  // the step of WallTime

}  // namespace

Result<Timetable> make_timetable(const Schedule& schedule) {
  auto expression = cron::parse(
      schedule.expression, cron::dialect_from(schedule.dialect).value_or(cron::Dialect::crontab));
  if (!expression) return expression.error();
  auto zone = cron::find_zone(schedule.timezone);
  if (!zone) return zone.error();
  return Timetable{std::move(*expression), std::move(*zone),
                   cron::dst_rule_from(schedule.dst).value_or(cron::DstRule::vixie)};
}

std::optional<WallTime> next_due(const Schedule& schedule, const Timetable& timetable,
                                 WallTime after) {
  if (schedule.starts_at) after = std::max(after, *schedule.starts_at - kInstant);
  if (schedule.ends_at && after >= *schedule.ends_at) return std::nullopt;
  const auto next = cron::next_after(*timetable.expression, *timetable.zone, after, timetable.dst);
  if (next && schedule.ends_at && *next > *schedule.ends_at) return std::nullopt;
  return next;
}

WallTime last_due(const Schedule& schedule, const Timetable& timetable, WallTime known,
                  WallTime at) {
  if (schedule.ends_at) at = std::min(at, *schedule.ends_at);
  const auto last =
      cron::last_at_or_before(*timetable.expression, *timetable.zone, at, timetable.dst);
  return last && *last > known ? *last : known;
}

void set_next(Schedule& schedule, const Timetable& timetable, std::optional<WallTime> next,
              Random& random) {
  schedule.next_fire_at = next;
  schedule.fire_at = next;
  if (!next || schedule.jitter_s == 0) return;
  std::chrono::microseconds most = std::chrono::seconds{schedule.jitter_s};
  if (const auto following = next_due(schedule, timetable, *next)) {
    most = std::min(most, *following - *next - kInstant);
  }
  const double drawn = random.unit() * static_cast<double>(most.count());
  *schedule.fire_at += std::chrono::microseconds{static_cast<std::int64_t>(drawn)};
}

}  // namespace pilot::plan
