// Schedules on the real binary: from the command line, over the API, and killed again and again
// while 200 are due every second.
#include <gtest/gtest.h>

#include <random>

#include "schedule_world.h"

namespace pilot::e2e {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kEverySecond = "'cron_expression':'* * * * * *'";

TEST(Schedules, APlanRunsByItselfEverySecond) {
  ScheduleWorld world;
  world.start();
  const std::string plan = world.save(kEverySecond);
  const Seconds begin = world.now();
  ASSERT_TRUE(world.reaches(plan, begin + 3));
  const std::vector<Json> rows = world.fires(plan);
  int fired = 0;
  for (const Json& row : rows) {
    if (text_at(row, "status") != "fired") continue;
    ++fired;
    const Json run = world->ended(text_at(row, "run_id"));
    EXPECT_EQ(text_at(run, "status"), "success");
    EXPECT_EQ(text_at(run, "trigger/scheduled_at"), text_at(row, "scheduled_at"));
    EXPECT_EQ(text_at(run, "trigger/schedule_id"), plan);
  }
  EXPECT_GE(fired, 1);
  world.check({plan}, seconds_of(text_at(rows[0], "scheduled_at")), begin + 3, 1);
}

TEST(Schedules, FromTheCommandLine) {
  TempDir dir;
  const auto data = dir.path() / "data";
  const std::string file = dir.write(
      "plan.json", quoted("{'name':'nightly','steps':[{'provider':'logic','action':'set'}]}"));
  const std::string plan = text_at(pilot_json(data, {"plans", "save", file}), "id");
  ASSERT_FALSE(plan.empty());
  EXPECT_EQ(list_at(pilot_json(data, {"schedule", "list"}), "").size(), 0u);
  const Json set = pilot_json(
      data, {"schedule", "set", plan, "30 7 * * 1-5", "--timezone", "Europe/Berlin",
             "--max-instances", "2", "--misfire-grace", "300", "--jitter", "10", "--input", "n=1"});
  EXPECT_EQ(text_at(set, "timezone"), "Europe/Berlin");
  EXPECT_EQ(at(set, "max_instances"), Json(2));
  EXPECT_EQ(at(set, "misfire_grace_time"), Json(300));
  EXPECT_EQ(at(set, "inputs/n"), Json(1));
  EXPECT_EQ(list_at(set, "upcoming").size(), 10u);
  const Json jobs = pilot_json(data, {"schedule", "list"});
  ASSERT_EQ(list_at(jobs, "").size(), 1u);
  EXPECT_EQ(text_at(jobs, "0/id"), plan);
  const Finished shown = pilot(data, {"schedule", "show", plan});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("30 7 * * 1-5 Europe/Berlin"), std::string::npos) << shown.out;
  EXPECT_EQ(list_at(pilot_json(data, {"schedule", "fires", plan}), "").size(), 0u);
  const Finished never = pilot(data, {"schedule", "set", plan, "0 0 30 2 *"});
  EXPECT_EQ(never.code, 2);
  EXPECT_NE(never.err.find("never"), std::string::npos) << never.err;
  EXPECT_EQ(pilot(data, {"schedule", "rm", plan}).code, 0);
  EXPECT_EQ(pilot(data, {"schedule", "show", plan}).code, 2);
  EXPECT_EQ(pilot(data, {"schedule", "set", "nope", "0 7 * * *"}).code, 2);
}

// What was due while nothing ran: within the grace it is made up for, else it is down.
TEST(Schedules, ARestartDealsWithWhatWasDueMeanwhile) {
  ScheduleWorld world;
  world.start();
  const std::string in_time = world.save(kEverySecond);
  const std::string too_late =
      world.save(std::string(kEverySecond) + ",'misfire_grace_time':1,'coalesce':false");
  ASSERT_TRUE(world.reaches(too_late, world.now() + 1));
  world.kill();
  const Seconds down = world.now() + 1;
  std::this_thread::sleep_for(milliseconds{4'000});
  world.start();
  ASSERT_TRUE(world.reaches(in_time, world.now() + 1));
  ASSERT_TRUE(world.reaches(too_late, world.now() + 1));
  const auto has = [&](const std::string& plan, const std::string& cause) {
    const auto rows = world.fires(plan);
    return std::any_of(rows.begin(), rows.end(), [&](const Json& row) {
      return text_at(row, "cause") == cause &&
             seconds_of(text_at(row, "last_scheduled_at")) >= down;
    });
  };
  EXPECT_TRUE(has(in_time, "coalesced"));
  EXPECT_TRUE(has(too_late, "down"));
  const Seconds first = seconds_of(text_at(world.fires(in_time).at(0), "scheduled_at"));
  const Seconds other = seconds_of(text_at(world.fires(too_late).at(0), "scheduled_at"));
  EXPECT_LE(other - first, 1);
}

TEST(Schedules, KilledAgainAndAgainAt200FiresASecond) {
  const char* given = std::getenv("PILOT_E2E_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  fmt::print("PILOT_E2E_SEED={}\n", seed);
  std::mt19937_64 random(seed);
  ScheduleWorld world;
  world.start();
  // All begin with the same instant.
  const Seconds first = world.now() + 6;
  const std::string trigger = fmt::format("{},'start':'{}'", kEverySecond, moment_of(first));
  std::vector<std::string> plans;
  for (int i = 0; i < 200; ++i) {
    plans.push_back(world.save(trigger + (i % 2 == 0 ? "" : ",'coalesce':false")));
  }
  ASSERT_LT(world.now(), first) << "this machine is too slow for this test";
  int kills = 0;
  for (const auto end = Clock::now() + std::chrono::seconds{18}; Clock::now() < end; ++kills) {
    const auto alive = std::uniform_int_distribution<int>(50, 1'500)(random);
    std::this_thread::sleep_for(milliseconds{alive});
    world.kill();
    if (kills % 4 == 3) std::this_thread::sleep_for(milliseconds{alive + 500});  // and is missed
    world.start();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  const Seconds until = world.now();
  for (const std::string& plan : plans) ASSERT_TRUE(world.reaches(plan, until));
  fmt::print("{} kills, {} instants of each of {} schedules\n", kills, until - first + 1,
             plans.size());
  world.check(plans, first, until, 1);
}

}  // namespace
}  // namespace pilot::e2e
