// strftime.
#include <algorithm>
#include <string>

#include "jq/time_names.h"
#include "jq/time_text.h"

namespace pilot::jq {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// %[flags][width][E or O]letter
struct Conversion {
  char pad = '\0';  // _ - 0
  bool upper = false;
  bool change_case = false;
  int width = 0;
  char modifier = '\0';
  char letter = '\0';
};

constexpr int kWidest = 1'000;

// What remains of the format starts after the %. How long the conversion is, of that.
std::size_t read_conversion(std::string_view rest, Conversion& c) {
  std::size_t at = 0;
  const auto peek = [&] { return at < rest.size() ? rest[at] : '\0'; };
  for (;; ++at) {
    if (peek() == '_' || peek() == '-' || peek() == '0') {
      c.pad = peek();
    } else if (peek() == '^') {
      c.upper = true;
    } else if (peek() == '#') {
      c.change_case = true;
    } else {
      break;
    }
  }
  for (; peek() >= '0' && peek() <= '9'; ++at) {
    c.width = std::min(c.width * 10 + (peek() - '0'), kWidest);
  }
  if (peek() == 'E' || peek() == 'O') c.modifier = rest[at++];
  if (at < rest.size()) c.letter = rest[at++];
  return at;
}

// E and O say nothing in the C locale, but only these letters may have them.
bool allowed(const Conversion& c) {
  constexpr std::string_view kAfterE = "cCnpPrRstTuxXyYzZ%";
  constexpr std::string_view kAfterO = "bBCdegGhHIjklmMnpPrRsStTuUVwWyzZ%";
  if (c.modifier == '\0') return true;
  return (c.modifier == 'E' ? kAfterE : kAfterO).find(c.letter) != std::string_view::npos;
}

int modulo(int a, int b) { return ((a % b) + b) % b; }
bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// glibc's: how many days after the Monday of week 1 (the first with four days in the year).
int iso_week_days(int yearday, int weekday) {
  const int big_enough = 3 * 7;
  return yearday - (yearday - weekday + 4 + big_enough) % 7 + 4 - 1;
}
struct IsoWeek {
  int year;
  int week;
};
IsoWeek iso_week(const TimeParts& t) {
  int year = t.year;
  int days = iso_week_days(t.yearday, t.weekday);
  if (days < 0) {
    --year;
    days = iso_week_days(t.yearday + 365 + (is_leap(year) ? 1 : 0), t.weekday);
  } else {
    const int next = iso_week_days(t.yearday - (365 + (is_leap(year) ? 1 : 0)), t.weekday);
    if (next >= 0) {
      ++year;
      days = next;
    }
  }
  return {year, days / 7 + 1};
}

int hour12(int hour) { return hour > 12 ? hour - 12 : hour == 0 ? 12 : hour; }

// Numbers: how many digits at least, padded with what.
struct Number {
  std::int64_t value;
  int digits;
  char pad;
};
bool number_of(char letter, const TimeParts& t, Number& n) {
  switch (letter) {
    case 'C':
      n = {t.year / 100 - (t.year % 100 < 0 ? 1 : 0), 1, '0'};
      break;
    case 'd':
      n = {t.day, 2, '0'};
      break;
    case 'e':
      n = {t.day, 2, '_'};
      break;
    case 'g':
      n = {modulo(iso_week(t).year, 100), 2, '0'};
      break;
    case 'G':
      n = {iso_week(t).year, 1, '0'};
      break;
    case 'H':
      n = {t.hour, 2, '0'};
      break;
    case 'I':
      n = {hour12(t.hour), 2, '0'};
      break;
    case 'j':
      n = {t.yearday + 1, 3, '0'};
      break;
    case 'k':
      n = {t.hour, 2, '_'};
      break;
    case 'l':
      n = {hour12(t.hour), 2, '_'};
      break;
    case 'm':
      n = {t.month + 1, 2, '0'};
      break;
    case 'M':
      n = {t.minute, 2, '0'};
      break;
    case 's':
      n = {seconds_of(t), 1, '_'};
      break;
    case 'S':
      n = {t.second, 2, '0'};
      break;
    case 'u':
      n = {(t.weekday - 1 + 7) % 7 + 1, 1, '0'};
      break;
    case 'U':
      n = {(t.yearday - t.weekday + 7) / 7, 2, '0'};
      break;
    case 'V':
      n = {iso_week(t).week, 2, '0'};
      break;
    case 'w':
      n = {t.weekday, 1, '0'};
      break;
    case 'W':
      n = {(t.yearday - (t.weekday - 1 + 7) % 7 + 7) / 7, 2, '0'};
      break;
    case 'y':
      n = {modulo(t.year, 100), 2, '0'};
      break;
    case 'Y':
      n = {t.year, 1, '0'};
      break;
    default:
      return false;
  }
  return true;
}

std::string written(const Number& n, const Conversion& c) {
  const char pad = c.pad == '\0' ? n.pad : c.pad;
  std::string digits = std::to_string(n.value < 0 ? -n.value : n.value);
  const std::size_t sign = n.value < 0 ? 1 : 0;
  const auto wanted = static_cast<std::size_t>(std::max(n.digits, c.width));
  const std::size_t missing =
      digits.size() + sign < wanted && pad != '-' ? wanted - digits.size() - sign : 0;
  if (pad != '_') digits.insert(0, missing, '0');
  if (sign != 0) digits.insert(0, 1, '-');
  if (pad == '_') digits.insert(0, missing, ' ');
  return digits;
}

std::string_view name_of(std::span<const std::string_view> names, int at) {
  return at >= 0 && at < static_cast<int>(names.size()) ? names[static_cast<std::size_t>(at)] : "?";
}

// Text of one letter. False: it is not one of those.
bool text_of(const Conversion& c, const TimeParts& t, std::string& out) {
  switch (c.letter) {
    case 'a':
      out = name_of(kWeekdays, t.weekday).substr(0, 3);
      break;
    case 'A':
      out = name_of(kWeekdays, t.weekday);
      break;
    case 'b':
    case 'h':
      out = name_of(kMonths, t.month).substr(0, 3);
      break;
    case 'B':
      out = name_of(kMonths, t.month);
      break;
    case 'n':
      out = "\n";
      break;
    case 'p':
      out = t.hour > 11 ? "PM" : "AM";
      break;
    case 'P':
      out = t.hour > 11 ? "pm" : "am";
      break;
    case 't':
      out = "\t";
      break;
    case 'z':
      out = "+0000";
      break;
    case 'Z':
      out = "UTC";
      break;
    case '%':
      out = "%";
      break;
    default:
      return false;
  }
  const bool lowers = c.change_case && (c.letter == 'p' || c.letter == 'Z');
  if (c.letter == 'P') return true;
  if (lowers) {
    std::transform(out.begin(), out.end(), out.begin(), lower);
  } else if (c.upper || c.change_case) {
    std::transform(out.begin(), out.end(), out.begin(), upper);
  }
  return true;
}

bool simple(const Conversion& c, const TimeParts& t, std::string& out) {
  Number n{};
  if (number_of(c.letter, t, n)) {
    out = written(n, c);
    return true;
  }
  return text_of(c, t, out);
}

// One that stands for several: its letters are simple ones.
bool combined(const Conversion& c, const TimeParts& t, std::string& out) {
  const std::string_view format = expansion_of(c.letter);
  if (format.empty()) return false;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    Conversion part;
    part.letter = format[++at];
    part.upper = c.upper;
    std::string text;
    simple(part, t, text);
    out += text;
  }
  return true;
}

}  // namespace

void format_time(Meter& meter, std::string_view format, const TimeParts& parts, std::string& out) {
  while (!format.empty() && meter.spend()) {
    const std::size_t plain = std::min(format.find('%'), format.size());
    if (!meter.fits(out.size() + plain + kWidest)) return;
    out += format.substr(0, plain);
    format.remove_prefix(plain);
    if (format.empty()) return;
    Conversion c;
    const std::size_t size = 1 + read_conversion(format.substr(1), c);
    std::string text;
    if (!allowed(c) || !(simple(c, parts, text) || combined(c, parts, text))) {
      text = format.substr(0, size);  // as it is
      if (c.upper) std::transform(text.begin(), text.end(), text.begin(), upper);
    }
    const auto width = static_cast<std::size_t>(c.width);
    if (text.size() < width) text.insert(0, width - text.size(), c.pad == '0' ? '0' : ' ');
    if (!meter.fits(out.size() + text.size())) return;
    out += text;
    format.remove_prefix(size);
  }
}

}  // namespace pilot::jq
