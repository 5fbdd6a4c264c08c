#include <gmock/gmock.h>

#include "cron/cron.h"

namespace pilot::cron {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string message(std::string_view text) {
  const auto zone = find_zone(text);
  if (zone) return std::string("found ") + std::string(name(**zone));
  EXPECT_EQ(zone.error().code, "unknown_timezone");
  return zone.error().message;
}

TEST(CronZone, FindsIanaNames) {
  for (const char* text : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12",
                           "America/Port-au-Prince", "Asia/Kolkata"}) {
    EXPECT_EQ(message(text), std::string("found ") + text);
  }
}

TEST(CronZone, SuggestsTheNearest) {
  EXPECT_THAT(message("Europe/Berlim"), HasSubstr("did you mean \"Europe/Berlin\"?"));
  EXPECT_THAT(message("europe/berlin"), HasSubstr("did you mean \"Europe/Berlin\"?"));
  EXPECT_THAT(message("Berlin"), HasSubstr("did you mean \"Europe/Berlin\"?"));
  EXPECT_THAT(message("new york"), HasSubstr("did you mean \"America/New_York\"?"));
  EXPECT_THAT(message("utc"), HasSubstr("\"UTC\"?"));
  EXPECT_THAT(message("Mars/Olympus"), Not(HasSubstr("did you mean")));
  // Nothing is near to an abbreviation: EST is not what one who writes PST wants.
  EXPECT_THAT(message("PST"), Not(HasSubstr("did you mean")));
  EXPECT_THAT(message("+02:00"), HasSubstr("write a region and a city, like Europe/Berlin"));
}

TEST(CronZone, ReadsNoOtherFiles) {
  for (const std::string text : {"",
                                 "/etc/passwd",
                                 "../../../etc/passwd",
                                 "Europe/../Europe/Berlin",
                                 "Europe//Berlin",
                                 "Europe/Berlin/",
                                 "/usr/share/zoneinfo/Europe/Berlin",
                                 "file:Europe/Berlin",
                                 "libc:localtime",
                                 ":Europe/Berlin",
                                 "localtime",
                                 "posixrules",
                                 "posix/Europe/Berlin",
                                 "right/Europe/Berlin",
                                 "Factory",
                                 "zone.tab",
                                 "tzdata.zi",
                                 "Europe",
                                 "Europe/",
                                 ".",
                                 "Fixed/UTC+01:00:00",
                                 "Europe/Berlin ",
                                 " Europe/Berlin",
                                 "Europe/Berlin\n"}) {
    EXPECT_THAT(message(text), HasSubstr("there is no time zone")) << text;
  }
  EXPECT_FALSE(find_zone(std::string("Europe/Berlin\0", 14)).has_value());
  EXPECT_FALSE(find_zone(std::string("UTC\0x", 5)).has_value());
  EXPECT_FALSE(find_zone(std::string(100'000, 'A')).has_value());
  EXPECT_LT(message(std::string(100'000, 'A')).size(), 300u);
  EXPECT_THAT(message("Europe/\x1b[31m"), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace pilot::cron
