// Schedules: an instant is fired once, or recorded as missed.
#include "store/schedule_conformance.h"

namespace pilot::store {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(ScheduleConformance, FiringMakesTheRunAndMovesOn) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  const auto report = fire(firing_of(seen, {run_of(seen, kStart)}, kStart + 24h));
  EXPECT_EQ(report.runs, 1);
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 24h);
  EXPECT_EQ(schedule("p")->revision, seen.revision);
  const auto rows = fires();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].due_at, kStart);
  EXPECT_EQ(rows[0].status, Fire::Status::fired);
  EXPECT_EQ(rows[0].count, 1);
  EXPECT_EQ(rows[0].lateness_ms, 5);
  expect_same(stored(rows[0].run.text), *run_of(seen, kStart).run);
  // The run is claimed like any other.
  const auto claimed = wait(store().claim("node-a", kStart, 10));
  ASSERT_TRUE(claimed);
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->at(0).id, rows[0].run);
}

TEST_P(ScheduleConformance, StaleFiringDoesNothing) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  fire(firing_of(seen, {run_of(seen, kStart)}, kStart + 1h));
  // Again from the same look, and after a change, and after the end.
  EXPECT_EQ(fire(firing_of(seen, {run_of(seen, kStart + 1s)}, kStart + 2h)).stale, 1);
  const Schedule before_change = *schedule("p");
  ASSERT_TRUE(wait(store().update_plan(scheduled("p", kStart), 0)));
  EXPECT_EQ(fire(firing_of(before_change, {run_of(seen, kStart + 1h)}, kStart + 2h)).stale, 1);
  const Schedule before_end = *schedule("p");
  ASSERT_TRUE(wait(store().remove_plan(kAda, {"p"})));
  EXPECT_EQ(fire(firing_of(before_end, {run_of(seen, kStart + 1h)}, kStart + 2h)).stale, 1);
  EXPECT_EQ(fires("p").size(), 1u);
  EXPECT_EQ(wait(store().list_runs(kAda, {}, {}))->items.size(), 1u);
}

TEST_P(ScheduleConformance, AnInstantMakesOneRunEvenIfTheScheduleComesBackToIt) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  Fire missed = make_fire(seen, kStart + 1s);
  missed.status = Fire::Status::missed;
  missed.cause = "late";
  missed.last_due_at = kStart + 9s;
  missed.count = 9;
  const auto first = fire(firing_of(seen, {run_of(seen, kStart), {missed, {}}}, kStart + 1h));
  EXPECT_EQ(first.runs, 1);
  EXPECT_EQ(first.missed, 1);
  // The clock went back and somebody changed the expression: the old instants are due again.
  StoredPlan plan = scheduled("p", kStart);
  plan.schedule->expression = "* * * * * *";
  ASSERT_TRUE(wait(store().update_plan(plan, 0)));
  Schedule again = *schedule("p");
  again.max_instances = 100;
  ASSERT_EQ(again.next_fire_at, kStart);
  const auto report =
      fire(firing_of(again,
                     {run_of(again, kStart), run_of(again, kStart + 1s), run_of(again, kStart + 5s),
                      run_of(again, kStart + 9s), run_of(again, kStart + 10s)},
                     kStart + 11s));
  EXPECT_EQ(report.runs, 1) << "only the one that is not recorded yet";
  EXPECT_EQ(fires("p").size(), 3u);
  EXPECT_EQ(fires("p")[0].due_at, kStart + 10s);
  EXPECT_EQ(wait(store().list_runs(kAda, {}, {}))->items.size(), 2u);
}

TEST_P(ScheduleConformance, ARunThatIsThereAlreadyIsTheSameRun) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  put_all(InsertRun{*run_of(seen, kStart).run});
  EXPECT_EQ(fire(firing_of(seen, {run_of(seen, kStart)}, kStart + 1h)).runs, 1);
  EXPECT_EQ(fires("p").size(), 1u);
}

TEST_P(ScheduleConformance, FullSlotsAreAMissAndTheScheduleGoesOn) {
  StoredPlan plan = scheduled("p", kStart);
  plan.schedule->max_instances = 2;
  save(plan);
  const Schedule seen = *schedule("p");
  // Three at once: the third finds the two of its own batch.
  const auto report = fire(
      firing_of(seen, {run_of(seen, kStart), run_of(seen, kStart + 1s), run_of(seen, kStart + 2s)},
                kStart + 3s));
  EXPECT_EQ(report.runs, 2);
  EXPECT_EQ(report.missed, 1);
  const Fire third = fires("p").at(0);
  EXPECT_EQ(third.status, Fire::Status::missed);
  EXPECT_EQ(third.cause, "no_slot");
  EXPECT_TRUE(third.run.empty());
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 3s);
  EXPECT_EQ(fire(firing_of(*schedule("p"), {run_of(seen, kStart + 3s)}, kStart + 4s)).runs, 0);
  // A run that ends gives its slot back; one that sleeps keeps it.
  auto claimed = wait(store().claim("node-a", kStart, 10));
  ASSERT_EQ(claimed->size(), 2u);
  Run asleep = claimed->at(0);
  asleep.state = RunState::waiting;
  asleep.wake_at = kStart + 99h;
  asleep.node.clear();
  put_all(UpdateRun{asleep, "node-a"}, UpdateRun{ended(claimed->at(1)), "node-a"});
  EXPECT_EQ(fire(firing_of(*schedule("p"), {run_of(seen, kStart + 4s), run_of(seen, kStart + 5s)},
                           kStart + 6s))
                .runs,
            1);
}

TEST_P(ScheduleConformance, InstantsToBeMadeUpForWaitForASlot) {
  save(scheduled("p", kStart));
  const Schedule seen = *schedule("p");
  Firing all = firing_of(seen, {run_of(seen, kStart), run_of(seen, kStart + 1s)}, kStart + 1h);
  all.retry_at = kStart + 7s;
  const auto report = fire(all);
  EXPECT_EQ(report.runs, 1);
  EXPECT_EQ(report.waiting, 1);
  EXPECT_EQ(report.missed, 0);
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 1s);
  EXPECT_EQ(schedule("p")->fire_at, kStart + 7s);
  EXPECT_EQ(fires("p").size(), 1u);
  auto claimed = wait(store().claim("node-a", kStart, 10));
  put_all(UpdateRun{ended(claimed->at(0)), "node-a"});
  Firing rest = firing_of(*schedule("p"), {run_of(seen, kStart + 1s)}, kStart + 1h);
  rest.retry_at = kStart + 9s;
  EXPECT_EQ(fire(rest).runs, 1);
  EXPECT_EQ(schedule("p")->next_fire_at, kStart + 1h);
}

TEST_P(ScheduleConformance, OneStaleFiringLeavesItsNeighboursAlone) {
  save(scheduled("a", kStart));
  save(scheduled("b", kStart, kBob));
  const Schedule a = *schedule("a");
  const Schedule b = *schedule("b", kBob);
  Schedule old = a;
  old.revision = 77;
  std::vector<Firing> all;
  all.push_back(firing_of(old, {run_of(old, kStart)}, kStart + 1h));
  all.push_back(firing_of(b, {run_of(b, kStart)}, std::nullopt));
  const auto report = fire(std::move(all));
  EXPECT_EQ(report.stale, 1);
  EXPECT_EQ(report.runs, 1);
  EXPECT_EQ(schedule("a")->next_fire_at, kStart);
  EXPECT_EQ(schedule("b", kBob)->next_fire_at, std::nullopt);
  EXPECT_THAT(fires(), IsEmpty());
  EXPECT_EQ(fires("", kBob).size(), 1u);
  EXPECT_THAT(due_ids(kStart), ElementsAre("a"));
}

TEST_P(ScheduleConformance, FiresComeInPagesNewestFirst) {
  for (const char* id : {"a", "b"}) {
    StoredPlan plan = scheduled(id, kStart);
    plan.schedule->max_instances = 100;
    save(plan);
    const Schedule seen = *schedule(id);
    std::vector<FiredInstant> all;
    for (int i = 0; i < 5; ++i) all.push_back(run_of(seen, kStart + i * 1s));
    fire(firing_of(seen, std::move(all), kStart + 9h));
  }
  std::vector<std::string> seen;
  PageRequest page{.limit = 3, .cursor = {}};
  do {
    const auto some = wait(store().list_fires(kAda, {}, page));
    ASSERT_TRUE(some);
    for (const Fire& one : some->items) {
      seen.push_back(one.schedule.text +
                     std::to_string((one.due_at - kStart) / std::chrono::seconds{1}));
    }
    page.cursor = some->next_cursor;
  } while (!page.cursor.empty());
  EXPECT_THAT(seen, ElementsAre("b4", "a4", "b3", "a3", "b2", "a2", "b1", "a1", "b0", "a0"));
  EXPECT_EQ(fires("a").size(), 5u);
  EXPECT_EQ(wait(store().list_fires(kAda, {}, {.limit = 3, .cursor = "nonsense"})).error().code,
            "invalid_cursor");
  const auto schedules = wait(store().list_schedules(kAda, {.limit = 1, .cursor = {}}));
  ASSERT_EQ(schedules->items.size(), 1u);
  EXPECT_EQ(schedules->items[0].id.text, "b");
  EXPECT_EQ(wait(store().list_schedules(kAda, {.limit = 9, .cursor = schedules->next_cursor}))
                ->items.at(0)
                .id.text,
            "a");
}

}  // namespace pilot::store
