// OAuth access tokens are renewed in time and once on 401, by one at a time, and nothing of a grant
// is lost.
#include "engine/refresh_fixture.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(RefreshTest, AFreshTokenIsUsedAsItIs) {
  world.pass(std::chrono::minutes{44});
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
  EXPECT_EQ(refreshes, 0);
}

TEST_F(RefreshTest, InItsLastQuarterOfAnHourItIsRenewedBeforeTheCall) {
  world.pass(std::chrono::minutes{46});
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
  EXPECT_EQ(refreshes, 1);
  EXPECT_THAT(carried, ElementsAre("Bearer access-1"));
  EXPECT_EQ(last_form,
            "grant_type=refresh_token&refresh_token=refresh-0&client_id=the-client"
            "&client_secret=s3cr3t-of-the-client");
  execute(steps({step("get")}));
  EXPECT_EQ(refreshes, 1);
}

TEST_F(RefreshTest, AShortLifeIsUsedForItsFirstHalf) {
  lifetime = 600;
  connect();
  world.pass(std::chrono::seconds{299});
  execute(steps({step("get")}));
  EXPECT_EQ(refreshes, 0);
  world.pass(std::chrono::seconds{2});
  execute(steps({step("get")}));
  EXPECT_EQ(refreshes, 1);
}

TEST_F(RefreshTest, WhatComesIsInTheStore) {
  world.pass(std::chrono::hours{2});
  execute(steps({step("get")}));
  const OpenConnection now = stored();
  EXPECT_EQ(now.connection.value("access_token"), "access-1");
  EXPECT_EQ(now.connection.value("refresh_token"), "refresh-1");
  EXPECT_EQ(now.connection.value("instance"), "eu7");
  EXPECT_EQ(now.state.scopes, "a b");
  EXPECT_EQ(*now.token_until - now.token_since, std::chrono::hours{1});
}

TEST_F(RefreshTest, TheOldRefreshTokenStaysWhenNoneComesBack) {
  rotates = false;
  world.pass(std::chrono::hours{2});
  execute(steps({step("get")}));
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-0");
  world.pass(std::chrono::hours{2});
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
  EXPECT_EQ(refreshes, 2);
}

TEST_F(RefreshTest, ManyAtOnceMakeOneRefresh) {
  world.pass(std::chrono::hours{2});
  std::vector<RunId> runs;
  for (int i = 0; i < 100; ++i) runs.push_back(world.enqueue(steps({step("get")}))->id);
  for (const RunId& id : runs) EXPECT_TRUE(world.until(id, RunState::success));
  EXPECT_EQ(refreshes, 1);
  EXPECT_EQ(carried.size(), 100u);
  EXPECT_THAT(carried, Each("Bearer access-1"));
}

TEST_F(RefreshTest, A401IsAnsweredWithANewTokenOnce) {
  access = "revoked-by-the-vendor";
  const Executed done = execute(steps({step("post")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(done.steps[0].attempts, 1);
  EXPECT_EQ(refreshes, 1);
  EXPECT_THAT(carried, ElementsAre("Bearer access-0", "Bearer access-1"));
}

TEST_F(RefreshTest, A401ToANewTokenIsAnErrorAndMarksTheConnection) {
  refuse_all = true;
  const Executed done = execute(steps({step("get")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(refreshes, 1);
  EXPECT_EQ(carried.size(), 2u);
  EXPECT_THAT(error_of(done), HasSubstr(R"("code":"unauthorized")"));
  EXPECT_THAT(error_of(done),
              HasSubstr(R"("needs_reauth":{"provider":"crm","connection":"default",)"
                        R"("reason":"unauthorized"})"));
  EXPECT_EQ(stored().state.reason, "unauthorized");
  EXPECT_TRUE(stored().state.needs_reauth_at);
  // Once it works again the mark goes by itself.
  refuse_all = false;
  execute(steps({step("get")}));
  EXPECT_EQ(stored().state.reason, "");
}

TEST_F(RefreshTest, AConnectionThatCannotBeRefreshedFailsAndIsMarked) {
  ASSERT_TRUE(world.run(
      world.process().store.remove_credentials(world.user, "crm", "default", "refresh_token")));
  refuse_all = true;
  const Executed done = execute(steps({step("get")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(refreshes, 0);
  EXPECT_EQ(carried.size(), 1u);
  EXPECT_EQ(stored().state.reason, "unauthorized");
}

TEST_F(RefreshTest, ABusyTokenEndpointIsTriedAgainAsTheStepSaysAndNothingIsLost) {
  token_answer = ScriptedTransport::reply(503, "busy");
  world.pass(std::chrono::hours{2});
  const Executed done = execute(steps({step("post")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(done.steps[0].attempts, 3);
  EXPECT_EQ(refreshes, 3);
  EXPECT_THAT(error_of(done), HasSubstr(R"("code":"token_refresh_failed")"));
  EXPECT_THAT(error_of(done), HasSubstr(R"("retryable":true)"));
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-0");
  EXPECT_EQ(stored().state.reason, "");
  token_answer.reset();
  EXPECT_EQ(execute(steps({step("post")})).run.state, RunState::success);
}

TEST_F(RefreshTest, WhileTheOldTokenIsGoodAFailedRefreshHurtsNobody) {
  token_answer = ScriptedTransport::failure("connection_lost", true, true);
  world.pass(std::chrono::minutes{50});
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
  EXPECT_EQ(refreshes, 1);
  EXPECT_THAT(carried, ElementsAre("Bearer access-0"));
}

TEST_F(RefreshTest, WhatTheVendorSaysIsMasked) {
  token_answer = ScriptedTransport::reply(
      400,
      R"({"error":"bad_client","error_description":"not s3cr3t-of-the-client nor refresh-0"})");
  world.pass(std::chrono::hours{2});
  const Executed done = execute(steps({step("get")}));
  EXPECT_THAT(error_of(done), HasSubstr("token_refused"));
  EXPECT_THAT(error_of(done), HasSubstr("not *** nor ***"));
  EXPECT_THAT(error_of(done), Not(HasSubstr("s3cr3t")));
}

TEST_F(RefreshTest, ADeadGrantParksTheRunUntilTheUserConnectsAnew) {
  refresh = "thrown-away";
  world.pass(std::chrono::hours{2});
  const auto run = world.enqueue(steps({step("post")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.find(run->id)->reason, "needs_reauth");
  EXPECT_EQ(refreshes, 2) << "read again before it counts as dead";
  EXPECT_EQ(stored().state.reason, "invalid_grant");
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-0") << "nothing is deleted";
  EXPECT_THAT(to_json(world.attempts(run->id).back().error), HasSubstr(R"("needs_reauth":{)"));

  // Other runs do not ask the vendor again.
  const auto other = world.enqueue(steps({step("get")}));
  ASSERT_TRUE(world.until(other->id, RunState::waiting));
  EXPECT_EQ(refreshes, 2);

  generation = 7;
  connect();
  EXPECT_EQ(
      *world.run(world.process().store.wake_runs(world.user, "needs_reauth", world.clock.now())),
      2);
  world.engine().runs_woken();
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_TRUE(world.until(other->id, RunState::success));
  EXPECT_THAT(carried, Each("Bearer access-7"));
  EXPECT_EQ(world.story(run->id), "post:success") << "waiting cost no attempt";
  EXPECT_EQ(world.attempts(run->id)[0].attempt, 1);
}

TEST_F(RefreshTest, WhoWaitsForTheRunHearsAtOnceThatSomebodyHasToConnectAnew) {
  refresh = "thrown-away";
  world.pass(std::chrono::hours{2});
  const WallTime before = world.clock.now();
  const Executed executed = execute(steps({step("get")}));
  EXPECT_EQ(executed.run.state, RunState::waiting);
  EXPECT_EQ(executed.run.reason, "needs_reauth");
  EXPECT_LT(world.clock.now() - before, std::chrono::seconds{10});
}

TEST_F(RefreshTest, AParkedRunLooksByItselfNowAndThen) {
  refresh = "thrown-away";
  world.pass(std::chrono::hours{2});
  const auto run = world.enqueue(steps({step("get")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  world.pass(std::chrono::minutes{35});
  EXPECT_EQ(world.find(run->id)->state, RunState::waiting);
  EXPECT_EQ(refreshes, 2);
  EXPECT_EQ(world.attempts(run->id).size(), 1u) << "one row, however often it looked";
  connect();  // by a command that wakes nobody
  world.pass(std::chrono::minutes{11});
  EXPECT_EQ(world.find(run->id)->state, RunState::success);
}

TEST_F(RefreshTest, AParkedRunGoesOnInAnotherProcess) {
  refresh = "thrown-away";
  world.pass(std::chrono::hours{2});
  const auto run = world.enqueue(steps({set("a", R"({"x":1})"), step("get")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  world.boot();
  ASSERT_TRUE(world.start());
  connect();
  ASSERT_TRUE(
      world.run(world.process().store.wake_runs(world.user, "needs_reauth", world.clock.now())));
  world.engine().runs_woken();
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(world.story(run->id), "a:success get:success");
}

TEST_F(RefreshTest, AParkedRunCanBeCancelled) {
  refresh = "thrown-away";
  world.pass(std::chrono::hours{2});
  const auto run = world.enqueue(steps({step("get")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, run->id)));
  EXPECT_EQ(world.find(run->id)->state, RunState::cancelled);
}

TEST_F(RefreshTest, ACancelledRunDoesNotTakeTheAnswerWithIt) {
  world.pass(std::chrono::hours{2});
  world.process().transport.hold();
  const auto run = world.enqueue(steps({step("get")}));
  world.poll();
  ASSERT_EQ(world.process().transport.held(), 1u);
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, run->id)));
  EXPECT_EQ(world.find(run->id)->state, RunState::cancelled);
  world.process().transport.release();
  world.poll();
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-1");
}

TEST_F(RefreshTest, ASealOfTheRowsMeanwhileLosesNothing) {
  world.pass(std::chrono::hours{2});
  world.process().transport.hold();
  const auto run = world.enqueue(steps({step("get")}));
  world.poll();
  const OpenConnection before = stored();
  const vault::Sealed other =
      world.keys().ring()->seal("refresh-0", world.clock.now(), world.random());
  ASSERT_EQ(*world.direct(world.disk().reseal({{{world.user, "crm", "default", "refresh_token"},
                                                before.sealed_refresh_token,
                                                other.token,
                                                other.key_id}})),
            1);
  world.process().transport.release();
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-1");
}

TEST_F(RefreshTest, WhoeverConnectsMeanwhileWins) {
  world.pass(std::chrono::hours{2});
  world.process().transport.hold();
  const auto run = world.enqueue(steps({step("get")}));
  world.poll();
  generation = 50;
  connect();
  world.process().transport.release();
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-50");
  EXPECT_EQ(carried.back(), "Bearer access-50");
}

TEST_F(RefreshTest, TheStoreMayBeAwayForAMomentWhenTheTokensCome) {
  world.pass(std::chrono::hours{2});
  world.process().transport.hold();
  const auto run = world.enqueue(steps({step("get")}));
  world.poll();
  world.process().store.fail_at(world.process().store.calls() + 1, store::FaultyStore::Before);
  world.process().transport.release();
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-1");
  EXPECT_EQ(refreshes, 1);
}

TEST_F(RefreshTest, AnotherNodesLeaseIsWaitedForAndItsTokensAreUsed) {
  world.pass(std::chrono::hours{2});
  ASSERT_TRUE(*world.run(world.process().store.claim_refresh(key(), "another-node",
                                                             world.clock.now(), Millis{45'000})));
  const auto run = world.enqueue(steps({step("get")}));
  world.pass(std::chrono::seconds{3});
  EXPECT_EQ(refreshes, 0);
  generation = 9;
  connect();  // the other node has it
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(refreshes, 0);
  EXPECT_EQ(carried.back(), "Bearer access-9");
}

TEST_F(RefreshTest, TheLeaseOfADeadNodeRunsOut) {
  world.pass(std::chrono::hours{2});
  ASSERT_TRUE(*world.run(world.process().store.claim_refresh(key(), "another-node",
                                                             world.clock.now(), Millis{45'000})));
  const auto run = world.enqueue(steps({step("get")}));
  world.pass(std::chrono::seconds{40});
  EXPECT_EQ(refreshes, 0);
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(refreshes, 1);
}

}  // namespace
}  // namespace pilot::engine
