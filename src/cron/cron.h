// Cron expressions: text -> Expression -> the next due instant in a time zone. Pure; values are
// immutable and may be shared between threads. docs/schedules.md is the reference.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pilot::cron {

// How numeric weekdays and the two day fields are read.
enum class Dialect {
  crontab,  // 0 and 7 are Sunday; day and weekday are ORed when both are restricted (Vixie cron)
  apscheduler,  // 0 is Monday ... 6 is Sunday; all fields are ANDed (APScheduler 3)
};
std::string_view to_string(Dialect dialect);
std::optional<Dialect> dialect_from(std::string_view text);

// What happens to a wall-clock time that a change of the clocks skips or repeats.
enum class DstRule {
  vixie,    // fixed times: skipped -> first instant after the gap, repeated -> the first only;
            // wildcard or step hours go on by elapsed time
  literal,  // skipped never, repeated twice (APScheduler, Temporal)
};
std::string_view to_string(DstRule rule);
std::optional<DstRule> dst_rule_from(std::string_view text);

// An IANA time zone from the system's tzdata. Cheap to copy (shared, immutable).
class Zone;
// Errors: invalid_argument/unknown_timezone, with the nearest name where there is one.
Result<std::shared_ptr<const Zone>> find_zone(std::string_view name);
std::string_view name(const Zone& zone);

class Expression;
// Five fields (minute hour day month weekday), six (second first), or a word like @daily. Errors:
// invalid_argument/invalid_cron with what is wrong and where (`pointer` is "field 2 (hour)" or the
// like); invalid_argument/never_fires when no date ever matches ("0 0 30 2 *").
Result<std::shared_ptr<const Expression>> parse(std::string_view text,
                                                Dialect dialect = Dialect::crontab);

// The first due instant after `after` (strictly); none when there is no further one within the
// range of the calendar that is looked at: from 1970 to the end of the year 2200.
std::optional<WallTime> next_after(const Expression& expression, const Zone& zone, WallTime after,
                                   DstRule rule = DstRule::vixie);
// The last due instant that is not after `instant`; none before 1970. Costs some dozen next_after,
// however many instants lie in between.
std::optional<WallTime> last_at_or_before(const Expression& expression, const Zone& zone,
                                          WallTime instant, DstRule rule = DstRule::vixie);

// In words, in English: "at 07:00 on Monday to Friday".
std::string explain(const Expression& expression);
// The same expression as five or six fields of numbers: "0 7 * * 1-5" for "0 7 * * mon-fri".
// Parsed again in its dialect it is the same.
std::string to_text(const Expression& expression);

}  // namespace pilot::cron
