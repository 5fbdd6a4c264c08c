#include <gmock/gmock.h>

#include "cron/cron.h"
#include "cron/match.h"
#include "cron/parse_field.h"
#include "model/limits.h"

namespace pilot::cron {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The expression as numbers, or "code at place: message".
std::string read(std::string_view text, Dialect dialect = Dialect::crontab) {
  const auto parsed = parse(text, dialect);
  if (parsed) return to_text(**parsed);
  const Error& error = parsed.error();
  return error.code + " at " + error.pointer + ": " + error.message;
}
std::string read_aps(std::string_view text) { return read(text, Dialect::apscheduler); }

std::vector<int> days(std::string_view text, int year, int month,
                      Dialect dialect = Dialect::crontab) {
  const auto parsed = parse(text, dialect);
  EXPECT_TRUE(parsed.has_value()) << text;
  std::vector<int> out;
  if (!parsed) return out;
  const std::uint32_t bits = matching_days(**parsed, year, month);
  for (int day = 0; day < 32; ++day) {
    if ((bits >> day & 1) != 0) out.push_back(day);
  }
  return out;
}
using Days = std::vector<int>;

TEST(CronParse, WritesWhatItRead) {
  EXPECT_EQ(read("0 7 * * 1-5"), "0 7 * * 1-5");
  EXPECT_EQ(read("  0\t7  * *\n1-5 \r\n"), "0 7 * * 1-5");
  EXPECT_EQ(read("0 7 ? JAN,Dec mon-FRI"), "0 7 * 1,12 1-5");
  EXPECT_EQ(read("0 7 * january sunday"), "0 7 * 1 0");
  EXPECT_EQ(read("10/20 */2 1-31/3 * *"), "10-59/20 */2 1-31/3 * *");
  EXPECT_EQ(read("30 0 7 * * *"), "30 0 7 * * *");
  EXPECT_EQ(read("0 0 l,L-3,lw,15w,l-2w * ?"), "0 0 L,L-3,LW,15W,L-2W * *");
  EXPECT_EQ(read("0 0 * * fri#3,5l,Lfri,L5"), "0 0 * * 5#3,5L,5L,5L");
  EXPECT_EQ(read("0-0/1 5/1 * * *"), "0 5-23 * * *");
}

TEST(CronParse, WeekdaysOfCrontab) {
  EXPECT_EQ(read("0 0 * * 7"), "0 0 * * 0");
  EXPECT_EQ(read("0 0 * * fri-sun"), "0 0 * * 5-7");
  EXPECT_EQ(read("0 0 * * 5-0"), "0 0 * * 5-7");
  EXPECT_EQ(read("0 0 * * sun-tue"), "0 0 * * 0-2");
  EXPECT_EQ(read("0 0 * * 7-2"), "0 0 * * 0-2");
  EXPECT_EQ(read("0 0 * * 7#1,7L"), "0 0 * * 0#1,0L");
  EXPECT_EQ(days("0 0 * * 0-7", 2026, 2).size(), 28u);
  EXPECT_EQ(days("0 0 * * 7/2", 2026, 2), days("0 0 * * 0,2,4,6", 2026, 2));
  EXPECT_EQ(days("0 0 * * 5-7", 2026, 2), (Days{1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28}));
}

TEST(CronParse, WeekdaysOfApscheduler) {
  EXPECT_EQ(read_aps("0 0 * * 0-6"), "0 0 * * 0-6");
  EXPECT_EQ(read_aps("0 0 * * mon-sun"), "0 0 * * 0-6");
  EXPECT_EQ(read_aps("0 0 * * sun"), "0 0 * * 6");
  EXPECT_EQ(read_aps("0 0 * * 6#2,sunL"), "0 0 * * 6#2,6L");
  EXPECT_EQ(days("0 0 * * 0", 2026, 2, Dialect::apscheduler), (Days{2, 9, 16, 23}));
  EXPECT_EQ(days("0 0 * * 6", 2026, 2, Dialect::apscheduler), (Days{1, 8, 15, 22}));
  EXPECT_EQ(days("0 0 * * */2", 2026, 2, Dialect::apscheduler),
            days("0 0 * * mon,wed,fri,sun", 2026, 2));
  EXPECT_THAT(read_aps("0 0 * * 7"), HasSubstr("weekdays are 0 to 6 (0 is Monday"));
  EXPECT_THAT(read_aps("0 0 * * sun-tue"), HasSubstr("write 6,0-1"));
}

TEST(CronParse, DaysOfApschedulerWithASpace) {
  EXPECT_EQ(read_aps("0 0 last fri * *"), "0 0 last fri * *");
  EXPECT_EQ(read_aps("0 0 2nd  FRI,1,last,5th mon * mon"), "0 0 2nd fri,1,L,5th mon * 0");
  EXPECT_EQ(read_aps("0 0 0 1st mon * *"), "0 0 0 1st mon * *");
  EXPECT_EQ(days("0 0 1,2nd fri * *", 2026, 2, Dialect::apscheduler), (Days{1, 13}));
  EXPECT_THAT(read_aps("0 0 6th fri * *"), HasSubstr("6th"));
  EXPECT_THAT(read("0 0 last fri * *"), HasSubstr("field 3 (hour)"));  // six fields there
  EXPECT_THAT(read("0 0 last * *"), HasSubstr("write L for the last day"));
}

TEST(CronParse, DayAndWeekdayTogether) {
  const Days both{13};
  const Days either{6, 13, 20, 27};
  EXPECT_EQ(days("0 0 13 * 5", 2026, 2), either);
  EXPECT_EQ(days("0 0 13 * 4", 2026, 2, Dialect::apscheduler), both);
  EXPECT_EQ(days("0 0 */12 * 5", 2026, 2), (Days{13}));  // begins with *: both
  EXPECT_EQ(days("0 0 1-31/12 * 5", 2026, 2), (Days{1, 6, 13, 20, 25, 27}));
  EXPECT_EQ(days("0 0 13 * */5", 2026, 2), both);  // Sunday and Friday
  EXPECT_EQ(days("0 0 L * 5", 2026, 2), (Days{6, 13, 20, 27, 28}));
  EXPECT_EQ(days("0 0 1-31 * 5", 2026, 2).size(), 28u);
}

TEST(CronParse, DaysThatDependOnTheMonth) {
  EXPECT_EQ(days("0 0 L * *", 2024, 2), (Days{29}));
  EXPECT_EQ(days("0 0 L * *", 2100, 2), (Days{28}));
  EXPECT_EQ(days("0 0 L * *", 2000, 2), (Days{29}));
  EXPECT_EQ(days("0 0 L-30 * *", 2026, 1), (Days{1}));
  EXPECT_EQ(days("0 0 L-30 * *", 2026, 4), (Days{}));
  EXPECT_EQ(days("0 0 1W * *", 2026, 8), (Days{3}));    // the 1st is a Saturday
  EXPECT_EQ(days("0 0 1W * *", 2026, 2), (Days{2}));    // a Sunday
  EXPECT_EQ(days("0 0 15W * *", 2026, 8), (Days{14}));  // a Saturday
  EXPECT_EQ(days("0 0 15W * *", 2026, 2), (Days{16}));  // a Sunday
  EXPECT_EQ(days("0 0 31W * *", 2026, 5), (Days{29}));  // a Sunday, the last
  EXPECT_EQ(days("0 0 31W * *", 2026, 4), (Days{}));
  EXPECT_EQ(days("0 0 LW * *", 2026, 5), (Days{29}));
  EXPECT_EQ(days("0 0 L-1W * *", 2026, 5), (Days{29}));  // the 30th is a Saturday
  EXPECT_EQ(days("0 0 * * 1#1", 2026, 6), (Days{1}));
  EXPECT_EQ(days("0 0 * * 1#5", 2026, 6), (Days{29}));
  EXPECT_EQ(days("0 0 * * 1#5", 2026, 7), (Days{}));
  EXPECT_EQ(days("0 0 * * 0L", 2026, 5), (Days{31}));
  EXPECT_EQ(days("0 0 * * 1L", 2026, 2), (Days{23}));
}

TEST(CronParse, Words) {
  EXPECT_EQ(read("@yearly"), "0 0 1 1 *");
  EXPECT_EQ(read("@annually"), "0 0 1 1 *");
  EXPECT_EQ(read("@monthly"), "0 0 1 * *");
  EXPECT_EQ(read("@weekly"), "0 0 * * 0");
  EXPECT_EQ(read_aps("@weekly"), "0 0 * * 6");  // Sunday here, too
  EXPECT_EQ(read(" @Daily "), "0 0 * * *");
  EXPECT_EQ(read("@midnight"), "0 0 * * *");
  EXPECT_EQ(read("@hourly"), "0 * * * *");
}

TEST(CronParse, ErrorsNameTheFieldAndWhatToDo) {
  const auto place = [](std::string_view text) {
    const auto parsed = parse(text);
    return parsed ? "accepted" : parsed.error().code + " " + parsed.error().pointer;
  };
  EXPECT_EQ(place("60 * * * *"), "invalid_cron field 1 (minute)");
  EXPECT_EQ(place("* 24 * * *"), "invalid_cron field 2 (hour)");
  EXPECT_EQ(place("* * 0 * *"), "invalid_cron field 3 (day)");
  EXPECT_EQ(place("* * 32 * *"), "invalid_cron field 3 (day)");
  EXPECT_EQ(place("* * * 13 *"), "invalid_cron field 4 (month)");
  EXPECT_EQ(place("* * * * 8"), "invalid_cron field 5 (weekday)");
  EXPECT_EQ(place("60 * * * * *"), "invalid_cron field 1 (second)");
  EXPECT_EQ(place("* * * * * 8"), "invalid_cron field 6 (weekday)");
  EXPECT_THAT(read("* * * feb-foo *"), HasSubstr("months are 1 to 12 or jan to dec"));
  EXPECT_THAT(read("* * * * wendesday"), HasSubstr("did you mean \"wednesday\"?"));
  EXPECT_THAT(read("* * * */0 *"), HasSubstr("is not a step"));
  EXPECT_THAT(read("* * * */x *"), HasSubstr("is not a step"));
  EXPECT_THAT(read("*/60 * * * *"), AllOf(HasSubstr("the step 60"), HasSubstr("the next hour")));
  EXPECT_THAT(read("1-5/5 * * * *"), HasSubstr("the step 5 is longer than \"1-5\""));
  EXPECT_THAT(read("1,,2 * * * *"), HasSubstr("comma"));
  EXPECT_THAT(read("1, * * * *"), HasSubstr("comma"));
  EXPECT_THAT(read("? * * * *"), HasSubstr("write * for every minute"));
  EXPECT_THAT(read("* * * nov-feb *"), HasSubstr("write 11-12,1-2"));
  EXPECT_THAT(read("* * * * sat-mon"), HasSubstr("write 6,0-1"));
  EXPECT_THAT(read("* * * * fri#6"), HasSubstr("write 1 to 5"));
  EXPECT_THAT(read("* * * * L"), HasSubstr("friL"));
  EXPECT_THAT(read("* * L-31 * *"), HasSubstr("0 to 30"));
  EXPECT_THAT(read("* * 32W * *"), HasSubstr("days are 1 to 31"));
  EXPECT_THAT(read("* * * * 1.5"), HasSubstr("is not a weekday"));
  EXPECT_THAT(read("-5 * * * *"), HasSubstr("is not a minute"));
  EXPECT_THAT(read("5- * * * *"), HasSubstr("is not a minute"));
  EXPECT_THAT(read("99999999999999999999 * * * *"), HasSubstr("is not a minute"));
  EXPECT_THAT(read("*/99999999999999999999 * * * *"), HasSubstr("longer than"));
}

TEST(CronParse, ErrorsOfTheWhole) {
  EXPECT_THAT(read(""), HasSubstr("the expression is empty"));
  EXPECT_THAT(read(" \t "), HasSubstr("the expression is empty"));
  EXPECT_THAT(read("* * * *"), HasSubstr("this has 4"));
  EXPECT_THAT(read("* * * * * * *"), HasSubstr("a year is not among them"));
  EXPECT_THAT(read("@every 5m"), HasSubstr("*/5 * * * *"));
  EXPECT_THAT(read("@"), HasSubstr("the words are @yearly"));
  EXPECT_THAT(read("CRON_TZ=UTC 0 7 * * *"), HasSubstr("time zone is a setting"));
  const std::string longest = "0 0 * * 1" + std::string(limits::kCronExpression - 9, ' ');
  EXPECT_EQ(read(longest), "0 0 * * 1");
  EXPECT_THAT(read(longest + ' '), HasSubstr("201 bytes long, the limit is 200"));
  // Nothing of the user's text that a terminal could take for a command.
  EXPECT_THAT(read("\x1b[31m\xff * * * *"), HasSubstr("\"?[31m?\""));
}

TEST(CronParse, WhatNeverFiresIsRefused) {
  for (const char* text :
       {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31W 2,4 *", "0 0 L-29 2 *", "0 0 30,31 feb ?"}) {
    EXPECT_THAT(read(text), HasSubstr("never_fires")) << text;
  }
  // Both, and no 1st is in the week of the fifth Friday.
  EXPECT_THAT(read_aps("0 0 1 * fri#5"), HasSubstr("never_fires"));
  EXPECT_THAT(read_aps("0 0 L 2 mon#1"), HasSubstr("never_fires"));
  for (const char* text : {"0 0 29 2 *", "0 0 31 2,3 *", "0 0 29W 2 *", "0 0 L-28 2 *",
                           "0 0 30 2 1", "0 0 * 2 0#5", "0 0 29 2 ?"}) {
    EXPECT_TRUE(parse(text).has_value()) << text;
  }
  for (int weekday = 0; weekday < 7; ++weekday) {  // 29 February on that day: once in 28 years
    EXPECT_TRUE(parse("0 0 29 2 " + std::to_string(weekday), Dialect::apscheduler).has_value());
  }
  EXPECT_TRUE(parse("0 0 29 2 mon#5", Dialect::apscheduler).has_value());
}

TEST(CronParse, DialectsAndRulesHaveNames) {
  for (const Dialect dialect : {Dialect::crontab, Dialect::apscheduler}) {
    EXPECT_EQ(dialect_from(to_string(dialect)), dialect);
  }
  for (const DstRule rule : {DstRule::vixie, DstRule::literal}) {
    EXPECT_EQ(dst_rule_from(to_string(rule)), rule);
  }
  EXPECT_EQ(dialect_from("Crontab"), std::nullopt);
  EXPECT_EQ(dst_rule_from(""), std::nullopt);
}

}  // namespace
}  // namespace pilot::cron
