// The calendar side of an expression: which local times match, with no time zone in sight. Pure.
#pragma once

#include <absl/time/civil_time.h>

#include <optional>

#include "cron/expression.h"

namespace pilot::cron {

inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2200;

// The first matching local time at or after `from`, in or before `last_year`. Jumps from month to
// month, day to day and so on.
std::optional<absl::CivilSecond> next_match(const Expression& expression, absl::CivilSecond from,
                                            int last_year = kLastYear);
// The matching days of a month: bit 1 is the first.
std::uint32_t matching_days(const Expression& expression, int year, int month);

}  // namespace pilot::cron
