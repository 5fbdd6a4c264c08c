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
