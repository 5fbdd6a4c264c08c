#include "cron/match.h"

#include <bit>

namespace pilot::cron {
namespace {

using Bits = std::uint64_t;
constexpr int kWeek = 7;
// The days 1, 8, 15, 22 and 29.
constexpr Bits kWeekly =
    Bits{1} << 1 | Bits{1} << 8 | Bits{1} << 15 | Bits{1} << 22 | Bits{1} << 29;

// The first set bit at `from` or above it; 64 for none.
int first_from(Bits bits, int from) {
  return from > 63 ? 64 : std::countr_zero(bits & (~Bits{0} << from));
}

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

struct Month {
  int days;
  int starts_on;  // weekday of the first; Sunday is 0

  int weekday(int day) const { return (starts_on + day - 1) % kWeek; }
  int first(int weekday) const { return 1 + (weekday - starts_on + kWeek) % kWeek; }
  int last(int weekday) const {
    const int day = first(weekday) + 4 * kWeek;
    return day <= days ? day : day - kWeek;
  }
};

Month month_of(int year, int month) {
  constexpr std::array<int, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  constexpr std::array<int, 13> kShift{0, 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};  // Sakamoto's
  const int y = month < 3 ? year - 1 : year;
  const int starts_on = (y + y / 4 - y / 100 + y / 400 + kShift.at(std::size_t(month)) + 1) % kWeek;
  return {kDays.at(std::size_t(month)) + (month == 2 && is_leap(year) ? 1 : 0), starts_on};
}

// The Monday to Friday nearest to a day, without leaving the month.
int nearest_workday(const Month& month, int day) {
  const int weekday = month.weekday(day);
  if (weekday == 6) return day > 1 ? day - 1 : day + 2;
  if (weekday == 0) return day < month.days ? day + 1 : day - 2;
  return day;
}

// The day that a special item means in this month; 0 for none.
int special_day(const Item& item, const Month& month) {
  const int from_end = month.days - item.back;
  switch (item.kind) {
    case Item::Kind::last_day:
      return from_end > 0 ? from_end : 0;
    case Item::Kind::workday: {
      const int day = item.first != 0 ? item.first : from_end;
      return day > 0 && day <= month.days ? nearest_workday(month, day) : 0;
    }
    case Item::Kind::nth: {
      const int day = month.first(item.first) + (item.nth - 1) * kWeek;
      return day <= month.days ? day : 0;
    }
    case Item::Kind::last_nth:
      return month.last(item.first);
    case Item::Kind::every:
    case Item::Kind::range:
      break;
  }
  return 0;
}

Bits special_days(const Field& field, const Month& month) {
  Bits days = 0;
  for (const Item& item : field.specials) days |= Bits{1} << special_day(item, month);
  return days;
}

Bits weekly_days(Bits weekdays, const Month& month) {
  Bits days = 0;
  for (; weekdays != 0; weekdays &= weekdays - 1) {
    days |= kWeekly << (month.first(std::countr_zero(weekdays)) - 1);
  }
  return days;
}

// Of one day; hour, minute and second as bits of the three fields.
struct TimeOfDay {
  int hour;
  int minute;
  int second;
};

TimeOfDay first_time(const Expression& e) {
  return {std::countr_zero(e.field(FieldKind::hour).bits),
          std::countr_zero(e.field(FieldKind::minute).bits),
          std::countr_zero(e.field(FieldKind::second).bits)};
}

std::optional<TimeOfDay> next_time(const Expression& e, const absl::CivilSecond& from) {
  const Bits hours = e.field(FieldKind::hour).bits;
  const Bits minutes = e.field(FieldKind::minute).bits;
  const TimeOfDay first = first_time(e);
  int hour = first_from(hours, from.hour());
  if (hour == from.hour()) {
    int minute = first_from(minutes, from.minute());
    if (minute == from.minute()) {
      const int second = first_from(e.field(FieldKind::second).bits, from.second());
      if (second < 60) return TimeOfDay{hour, minute, second};
      minute = first_from(minutes, minute + 1);
    }
    if (minute < 60) return TimeOfDay{hour, minute, first.second};
    hour = first_from(hours, hour + 1);
  }
  if (hour < 24) return TimeOfDay{hour, first.minute, first.second};
  return std::nullopt;
}

}  // namespace

std::uint32_t matching_days(const Expression& expression, int year, int month) {
  const Month shape = month_of(year, month);
  const Field& day = expression.field(FieldKind::day);
  const Field& weekday = expression.field(FieldKind::weekday);
  Bits by_day = day.bits;
  if (!day.specials.empty()) by_day |= special_days(day, shape);
  Bits by_weekday = weekday.bits == 0x7f ? ~Bits{0} : weekly_days(weekday.bits, shape);
  if (!weekday.specials.empty()) by_weekday |= special_days(weekday, shape);
  const Bits all = (Bits{2} << shape.days) - 2;  // bits 1 ... days
  return static_cast<std::uint32_t>(
      (expression.either_day ? by_day | by_weekday : by_day & by_weekday) & all);
}

std::optional<absl::CivilSecond> next_match(const Expression& expression, absl::CivilSecond from,
                                            int last_year) {
  const Bits months = expression.field(FieldKind::month).bits;
  const std::optional<TimeOfDay> today = next_time(expression, from);
  int year = static_cast<int>(from.year());
  int month = first_from(months, from.month());
  int day = 1;
  bool same_month = month == from.month();
  if (same_month) day = today ? from.day() : from.day() + 1;
  while (year <= last_year) {
    if (month > 12) {
      ++year;
      month = std::countr_zero(months);
      continue;
    }
    const int found = first_from(matching_days(expression, year, month), day);
    if (found < 32) {
      const TimeOfDay time =
          same_month && today && found == from.day() ? *today : first_time(expression);
      return absl::CivilSecond(year, month, found, time.hour, time.minute, time.second);
    }
    month = first_from(months, month + 1);
    day = 1;
    same_month = false;
  }
  return std::nullopt;
}

}  // namespace pilot::cron
