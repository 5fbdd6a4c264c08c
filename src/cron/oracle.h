// A slow second opinion for tests: an expression as the parts that it was put together from, and
// its due instants minute by minute from the definition in docs/schedules.md. Shares no code with
// the library: dates are std::chrono's, the changes of the clocks are the C library's.
#pragma once

#include <cstdlib>
#include <ctime>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pilot::cron::oracle {

using Seconds = std::int64_t;  // since 1970 in UTC
constexpr Seconds kMinute = 60;
constexpr Seconds kDay = 86'400;

inline Seconds seconds_of(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  return sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}
             .time_since_epoch()
             .count() *
         kDay;
}

// The clocks go from one offset to another.
struct Change {
  Seconds at;
  Seconds before;
  Seconds after;
};

// The offsets of a zone from 2009 to 2050, as localtime_r() tells them. Sets TZ: one thread only.
class ZoneTable {
 public:
  explicit ZoneTable(const std::string& name) : name_(name) {
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
    constexpr Seconds kStep = 6 * 3'600;  // no zone changes twice in so short a time
    Seconds at = seconds_of(2009, 1, 1);
    first_ = ask(at);
    for (Seconds offset = first_; at < seconds_of(2050, 1, 1); at += kStep) {
      const Seconds later = ask(at + kStep);
      if (later == offset) continue;
      Seconds low = at, high = at + kStep;  // changed at `high`, not at `low`
      while (high - low > 1) {
        const Seconds middle = (low + high) / 2;
        (ask(middle) == offset ? low : high) = middle;
      }
      changes_.push_back({high, offset, later});
      offset = later;
    }
    unsetenv("TZ");
    tzset();
  }

  const std::string& name() const { return name_; }
  const std::vector<Change>& changes() const { return changes_; }
  Seconds offset(Seconds at) const {
    Seconds offset = first_;
    for (const Change& change : changes_) {
      if (change.at <= at) offset = change.after;
    }
    return offset;
  }

 private:
  static Seconds ask(Seconds at) {
    const std::time_t time = at;
    std::tm parts{};
    localtime_r(&time, &parts);
    return parts.tm_gmtoff;
  }

  std::string name_;
  Seconds first_ = 0;
  std::vector<Change> changes_;
};

struct Part {
  enum class Kind { all, range, last_day, workday, last_workday, nth, last_nth };
  Kind kind = Kind::all;
  int first = 0;
  int last = 0;
  int step = 1;
  int back = 0;
  int nth = 0;
};

struct Field {
  std::string text;
  std::vector<Part> parts;
};

struct Rule {
  bool apscheduler = false;
  bool six = false;
  // second, minute, hour, day, month, weekday
  std::array<Field, 6> fields;

  std::string text() const {
    std::string out;
    for (std::size_t i = six ? 0 : 1; i < 6; ++i) out += (out.empty() ? "" : " ") + fields[i].text;
    return out;
  }
};

// Whether a number is in the plain parts of a field that begins at `low`.
inline bool in_field(const Field& field, int number, int low) {
  for (const Part& part : field.parts) {
    const int first = part.kind == Part::Kind::all ? low : part.first;
    const bool inside = part.kind == Part::Kind::all ||
                        (part.kind == Part::Kind::range && number >= first && number <= part.last);
    if (inside && (number - first) % part.step == 0) return true;
  }
  return false;
}

inline bool is_workday(std::chrono::sys_days date) {
  const unsigned day = std::chrono::weekday{date}.iso_encoding();
  return day <= 5;
}

inline bool same_month(std::chrono::sys_days a, std::chrono::sys_days b) {
  const std::chrono::year_month_day left{a}, right{b};
  return left.year() == right.year() && left.month() == right.month();
}

// The nearest Monday to Friday in the month, looked for further and further away.
inline std::chrono::sys_days nearest_workday(std::chrono::sys_days target) {
  for (std::chrono::days away{0};; ++away) {
    for (const auto date : {target - away, target + away}) {
      if (same_month(date, target) && is_workday(date)) return date;
    }
  }
}

inline bool special_day(const Part& part, std::chrono::sys_days date, int weekday) {
  using namespace std::chrono;
  const year_month_day ymd{date};
  const sys_days last = ymd.year() / ymd.month() / std::chrono::last;
  const int day = static_cast<int>(static_cast<unsigned>(ymd.day()));
  switch (part.kind) {
    case Part::Kind::last_day:
      return date + days{part.back} == last;
    case Part::Kind::workday: {
      const year_month_day target = ymd.year() / ymd.month() / part.first;
      return target.ok() && nearest_workday(sys_days{target}) == date;
    }
    case Part::Kind::last_workday:
      return same_month(last - days{part.back}, last) &&
             nearest_workday(last - days{part.back}) == date;
    case Part::Kind::nth:
      return weekday == part.first % 7 && (day - 1) / 7 + 1 == part.nth;
    case Part::Kind::last_nth:
      return weekday == part.first % 7 && !same_month(date, date + days{7});
    default:
      return false;
  }
}

inline bool date_matches(const Rule& rule, std::chrono::sys_days date) {
  using namespace std::chrono;
  const year_month_day ymd{date};
  const int sunday_is_0 = static_cast<int>(weekday{date}.c_encoding());
  const int number = rule.apscheduler ? (sunday_is_0 + 6) % 7 : sunday_is_0;
  if (!in_field(rule.fields[4], static_cast<int>(static_cast<unsigned>(ymd.month())), 1)) {
    return false;
  }
  bool by_day = in_field(rule.fields[3], static_cast<int>(static_cast<unsigned>(ymd.day())), 1);
  for (const Part& part : rule.fields[3].parts) {
    by_day = by_day || special_day(part, date, sunday_is_0);
  }
  bool by_weekday = in_field(rule.fields[5], number, 0);
  // In crontab Sunday is 7, too.
  if (!rule.apscheduler && number == 0) {
    for (const Part& part : rule.fields[5].parts) {
      by_weekday = by_weekday || (part.kind == Part::Kind::range && part.last == 7 &&
                                  (7 - part.first) % part.step == 0);
    }
  }
  for (const Part& part : rule.fields[5].parts) {
    by_weekday = by_weekday || special_day(part, date, number);
  }
  const auto starred = [](const Field& f) { return f.text[0] == '*' || f.text[0] == '?'; };
  if (!rule.apscheduler && !starred(rule.fields[3]) && !starred(rule.fields[5])) {
    return by_day || by_weekday;
  }
  return by_day && by_weekday;
}

// Whether the hours are named one by one: such times are looked after when the clocks change.
inline bool names_its_hours(const Rule& rule) {
  for (const Part& part : rule.fields[2].parts) {
    if (part.kind == Part::Kind::all || part.step > 1) return false;
  }
  for (int hour = 0; hour < 24; ++hour) {
    if (!in_field(rule.fields[2], hour, 0)) return true;
  }
  return false;
}

class Oracle {
 public:
  Oracle(const Rule& rule, const ZoneTable& zone, bool vixie)
      : rule_(rule), zone_(zone), fixed_(vixie && names_its_hours(rule)) {
    for (int i = 0; i < 60; ++i) {
      seconds_.at(std::size_t(i)) = rule.six ? in_field(rule.fields[0], i, 0) : i == 0;
      minutes_.at(std::size_t(i)) = in_field(rule.fields[1], i, 0);
    }
    for (int i = 0; i < 24; ++i) hours_.at(std::size_t(i)) = in_field(rule.fields[2], i, 0);
  }

  // The first due second after `from` and not after `end`.
  std::optional<Seconds> next(Seconds from, Seconds end) {
    for (Seconds minute = from - from % kMinute; minute <= end; minute += kMinute) {
      const auto found = in_minute(minute, from);
      if (found) return *found <= end ? found : std::nullopt;
    }
    return std::nullopt;
  }
  bool is_due(Seconds at) { return next(at - 1, at) == at; }

 private:
  std::optional<Seconds> in_minute(Seconds minute, Seconds from) {
    // Only the changes around now matter: the table is walked along with the search.
    const auto& changes = zone_.changes();
    if (minute < last_minute_) passed_ = 0;
    last_minute_ = minute;
    while (passed_ < changes.size() && changes[passed_].at <= minute) ++passed_;
    const Change* change = passed_ > 0 ? &changes[passed_ - 1] : nullptr;
    const Seconds offset = change != nullptr ? change->after
                           : changes.empty() ? zone_.offset(0)
                                             : changes[0].before;
    const bool skipped_before = fixed_ && change != nullptr && change->at == minute &&
                                change->at > from && any_between(change->before, *change);
    if (skipped_before) return minute;
    const bool second_time =
        change != nullptr && minute - change->at < change->before - change->after;
    if (fixed_ && second_time) return std::nullopt;
    if (!local_minute_matches(minute + offset)) return std::nullopt;
    for (Seconds second = 0; second < 60; ++second) {
      if (seconds_.at(std::size_t(second)) && minute + second > from) return minute + second;
    }
    return std::nullopt;
  }

  // Whether a time that the clocks skip matches.
  bool any_between(Seconds before, const Change& change) {
    for (Seconds local = change.at + before; local < change.at + change.after; local += kMinute) {
      if (local_minute_matches(local)) return true;
    }
    return false;
  }

  bool local_minute_matches(Seconds local) {
    const Seconds day = local / kDay;
    if (day != day_) {
      day_ = day;
      day_matches_ =
          date_matches(rule_, std::chrono::sys_days{std::chrono::days{static_cast<int>(day)}});
    }
    const Seconds in_day = local % kDay;
    return day_matches_ && hours_.at(std::size_t(in_day / 3'600)) &&
           minutes_.at(std::size_t(in_day / kMinute % 60));
  }

  const Rule& rule_;
  const ZoneTable& zone_;
  bool fixed_;
  std::array<bool, 60> seconds_{};
  std::array<bool, 60> minutes_{};
  std::array<bool, 24> hours_{};
  Seconds day_ = -1;
  bool day_matches_ = false;
  std::size_t passed_ = 0;
  Seconds last_minute_ = 0;
};

}  // namespace pilot::cron::oracle
