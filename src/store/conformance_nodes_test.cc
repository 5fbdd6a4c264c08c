// Leases and hand-over, where several processes may share the store; and retention on every store.
#include <gmock/gmock.h>

#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NodeLease lease(const std::string& id, Millis ttl = Millis{60'000}) {
  return {.id = id, .name = "host-" + id, .roles = "worker", .version = "1", .ttl = ttl};
}

std::vector<std::string> ids_of(const Result<std::vector<Run>>& runs) {
  std::vector<std::string> ids;
  if (runs) {
    for (const Run& run : *runs) ids.push_back(run.id.text);
  }
  return ids;
}

}  // namespace

TEST_P(SharedStoreConformance, RunsOfALivingNodeStayItsOwn) {
  ASSERT_TRUE(wait(store().renew_lease(lease("node-a"))));
  ASSERT_TRUE(wait(store().renew_lease(lease("node-b"))));
  put_all(InsertRun{make_run("r1")});
  EXPECT_EQ(wait(store().release_others("node-b")).value(), 0);
  EXPECT_EQ(stored("r1").node, "node-a");
}

TEST_P(SharedStoreConformance, RunsOfADeadNodeAreHandedBackAndItsLateWritesDoNothing) {
  ASSERT_TRUE(wait(store().renew_lease(lease("node-a", Millis{0}))));
  ASSERT_TRUE(wait(store().renew_lease(lease("node-b"))));
  const Run run = make_run("r1");
  put_all(InsertRun{run});
  EXPECT_EQ(wait(store().release_others("node-b")).value(), 1);
  EXPECT_EQ(stored("r1").node, "");
  EXPECT_EQ(stored("r1").state, RunState::queued);

  // The zombie wakes up: nothing of it counts, neither before nor after somebody has taken the run.
  EXPECT_THAT(fenced_by(write(put(run, make_attempt(run, 1)))), ElementsAre(run.id));
  EXPECT_THAT(ids_of(wait(store().claim("node-b", kStart, 10))), ElementsAre("r1"));
  EXPECT_THAT(fenced_by(write(update(ended(run)))), ElementsAre(run.id));
  EXPECT_THAT(fenced_by(write(put(run, make_attempt(run, 1)))), ElementsAre(run.id));
  EXPECT_EQ(stored("r1").node, "node-b");
  EXPECT_THAT(attempts("r1"), IsEmpty());
}

TEST_P(SharedStoreConformance, NodesAreListedUntilTheyStop) {
  ASSERT_TRUE(wait(store().renew_lease(lease("node-a"))));
  ASSERT_TRUE(wait(store().renew_lease(lease("node-b", Millis{-5'000}))));
  put_all(InsertRun{make_run("r1")});
  auto nodes = wait(store().list_nodes());
  ASSERT_TRUE(nodes);
  ASSERT_EQ(nodes->size(), 2u);
  EXPECT_EQ((*nodes)[0].lease.name, "host-node-a");
  EXPECT_EQ((*nodes)[0].runs, 1);
  EXPECT_GT((*nodes)[0].left, Millis{0});
  EXPECT_LT((*nodes)[1].left, Millis{0});
  ASSERT_TRUE(wait(store().forget_node("node-a")));
  nodes = wait(store().list_nodes());
  ASSERT_EQ(nodes->size(), 1u);
  EXPECT_EQ((*nodes)[0].lease.id, "node-b");
}

TEST_P(SharedStoreConformance, ARequestToCancelReachesTheOwnerUntilTheRunHasEnded) {
  const Run run = make_run("r1");
  put_all(InsertRun{run}, InsertRun{make_run("r2")}, InsertRun{make_idle_run("r3")});
  EXPECT_FALSE(wait(store().request_cancel(kBob, run.id)).value());
  EXPECT_FALSE(wait(store().request_cancel(kAda, {"r3"})).value()) << "nobody has it";
  EXPECT_TRUE(wait(store().request_cancel(kAda, run.id)).value());
  const auto wanted = wait(store().cancel_requests("node-a"));
  ASSERT_TRUE(wanted);
  ASSERT_EQ(wanted->size(), 1u);
  EXPECT_EQ(wanted->front().user, kAda);
  EXPECT_EQ(wanted->front().run, run.id);
  EXPECT_THAT(wait(store().cancel_requests("node-b")).value(), IsEmpty());
  put_all(update(ended(run, RunState::cancelled)));
  EXPECT_THAT(wait(store().cancel_requests("node-a")).value(), IsEmpty());
}

TEST_P(StoreConformance, RetentionTakesWhatHasEndedAndLeavesWhatHasNot) {
  const auto random = make_seeded_random(3);
  const WallTime now = kStart + std::chrono::days{400};
  const auto at = [&](int days_ago) {
    return make_uuid7(now - std::chrono::days{days_ago}, *random);
  };
  // Months that nothing was made for ahead of time.
  ASSERT_TRUE(wait(store().tidy(now - std::chrono::days{200}, {})));
  ASSERT_TRUE(wait(store().tidy(now, {})));
  const Run old = make_run(at(200));
  const Run unfinished = make_run(at(199));
  const Run young = make_run(at(2));
  for (const Run& run : {old, unfinished, young}) {
    put_all(InsertRun{run}, put(run, make_attempt(run, 1)));
  }
  put_all(update(ended(old)), update(ended(young)));
  EXPECT_EQ(wait(store().tidy(now, {})).value(), 0) << "without retention everything stays";
  EXPECT_TRUE(wait(store().find_run(kAda, old.id)));
  ASSERT_TRUE(wait(store().tidy(now, std::chrono::days{90})));
  EXPECT_FALSE(wait(store().find_run(kAda, old.id)));
  EXPECT_THAT(attempts(old.id.text), IsEmpty());
  EXPECT_TRUE(wait(store().find_run(kAda, unfinished.id)));
  EXPECT_EQ(attempts(unfinished.id.text).size(), 1u);
  EXPECT_TRUE(wait(store().find_run(kAda, young.id)));
  // Once it has ended, it goes, too.
  put_all(update(ended(unfinished)));
  ASSERT_TRUE(wait(store().tidy(now, std::chrono::days{90})));
  EXPECT_FALSE(wait(store().find_run(kAda, unfinished.id)));
  EXPECT_TRUE(wait(store().find_run(kAda, young.id)));
}

}  // namespace pilot::store
