#include <gtest/gtest.h>

#include "cron/cron.h"

namespace pilot::cron {
namespace {

std::string words(std::string_view text, Dialect dialect = Dialect::crontab) {
  const auto parsed = parse(text, dialect);
  return parsed ? explain(**parsed) : parsed.error().message;
}

TEST(CronExplain, TimesOfDay) {
  EXPECT_EQ(words("0 7 * * *"), "at 07:00 every day");
  EXPECT_EQ(words("0 8,20 * * *"), "at 08:00 and 20:00 every day");
  EXPECT_EQ(words("0,30 9-11 * * 1"), "at 09:00, 09:30, 10:00, 10:30, 11:00 and 11:30 on Monday");
  EXPECT_EQ(words("0 */6 * * *"), "at 00:00, 06:00, 12:00 and 18:00 every day");
  EXPECT_EQ(words("15 30 7 * * *"), "at 07:30:15 every day");
  EXPECT_EQ(words("0 30 7 * * *"), "at 07:30 every day");
}

TEST(CronExplain, Rhythms) {
  EXPECT_EQ(words("* * * * *"), "every minute");
  EXPECT_EQ(words("* * * * * *"), "every second");
  EXPECT_EQ(words("*/15 * * * *"), "every 15 minutes");
  EXPECT_EQ(words("0,30 * * * *"), "every 30 minutes");
  EXPECT_EQ(words("*/10 * * * * *"), "every 10 seconds");
  EXPECT_EQ(words("0 * * * *"), "at minute 0 of every hour");
  EXPECT_EQ(words("*/7 * * * *"), "at every 7th minute from 0 to 56 of every hour");
  EXPECT_EQ(words("1,2,3,7 * * * *"), "at minutes 1 to 3 and 7 of every hour");
  EXPECT_EQ(words("5 */2 * * *"), "at minute 5 of every 2nd hour from 0 to 22");
  EXPECT_EQ(words("*/10 9-17 * * *"), "every 10 minutes from 09:00 to 17:59");
  EXPECT_EQ(words("* 7 * * *"), "every minute from 07:00 to 07:59");
  EXPECT_EQ(words("*/15 9,12,15 * * *"), "every 15 minutes in hours 9, 12 and 15");
  EXPECT_EQ(words("*/15 */3 * * *"), "every 15 minutes in every 3rd hour from 0 to 21");
  EXPECT_EQ(words("0-10 5 * * *"), "at minutes 0 to 10 of hour 5");
  EXPECT_EQ(words("30 * * * * *"), "at second 30 of every minute");
  EXPECT_EQ(words("*/10 0 * * * *"), "every 10 seconds in minute 0 of every hour");
  EXPECT_EQ(words("*/20 * 7 * * *"), "at seconds 0, 20 and 40 of every minute from 07:00 to 07:59");
}

TEST(CronExplain, Days) {
  EXPECT_EQ(words("0 7 * * 1-5"), "at 07:00 on Monday to Friday");
  EXPECT_EQ(words("0 7 * * 0,6"), "at 07:00 on Saturday and Sunday");
  EXPECT_EQ(words("0 7 * * 1,3,5"), "at 07:00 on Monday, Wednesday and Friday");
  EXPECT_EQ(words("0 7 * * 5-7"), "at 07:00 on Friday to Sunday");
  EXPECT_EQ(words("0 7 * * 0-6"), "at 07:00 every day");
  EXPECT_EQ(words("0 0 1,15 * *"), "at 00:00 on the 1st and the 15th of every month");
  EXPECT_EQ(words("0 0 1-7 * ?"), "at 00:00 on the 1st to the 7th of every month");
  EXPECT_EQ(words("0 0 */10 * *"),
            "at 00:00 on every 10th day from the 1st to the 31st of every month");
  EXPECT_EQ(words("0 0 2,3,11,12,13,21-23 * *"),
            "at 00:00 on the 2nd, the 3rd, the 11th to the 13th and the 21st to the 23rd of every "
            "month");
  EXPECT_EQ(words("0 0 L,L-3 * *"), "at 00:00 on the last day and the 4th last day of every month");
  EXPECT_EQ(words("0 0 LW 3 *"), "at 00:00 on the last working day (Monday to Friday) of March");
  EXPECT_EQ(words("0 0 15W * *"),
            "at 00:00 on the working day (Monday to Friday) nearest to the 15th of every month");
  EXPECT_EQ(words("0 0 L-1W * *"),
            "at 00:00 on the working day (Monday to Friday) nearest to the 2nd last day of every "
            "month");
  EXPECT_EQ(words("0 9 * * 1,5#3,0L"),
            "at 09:00 on Monday, the 3rd Friday of the month and the last Sunday of the month");
}

TEST(CronExplain, Months) {
  EXPECT_EQ(words("0 0 1 1 *"), "at 00:00 on the 1st of January");
  EXPECT_EQ(words("0 0 * 6-8 *"), "at 00:00 every day in June to August");
  EXPECT_EQ(words("*/5 * * 12 *"), "every 5 minutes in December");
  EXPECT_EQ(words("0 7 * 1,7 1"), "at 07:00 on Monday in January and July");
}

TEST(CronExplain, DayAndWeekday) {
  EXPECT_EQ(words("0 0 13 * 5"), "at 00:00 on the 13th of every month, and also on Friday");
  EXPECT_EQ(words("0 0 13 6 5"), "at 00:00 on the 13th of June, and also on Friday in June");
  EXPECT_EQ(words("0 0 13 * 4", Dialect::apscheduler),
            "at 00:00 on the 13th of every month, but only if that is Friday");
  EXPECT_EQ(words("0 0 1-31 * 5"), "at 00:00 every day");
  EXPECT_EQ(words("0 7 * * 0-4", Dialect::apscheduler), "at 07:00 on Monday to Friday");
  EXPECT_EQ(words("0 7 last fri * *", Dialect::apscheduler),
            "at 07:00 on the last Friday of every month");
}

}  // namespace
}  // namespace pilot::cron
