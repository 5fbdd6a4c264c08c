// Who owns a run: fencing, claiming, handing back, and that the end is the end.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> ids_of(const std::vector<Run>& runs) {
  std::vector<std::string> ids;
  for (const Run& run : runs) ids.push_back(run.id.text);
  return ids;
}

}  // namespace

TEST_P(StoreConformance, WritesOfAnotherNodeOrEpochDoNothing) {
  const Run run = make_run("r");
  put_all(InsertRun{run}, put(run, make_attempt(run, 1)));
  Run other_node = ended(run);
  other_node.node = "node-b";
  Run old_epoch = ended(run);
  old_epoch.epoch = 0;
  Attempt change = make_attempt(run, 1);
  change.message = "overwritten";

  EXPECT_THAT(fenced_by(write(update(other_node))), ElementsAre(RunId{"r"}));
  EXPECT_THAT(fenced_by(write(update(old_epoch))), ElementsAre(RunId{"r"}));
  EXPECT_THAT(fenced_by(write(PutAttempt{change, "node-b", 1})), ElementsAre(RunId{"r"}));
  EXPECT_THAT(fenced_by(write(PutAttempt{change, "node-a", 2})), ElementsAre(RunId{"r"}));
  EXPECT_THAT(fenced_by(write(PutAttempt{change, "", 1})), ElementsAre(RunId{"r"}));
  expect_same(stored("r"), run);
  ASSERT_EQ(attempts("r").size(), 1u);
  expect_same(attempts("r")[0], make_attempt(run, 1));
}

TEST_P(StoreConformance, FencedRunIsReportedOnceAndItsNeighboursAreWritten) {
  const Run mine = make_run("mine");
  const Run lost = make_run("lost");
  Run taken = lost;
  taken.node = "node-b";
  put_all(InsertRun{mine}, InsertRun{taken});
  const auto report =
      write(put(lost, make_attempt(lost, 1)), put(mine, make_attempt(mine, 1)),
            put(lost, make_attempt(lost, 2)), update(ended(lost)), update(ended(mine)));
  EXPECT_THAT(fenced_by(report), ElementsAre(RunId{"lost"}));
  EXPECT_THAT(attempts("lost"), IsEmpty());
  EXPECT_EQ(stored("lost").state, RunState::running);
  EXPECT_EQ(attempts("mine").size(), 1u);
  EXPECT_EQ(stored("mine").state, RunState::success);
}

TEST_P(StoreConformance, RunThatDoesNotExistIsFenced) {
  const Run run = make_run("never");
  EXPECT_THAT(fenced_by(write(update(run), put(run, make_attempt(run, 1)))),
              ElementsAre(RunId{"never"}));
  EXPECT_THAT(attempts("never"), IsEmpty());
}

TEST_P(StoreConformance, NobodyIsNoOwner) {
  const Run idle = make_idle_run("idle");
  put_all(InsertRun{idle});
  EXPECT_THAT(fenced_by(write(UpdateRun{ended(idle), ""})), ElementsAre(RunId{"idle"}));
  EXPECT_THAT(fenced_by(write(PutAttempt{make_attempt(idle, 1), "", 0})),
              ElementsAre(RunId{"idle"}));
  const Run fresh = make_idle_run("fresh");
  EXPECT_THAT(fenced_by(write(InsertRun{fresh}, UpdateRun{ended(fresh), ""},
                              PutAttempt{make_attempt(fresh, 1), "", 0})),
              ElementsAre(RunId{"fresh"}));
  EXPECT_EQ(stored("idle").state, RunState::queued);
  EXPECT_EQ(stored("fresh").state, RunState::queued);
  EXPECT_THAT(attempts("fresh"), IsEmpty());
}

TEST_P(StoreConformance, TerminalStatesAreFinal) {
  for (const RunState end : {RunState::success, RunState::error, RunState::cancelled}) {
    const std::string id = "run-" + std::string(to_string(end));
    const Run run = make_run(id);
    put_all(InsertRun{run});
    put_all(update(ended(run, end)));
    for (const RunState later : {RunState::running, RunState::success, RunState::error}) {
      Run changed = ended(run, later);
      changed.output = "changed";
      EXPECT_THAT(fenced_by(write(update(changed))), ElementsAre(RunId{id}));
    }
    EXPECT_THAT(fenced_by(write(put(run, make_attempt(run, 1)))), ElementsAre(RunId{id}));
    expect_same(stored(id), ended(run, end));
    EXPECT_THAT(attempts(id), IsEmpty());
  }
}

TEST_P(StoreConformance, SecondEndInOneBatchIsFenced) {
  const Run run = make_run("r");
  EXPECT_THAT(
      fenced_by(write(InsertRun{run}, update(ended(run)), update(ended(run, RunState::error)))),
      ElementsAre(RunId{"r"}));
  EXPECT_EQ(stored("r").state, RunState::success);
}

TEST_P(StoreConformance, RunThatWasHandedBackIsNoLongerOurs) {
  const Run run = make_run("r");
  Run parked = run;
  parked.state = RunState::waiting;
  parked.reason = "timer";
  parked.wake_at = kStart + 1h;
  parked.node.clear();
  // What goes with it in the same batch is still written.
  put_all(InsertRun{run});
  put_all(UpdateRun{parked, "node-a"}, put(run, make_attempt(run, 1)));
  EXPECT_EQ(attempts("r").size(), 1u);
  expect_same(stored("r"), parked);
  EXPECT_THAT(fenced_by(write(put(run, make_attempt(run, 2)))), ElementsAre(RunId{"r"}));
  EXPECT_THAT(fenced_by(write(UpdateRun{ended(run), "node-a"})), ElementsAre(RunId{"r"}));
  EXPECT_EQ(attempts("r").size(), 1u);
}

TEST_P(StoreConformance, InsertAndEndInOneBatch) {
  const Run run = make_run("r");
  put_all(InsertRun{run}, put(run, make_attempt(run, 1)), update(ended(run)));
  expect_same(stored("r"), ended(run));
  EXPECT_EQ(attempts("r").size(), 1u);
  EXPECT_EQ(*wait(store().count_open({})), 0);
}

TEST_P(StoreConformance, ClaimTakesQueuedAndDueRunsOldestFirst) {
  Run first = make_idle_run("q1");
  Run last = make_idle_run("q2");
  last.created_at = kStart + 50s;
  put_all(InsertRun{last}, InsertRun{first}, InsertRun{make_run("owned")},
          InsertRun{make_idle_run("w-due", RunState::waiting, kStart + 10s, kBob)},
          InsertRun{make_idle_run("w-later", RunState::waiting, kStart + 100s)},
          InsertRun{make_idle_run("w-never", RunState::waiting)},
          InsertRun{ended(make_idle_run("done"))});
  auto two = wait(store().claim("node-b", kStart + 60s, 2));
  ASSERT_TRUE(two);
  EXPECT_THAT(ids_of(*two), ElementsAre("q1", "w-due"));
  EXPECT_EQ((*two)[0].state, RunState::queued);
  EXPECT_EQ((*two)[1].state, RunState::running);
  EXPECT_EQ((*two)[1].reason, "");
  EXPECT_EQ((*two)[1].wake_at, std::nullopt);
  for (const Run& run : *two) {
    EXPECT_EQ(run.node, "node-b");
    EXPECT_EQ(run.epoch, 1);
    expect_same(stored(run.id.text, run.user), run);
  }
  EXPECT_THAT(ids_of(*wait(store().claim("node-c", kStart + 60s, 10))), ElementsAre("q2"));
  EXPECT_THAT(ids_of(*wait(store().claim("node-c", kStart + 60s, 10))), IsEmpty());
  EXPECT_THAT(ids_of(*wait(store().claim("node-c", kStart + 100s, 10))), ElementsAre("w-later"));
}

TEST_P(StoreConformance, ClaimRaisesTheEpochAndFencesTheOwnerBefore) {
  const Run run = make_run("r");
  put_all(InsertRun{run});
  Run back = run;
  back.state = RunState::queued;
  back.node.clear();
  put_all(UpdateRun{back, "node-a"});
  const auto taken = wait(store().claim("node-a", kStart, 1));
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->size(), 1u);
  EXPECT_EQ((*taken)[0].epoch, 2);
  EXPECT_THAT(fenced_by(write(update(ended(run)))), ElementsAre(RunId{"r"}));
  put_all(update(ended((*taken)[0])));
}

TEST_P(StoreConformance, ConcurrentClaimsNeverShareARun) {
  for (int i = 0; i < 60; ++i) put_all(InsertRun{make_idle_run("run-" + std::to_string(i))});
  std::vector<std::shared_ptr<std::optional<Result<std::vector<Run>>>>> answers;
  for (int i = 0; i < 12; ++i) {
    answers.push_back(shard_.start(store().claim("node-" + std::to_string(i), kStart, 7)));
  }
  shard_.run();
  std::map<std::string, int> seen;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer->value());
    for (const Run& run : *answer->value()) ++seen[run.id.text];
  }
  EXPECT_EQ(seen.size(), 60u);
  for (const auto& [id, times] : seen) EXPECT_EQ(times, 1) << id;
}

TEST_P(StoreConformance, ReleaseHandsBackWhatOthersHeld) {
  Run queued = make_run("queued");
  queued.state = RunState::queued;
  Run asleep = make_run("asleep", kBob);
  asleep.state = RunState::waiting;
  asleep.reason = "timer";
  asleep.wake_at = kStart + 5s;
  Run mine = make_run("mine");
  mine.node = "node-b";
  put_all(InsertRun{make_run("running")}, InsertRun{queued}, InsertRun{asleep}, InsertRun{mine},
          InsertRun{make_idle_run("idle")}, InsertRun{ended(make_run("done"))});
  const auto count = wait(store().release_others("node-b"));
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 3);

  EXPECT_EQ(stored("running").state, RunState::queued);
  EXPECT_EQ(stored("queued").state, RunState::queued);
  EXPECT_EQ(stored("asleep", kBob).state, RunState::waiting);
  EXPECT_EQ(stored("asleep", kBob).reason, "timer");
  EXPECT_EQ(stored("asleep", kBob).wake_at, kStart + 5s);
  for (const char* id : {"running", "queued"}) {
    EXPECT_EQ(stored(id).node, "");
    EXPECT_EQ(stored(id).epoch, 1);
  }
  expect_same(stored("mine"), mine);
  expect_same(stored("done"), ended(make_run("done")));
  EXPECT_EQ(*wait(store().release_others("node-b")), 0);
  EXPECT_EQ(wait(store().claim("node-b", kStart + 5s, 10))->size(), 4u);
}

TEST_P(StoreConformance, OwnedRunsAreThoseOfTheNodeThatHaveNotEnded) {
  Run mine = make_run("mine");
  mine.node = "node-b";
  put_all(InsertRun{make_run("other")}, InsertRun{mine}, InsertRun{make_idle_run("idle")});
  const auto owned = wait(store().owned_runs("node-b"));
  ASSERT_TRUE(owned);
  ASSERT_EQ(owned->size(), 1u);
  expect_same(owned->front(), mine);
  EXPECT_TRUE(wait(store().owned_runs("nobody"))->empty());
}

TEST_P(StoreConformance, NextWakeIsTheEarliestOfRunsWithoutAnOwner) {
  EXPECT_EQ(*wait(store().next_wake()), std::nullopt);
  Run owned = make_run("owned");
  owned.state = RunState::waiting;
  owned.wake_at = kStart + 1s;
  put_all(InsertRun{owned}, InsertRun{make_idle_run("b", RunState::waiting, kStart + 20s)},
          InsertRun{make_idle_run("a", RunState::waiting, kStart + 10s, kBob)},
          InsertRun{make_idle_run("never", RunState::waiting)}, InsertRun{make_idle_run("q")});
  EXPECT_EQ(*wait(store().next_wake()), kStart + 10s);
  ASSERT_TRUE(wait(store().cancel_idle_run(kBob, {"a"}, kStart)));
  EXPECT_EQ(*wait(store().next_wake()), kStart + 20s);
}

TEST_P(StoreConformance, OpenRunsAreQueuedAndRunningOnes) {
  EXPECT_EQ(*wait(store().count_open({})), 0);
  put_all(InsertRun{make_run("running")},
          InsertRun{make_idle_run("queued", RunState::queued, {}, kBob)},
          InsertRun{make_idle_run("asleep", RunState::waiting, kStart)},
          InsertRun{ended(make_run("done"))});
  EXPECT_EQ(*wait(store().count_open({})), 2);
  EXPECT_EQ(*wait(store().count_open(kAda)), 1);
  EXPECT_EQ(*wait(store().count_open(kBob)), 1);
  EXPECT_EQ(*wait(store().count_open(UserId{"nobody"})), 0);
  put_all(update(ended(make_run("running"))));
  EXPECT_EQ(*wait(store().count_open({})), 1);
}

}  // namespace pilot::store
