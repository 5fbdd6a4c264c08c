// Names of months, weekdays and ordinals, and how a weekday is written in a dialect. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cron/expression.h"

namespace pilot::cron {

std::string lower(std::string_view text);  // ASCII

// "jan" or "january" -> 1, "sun" or "sunday" -> 0; lower case only. None: no such name.
std::optional<int> month_from(std::string_view name);
std::optional<int> weekday_from(std::string_view name);
// "1st" ... "5th" -> 1 ... 5.
std::optional<int> ordinal_from(std::string_view word);
// All names that a field takes, for "did you mean".
std::vector<std::string> names_of(FieldKind kind);

std::string_view month_name(int month);       // "January"
std::string_view weekday_name(int weekday);   // "Sunday" for 0 and 7
std::string_view short_weekday(int weekday);  // "sun"
std::string ordinal(int number);              // "22nd"

// How much lower than inside (expression.h) a field's values are written.
inline int written_shift(FieldKind kind, Dialect dialect) {
  return kind == FieldKind::weekday && dialect == Dialect::apscheduler ? 1 : 0;
}

}  // namespace pilot::cron
