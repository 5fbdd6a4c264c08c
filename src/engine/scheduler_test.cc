// The scheduler with the rest of the engine: fires on time, makes up, survives faults and clocks.
#include <gmock/gmock.h>

#include <set>

#include "engine/due.h"
#include "engine/engine_fixture.h"

namespace pilot::engine {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSet = R"({"steps":[{"provider":"logic","action":"set"}]})";
constexpr std::string_view kSleep =
    R"({"steps":[{"provider":"logic","action":"wait","params":{"seconds":90}}]})";

class SchedulerTest : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  // 2027-01-15T08:00:00Z; a whole minute.
  SchedulerTest() { EXPECT_EQ(start_.time_since_epoch() % 60s, 0s); }

  void boot() {
    world.boot();
    ASSERT_TRUE(world.start());
    world.poll();
  }
  // Saved past the fault layer, as by another process; due from `from` on.
  Schedule save(const std::string& id, const std::string& expression,
                const std::function<void(Schedule&)>& change = {},
                std::string_view document = kSet) {
    store::StoredPlan plan;
    plan.user = world.user;
    plan.id = {id};
    plan.name = id;
    plan.document = *parse_json(document);
    plan.trigger = JsonObject{{"type", "schedule"}};
    plan.created_at = plan.updated_at = world.clock.now();
    Schedule schedule;
    schedule.name = id;
    schedule.expression = expression;
    schedule.total_steps = 1;
    schedule.created_at = schedule.updated_at = world.clock.now();
    if (change) change(schedule);
    const auto rule = *plan::make_timetable(schedule);
    plan::set_next(schedule, rule, plan::next_due(schedule, rule, world.clock.now()),
                   world.random());
    plan.schedule = schedule;
    EXPECT_TRUE(world.direct(world.disk().create_plan(plan)));
    return *world.direct(world.disk().find_schedule(world.user, {id}));
  }
  void tell(const Schedule& schedule) {
    world.engine().schedule_changed(schedule.fire_at);
    world.poll();
  }
  std::vector<Fire> fires(const std::string& id = {}) {
    auto page =
        world.direct(world.disk().list_fires(world.user, {{id}}, {.limit = 500, .cursor = {}}));
    std::vector<Fire> out = page->items;
    std::reverse(out.begin(), out.end());
    return out;
  }
  // "0 run, 60-180 x3 late": seconds after the start of the test.
  std::vector<std::string> story(const std::string& id = {}) {
    std::vector<std::string> out;
    const auto seconds = [&](WallTime time) { return (time - start_) / 1s; };
    for (const Fire& fire : fires(id)) {
      std::string line = std::to_string(seconds(fire.due_at));
      if (fire.last_due_at != fire.due_at) line += "-" + std::to_string(seconds(fire.last_due_at));
      line += fire.status == Fire::Status::fired ? " run" : " " + fire.cause;
      out.push_back(line);
    }
    return out;
  }
  std::vector<Run> runs() {
    return world.direct(world.disk().list_runs(world.user, {}, {.limit = 500, .cursor = {}}))
        ->items;
  }
  // Fires and runs fit: one run for each fired instant, and none besides.
  void expect_consistent() {
    std::set<std::string> ids;
    for (const Fire& fire : fires()) {
      if (fire.status != Fire::Status::fired) continue;
      EXPECT_TRUE(ids.insert(fire.run.text).second);
      EXPECT_TRUE(world.find(fire.run)) << to_rfc3339(fire.due_at);
    }
    EXPECT_THAT(runs(), SizeIs(ids.size()));
  }

  World world{3};
  const WallTime start_ = world.clock.now();
};

TEST_F(SchedulerTest, FiresOnTimeAndTheRunIsDone) {
  boot();
  tell(save("p", "* * * * *"));
  world.pass(59'999ms);
  EXPECT_THAT(story(), IsEmpty());
  world.pass(5ms);
  EXPECT_THAT(story(), ElementsAre("60 run"));
  world.pass(120s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run", "180 run"));
  for (const Fire& fire : fires()) {
    EXPECT_LE(fire.lateness_ms, 1);
    EXPECT_EQ(world.find(fire.run)->state, RunState::success);
  }
  expect_consistent();
}

TEST_F(SchedulerTest, FindsWhatNobodyToldItOf) {
  boot();
  save("p", "*/10 * * * * *");
  world.pass(10s);
  EXPECT_THAT(story(), ElementsAre("10 run"));
}

TEST_F(SchedulerTest, ARestartGoesOnFromTheStoredInstant) {
  boot();
  save("in-grace", "0 */5 * * * *");
  save("too-late", "0 1/5 * * * *");
  world.boot();  // down
  world.clock.advance(330s);
  boot();
  world.pass(1s);
  EXPECT_THAT(story("in-grace"), ElementsAre("300 run"));
  EXPECT_THAT(story("too-late"), ElementsAre("60 down"));
  expect_consistent();
}

TEST_F(SchedulerTest, WithoutCoalescingOneAfterTheOtherIsMadeUpFor) {
  boot();
  save("p", "* * * * *", [](Schedule& s) {
    s.coalesce = false;
    s.misfire_grace_s = 3'600;
  });
  world.boot();
  world.clock.advance(200s);
  boot();
  world.pass(10s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run", "180 run"));
  const auto all = runs();  // newest first
  ASSERT_EQ(all.size(), 3u);
  EXPECT_GE(*all[1].started_at, *all[2].finished_at);
  EXPECT_GE(*all[0].started_at, *all[1].finished_at);
  world.pass(60s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run", "180 run", "240 run"));
}

TEST_F(SchedulerTest, OneInstanceAtATimeAndTheScheduleGoesOn) {
  boot();
  tell(save("p", "* * * * *", {}, kSleep));
  tell(save(
      "two", "* * * * *", [](Schedule& s) { s.max_instances = 2; }, kSleep));
  world.pass(245s);
  EXPECT_THAT(story("p"), ElementsAre("60 run", "120 no_slot", "180 run", "240 no_slot"));
  EXPECT_THAT(story("two"), ElementsAre("60 run", "120 run", "180 run", "240 run"));
}

TEST_F(SchedulerTest, TheClockSetBackFiresNothingTwice) {
  boot();
  tell(save("p", "* * * * *"));
  world.pass(121s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run"));
  world.clock.jump_wall(-90s);  // it is 31 again
  world.pass(120s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run"));
  world.pass(30s);
  EXPECT_THAT(story(), ElementsAre("60 run", "120 run", "180 run"));
  expect_consistent();
}

TEST_F(SchedulerTest, TheClockSetForwardIsSeenWithinASecond) {
  boot();
  tell(save("hourly", "0 * * * *"));
  tell(save("minutely", "* * * * *"));
  world.pass(5s);
  world.clock.jump_wall(3'600s + 20s);  // 3625
  world.pass(1s);
  EXPECT_THAT(story("hourly"), ElementsAre("3600 run"));
  EXPECT_THAT(story("minutely"), ElementsAre("60-3540 coalesced", "3600 run"));
  world.clock.jump_wall(24h);
  world.pass(1s);
  EXPECT_EQ(story("hourly").size(), 3u);
  EXPECT_THAT(story("hourly").at(1), "7200-86400 coalesced");
  expect_consistent();
}

TEST_F(SchedulerTest, WhatDependsOnTheHourIsLateWhenTheClockJumpsOverIt) {
  boot();
  tell(save("p", "0 * * * *"));
  world.clock.jump_wall(3'600s + 61s);
  world.pass(1s);
  EXPECT_THAT(story(), ElementsAre("3600 late"));
}

TEST_F(SchedulerTest, AStoreThatFailsIsAskedAgainAndNothingIsLost) {
  for (const auto when : {store::FaultyStore::Before, store::FaultyStore::After}) {
    for (int n = 1; n <= 12; ++n) {
      SCOPED_TRACE(
          fmt::format("call {} {}", n, when == store::FaultyStore::Before ? "before" : "after"));
      const std::string id = fmt::format("p-{}-{}", n, static_cast<int>(when));
      boot();
      tell(save(id, "*/5 * * * * *"));
      world.process().store.fail_at(world.process().store.calls() + n, when);
      const WallTime from = world.clock.now();
      world.pass(30s);
      ASSERT_TRUE(world.direct(world.disk().remove_plan(world.user, {id})));
      std::set<WallTime> seen;
      for (const Fire& fire : fires(id)) {
        for (WallTime one = fire.due_at; one <= fire.last_due_at; one += 5s) {
          EXPECT_TRUE(seen.insert(one).second);
        }
      }
      EXPECT_EQ(std::ssize(seen), 6) << to_rfc3339(from);
    }
  }
  expect_consistent();
}

TEST_F(SchedulerTest, ACrashAtAnyCallLosesNoInstantAndDoublesNone) {
  boot();
  save("p", "*/5 * * * * *");
  for (int n = 1; n <= 25; ++n) {
    for (const auto when : {store::FaultyStore::Before, store::FaultyStore::After}) {
      boot();
      world.process().store.crash_at(world.process().store.calls() + n, when);
      for (int i = 0; i < 20 && !world.process().store.crashed(); ++i) world.pass(1s);
    }
  }
  boot();
  world.pass(61s);
  WallTime expected = start_ + 5s;
  for (const Fire& fire : fires("p")) {
    EXPECT_EQ(fire.due_at, expected);
    expected = fire.last_due_at + 5s;
  }
  EXPECT_GT(expected, world.clock.now());
  expect_consistent();
}

TEST_F(SchedulerTest, OneThatWasTakenAwayFiresNoMore) {
  boot();
  tell(save("p", "*/5 * * * * *"));
  world.pass(6s);
  ASSERT_TRUE(world.direct(
      world.disk().remove_schedule(world.user, {"p"}, JsonObject{{"type", "manual"}}, start_)));
  world.pass(60s);
  EXPECT_THAT(story(), ElementsAre("5 run"));
}

TEST_F(SchedulerTest, AOneShotProcessFiresNothing) {
  world.boot({.claim_others = false});
  ASSERT_TRUE(world.start());
  tell(save("p", "*/5 * * * * *"));
  world.pass(60s);
  EXPECT_THAT(story(), IsEmpty());
}

TEST_F(SchedulerTest, ManyAtOnceAreFiredInBatches) {
  boot();
  for (int i = 0; i < 1'200; ++i) save(fmt::format("p{:04}", i), "0 * * * * *");
  world.pass(61s);
  int fired = 0;
  std::string cursor;
  do {
    const auto page =
        world.direct(world.disk().list_fires(world.user, {}, {.limit = 500, .cursor = cursor}));
    for (const Fire& fire : page->items) fired += fire.status == Fire::Status::fired ? 1 : 0;
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(fired, 1'200);
}

TEST_F(SchedulerTest, WithNothingDueItHardlyLooksAtTheStore) {
  boot();
  tell(save("p", "0 0 1 1 *"));
  world.pass(10s);
  const std::int64_t before = world.process().store.calls();
  world.pass(600s);
  // Two looks every five seconds, and the fetcher's two.
  EXPECT_LE(world.process().store.calls() - before, 600 / 5 * 4 + 8);
}

TEST_F(SchedulerTest, AfterAStopNothingIsFired) {
  boot();
  tell(save("p", "*/5 * * * * *"));
  world.run([](Engine& engine) -> boost::asio::awaitable<bool> {
    co_await engine.stop(Millis{100});
    co_return true;
  }(world.engine()));
  world.pass(60s);
  EXPECT_THAT(story(), IsEmpty());
}

}  // namespace
}  // namespace pilot::engine
