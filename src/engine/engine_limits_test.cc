// Limits, failing commits, shutdown and lost ownership.
#include "engine/engine_fixture.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using std::chrono::seconds;

using EngineLimitsTest = EngineTest;

TEST_F(EngineLimitsTest, AHugeAnswerIsAnErrorOfTheStep) {
  world.answer = [](const http::Request&) {
    return ScriptedTransport::reply(200, "\"" + std::string(limits::kStepOutput + 10, 'x') + "\"");
  };
  const Executed done = execute(steps({get("big")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(string_or(done.run.error, "code"), "output_too_large");
}

TEST_F(EngineLimitsTest, ThePlansTimeoutEndsASleepingRunWithoutSpinning) {
  const auto run = world.enqueue(
      R"({"timeout":5,"steps":[{"id":"w","provider":"logic","action":"wait",
          "params":{"seconds":600}}]})");
  ASSERT_TRUE(run);
  world.pass(seconds{4});
  EXPECT_EQ(world.find(run->id)->state, RunState::waiting);
  world.pass(seconds{3});
  const auto row = world.find(run->id);
  EXPECT_EQ(row->state, RunState::error);
  EXPECT_EQ(string_or(row->error, "code"), "run_timeout");
  EXPECT_EQ(string_or(row->error, "message"), "the run took longer than its timeout of 5 s");
  EXPECT_LT(row->revision, 12);
  EXPECT_EQ(world.story(run->id), "w:error") << "no row stays open";
}

TEST_F(EngineLimitsTest, ThePlansTimeoutEndsARunThatNobodyDecidesAbout) {
  world.answer = [](const http::Request&) {
    return ScriptedTransport::failure("timeout", true, true);
  };
  const auto run = world.enqueue(
      R"({"timeout":60,"steps":[{"id":"pay","provider":"http","action":"post",
          "params":{"url":"https://p.test/pay"}}]})");
  ASSERT_TRUE(run);
  world.pass(seconds{50});
  const auto asking = world.find(run->id);
  EXPECT_EQ(asking->reason, "outcome_unknown");
  world.pass(seconds{15});
  EXPECT_EQ(world.find(run->id)->state, RunState::error);
  EXPECT_LT(world.find(run->id)->revision, asking->revision + 8);
  EXPECT_EQ(world.story(run->id), "pay:unknown");
}

TEST_F(EngineLimitsTest, AOneShotProcessKeepsItsSleepingRunInMemory) {
  world.boot({.claim_others = false});
  ASSERT_TRUE(world.start());
  const Executed done = execute(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":600}},
                   {"id":"b","provider":"logic","action":"set","params":{}}]})");
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(world.story(done.run.id), "w:success b:success");
}

TEST_F(EngineLimitsTest, CancellingASleepingRunClosesItsRow) {
  const auto run = world.enqueue(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":600}}]})");
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  ASSERT_TRUE(world.run(world.engine().cancel(0, world.user, run->id)));
  EXPECT_EQ(world.story(run->id), "w:error");
  EXPECT_TRUE(world.attempts(run->id)[0].finished_at.has_value());
}

TEST_F(EngineLimitsTest, NestedLoopsThatMultiplyEndAndDoNotFreeze) {
  Json list = JsonArray(50);
  const Executed done = execute(
      R"({"inputs":{"type":"object"},"steps":[{"id":"a","foreach":"${inputs.l}","concurrency":100,
          "steps":[{"id":"b","foreach":"${inputs.l}","concurrency":100,"steps":[{"id":"c",
          "foreach":"${inputs.l}","concurrency":100,"steps":[{"id":"d","provider":"logic",
          "action":"set","params":{}}]}]}]}]})",
      JsonObject{{"l", list}});
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(string_or(done.run.error, "code"), "limit_exceeded");
}

TEST_F(EngineLimitsTest, ALoopsListIsBoundedToo) {
  const Executed done = execute(
      R"({"inputs":{"type":"object"},"steps":[{"id":"a","foreach":[1,2,3,4,5,6,7,8],
          "provider":"logic","action":"set","params":{"v":"${inputs.big}"}}]})",
      JsonObject{{"big", std::string(1'000'000, 'x')}});
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(string_or(done.run.error, "code"), "output_too_large");
}

TEST_F(EngineLimitsTest, ARunHasTheIdThatItsCauseDecided) {
  StartRun start = world.start_of(steps({set("a", "{}")}));
  start.id.text = "018f0000-0000-7000-8000-000000000001";
  const auto run = world.run(world.process().engine->enqueue(0, std::move(start)));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->id.text, "018f0000-0000-7000-8000-000000000001");
}

TEST_F(EngineLimitsTest, PastItsLimitItSays503) {
  world.boot({.max_queued = 2});
  ASSERT_TRUE(world.start());
  world.process().transport.hold();
  ASSERT_TRUE(world.enqueue(steps({get("a")})));
  ASSERT_TRUE(world.enqueue(steps({get("a")})));
  const auto refused = world.enqueue(steps({get("a")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "overloaded");
  EXPECT_TRUE(refused.error().retry_after.has_value());
}

TEST_F(EngineLimitsTest, AFailedCommitIsNeverAnAccept) {
  world.process().store.fail_at(world.process().store.calls() + 1, store::FaultyStore::Before);
  const auto refused = world.execute(steps({set("a", "{}")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "injected_fault");
  EXPECT_EQ(world.engine().load().active, 0u);
  EXPECT_TRUE(world.execute(steps({set("a", "{}")})));
}

TEST_F(EngineLimitsTest, ShutdownHandsBackAndTheNextProcessFinishes) {
  auto run = world.enqueue(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":1}},
                   {"id":"b","provider":"logic","action":"set","params":{"done":true}}]})");
  ASSERT_TRUE(run);
  world.poll();
  world.run([](Engine& engine) -> boost::asio::awaitable<bool> {
    co_await engine.stop(Millis{1'000});
    co_return true;
  }(world.engine()));
  EXPECT_EQ(world.find(run->id)->state, RunState::queued);
  EXPECT_EQ(world.enqueue(steps({set("a", "{}")})).error().code, "shutting_down");
  world.boot();
  ASSERT_TRUE(world.start());
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(world.story(run->id), "w:success b:success");
}

TEST_F(EngineLimitsTest, ARunThatAnotherNodeTookOverIsLeftAlone) {
  world.process().transport.hold();
  auto run = world.enqueue(steps({get("a"), post("b")}));
  ASSERT_TRUE(run);
  world.pass(seconds{1});
  ASSERT_TRUE(world.direct(world.disk().release_others("thief")));
  const auto stolen = world.direct(world.disk().claim("thief", world.clock.now(), 10));
  ASSERT_EQ(stolen->size(), 1u);
  world.process().transport.release();
  world.pass(seconds{5});
  EXPECT_EQ(world.engine().load().active, 0u);
  EXPECT_EQ(sent("b"), 0u);
  EXPECT_EQ(world.find(run->id)->node, "thief");
}

}  // namespace
}  // namespace pilot::engine
