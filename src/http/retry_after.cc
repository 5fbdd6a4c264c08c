#include "http/retry_after.h"

#include <algorithm>
#include <array>

#include "model/limits.h"

namespace pilot::http {
namespace {

using std::chrono::seconds;

constexpr seconds kMost = std::chrono::duration_cast<seconds>(limits::kRetryAfter);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the front of a text, piece by piece; false once something did not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  bool skip(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  bool skip_letters() {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const std::size_t before = text_.size();
    while (!text_.empty() && is_letter(text_.front())) text_.remove_prefix(1);
    return text_.size() < before;
  }

  bool number(std::size_t digits, int& out) {
    if (text_.size() < digits) return false;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    out = value;
    return true;
  }

  bool month(unsigned& out) {
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(kMonths.begin(), kMonths.end(), text_.substr(0, 3));
    if (found == kMonths.end()) return false;
    out = static_cast<unsigned>(found - kMonths.begin()) + 1;
    text_.remove_prefix(3);
    return true;
  }

 private:
  std::string_view text_;
};

struct Civil {
  int year = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0;
};

bool read_time(Reader& in, Civil& out) {
  return in.number(2, out.hour) && in.skip(":") && in.number(2, out.minute) && in.skip(":") &&
         in.number(2, out.second);
}

// Sun, 06 Nov 1994 08:49:37 GMT
bool read_imf(Reader in, Civil& out) {
  return in.skip_letters() && in.skip(", ") && in.number(2, out.day) && in.skip(" ") &&
         in.month(out.month) && in.skip(" ") && in.number(4, out.year) && in.skip(" ") &&
         read_time(in, out) && in.skip(" GMT") && in.at_end();
}

// Sunday, 06-Nov-94 08:49:37 GMT
bool read_rfc850(Reader in, Civil& out, int this_year) {
  const bool fits = in.skip_letters() && in.skip(", ") && in.number(2, out.day) && in.skip("-") &&
                    in.month(out.month) && in.skip("-") && in.number(2, out.year) && in.skip(" ") &&
                    read_time(in, out) && in.skip(" GMT") && in.at_end();
  if (!fits) return false;
  out.year += this_year - this_year % 100;
  if (out.year > this_year + 50) out.year -= 100;
  return true;
}

// Sun Nov  6 08:49:37 1994
bool read_asctime(Reader in, Civil& out) {
  if (!in.skip_letters() || !in.skip(" ") || !in.month(out.month) || !in.skip(" ")) return false;
  const bool day = in.skip(" ") ? in.number(1, out.day) : in.number(2, out.day);
  return day && in.skip(" ") && read_time(in, out) && in.skip(" ") && in.number(4, out.year) &&
         in.at_end();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whole seconds; a fraction, which some services send, is rounded up.
std::optional<seconds> read_seconds(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (whole.empty() || !std::all_of(whole.begin(), whole.end(), is_digit) ||
      !std::all_of(fraction.begin(), fraction.end(), is_digit)) {
    return std::nullopt;
  }
  if (negative) return seconds{0};
  std::int64_t value = 0;
  for (const char c : whole) value = std::min(value * 10 + (c - '0'), kMost.count());
  if (std::any_of(fraction.begin(), fraction.end(), [](char c) { return c != '0'; })) ++value;
  return std::min(seconds{value}, kMost);
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const int this_year = static_cast<int>(std::chrono::year_month_day{today}.year());
  const Reader in(trimmed(text));
  Civil civil;
  if (!read_imf(in, civil) && !read_rfc850(in, civil, this_year) && !read_asctime(in, civil)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{civil.year},
                                         std::chrono::month{civil.month},
                                         std::chrono::day{static_cast<unsigned>(civil.day)}};
  // 60 is a leap second
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  return WallTime{std::chrono::sys_days{date} + std::chrono::hours{civil.hour} +
                  std::chrono::minutes{civil.minute} + seconds{civil.second}};
}

std::optional<seconds> parse_retry_after(std::string_view text, WallTime now) {
  text = trimmed(text);
  if (auto wait = read_seconds(text)) return wait;
  const auto when = parse_http_date(text, now);
  if (!when) return std::nullopt;
  // Rounded up: asking again a moment too early is a second refusal.
  return std::clamp(std::chrono::ceil<seconds>(*when - now), seconds{0}, kMost);
}

}  // namespace pilot::http
