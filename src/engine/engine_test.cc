// What a run does, step by step, seen from outside: its rows, its requests, its end.
#include "engine/engine_fixture.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using std::chrono::hours;
using std::chrono::seconds;

TEST_F(EngineTest, LogicOnlyCostsOneCommit) {
  const auto before = world.process().store.calls();
  const Executed done =
      execute(steps({set("a", R"({"x":1})"), set("b", R"({"y":"${steps.a.output.x}"})"),
                     set("c", R"({"z":"n ${steps.b.output.y}"})")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(to_json(*done.run.output), R"({"z":"n 1"})");
  EXPECT_EQ(world.process().store.calls() - before, 1);
  EXPECT_EQ(world.story(done.run.id), "a:success b:success c:success");
  ASSERT_EQ(done.steps.size(), 3u);
  EXPECT_EQ(done.steps[1].status, "success");
}

TEST_F(EngineTest, AnEffectIsSentOnlyAfterItsMarkIsDurable) {
  std::string at_send;
  world.answer = [&](const http::Request& request) {
    if (request.method == "POST") {
      const auto page = world.direct(world.disk().list_runs(world.user, {}, {}));
      if (page && !page->items.empty()) at_send = world.story(page->items[0].id);
    }
    return ScriptedTransport::reply(200, "{}");
  };
  const Executed done = execute(steps({get("read"), set("x", "{}"), post("write")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(at_send, "read:success x:success write:running");
  EXPECT_EQ(world.story(done.run.id), "read:success x:success write:success");
}

TEST_F(EngineTest, RetriesWithBackoffAndRetryAfter) {
  int asked = 0;
  std::vector<SteadyTime> when;
  world.answer = [&](const http::Request&) {
    when.push_back(world.clock.steady());
    if (++asked < 3) {
      auto answer = ScriptedTransport::reply(503);
      answer.response->headers.push_back({"Retry-After", "7"});
      return answer;
    }
    return ScriptedTransport::reply(200, R"({"ok":true})");
  };
  const Executed done = execute(steps({post("busy")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(world.story(done.run.id), "busy:retrying busy:retrying busy:success");
  ASSERT_EQ(when.size(), 3u);
  EXPECT_GE(when[1] - when[0], seconds{7});
  EXPECT_LT(when[1] - when[0], seconds{9});
  EXPECT_EQ(done.steps[0].attempts, 3);
  const auto rows = world.attempts(done.run.id);
  EXPECT_EQ(rows[0].idempotency_key, rows[2].idempotency_key);
  EXPECT_TRUE(is_uuid(rows[0].idempotency_key));
}

TEST_F(EngineTest, GivesUpAfterItsAttempts) {
  world.answer = [](const http::Request&) { return ScriptedTransport::reply(503); };
  const Executed done = execute(steps({get("busy", R"("retry":2)"), set("never", "{}")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(world.story(done.run.id), "busy:retrying busy:error");
  EXPECT_EQ(string_or(done.run.error, "step"), "busy");
}

TEST_F(EngineTest, AnUnsafeCallWithoutAnswerWaitsForADecision) {
  world.answer = [](const http::Request&) {
    return ScriptedTransport::failure("timeout", true, true);
  };
  const auto run = world.enqueue(steps({post("pay"), set("never", "{}")}));
  ASSERT_TRUE(run);
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.find(run->id)->reason, "outcome_unknown");
  EXPECT_EQ(world.story(run->id), "pay:unknown");
  world.pass(hours{2});
  EXPECT_EQ(sent("pay"), 1u);
  const auto cancelled = world.run(world.engine().cancel(0, world.user, run->id));
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_EQ(cancelled->state, RunState::cancelled);
}

TEST_F(EngineTest, OnUnknownFailAndRetryDecideByThemselves) {
  world.answer = [](const http::Request&) {
    return ScriptedTransport::failure("connection_lost", true, true);
  };
  const Executed failed = execute(steps({post("a", R"("on_unknown":"fail")")}));
  EXPECT_EQ(failed.run.state, RunState::error);
  EXPECT_EQ(string_or(failed.run.error, "code"), "outcome_unknown");
  EXPECT_EQ(sent("a"), 1u);
  const Executed retried = execute(steps({post("b", R"("on_unknown":"retry")")}));
  EXPECT_EQ(retried.run.state, RunState::error);
  EXPECT_EQ(sent("b"), 3u);
}

TEST_F(EngineTest, AReadWithoutAnswerIsMadeAgain) {
  int asked = 0;
  world.answer = [&](const http::Request&) {
    return ++asked == 1 ? ScriptedTransport::failure("timeout", true, true)
                        : ScriptedTransport::reply(200, "{}");
  };
  const Executed done = execute(steps({get("read")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(asked, 2);
}

TEST_F(EngineTest, ForeachKeepsOrderAndBoundsConcurrency) {
  std::size_t most = 0;
  world.process().transport.hold();
  auto run = world.enqueue(
      R"({"steps":[{"id":"all","foreach":[3,1,2,5,4],"concurrency":2,"steps":[
           {"id":"one","provider":"http","action":"get","params":{"url":"https://p.test/${item}"}},
           {"id":"out","provider":"logic","action":"set",
                    "params":{"i":"${index}","v":"${item}"}}]}]})");
  ASSERT_TRUE(run);
  for (int i = 0; i < 40 && world.find(run->id)->state != RunState::success; ++i) {
    world.poll();
    most = std::max(most, world.process().transport.held());
    world.process().transport.release_one();
    world.pass(seconds{1});
  }
  EXPECT_EQ(most, 2u);
  const auto row = world.find(run->id);
  ASSERT_EQ(row->state, RunState::success);
  EXPECT_EQ(to_json(*row->output),
            R"([{"i":0,"v":3},{"i":1,"v":1},{"i":2,"v":2},{"i":3,"v":5},{"i":4,"v":4}])");
}

TEST_F(EngineTest, ForeachStopsAtAFailingItemAndOnErrorContinuesGoesOn) {
  world.answer = [](const http::Request& request) {
    return ScriptedTransport::reply(request.url.ends_with("2") ? 400 : 200, "{}");
  };
  const std::string body =
      R"({"id":"all","foreach":[1,2,3],"provider":"http","action":"get",
                    "params":{"url":"https://p.test/${item}"}%})";
  auto with = [&](std::string_view more) {
    std::string text = body;
    text.replace(text.find('%'), 1, more);
    return steps({text, set("after", "{}")});
  };
  const Executed stopped = execute(with(""));
  EXPECT_EQ(stopped.run.state, RunState::error);
  EXPECT_EQ(world.story(stopped.run.id), "all[0]:success all[1]:error all:error");
  const Executed went_on = execute(with(R"(,"on_error":"continue")"));
  EXPECT_EQ(went_on.run.state, RunState::success);
  EXPECT_EQ(world.story(went_on.run.id),
            "all[0]:success all[1]:error all[2]:success all:success after:success");
}

TEST_F(EngineTest, IndependentStepsRunSideBySide) {
  world.process().transport.hold();
  auto run = world.enqueue(
      steps({get("a"), get("b", R"("depends_on":[])"), get("c", R"("depends_on":["a","b"])")}));
  ASSERT_TRUE(run);
  world.poll();
  EXPECT_EQ(world.process().transport.held(), 2u);
  world.process().transport.release();
  ASSERT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(sent("c"), 1u);
}

TEST_F(EngineTest, IfSkipsAndTheOldConditionJumps) {
  const Executed skipped = execute(
      R"({"steps":[{"id":"a","provider":"logic","action":"set","params":{"go":false}},
                   {"id":"b","if":"${steps.a.output.go}","provider":"logic","action":"set",
                    "params":{}},
                   {"id":"c","provider":"logic","action":"set",
                    "params":{"b":"${steps.b.output.x | default: 5}"}}]})");
  EXPECT_EQ(world.story(skipped.run.id), "a:success b:skipped c:success");
  EXPECT_EQ(to_json(*skipped.run.output), R"({"b":5})");
  const Executed jumped = execute(
      R"([{"id":"a","provider":"logic","action":"set","params":{"kind":"gold"}},
          {"id":"t","type":"condition","condition":"{{step_1.output.kind}} == 'silver'",
                    "else_jump":"d"},
          {"id":"c","provider":"logic","action":"set","params":{}},
          {"id":"d","provider":"logic","action":"set","params":{"end":true}}])");
  EXPECT_EQ(jumped.run.state, RunState::success);
  EXPECT_EQ(world.story(jumped.run.id), "a:success t:skipped d:success");
}

TEST_F(EngineTest, AJumpBackIsANewVisitWithANewKey) {
  int asked = 0;
  world.answer = [&](const http::Request& request) {
    if (request.url.ends_with("check"))
      return ScriptedTransport::reply(++asked < 3 ? 404 : 200, "{}");
    return ScriptedTransport::reply(200, "{}");
  };
  const Executed done = execute(steps({post("work"), get("check", R"("on_error":"work")")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(world.story(done.run.id),
            "work:success check:error work:success check:error work:success check:success");
  std::set<std::string> keys;
  for (const Attempt& row : world.attempts(done.run.id)) {
    if (row.step_id == "work") keys.insert(row.idempotency_key);
  }
  EXPECT_EQ(keys.size(), 3u);
}

TEST_F(EngineTest, AnEndlessJumpIsStopped) {
  const Executed done = execute(
      R"({"steps":[{"id":"a","provider":"logic","action":"set","params":{}},
                   {"id":"b","provider":"logic","action":"fail",
                    "params":{"message":"no"},"on_error":"a"}]})");
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(string_or(done.run.error, "code"), "limit_exceeded");
}

TEST_F(EngineTest, ALongWaitLeavesMemoryAndWakes) {
  auto run = world.enqueue(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":3600}},
                   {"id":"b","provider":"logic","action":"set","params":{"done":true}}]})");
  ASSERT_TRUE(run);
  world.poll();
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.engine().load().active, 0u);
  EXPECT_EQ(world.find(run->id)->reason, "timer");
  world.pass(seconds{3500});
  EXPECT_EQ(world.find(run->id)->state, RunState::waiting);
  world.pass(seconds{110});
  EXPECT_EQ(world.find(run->id)->state, RunState::success);
  EXPECT_EQ(world.story(run->id), "w:success b:success");
}

TEST_F(EngineTest, ExecuteAnswersAfterAParkedRunHasWoken) {
  const Executed done = execute(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":60}},
                   {"id":"b","provider":"logic","action":"set","params":{"done":true}}]})");
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(done.steps.size(), 2u);
}

TEST_F(EngineTest, ExecuteAnswersWhenItsWaitIsOverAndTheRunGoesOn) {
  auto result = world.execute(
      R"({"steps":[{"id":"w","provider":"logic","action":"wait","params":{"seconds":600}}]})",
      JsonObject{}, Millis{5'000});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->run.state, RunState::waiting);
  EXPECT_TRUE(world.until(result->run.id, RunState::success));
}

TEST_F(EngineTest, CancelEndsACallInFlight) {
  world.process().transport.hold();
  auto run = world.enqueue(steps({post("pay"), set("never", "{}")}));
  ASSERT_TRUE(run);
  world.poll();
  ASSERT_EQ(world.process().transport.held(), 1u);
  const auto cancelled = world.run(world.engine().cancel(0, world.user, run->id));
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->state, RunState::cancelled);
  EXPECT_EQ(world.find(run->id)->state, RunState::cancelled);
  const auto again = world.run(world.engine().cancel(0, world.user, run->id));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "run_finished");
  EXPECT_EQ(world.run(world.engine().cancel(0, UserId{"eve"}, run->id)).error().kind,
            ErrorKind::not_found);
}

TEST_F(EngineTest, ThePlansTimeoutEndsIt) {
  world.process().transport.hold();
  auto run = world.enqueue(
      R"({"timeout":10,"steps":[{"id":"a","provider":"http","action":"get","timeout":60,
          "params":{"url":"https://p.test/a"}}]})");
  ASSERT_TRUE(run);
  world.pass(seconds{12});
  EXPECT_EQ(world.find(run->id)->state, RunState::error);
  EXPECT_EQ(string_or(world.find(run->id)->error, "code"), "run_timeout");
}

TEST_F(EngineTest, StopEndsTheRunWithSuccess) {
  const Executed done = execute(
      R"({"steps":[{"id":"a","provider":"logic","action":"stop","params":{"output":{"x":1}}},
                   {"id":"b","provider":"logic","action":"set","params":{}}]})");
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(to_json(*done.run.output), R"({"x":1})");
  EXPECT_EQ(world.story(done.run.id), "a:success");
}

TEST_F(EngineTest, AMissingPathFailsTheStepWithItsName) {
  const Executed done = execute(
      R"({"steps":[{"id":"a","provider":"logic","action":"set","params":{}},
                   {"id":"b","provider":"logic","action":"set",
                    "params":{"x":"${steps.a.output.nope}"}}]})");
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(string_or(done.run.error, "code"), "unresolved_reference");
  EXPECT_THAT(std::string(string_or(done.run.error, "message")), testing::HasSubstr("nope"));
}

TEST_F(EngineTest, ReferencesInDataAreNotFollowed) {
  const Executed done = execute(
      R"({"steps":[{"id":"a","provider":"logic","action":"set","params":{"x":"${inputs.evil}"}},
                   {"id":"b","provider":"logic","action":"set",
                    "params":{"y":"${steps.a.output.x}"}}]})",
      JsonObject{{"evil", "${inputs.secret} {{step_1.output}}"}, {"secret", "s"}});
  EXPECT_EQ(string_or(*done.run.output, "y"), "${inputs.secret} {{step_1.output}}");
}

}  // namespace
}  // namespace pilot::engine
