// Runs keep to the limit that a provider's manifest tells, whoever's they are and however they
// sleep.
#include "engine/engine_fixture.h"
#include "providers/answer.h"

namespace pilot::engine {
namespace {

using std::chrono::seconds;

void add_slow(providers::Registry& registry) {
  auto& slow =
      registry.add({.name = "slow", .rate = providers::RateLimit{.calls = 2, .per = seconds{10}}});
  providers::HttpAction get{
      .build = [](const providers::Call& call) -> Result<http::Request> {
        return http::Request{.url = fmt::format("https://slow.test/{}", call.action)};
      },
      .read = &providers::read_json_answer};
  const Json anything = JsonObject{{"type", "object"}};
  slow.add({.name = "get", .params = anything, .effect = EffectClass::read, .body = get});
  slow.add({.name = "rare",
            .params = anything,
            .effect = EffectClass::unsafe,
            .rate = providers::RateLimit{.calls = 1, .per = seconds{60}},
            .body = get});
}

class RateTest : public EngineTest {
 protected:
  RateTest() : EngineTest(&add_slow) {
    world.answer = [this](const http::Request& request) {
      times[request.url].push_back(world.clock.now());
      return http::ScriptedTransport::reply(200, "{}");
    };
  }
  static std::string step(std::string_view action, std::string_view more = "") {
    return fmt::format(R"({{"id":"{0}","provider":"slow","action":"{0}","params":{{}}{1}{2}}})",
                       action, more.empty() ? "" : ",", more);
  }
  // No window of `length` has more than `calls`.
  static bool kept(const std::vector<WallTime>& all, std::size_t calls, seconds length) {
    for (std::size_t i = calls; i < all.size(); ++i) {
      if (all[i] - all[i - calls] < length) return false;
    }
    return true;
  }
  std::map<std::string, std::vector<WallTime>> times;  // of the calls
};

TEST_F(RateTest, CallsOfManyRunsKeepToTheLimitAndCostNoAttempt) {
  std::vector<RunId> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(world.enqueue(steps({step("get")}))->id);
  for (const RunId& run : runs) ASSERT_TRUE(world.until(run, RunState::success));
  const auto& calls = times["https://slow.test/get"];
  EXPECT_EQ(calls.size(), 20u);
  EXPECT_TRUE(kept(calls, 2, seconds{10}));
  EXPECT_LE(calls.back() - calls.front(), seconds{100}) << "and nobody waits for longer";
  for (const RunId& run : runs) EXPECT_EQ(world.attempts(run)[0].attempt, 1);
}

TEST_F(RateTest, ARunThatWaitsForItsTurnSleepsInTheStoreAndSaysWhy) {
  ASSERT_TRUE(world.enqueue(steps({step("rare")})));
  const auto run = world.enqueue(steps({step("rare")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.find(run->id)->reason, "rate_limit");
  EXPECT_TRUE(world.attempts(run->id).empty());
  ASSERT_TRUE(world.until(run->id, RunState::success));
  EXPECT_TRUE(kept(times["https://slow.test/rare"], 1, seconds{60}));
}

TEST_F(RateTest, ARunThatWaitsForItsTurnCanBeCancelled) {
  ASSERT_TRUE(world.enqueue(steps({step("rare")})));
  const auto run = world.enqueue(steps({step("rare")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, run->id)));
  EXPECT_EQ(world.find(run->id)->state, RunState::cancelled);
  EXPECT_EQ(times["https://slow.test/rare"].size(), 1u);
}

TEST_F(RateTest, AfterA429NobodyCallsUntilTheVendorSaid) {
  int refusals = 1;
  world.answer = [&](const http::Request& request) {
    times[request.url].push_back(world.clock.now());
    http::Answer answer = http::ScriptedTransport::reply(refusals-- > 0 ? 429 : 200, "{}");
    answer.response->headers.push_back({.name = "Retry-After", .value = "90"});
    return answer;
  };
  const auto first = world.enqueue(steps({step("get")}));
  ASSERT_TRUE(world.until(first->id, RunState::waiting));
  const auto second = world.enqueue(steps({step("get")}));
  ASSERT_TRUE(world.until(second->id, RunState::success));
  ASSERT_TRUE(world.until(first->id, RunState::success));
  const auto& calls = times["https://slow.test/get"];
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_GE(calls[1] - calls[0], seconds{90});
  EXPECT_EQ(world.attempts(second->id)[0].attempt, 1);
}

TEST_F(RateTest, ItemsOfALoopTakeTurns) {
  const Executed done =
      execute(R"({"steps":[{"id":"all","foreach":"${inputs.list}","concurrency":4,"steps":[)" +
                  step("get") + "]}]}",
              JsonObject{{"list", JsonArray{1, 2, 3, 4, 5, 6}}});
  EXPECT_EQ(done.run.state, RunState::success) << to_json(done.run.error);
  EXPECT_EQ(times["https://slow.test/get"].size(), 6u);
  EXPECT_TRUE(kept(times["https://slow.test/get"], 2, seconds{10}));
}

}  // namespace
}  // namespace pilot::engine
