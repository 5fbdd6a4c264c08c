// Calls whose answer was lost, of an action that says how to look whether they were carried out.
#include "base/yaml.h"
#include "engine/engine_fixture.h"
#include "providers/manifest/load.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kShop = R"(
id: shop
base: https://shop.test
actions:
  order:
    do: POST /orders
    params: {ref: string!}
    verify:
      action: find_orders
      params: '{q: .ref}'
      found: '.[] | select(.ref == $params.ref and .at >= $since)'
      wait: 5s
  pay:
    do: POST /payments
    params: {ref: string!}
    verify: {action: find_orders, params: '{q: .ref}', found: '.[0]', absent: retry}
  find_orders:
    do: GET /orders
    params: {q: string!}
  ship:
    do: POST /parcels
    params: {ref: string!}
    verify: {action: find_parcels, params: '{q: .ref}', found: '.[0]'}
  find_parcels:
    do: GET /parcels
    params: {q: string!}
    rate: 1/60s
)";

class VerifyTest : public EngineTest {
 protected:
  VerifyTest()
      : EngineTest([](providers::Registry& registry) {
          auto loaded = providers::manifest::load(*parse_yaml(kShop));
          for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.message;
          registry.add(std::shared_ptr<const providers::Provider>(std::move(loaded.provider)));
        }) {
    world.answer = [this](const http::Request& request) {
      asked.push_back(request.method + " " + request.url.substr(request.url.find('/', 8)));
      when.push_back(world.clock.steady());
      return request.method == "POST" ? posted() : list;
    };
  }

  http::Answer posted() {
    if (lost > 0) {
      --lost;
      return ScriptedTransport::failure("connection_lost", true, true);
    }
    return ScriptedTransport::reply(200, R"({"new":true})");
  }
  void show(WallTime at) {
    list = ScriptedTransport::reply(200,
                                    fmt::format(R"([{{"ref":"r 1","at":"{}"}}])", to_rfc3339(at)));
  }
  static std::string shop(std::string_view action, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"s","provider":"shop","action":"{}","params":{{"ref":"r 1"}}{}{}}})", action,
        more.empty() ? "" : ",", more);
  }

  int lost = 1;  // POSTs that have no answer
  http::Answer list = ScriptedTransport::reply(200, "[]");
  std::vector<std::string> asked;
  std::vector<SteadyTime> when;
};

TEST_F(VerifyTest, WhatIsFoundWasCarriedOut) {
  show(world.clock.now() + std::chrono::seconds{1});
  const Executed done = execute(steps({shop("order")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_THAT(asked, ElementsAre("POST /orders", "GET /orders?q=r%201"));
  EXPECT_EQ(when[1] - when[0], std::chrono::seconds{5});
  EXPECT_EQ(world.story(done.run.id), "s:success");
  EXPECT_EQ(string_or(*done.steps[0].output, "ref"), "r 1");
  EXPECT_THAT(done.steps[0].message, HasSubstr("find_orders shows that it was carried out"));
  EXPECT_EQ(to_json(world.attempts(done.run.id)[0].metadata), R"({"verified_by":"find_orders"})");
}

TEST_F(VerifyTest, WhatWasThereBeforeProvesNothing) {
  show(world.clock.now() - std::chrono::seconds{1});
  const auto run = world.enqueue(steps({shop("order")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.find(run->id)->reason, "outcome_unknown");
  EXPECT_THAT(world.attempts(run->id)[0].message,
              HasSubstr("find_orders was asked whether it was carried out: it did not find"));
  EXPECT_THAT(asked, ElementsAre("POST /orders", "GET /orders?q=r%201"));
}

TEST_F(VerifyTest, OnUnknownDecidesOnlyWhereLookingDoesNot) {
  EXPECT_EQ(string_or(execute(steps({shop("order", R"("on_unknown":"fail")")})).run.error, "code"),
            "outcome_unknown");
  lost = 1;
  show(world.clock.now() + std::chrono::hours{1});
  EXPECT_EQ(execute(steps({shop("order", R"("on_unknown":"fail")")})).run.state, RunState::success);
}

TEST_F(VerifyTest, AbsenceIsAProofWhereTheManifestSaysSo) {
  const Executed done = execute(steps({shop("pay")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_THAT(asked, ElementsAre("POST /payments", "GET /orders?q=r%201", "POST /payments"));
  const auto rows = world.attempts(done.run.id);
  EXPECT_EQ(world.story(done.run.id), "s:retrying s:success");
  EXPECT_EQ(rows[0].idempotency_key, rows[1].idempotency_key);
  lost = 100;
  asked.clear();
  const Executed never = execute(steps({shop("pay")}));
  EXPECT_EQ(string_or(never.run.error, "code"), "connection_lost");
  EXPECT_EQ(asked.size(), 6u);  // three attempts, each looked after
}

TEST_F(VerifyTest, WhoCannotLookAsks) {
  list = ScriptedTransport::reply(403, "no");
  const auto run = world.enqueue(steps({shop("pay")}));
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  EXPECT_EQ(world.find(run->id)->reason, "outcome_unknown");
  EXPECT_EQ(world.story(run->id), "s:unknown");
}

TEST_F(VerifyTest, AProcessThatDiesWhileLookingIsFollowedByOneThatLooks) {
  show(world.clock.now() + std::chrono::seconds{1});
  const auto run = world.enqueue(steps({shop("order")}));
  while (asked.empty()) ASSERT_TRUE(world.turn());
  world.pass(std::chrono::seconds{1});
  world.boot();
  ASSERT_TRUE(world.start());
  ASSERT_TRUE(world.until(run->id, RunState::success));
  EXPECT_THAT(asked, ElementsAre("POST /orders", "GET /orders?q=r%201"));
}

TEST_F(VerifyTest, LooksCountAgainstTheVendorsLimit) {
  lost = 100;
  show(world.clock.now());
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(execute(steps({shop("ship")})).run.state, RunState::success);
  std::vector<SteadyTime> looks;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].starts_with("GET")) looks.push_back(when[i]);
  }
  ASSERT_EQ(looks.size(), 3u);
  EXPECT_GE(looks[1] - looks[0], std::chrono::seconds{60});
  EXPECT_GE(looks[2] - looks[1], std::chrono::seconds{60});
}

TEST_F(VerifyTest, ACancelledRunDoesNotWaitForTheLook) {
  const auto run = world.enqueue(steps({shop("order")}));
  while (asked.empty()) ASSERT_TRUE(world.turn());
  const auto begun = world.clock.steady();
  const auto cancelled = world.run(world.engine().cancel(0, world.user, run->id));
  ASSERT_TRUE(cancelled) << cancelled.error().message;
  EXPECT_EQ(cancelled->state, RunState::cancelled);
  EXPECT_LT(world.clock.steady() - begun, std::chrono::seconds{1});
  EXPECT_EQ(world.story(run->id), "s:unknown");
  EXPECT_THAT(asked, ElementsAre("POST /orders"));
}

}  // namespace
}  // namespace pilot::engine
