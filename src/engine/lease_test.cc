// What a lease that cannot be renewed keeps a node from doing. (That others take its runs, and that
// its writes then do nothing, is the store's: conformance_nodes_test.cc.)
#include "engine/engine_fixture.h"

namespace pilot::engine {
namespace {

using namespace std::chrono_literals;

class LeaseTest : public EngineTest {
 protected:
  void start_shared() {
    world.boot();
    world.process().store.pretend_shared();
    ASSERT_TRUE(world.start());
  }
};

TEST_F(LeaseTest, NoEffectIsStartedWhileItIsNotSafe) {
  start_shared();
  world.pass(1s);
  world.process().store.refuse_leases(true);
  world.pass(11s);  // two thirds of 15 s are over, whatever was renewed last
  const auto run = world.enqueue(steps({get("look"), post("pay")}));
  ASSERT_TRUE(run);
  world.pass(30s);
  EXPECT_EQ(sent("look"), 1u) << "a read may be made";
  EXPECT_EQ(sent("pay"), 0u) << "an effect may not";
  EXPECT_EQ(world.find(run->id)->state, RunState::running);
  world.process().store.refuse_leases(false);
  ASSERT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(sent("pay"), 1u);
}

TEST_F(LeaseTest, AHealthyOneIsInNobodysWay) {
  start_shared();
  for (int i = 0; i < 5; ++i) {
    world.pass(7s);
    EXPECT_EQ(execute(steps({post("pay")})).run.state, RunState::success);
  }
  EXPECT_EQ(sent("pay"), 5u);
}

// Another took the run over while this node could not act: the mark that it flushes before the call
// says so, and the call is not made.
TEST_F(LeaseTest, AfterATakeOverTheCallIsNotMade) {
  start_shared();
  world.process().store.refuse_leases(true);
  world.pass(11s);
  const auto run = world.enqueue(steps({post("pay")}));
  ASSERT_TRUE(run);
  world.pass(1s);
  ASSERT_TRUE(world.run(world.disk().release_others("another")));
  world.process().store.refuse_leases(false);
  world.pass(2s);
  EXPECT_EQ(sent("pay"), 0u);
  EXPECT_EQ(world.find(run->id)->node, "");
}

// It was so slow to load the run that it lost it, and got it again: there is only one who can go
// on.
TEST_F(LeaseTest, ARunThatIsLostWhileItLoadsAndClaimedAgainGoesOn) {
  start_shared();
  pilot::Run run;
  run.user = world.user;
  run.id = RunId{make_uuid7(world.clock.now(), world.random())};
  run.document = *parse_json(steps({post("pay")}));
  run.created_at = world.clock.now();
  std::vector<store::JournalWrite> rows;
  rows.emplace_back(store::InsertRun{run});
  ASSERT_TRUE(world.direct(world.disk().write(std::move(rows))));
  world.process().store.hold_attempts(true);
  world.pass(6s);
  ASSERT_EQ(world.find(run.id)->epoch, 1);
  ASSERT_TRUE(world.direct(world.disk().release_others("another")));
  world.pass(6s);
  ASSERT_EQ(world.find(run.id)->epoch, 2);
  world.process().store.hold_attempts(false);
  ASSERT_TRUE(world.until(run.id, RunState::success)) << world.story(run.id);
  EXPECT_EQ(sent("pay"), 1u);
}

TEST_F(LeaseTest, ACancelThatAnotherNodeWasAskedForIsDoneHere) {
  start_shared();
  world.process().transport.hold();
  const auto run = world.enqueue(steps({get("slow")}));
  ASSERT_TRUE(run);
  world.pass(1s);
  ASSERT_EQ(world.find(run->id)->state, RunState::running);
  world.process().store.ask_to_cancel({{world.user, run->id}});
  ASSERT_TRUE(world.until(run->id, RunState::cancelled));
}

}  // namespace
}  // namespace pilot::engine
