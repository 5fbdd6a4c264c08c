// Schedules: saved with their plans, changed, and found when due.
#include "store/schedule_conformance.h"

namespace pilot::store {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(ScheduleConformance, IsSavedWithItsPlanAndReadBack) {
  StoredPlan plan = scheduled("p", kStart + 1h);
  Schedule& wanted = *plan.schedule;
  wanted.dialect = "apscheduler";
  wanted.dst = "literal";
  wanted.starts_at = kStart;
  wanted.ends_at = kStart + 24h;
  wanted.misfire_grace_s.reset();
  wanted.coalesce = false;
  wanted.max_instances = 7;
  wanted.jitter_s = 30;
  wanted.fire_at = kStart + 1h + 12s;
  save(plan);
  wanted.user = kAda;
  wanted.id = {"p"};
  wanted.plan = {"p"};
  wanted.plan_version = 1;
  expect_same_schedule(*schedule("p"), wanted);
  EXPECT_FALSE(schedule("p", kBob));
  EXPECT_EQ(wait(store().list_schedules(kAda, {}))->items.size(), 1u);
  EXPECT_THAT(wait(store().list_schedules(kBob, {}))->items, IsEmpty());
}

TEST_P(ScheduleConformance, ChangeKeepsTheNextInstantUnlessItsRuleChanged) {
  save(scheduled("p", kStart + 1h));
  StoredPlan plan = scheduled("p", kStart + 5h);
  plan.schedule->max_instances = 3;
  ASSERT_TRUE(wait(store().update_plan(plan, 1)));
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 1h);
  EXPECT_EQ(schedule("p")->fire_at, kStart + 1h);
  EXPECT_EQ(schedule("p")->max_instances, 3);
  EXPECT_EQ(schedule("p")->plan_version, 2);
  EXPECT_EQ(schedule("p")->revision, 2);
  // Another jitter is drawn for the instant that is kept.
  plan.schedule->jitter_s = 60;
  plan.schedule->fire_at = kStart + 5h + 20s;
  ASSERT_TRUE(wait(store().update_plan(plan, 2)));
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 1h);
  EXPECT_EQ(schedule("p")->fire_at, kStart + 1h + 20s);
  const auto changes = std::to_array<void (*)(Schedule&)>(
      {[](Schedule& s) { s.expression = "0 8 * * *"; }, [](Schedule& s) { s.timezone = "UTC"; },
       [](Schedule& s) { s.dialect = "apscheduler"; }, [](Schedule& s) { s.dst = "literal"; },
       [](Schedule& s) { s.starts_at = kStart; }, [](Schedule& s) { s.ends_at = kStart + 99h; }});
  WallTime next = kStart + 10h;
  for (const auto change : changes) {
    change(*plan.schedule);
    next += 1h;
    plan.schedule->next_fire_at = plan.schedule->fire_at = next;
    ASSERT_TRUE(wait(store().update_plan(plan, 0)));
    EXPECT_EQ(schedule("p")->next_fire_at, next);
    EXPECT_EQ(schedule("p")->fire_at, next);
  }
}

TEST_P(ScheduleConformance, GoesWithItsPlanAndItsFiresStay) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  fire(firing_of(seen, {run_of(seen, kStart)}, kStart + 24h));
  StoredPlan plan = make_scheduled_plan("p");
  plan.trigger = JsonObject{{"type", "manual"}};
  ASSERT_TRUE(wait(store().update_plan(plan, 0)));
  EXPECT_FALSE(schedule("p"));
  EXPECT_EQ(fires("p").size(), 1u);
  plan.schedule = make_schedule(kStart + 48h);
  ASSERT_TRUE(wait(store().update_plan(plan, 0)));
  EXPECT_TRUE(schedule("p"));
  ASSERT_TRUE(wait(store().remove_plan(kAda, {"p"})));
  EXPECT_FALSE(schedule("p"));
  EXPECT_THAT(due_ids(kStart + 999h), IsEmpty());
  EXPECT_EQ(fires("p").size(), 1u);
}

TEST_P(ScheduleConformance, PutAndRemoveSetTheTriggerWithoutANewVersion) {
  save(make_scheduled_plan("p"));
  Schedule one = make_schedule(kStart + 1h);
  one.user = kAda;
  one.id = {"p"};
  one.plan = {"p"};
  one.plan_version = 1;
  const Json trigger = JsonObject{{"type", "schedule"}, {"cron_expression", "1 1 * * *"}};
  ASSERT_TRUE(wait(store().put_schedule(one, trigger)));
  EXPECT_EQ(wait(store().find_plan(kAda, {"p"}))->trigger, trigger);
  EXPECT_EQ(wait(store().find_plan(kAda, {"p"}))->version, 1);
  EXPECT_TRUE(schedule("p"));
  one.plan_version = 2;
  EXPECT_EQ(wait(store().put_schedule(one, trigger)).error().code, "version_conflict");
  const Json manual = JsonObject{{"type", "manual"}};
  EXPECT_EQ(wait(store().remove_schedule(kBob, {"p"}, manual, kStart)).error().kind,
            ErrorKind::not_found);
  EXPECT_TRUE(schedule("p"));
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(wait(store().remove_schedule(kAda, {"p"}, manual, kStart + 1h)));
    EXPECT_FALSE(schedule("p"));
    EXPECT_EQ(wait(store().find_plan(kAda, {"p"}))->trigger, manual);
  }
}

TEST_P(ScheduleConformance, DueOnesComeInOrderOfAllUsers) {
  save(scheduled("c", kStart + 3s));
  save(scheduled("a", kStart + 1s, kBob));
  save(scheduled("b", kStart + 2s));
  save(scheduled("later", kStart + 10s));
  StoredPlan over = scheduled("over", kStart);
  over.schedule->next_fire_at.reset();
  over.schedule->fire_at.reset();
  save(over);
  StoredPlan jittered = scheduled("jittered", kStart);
  jittered.schedule->fire_at = kStart + 2500ms;
  save(jittered);
  EXPECT_THAT(due_ids(kStart + 3s), ElementsAre("a", "b", "jittered", "c"));
  EXPECT_THAT(due_ids(kStart + 3s, 2), ElementsAre("a", "b"));
  EXPECT_THAT(due_ids(kStart), IsEmpty());
  EXPECT_EQ(*wait(store().next_fire()), kStart + 1s);
}

TEST_P(ScheduleConformance, NothingIsNextWhereThereIsNone) {
  EXPECT_EQ(*wait(store().next_fire()), std::nullopt);
  EXPECT_THAT(due_ids(kStart), IsEmpty());
}

TEST_P(ScheduleConformance, DueOnesTellThePlansPresentVersion) {
  save(scheduled("p", kStart));
  EXPECT_EQ(wait(store().due_schedules(kStart, 1))->at(0).plan_version, 1);
  ASSERT_TRUE(wait(store().update_plan(scheduled("p", kStart), 1)));
  EXPECT_EQ(wait(store().due_schedules(kStart, 1))->at(0).plan_version, 2);
}

}  // namespace pilot::store
