// What is fired and what is missed, case by case. Rows read "07:00 run", "06:00-06:58 x59 down".
#include "engine/due.h"

#include <gtest/gtest.h>

#include <set>

#include "base/id.h"

namespace pilot::engine {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view clock) {
  return *parse_rfc3339("2027-01-01T" + std::string(clock) + "Z");
}
std::string clock_of(WallTime time) { return to_rfc3339(time).substr(11, 8); }

// Every minute, next due at 07:00:00, Pilot running since 06:00.
class DueTest : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  DueTest() {
    Schedule& s = due.schedule;
    s.user = {"ada"};
    s.id = {"p"};
    s.plan = {"p"};
    s.plan_version = due.plan_version = 3;
    s.total_steps = 2;
    s.name = "Minutely";
    s.expression = "* * * * *";
    s.next_fire_at = s.fire_at = at("07:00:00");
    s.inputs = JsonObject{{"n", 1}};
  }
  store::Firing fire(std::string_view now) {
    return what_to_fire(due, *plan::make_timetable(due.schedule),
                        {.now = at(now), .started = started}, *random, walk);
  }
  std::string story(std::string_view now) {
    const store::Firing firing = fire(now);
    std::string out;
    for (const auto& [fired, run] : firing.instants) {
      EXPECT_EQ(run.has_value(), fired.status == Fire::Status::fired);
      out += clock_of(fired.due_at);
      if (run) {
        out += " run";
        if (fired.coalesced_count > 0) out += fmt::format("+{}", fired.coalesced_count);
      } else {
        if (fired.last_due_at != fired.due_at) out += "-" + clock_of(fired.last_due_at);
        out += fired.count ? fmt::format(" x{} ", *fired.count) : " x? ";
        out += fired.cause;
      }
      out += ", ";
    }
    return out + (firing.next_fire_at ? "next " + clock_of(*firing.next_fire_at) : "end");
  }

  store::DueSchedule due;
  WallTime started = at("06:00:00");
  std::unique_ptr<Random> random = make_seeded_random(3);
  std::int64_t walk = 1'000;
};

TEST_F(DueTest, OnTimeItRuns) { EXPECT_EQ(story("07:00:00"), "07:00:00 run, next 07:01:00"); }

TEST_F(DueTest, TheRunSaysWhatStartedIt) {
  const store::Firing firing = fire("07:00:02");
  const Run& run = firing.instants.at(0).run.value();
  EXPECT_EQ(run.user, due.schedule.user);
  EXPECT_EQ(run.plan, due.schedule.plan);
  EXPECT_EQ(run.plan_version, 3);
  EXPECT_EQ(run.plan_name, "Minutely");
  EXPECT_EQ(run.total_steps, 2);
  EXPECT_EQ(run.state, RunState::queued);
  EXPECT_TRUE(run.node.empty());
  EXPECT_EQ(run.inputs, due.schedule.inputs);
  EXPECT_EQ(run.created_at, at("07:00:02"));
  EXPECT_EQ(run.trigger, *parse_json(R"({"type":"schedule","schedule_id":"p",
      "scheduled_at":"2027-01-01T07:00:00Z","fired_at":"2027-01-01T07:00:02Z"})"));
  EXPECT_EQ(firing.instants.at(0).fire.lateness_ms, 2'000);
  EXPECT_EQ(firing.instants.at(0).fire.run, run.id);
}

TEST_F(DueTest, ExactlyTheGraceStillRunsAndOneMoreIsTooLate) {
  due.schedule.expression = "0 * * * *";
  EXPECT_EQ(story("07:01:00"), "07:00:00 run, next 08:00:00");
  EXPECT_EQ(story("07:01:00.000001"), "07:00:00 x1 late, next 08:00:00");
}

TEST_F(DueTest, TheLastStandsForThoseBeforeIt) {
  EXPECT_EQ(story("07:05:30"), "07:00:00-07:04:00 x5 coalesced, 07:05:00 run+5, next 07:06:00");
  const store::Firing firing = fire("07:05:30");
  EXPECT_EQ(firing.instants.at(1).run->trigger.at("coalesced_count"), 5);
  EXPECT_EQ(firing.instants.at(0).fire.lateness_ms, 330'000);
}

TEST_F(DueTest, TooLateIsMissedWithItsCause) {
  due.schedule.expression = "0 * * * *";
  EXPECT_EQ(story("09:30:00"), "07:00:00-09:00:00 x3 late, next 10:00:00");
  started = at("08:15:00");
  EXPECT_EQ(story("09:30:00"), "07:00:00-08:00:00 x2 down, 09:00:00 x1 late, next 10:00:00");
  started = at("09:30:00");
  EXPECT_EQ(story("09:30:00"), "07:00:00-09:00:00 x3 down, next 10:00:00");
  // Due in the moment of the start: not down.
  started = at("09:00:00");
  EXPECT_EQ(story("09:30:00"), "07:00:00-08:00:00 x2 down, 09:00:00 x1 late, next 10:00:00");
}

TEST_F(DueTest, DownWithinTheGraceRuns) {
  started = at("07:00:40");
  EXPECT_EQ(story("07:00:40"), "07:00:00 run, next 07:01:00");
}

TEST_F(DueTest, WithoutCoalescingEachInTimeRuns) {
  due.schedule.coalesce = false;
  due.schedule.misfire_grace_s = 180;
  EXPECT_EQ(story("07:05:30"),
            "07:00:00-07:02:00 x3 late, 07:03:00 run, 07:04:00 run, 07:05:00 run, next 07:06:00");
  EXPECT_EQ(fire("07:05:30").retry_at, at("07:05:31"));
  EXPECT_EQ(story("07:00:30"), "07:00:00 run, next 07:01:00");
  EXPECT_EQ(fire("07:00:30").retry_at, std::nullopt) << "an ordinary one does not wait for a slot";
  due.schedule.expression = "0 * * * *";
  EXPECT_EQ(story("07:30:00"), "07:00:00 x1 late, next 08:00:00");
}

TEST_F(DueTest, WhatWaitsForASlotGoesOnWaitingUntilTheGraceIsOver) {
  due.schedule.coalesce = false;
  due.schedule.fire_at = at("07:00:31");  // it has waited
  EXPECT_EQ(story("07:00:31"), "07:00:00 run, next 07:01:00");
  EXPECT_EQ(fire("07:00:31").retry_at, at("07:00:32"));
  EXPECT_EQ(fire("07:00:31").instants.at(0).fire.lateness_ms, 31'000);
  EXPECT_EQ(story("07:01:01"), "07:00:00 x1 no_slot, 07:01:00 run, next 07:02:00");
}

TEST_F(DueTest, NoGraceLimitCatchesUpInBoundedParts) {
  due.schedule.coalesce = false;
  due.schedule.misfire_grace_s.reset();
  due.schedule.expression = "* * * * * *";
  const store::Firing part = fire("08:00:00");
  EXPECT_EQ(std::ssize(part.instants), limits::kCatchUpRuns);
  EXPECT_EQ(part.next_fire_at, at("07:16:40"));
  // And the last alone, however long ago.
  due.schedule.coalesce = true;
  EXPECT_EQ(story("07:00:10"), "07:00:00-07:00:09 x10 coalesced, 07:00:10 run+10, next 07:00:11");
}

TEST_F(DueTest, MoreThanCanBeCountedIsSaidSo) {
  due.schedule.expression = "* * * * * *";
  walk = 100;
  EXPECT_EQ(story("08:00:00"), "07:00:00-07:59:59 x? coalesced, 08:00:00 run+101, next 08:00:01");
  EXPECT_EQ(walk, 0);
}

TEST_F(DueTest, ItEndsWithItsEnd) {
  due.schedule.ends_at = at("07:02:00");
  EXPECT_EQ(story("07:01:00"), "07:00:00 x1 coalesced, 07:01:00 run+1, next 07:02:00");
  EXPECT_EQ(story("07:02:40"), "07:00:00-07:01:00 x2 coalesced, 07:02:00 run+2, end");
  EXPECT_EQ(story("09:00:00"), "07:00:00-07:02:00 x3 late, end");
}

TEST_F(DueTest, TheJitterOfAnInstantIsNotItsLateness) {
  due.schedule.expression = "0 * * * *";
  due.schedule.jitter_s = 600;
  due.schedule.fire_at = at("07:09:00");
  EXPECT_EQ(story("07:09:00"), "07:00:00 run, next 08:00:00");
  EXPECT_EQ(fire("07:09:02").instants.at(0).fire.lateness_ms, 2'000);
  EXPECT_EQ(story("07:10:00"), "07:00:00 run, next 08:00:00");
  EXPECT_EQ(story("07:10:01"), "07:00:00 x1 late, next 08:00:00");
  const store::Firing firing = fire("07:09:00");
  EXPECT_EQ(firing.next_fire_at, at("08:00:00")) << "counted from the nominal time";
  EXPECT_GE(*firing.fire_at, at("08:00:00"));
  EXPECT_LE(*firing.fire_at, at("08:10:00"));
}

TEST_F(DueTest, APlanThatIsGoneMakesNoRun) {
  due.plan_version = 0;
  EXPECT_EQ(story("07:01:10"), "07:00:00-07:01:00 x2 plan_invalid, next 07:02:00");
}

// Whatever the clock does and however often it is asked: an instant is dealt with once.
TEST_F(DueTest, AWalkOverJumpingClocksMeetsEachInstantOnce) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    auto dice = make_seeded_random(seed);
    due.schedule.coalesce = dice->next() % 2 == 0;
    due.schedule.next_fire_at = due.schedule.fire_at = at("07:00:00");
    due.schedule.jitter_s = static_cast<std::int64_t>(dice->next() % 3) * 20;
    std::set<WallTime> dealt_with;
    WallTime now = at("07:00:00");
    for (int i = 0; i < 60; ++i) {
      now += std::chrono::seconds{static_cast<std::int64_t>(dice->next() % 400)} - 120s;
      if (*due.schedule.fire_at > now) continue;
      walk = 1'000;
      const store::Firing firing = what_to_fire(due, *plan::make_timetable(due.schedule),
                                                {.now = now, .started = started}, *random, walk);
      for (const auto& [fired, run] : firing.instants) {
        for (WallTime one = fired.due_at; one <= fired.last_due_at; one += 60s) {
          EXPECT_TRUE(dealt_with.insert(one).second) << to_rfc3339(one);
        }
      }
      due.schedule.next_fire_at = firing.next_fire_at;
      due.schedule.fire_at = firing.fire_at;
      EXPECT_GT(*firing.next_fire_at, *dealt_with.rbegin());
    }
    WallTime expected = at("07:00:00");
    for (const WallTime one : dealt_with) {
      EXPECT_EQ(one, expected);
      expected += 60s;
    }
    EXPECT_EQ(due.schedule.next_fire_at, expected);
  }
}

TEST_F(DueTest, RunIdsAreOfTheInstantAndSortByIt) {
  const RunId a = run_id_of(due.schedule, at("07:00:00"));
  EXPECT_EQ(a, run_id_of(due.schedule, at("07:00:00")));
  EXPECT_TRUE(is_uuid(a.text));
  EXPECT_EQ(a.text[14], '7');
  EXPECT_LT(a, run_id_of(due.schedule, at("07:00:01")));
  Schedule other = due.schedule;
  other.id = {"q"};
  EXPECT_NE(a, run_id_of(other, at("07:00:00")));
  other = due.schedule;
  other.user = {"bob"};
  EXPECT_NE(a, run_id_of(other, at("07:00:00")));
}

}  // namespace
}  // namespace pilot::engine
