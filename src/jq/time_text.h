// Times as text, by formats: what glibc's strftime and strptime do in the C locale and in UTC.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jq/meter.h"

namespace pilot::jq {

inline constexpr int kLastYear = 9'999;  // and the first is the same before year 0

// As struct tm, but the year is the year. As strptime leaves it where the text does not say: no
// weekday, no day of the year.
struct TimeParts {
  int year = 1900;
  int month = 0;  // from 0
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 8;    // from Sunday
  int yearday = 367;  // from 0
};

// Any parts of up to 1e9 each; they need not be normal.
std::int64_t seconds_of(const TimeParts& parts);
// False: the year does not fit.
bool break_down_seconds(std::int64_t seconds, TimeParts& parts);

// Parts of up to 1e9. Stops when the meter is spent.
void format_time(Meter& meter, std::string_view format, const TimeParts& parts, std::string& out);

// False: the text is not in that format. White space may follow the time and anything after that:
// `rest`.
bool parse_time(Meter& meter, std::string_view text, std::string_view format, TimeParts& parts,
                std::string_view& rest);

}  // namespace pilot::jq
