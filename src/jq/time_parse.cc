// strptime, and seconds to parts and back.
#include <absl/time/civil_time.h>

#include <algorithm>

#include "jq/time_names.h"
#include "jq/time_text.h"

namespace pilot::jq {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool same_letters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x | 0x20) == (y | 0x20);
         });
}

int weekday_of(absl::CivilDay day) { return (static_cast<int>(absl::GetWeekday(day)) + 1) % 7; }

// As glibc's: what the text says goes into the parts at once; what follows from it, at the end.
class Parser {
 public:
  Parser(std::string_view text, TimeParts& parts) : rest_(text), t_(parts) {}

  std::string_view rest() const { return rest_; }

  // All of the format.
  bool run(Meter& meter, std::string_view format) {
    while (!format.empty()) {
      if (!meter.spend()) return false;
      const char c = format[0];
      format.remove_prefix(1);
      if (is_space(c)) {
        skip_space();
      } else if (c != '%') {
        if (!take(c)) return false;
      } else {
        while (!format.empty() && std::string_view("-_0^#").find(format[0]) != format.npos) {
          format.remove_prefix(1);
        }
        if (!modifier(format)) return false;
        if (format.empty() || !conversion(format[0])) return false;
        format.remove_prefix(1);
      }
    }
    complete();
    return true;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // %Ey, %Od: they say nothing, but only some letters may have them.
  static bool modifier(std::string_view& format) {
    if (format.size() < 2 || (format[0] != 'E' && format[0] != 'O')) return true;
    const std::string_view may = format[0] == 'E' ? "cCyYxX" : "bBdeHImMSUVWwy";
    format.remove_prefix(1);
    return may.find(format[0]) != std::string_view::npos;
  }
  void skip_space() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }

  bool number(int from, int to, int digits, int& value) {
    while (take(' ')) {
    }
    if (rest_.empty() || !is_digit(rest_[0])) return false;
    value = 0;
    do {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    } while (--digits > 0 && value * 10 <= to && !rest_.empty() && is_digit(rest_[0]));
    return value >= from && value <= to;
  }

  bool name(std::span<const std::string_view> names, int& at) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (const std::string_view wanted : {names[i], names[i].substr(0, 3)}) {
        if (!same_letters(rest_.substr(0, wanted.size()), wanted)) continue;
        rest_.remove_prefix(wanted.size());
        at = static_cast<int>(i);
        return true;
      }
    }
    return false;
  }

  bool half_of_day() {
    const std::string_view two = rest_.substr(0, 2);
    if (!same_letters(two, "AM") && !same_letters(two, "PM")) return false;
    pm_ = same_letters(two, "PM");
    rest_.remove_prefix(2);
    return true;
  }

  bool seconds() {
    if (rest_.empty() || !is_digit(rest_[0])) return false;
    std::int64_t value = 0;
    for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1)) {
      value = std::min<std::int64_t>(value * 10 + (rest_[0] - '0'), 1'000'000'000'000);
    }
    return break_down_seconds(value, t_);
  }

  // Read, but nothing follows from it.
  bool offset() {
    skip_space();
    if (take('Z')) return true;
    if (!take('+') && !take('-')) return false;
    int digits = 0;
    int value = 0;
    while (digits < 4 && !rest_.empty() && is_digit(rest_[0])) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
      ++digits;
      if (digits == 2 && rest_.size() > 1 && rest_[0] == ':' && is_digit(rest_[1])) take(':');
    }
    return digits == 2 || (digits == 4 && value % 100 < 60);
  }
  void zone_name() {
    skip_space();
    while (!rest_.empty() && !is_space(rest_[0])) rest_.remove_prefix(1);
  }

  bool conversion(char letter) {
    if (const std::string_view all = expansion_of(letter); !all.empty()) {
      for (std::size_t at = 0; at < all.size(); ++at) {
        if (all[at] == '%') {
          if (!simple(all[++at])) return false;
        } else if (is_space(all[at])) {
          skip_space();
        } else if (!take(all[at])) {
          return false;
        }
      }
      return true;
    }
    return simple(letter);
  }

  bool simple(char letter) {
    switch (letter) {
      case '%':
        return take('%');
      case 'n':
      case 't':
        skip_space();
        return true;
      case 'p':
        return half_of_day();
      case 's':
        return seconds();
      case 'z':
        return offset();
      case 'Z':
        zone_name();
        return true;
      case 'H':
      case 'k':
        have_12_ = false;
        return number(0, 23, 2, t_.hour);
      case 'I':
      case 'l':
        have_12_ = true;
        if (!number(1, 12, 2, t_.hour)) return false;
        t_.hour %= 12;
        return true;
      case 'M':
        return number(0, 59, 2, t_.minute);
      case 'S':
        return number(0, 61, 2, t_.second);
      default:
        return day_or_year(letter);
    }
  }

  bool day_or_year(char letter) {
    int value = 0;
    switch (letter) {
      case 'a':
      case 'A':
        have_weekday_ = true;
        return name(kWeekdays, t_.weekday);
      case 'b':
      case 'B':
      case 'h':
        have_month_ = want_days_ = true;
        return name(kMonths, t_.month);
      case 'm':
        have_month_ = want_days_ = true;
        if (!number(1, 12, 2, t_.month)) return false;
        --t_.month;
        return true;
      case 'd':
      case 'e':
        have_day_ = want_days_ = true;
        return number(1, 31, 2, t_.day);
      case 'j':
        have_yearday_ = true;
        if (!number(1, 366, 3, t_.yearday)) return false;
        --t_.yearday;
        return true;
      case 'y':
        want_century_ = want_days_ = true;
        if (!number(0, 99, 2, value)) return false;
        t_.year = value >= 69 ? 1900 + value : 2000 + value;
        return true;
      case 'Y':
        want_century_ = false;
        want_days_ = true;
        return number(0, 9999, 4, t_.year);
      case 'C':
        want_days_ = true;
        return number(0, 99, 2, century_);
      case 'u':
        have_weekday_ = true;
        if (!number(1, 7, 1, t_.weekday)) return false;
        t_.weekday %= 7;
        return true;
      case 'w':
        have_weekday_ = true;
        return number(0, 6, 1, t_.weekday);
      case 'U':
        have_sunday_week_ = true;
        return number(0, 53, 2, week_);
      case 'W':
        have_monday_week_ = true;
        return number(0, 53, 2, week_);
      case 'V':
        return number(0, 53, 2, value);
      case 'g':
        return number(0, 99, 2, value);
      case 'G':
        if (rest_.empty() || !is_digit(rest_[0])) return false;
        while (!rest_.empty() && is_digit(rest_[0])) rest_.remove_prefix(1);
        return true;
      default:
        return false;
    }
  }

  absl::CivilDay new_year() const { return absl::CivilDay(t_.year, 1, 1); }
  absl::CivilDay first_of_month() const { return absl::CivilDay(t_.year, t_.month + 1, 1); }

  // A day outside of the year stays in its first or last month, as the 32nd of December.
  void month_and_day_from_yearday() {
    const absl::CivilDay day = new_year() + t_.yearday;
    int month = day.month();
    if (day.year() != t_.year) month = day.year() < t_.year ? 1 : 12;
    const absl::CivilDay first(t_.year, month, 1);
    if (!have_day_) t_.day = t_.yearday - static_cast<int>(first - new_year()) + 1;
    if (!have_month_) t_.month = month - 1;
  }

  void complete() {
    if (have_12_ && pm_) t_.hour += 12;
    if (century_ != -1) {
      t_.year = century_ * 100 + (want_century_ ? t_.year % 100 : 0);
    }
    if (want_days_ && !have_weekday_) {
      if (!(have_month_ && have_day_) && have_yearday_) {
        month_and_day_from_yearday();
        have_month_ = have_day_ = true;
      }
      t_.weekday = weekday_of(first_of_month() + (t_.day - 1));
    }
    if (want_days_ && !have_yearday_) {
      t_.yearday = static_cast<int>(first_of_month() - new_year()) + t_.day - 1;
    }
    if ((have_sunday_week_ || have_monday_week_) && have_weekday_) from_week();
  }

  void from_week() {
    const int first = have_sunday_week_ ? 0 : 1;  // weekday that a week starts with
    if (!have_yearday_) {
      t_.yearday = (7 - (weekday_of(new_year()) - first)) % 7 + (week_ - 1) * 7 +
                   (t_.weekday - first + 7) % 7;
    }
    if (!have_day_ || !have_month_) month_and_day_from_yearday();
  }

  std::string_view rest_;
  TimeParts& t_;
  bool pm_ = false;
  bool have_12_ = false;
  bool have_weekday_ = false;
  bool have_yearday_ = false;
  bool have_month_ = false;
  bool have_day_ = false;
  bool have_sunday_week_ = false;
  bool have_monday_week_ = false;
  bool want_days_ = false;  // weekday and day of the year follow from the date
  bool want_century_ = false;
  int century_ = -1;
  int week_ = 0;
};

}  // namespace

std::int64_t seconds_of(const TimeParts& t) {
  // The fields are 64 bits wide for it, and it carries.
  const absl::CivilSecond time(t.year, std::int64_t{t.month} + 1, t.day, t.hour, t.minute,
                               t.second);
  return time - absl::CivilSecond(1970, 1, 1);
}

bool break_down_seconds(std::int64_t seconds, TimeParts& t) {
  const absl::CivilSecond time = absl::CivilSecond(1970, 1, 1) + seconds;
  if (time.year() < -kLastYear || time.year() > kLastYear) return false;
  t.year = static_cast<int>(time.year());
  t.month = time.month() - 1;
  t.day = time.day();
  t.hour = time.hour();
  t.minute = time.minute();
  t.second = time.second();
  t.weekday = weekday_of(absl::CivilDay(time));
  t.yearday = absl::GetYearDay(absl::CivilDay(time)) - 1;
  return true;
}

bool parse_time(Meter& meter, std::string_view text, std::string_view format, TimeParts& parts,
                std::string_view& rest) {
  Parser parser(text, parts);
  if (!parser.run(meter, format)) return false;
  rest = parser.rest();
  return rest.empty() || is_space(rest[0]);
}

}  // namespace pilot::jq
