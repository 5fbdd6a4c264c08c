// Schedules on a calendar that jumps (libfaketime moves the server's wall clock, and only that):
// whatever it does, each due instant is fired once or recorded as missed.
#include <gtest/gtest.h>

#include <random>

#include "schedule_world.h"

namespace pilot::e2e {
namespace {

using std::chrono::milliseconds;

constexpr const char* kEverySecond = "'cron_expression':'* * * * * *'";
constexpr double kHour = 3'600;
constexpr double kDay = 86'400;

class ScheduleClock : public testing::Test {
 protected:
  void SetUp() override {
    if (faketime_library().empty()) GTEST_SKIP() << "the package faketime is not installed";
  }
  // The server's clock shows this moment now.
  static void set_clock(ScheduleWorld& world, std::string_view moment) {
    world.set_offset(static_cast<double>(seconds_of(moment) - wall_seconds()));
  }
  static Seconds first_of(const ScheduleWorld& world, const std::string& plan) {
    const auto rows = world.fires(plan);
    return rows.empty() ? -1 : seconds_of(text_at(rows[0], "scheduled_at"));
  }
};

TEST_F(ScheduleClock, StepsOfAnHourAndADayForwardAndBack) {
  ScheduleWorld world(true);
  world.start();
  const std::string plan = world.save(kEverySecond);
  ASSERT_TRUE(world.reaches(plan, world.now() + 1));
  Seconds furthest = 0;
  for (const double step : {+kHour, -kHour, +kDay, -kDay, -kHour, +kDay + kHour}) {
    const Seconds before = world.last(plan);
    world.set_offset(world.offset() + step);
    if (world.now() > before) {
      ASSERT_TRUE(world.reaches(plan, world.now() + 1)) << "after a step of " << step;
    } else {
      // It has been that late before: nothing happens until the calendar is further again.
      std::this_thread::sleep_for(milliseconds{1'500});
      EXPECT_EQ(world.last(plan), before) << "after a step of " << step;
    }
    furthest = std::max(furthest, world.last(plan));
  }
  world.check({plan}, first_of(world, plan), furthest, 1);
}

TEST_F(ScheduleClock, AStepBackWhileItIsDownFiresNothingTwice) {
  ScheduleWorld world(true);
  world.start();
  world.set_offset(kHour);
  const std::string plan = world.save(kEverySecond);
  ASSERT_TRUE(world.reaches(plan, world.now() + 1));
  world.kill();
  world.set_offset(0);
  world.start();
  const Seconds before = world.last(plan);
  std::this_thread::sleep_for(milliseconds{1'500});
  EXPECT_EQ(world.last(plan), before);
  world.set_offset(2 * kHour);
  ASSERT_TRUE(world.reaches(plan, world.now() + 1));
  world.check({plan}, first_of(world, plan), world.last(plan), 1);
}

TEST_F(ScheduleClock, StepsInTheMiddleOfFires) {
  const char* given = std::getenv("PILOT_E2E_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  fmt::print("PILOT_E2E_SEED={}\n", seed);
  std::mt19937_64 random(seed);
  ScheduleWorld world(true);
  world.start();
  const Seconds first = world.now() + 4;
  std::vector<std::string> plans;
  for (int i = 0; i < 50; ++i) {
    plans.push_back(
        world.save(fmt::format("{},'start':'{}'{}", kEverySecond, moment_of(first),
                               i % 2 == 0 ? "" : ",'coalesce':false,'misfire_grace_time':3")));
  }
  const double steps[] = {+0.3, -0.3, +1, -1, +5, -5, +kHour, -kHour, +kDay};
  for (int i = 0; i < 13; ++i) {
    // Around the turn of a second, where the fires are.
    const auto now = std::chrono::system_clock::now().time_since_epoch() % std::chrono::seconds{1};
    const auto jitter = std::uniform_int_distribution<int>(-30, 60)(random);
    std::this_thread::sleep_for(std::chrono::seconds{1} - now + milliseconds{jitter});
    if (i % 4 == 3) continue;
    const auto which = std::uniform_int_distribution<std::size_t>(0, std::size(steps) - 1)(random);
    world.set_offset(world.offset() + steps[which]);
  }
  world.set_offset(world.offset() + 4 * kDay);
  const Seconds until = world.now();
  for (const std::string& plan : plans) ASSERT_TRUE(world.reaches(plan, until));
  world.check(plans, first, until, 1);
}

TEST_F(ScheduleClock, TheLeapDayIsOneDay) {
  ScheduleWorld world(true);
  world.start();
  set_clock(world, "2028-02-28T23:59:57Z");
  const std::string leap = world.save("'cron_expression':'0 0 29 2 *'");
  const std::string march = world.save("'cron_expression':'0 0 1 3 *'");
  const std::string daily = world.save("'cron_expression':'0 0 * * *'");
  for (const std::string& plan : {leap, daily}) {
    ASSERT_TRUE(world.reaches(plan, seconds_of("2028-02-29T00:00:00Z")));
    // A run that is still there a day later would take the next one's place (max_instances).
    for (const Json& row : world.fires(plan)) world->ended(text_at(row, "run_id"));
  }
  EXPECT_EQ(world.last(march), -1);
  set_clock(world, "2028-02-29T23:59:58Z");
  ASSERT_TRUE(world.reaches(march, seconds_of("2028-03-01T00:00:00Z")));
  ASSERT_TRUE(world.reaches(daily, seconds_of("2028-03-01T00:00:00Z")));
  EXPECT_EQ(world.fires(leap).size(), 1u);
  for (const std::string& plan : {leap, march, daily}) {
    for (const Json& row : world.fires(plan)) EXPECT_EQ(text_at(row, "status"), "fired");
  }
  EXPECT_EQ(text_at(world->get("/api/plans/" + leap + "/schedule").json, "next_run"),
            "2032-02-29T00:00:00Z");
  world.check({daily}, seconds_of("2028-02-29T00:00:00Z"), seconds_of("2028-03-01T00:00:00Z"),
              86'400, {leap, march});
}

TEST_F(ScheduleClock, SecondsGoOnPast32Bits) {
  ScheduleWorld world(true);
  world.start();
  set_clock(world, "2038-01-19T03:14:05Z");
  const std::string plan = world.save(kEverySecond);
  const Seconds over = seconds_of("2038-01-19T03:14:09Z");
  ASSERT_TRUE(world.reaches(plan, over));
  for (const Json& row : world.fires(plan)) {
    if (text_at(row, "status") != "fired") continue;
    EXPECT_EQ(text_at(world->ended(text_at(row, "run_id")), "status"), "success");
  }
  world.check({plan}, first_of(world, plan), over, 1);
}

}  // namespace
}  // namespace pilot::e2e
