// pilot run: what a person at a pipe sees, what a script reads, and the exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const char* const kQuickstart = PILOT_SOURCE_DIR "/examples/quickstart.yaml";

class CliRun : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::string plan(const std::string& text) const { return dir_.write("plan.json", quoted(text)); }
  TempDir dir_;
};

TEST_F(CliRun, QuickstartPiped) {
  const Finished done = pilot(data(), {"run", kQuickstart});
  EXPECT_EQ(done.code, 0) << done.out << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_THAT(done.out, Not(HasSubstr("\x1b"))) << "plain lines, no terminal codes";
  for (const char* step :
       {"shop", "orders", "newest", "hurry", "quotes", "totals", "stock", "report"}) {
    EXPECT_THAT(done.out, HasSubstr(fmt::format("\n✓ {} ", step)));
  }
  EXPECT_THAT(done.out, HasSubstr("price[3]"));
  EXPECT_THAT(done.out, AllOf(HasSubstr("↻ stock"), HasSubstr("attempt 3")));
  EXPECT_THAT(done.out, HasSubstr("ADA LOVELACE"));
  EXPECT_THAT(done.out, HasSubstr("✓ success  run "));
}

TEST_F(CliRun, QuickstartAsJson) {
  const Json told = pilot_json(data(), {"run", kQuickstart});
  EXPECT_THAT(keys(told), IsSupersetOf({"run_id", "status", "steps"}));
  EXPECT_EQ(text_at(told, "status"), "success");
  EXPECT_EQ(text_at(told, "run_id").size(), 36u);
  std::map<std::string, Json> steps;
  int prices = 0;
  for (const Json& step : list_at(told, "steps")) {
    EXPECT_THAT(keys(step), IsSupersetOf({"id", "status", "attempts", "output", "error"}));
    EXPECT_EQ(text_at(step, "status"), "success") << to_json(step);
    EXPECT_TRUE(at(step, "error").is_null()) << to_json(step);
    prices += text_at(step, "id") == "price" ? 1 : 0;
    steps[text_at(step, "id")] = step;
  }
  EXPECT_EQ(prices, 4);
  EXPECT_EQ(at(steps["stock"], "attempts"), Json(3));
  EXPECT_EQ(at(steps["newest"], "output/customer"), Json("ADA LOVELACE"));
  EXPECT_EQ(list_at(steps["quotes"], "output").size(), 4u);
  EXPECT_EQ(at(steps["totals"], "output/orders"), Json(4));
  EXPECT_EQ(at(steps["quotes"], "output/1/shipping"), Json(4.9));
  EXPECT_EQ(at(steps["report"], "output/status"), Json(201));
  EXPECT_THAT(text_at(steps["report"], "output/body/received/note"), HasSubstr("Pony Express"));
}

TEST_F(CliRun, EveryExampleIsAPlan) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PILOT_SOURCE_DIR "/examples")) {
    const Finished done = pilot(data(), {"plans", "validate", entry.path().string()});
    EXPECT_EQ(done.code, 0) << done.err;
    ++count;
  }
  EXPECT_GE(count, 1);
}

TEST_F(CliRun, InputsReachThePlan) {
  const Json told = pilot_json(data(), {"run", kQuickstart, "--input", "carrier=A Pigeon"});
  EXPECT_THAT(to_json(told), HasSubstr("ship today with A Pigeon"));
  const Json both =
      pilot_json(data(), {"run",
                          plan("[{'provider':'logic','action':'set','params':{'a':'${inputs.a}',"
                               "'b':'${inputs.b}'}}]"),
                          "--inputs", R"({"a":{"deep":[1,2.5,null]}})", "--input", "b=7"});
  EXPECT_EQ(to_json(at(both, "steps/0/output")), R"({"a":{"deep":[1,2.5,null]},"b":7})");
}

TEST_F(CliRun, AStepThatFailsIsExitCode1) {
  const std::string file = plan(
      "{'steps':[{'id':'a','provider':'logic','action':'set','params':{'x':1}},"
      "{'id':'b','provider':'logic','action':'fail','params':{'message':'no luck','code':'bad'}},"
      "{'id':'c','provider':'logic','action':'set'}]}");
  const Finished people = pilot(data(), {"run", file});
  EXPECT_EQ(people.code, 1) << people.err;
  EXPECT_THAT(people.out, AllOf(HasSubstr("✗ b"), HasSubstr("no luck"), HasSubstr("✗ error")));
  EXPECT_THAT(people.out, Not(HasSubstr("✓ c")));
  const Json told = pilot_json(data(), {"run", file}, 1);
  EXPECT_EQ(text_at(told, "status"), "error");
  ASSERT_EQ(list_at(told, "steps").size(), 2u) << to_json(told);
  EXPECT_EQ(text_at(told, "steps/0/status"), "success");
  EXPECT_EQ(text_at(told, "steps/1/status"), "error");
  EXPECT_EQ(text_at(told, "steps/1/error/code"), "bad");
  EXPECT_TRUE(at(told, "steps/1/output").is_null());
}

TEST_F(CliRun, FromStdinInBothLanguages) {
  for (const std::string text : {"steps:\n- provider: logic\n  action: set\n  params: {x: 42}\n",
                                 R"([{"provider":"logic","action":"set","params":{"x":42}}])"}) {
    const Finished done = pilot(data(), {"run", "-", "--json"}, text);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(at(parsed(done.out), "steps/0/output/x"), Json(42));
  }
}

// Steps that do not depend on each other run side by side, the journal has both, and what comes
// from a service is data: a reference in it stays text.
TEST_F(CliRun, AGraphAndHostileData) {
  FakeService service(answer(200, R"({"text":"${run.id} {{step_1.output}}"})"));
  const auto both_there = [&service](Peer& peer, const Seen&) {
    const bool together = service.wait_for("/left", 1) && service.wait_for("/right", 1);
    peer.reply(together ? 200 : 418, "{}");
  };
  service.on("/left", both_there);
  service.on("/right", both_there);
  const Json told = pilot_json(
      data(),
      {"run", plan(fmt::format(
                  "{{'steps':["
                  "{{'id':'l','provider':'http','action':'get','params':{{'url':'{0}/left'}}}},"
                  "{{'id':'r','provider':'http','action':'get','depends_on':[],"
                  "'params':{{'url':'{0}/right'}}}},"
                  "{{'id':'t','provider':'http','action':'get','depends_on':['l','r'],"
                  "'params':{{'url':'{0}/text'}}}},"
                  "{{'id':'s','provider':'logic','action':'set','depends_on':['t'],"
                  "'params':{{'x':'${{steps.t.output.body.text}}','y':'$${{run.id}}'}}}}]}}",
                  service.url()))});
  EXPECT_EQ(text_at(told, "status"), "success") << to_json(told);
  for (const Json& step : list_at(told, "steps")) {
    if (text_at(step, "id") != "s") continue;
    EXPECT_EQ(text_at(step, "output/x"), "${run.id} {{step_1.output}}");
    EXPECT_EQ(text_at(step, "output/y"), "${run.id}");
  }
}

TEST_F(CliRun, ConditionsErrorsAndStops) {
  const Json told = pilot_json(
      data(), {"run",
               plan("{'steps':["
                    "{'id':'no','if':'${inputs.go}','provider':'logic','action':'fail'},"
                    "{'id':'soft','provider':'logic','action':'fail','on_error':'continue'},"
                    "{'id':'hard','provider':'logic','action':'fail','on_error':'end'},"
                    "{'id':'over','provider':'logic','action':'fail'},"
                    "{'id':'end','provider':'logic','action':'stop',"
                    "'params':{'output':'${steps.soft.success}'}},"
                    "{'id':'after','provider':'logic','action':'fail'}]}"),
               "--inputs", R"({"go":false})"});
  EXPECT_EQ(text_at(told, "status"), "success") << to_json(told);
  std::string seen;
  for (const Json& step : list_at(told, "steps")) {
    seen += text_at(step, "id") + ":" + text_at(step, "status") + " ";
  }
  EXPECT_EQ(seen, "no:skipped soft:error hard:error end:success ");
}

// Longer than a run stays in memory: it is put aside and taken up again, without a server, too.
TEST_F(CliRun, WaitsAndRetriesThatArePutAside) {
  FakeService service(fail_first(1, 503, {}, answer(200, "{}")));
  const Json told = pilot_json(
      data(),
      {"run", plan(fmt::format("[{{'provider':'logic','action':'wait','params':{{'seconds':3}}}},"
                               "{{'provider':'http','action':'get','params':{{'url':'{}/x'}},"
                               "'retry':{{'max_attempts':2,'initial':'3s','jitter':false}}}}]",
                               service.url()))});
  EXPECT_EQ(text_at(told, "status"), "success") << to_json(told);
  EXPECT_EQ(service.count("/x"), 2u);
}

TEST_F(CliRun, AnUnsafeCallWithoutAnAnswerIsNotMadeAgain) {
  FakeService service(close_without_answer());
  const Finished done =
      pilot(data(), {"run", plan(fmt::format("[{{'provider':'http','action':'post','params':{{"
                                             "'url':'{}/order','json':{{}}}}}}]",
                                             service.url()))});
  EXPECT_EQ(done.code, 1) << done.out;
  EXPECT_THAT(done.out, HasSubstr("outcome of a call is not known"));
  EXPECT_EQ(service.count("/order"), 1u);
}

}  // namespace
}  // namespace pilot::e2e
