// An expression in English words. Told from the sets of matching values, not from how they were
// written: "*/30" and "0,30" read the same.
#include <fmt/format.h>

#include <bit>

#include "cron/names.h"

namespace pilot::cron {
namespace {

constexpr std::size_t kTimesTold = 6;  // more times of day than this are told by their fields

using Bits = std::uint64_t;

std::vector<int> values_of(Bits bits) {
  std::vector<int> out;
  for (; bits != 0; bits &= bits - 1) out.push_back(std::countr_zero(bits));
  return out;
}

// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
    out += parts[i];
  }
  return out;
}

// Values by what `name` calls them, three or more in a row as "first to last".
template <class Name>
std::vector<std::string> in_runs(const std::vector<int>& values, Name name) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i + 1;
    while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
    if (end - i >= 3) {
      out.push_back(fmt::format("{} to {}", name(values[i]), name(values[end - 1])));
    } else {
      for (std::size_t k = i; k < end; ++k) out.push_back(fmt::format("{}", name(values[k])));
    }
    i = end;
  }
  return out;
}

// The distance between four or more values that stand evenly, at least 2; else 0.
int even_step(const std::vector<int>& values) {
  if (values.size() < 4) return 0;
  const int step = values[1] - values[0];
  for (std::size_t i = 2; i < values.size(); ++i) {
    if (values[i] - values[i - 1] != step) return 0;
  }
  return step > 1 ? step : 0;
}

// A field of the time of day.
class Part {
 public:
  Part(const Expression& expression, FieldKind kind)
      : name_(to_string(kind)),
        size_(bounds(kind, expression.dialect).high + 1),
        values_(values_of(expression.field(kind).bits)) {}

  const std::vector<int>& values() const { return values_; }
  bool all() const { return values_.size() == static_cast<std::size_t>(size_); }
  bool one_run() const { return values_.back() - values_.front() + 1 == int(values_.size()); }

  // "every 15 minutes"; "" when it is no such rhythm.
  std::string rhythm() const {
    if (all()) return fmt::format("every {}", name_);
    if (values_.size() < 2 || values_[0] != 0) return "";
    const int step = values_.size() == 2 ? values_[1] : even_step(values_);
    const bool whole = step > 1 && step * int(values_.size()) == size_;
    return whole ? fmt::format("every {} {}s", step, name_) : "";
  }

  // "minute 5", "minutes 5 and 7", "every 7th minute from 0 to 56", "every minute"
  std::string chosen() const {
    if (all()) return fmt::format("every {}", name_);
    if (const int step = even_step(values_)) {
      return fmt::format("every {} {} from {} to {}", ordinal(step), name_, values_.front(),
                         values_.back());
    }
    return fmt::format("{}{} {}", name_, values_.size() > 1 ? "s" : "",
                       listed(in_runs(values_, [](int value) { return value; })));
  }

 private:
  std::string_view name_;
  int size_;
  std::vector<int> values_;
};

struct TimeWords {
  std::string words;
  bool times = false;  // "at 07:00", not a rhythm through the day
};

std::string times_of_day(const Part& hours, const Part& minutes, const Part& seconds) {
  const bool tell_seconds = seconds.values() != std::vector<int>{0};
  std::vector<std::string> times;
  for (const int hour : hours.values()) {
    for (const int minute : minutes.values()) {
      for (const int second : seconds.values()) {
        times.push_back(fmt::format("{:02}:{:02}", hour, minute));
        if (tell_seconds) times.back() += fmt::format(":{:02}", second);
      }
    }
  }
  return "at " + listed(times);
}

// What follows "every 15 minutes" or "at minute 5".
std::string hours_words(const Part& hours, bool rhythm) {
  if (hours.all()) return rhythm ? "" : " of every hour";
  if (rhythm && hours.one_run()) {
    return fmt::format(" from {:02}:00 to {:02}:59", hours.values().front(), hours.values().back());
  }
  return (rhythm ? " in " : " of ") + hours.chosen();
}

TimeWords time_words(const Expression& expression) {
  const Part hours(expression, FieldKind::hour);
  const Part minutes(expression, FieldKind::minute);
  const Part seconds(expression, FieldKind::second);
  if (hours.values().size() * minutes.values().size() * seconds.values().size() <= kTimesTold) {
    return {times_of_day(hours, minutes, seconds), true};
  }
  const bool with_seconds = seconds.values() != std::vector<int>{0};
  const Part& lead = with_seconds ? seconds : minutes;
  std::string words = lead.rhythm();
  bool rhythm = !words.empty();
  if (!rhythm) words = "at " + lead.chosen();
  if (with_seconds && !(rhythm && minutes.all())) {
    words += (rhythm ? " in " : " of ") + minutes.chosen();
    rhythm = minutes.all();
  }
  return {words + hours_words(hours, rhythm), false};
}

std::string special_day_words(const Item& item) {
  const std::string from_end =
      item.back == 0 ? "last day" : fmt::format("{} last day", ordinal(item.back + 1));
  switch (item.kind) {
    case Item::Kind::last_day:
      return "the " + from_end;
    case Item::Kind::workday:
      if (item.first == 0 && item.back == 0) return "the last working day (Monday to Friday)";
      return fmt::format("the working day (Monday to Friday) nearest to the {}",
                         item.first != 0 ? ordinal(item.first) : from_end);
    case Item::Kind::nth:
      return fmt::format("the {} {}", ordinal(item.nth), weekday_name(item.first));
    case Item::Kind::last_nth:
      return fmt::format("the last {}", weekday_name(item.first));
    case Item::Kind::every:
    case Item::Kind::range:
      break;
  }
  return "";
}

// "the 1st, the 15th and the last day"
std::string day_list(const Field& day) {
  const std::vector<int> values = values_of(day.bits);
  std::vector<std::string> parts;
  if (const int step = even_step(values); step > 0) {
    parts.push_back(fmt::format("every {} day from the {} to the {}", ordinal(step),
                                ordinal(values.front()), ordinal(values.back())));
  } else {
    parts = in_runs(values, [](int value) { return "the " + ordinal(value); });
  }
  for (const Item& item : day.specials) parts.push_back(special_day_words(item));
  return listed(parts);
}

// "Monday to Friday", "Sunday and the 3rd Friday of the month"
std::string weekday_list(const Field& weekday) {
  Bits from_monday = weekday.bits;
  if ((from_monday & 1) != 0) from_monday = (from_monday & ~Bits{1}) | Bits{1} << 7;
  std::vector<std::string> parts = in_runs(values_of(from_monday), weekday_name);
  for (const Item& item : weekday.specials) {
    parts.push_back(special_day_words(item) + " of the month");
  }
  return listed(parts);
}

std::string month_list(const Field& month) {
  return listed(in_runs(values_of(month.bits), month_name));
}

std::string day_words(const Expression& expression, bool times) {
  const Field& day = expression.field(FieldKind::day);
  const Field& weekday = expression.field(FieldKind::weekday);
  const Field& month = expression.field(FieldKind::month);
  const bool all_days = std::popcount(day.bits) == 31;
  const bool all_weekdays = std::popcount(weekday.bits) == 7;
  const bool all_months = std::popcount(month.bits) == 12;
  const std::string in_month = all_months ? "" : " in " + month_list(month);
  const std::string of_month = all_months ? " of every month" : " of " + month_list(month);
  if (expression.either_day ? all_days || all_weekdays : all_days && all_weekdays) {
    return (times ? " every day" : "") + in_month;
  }
  if (all_days) return " on " + weekday_list(weekday) + in_month;
  const std::string by_day = " on " + day_list(day) + of_month;
  if (all_weekdays) return by_day;
  if (expression.either_day) return by_day + ", and also on " + weekday_list(weekday) + in_month;
  return by_day + ", but only if that is " + weekday_list(weekday);
}

}  // namespace

std::string explain(const Expression& expression) {
  const TimeWords time = time_words(expression);
  return time.words + day_words(expression, time.times);
}

}  // namespace pilot::cron
