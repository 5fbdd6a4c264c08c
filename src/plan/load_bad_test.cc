// Bad plan documents: which problem each gives, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"
#include "plan/load.h"

namespace pilot::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json json(std::string_view text) {
  Result<Json> value = parse_json(text);
  EXPECT_TRUE(value) << text << "\n" << (value ? "" : value.error().message);
  return value ? *value : Json(nullptr);
}

std::string told(const Problems& problems) {
  std::string out;
  for (const Problem& p : problems) out += p.pointer + " " + p.code + ": " + p.message + "\n";
  return out;
}

struct Bad {
  std::string_view document;  // $S stands for a good step's members
  std::string_view code;
  std::string_view pointer;
  std::string_view words = "";
};

class BadDocument : public testing::TestWithParam<Bad> {};

std::string with_step(std::string_view text) {
  std::string out(text);
  for (std::size_t at = out.find("$S"); at != out.npos; at = out.find("$S")) {
    out.replace(at, 2, R"("provider":"p","action":"a")");
  }
  return out;
}

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.code << " at " << bad.pointer; }

TEST_P(BadDocument, IsToldWithItsPlace) {
  const Bad& bad = GetParam();
  const Loaded loaded = load_plan(json(with_step(bad.document)));
  ASSERT_EQ(loaded.problems.size(), 1u) << bad.document << "\n" << told(loaded.problems);
  EXPECT_EQ(loaded.problems[0].code, bad.code) << told(loaded.problems);
  EXPECT_EQ(loaded.problems[0].pointer, bad.pointer) << told(loaded.problems);
  EXPECT_THAT(loaded.problems[0].message, HasSubstr(std::string(bad.words)));
}

INSTANTIATE_TEST_SUITE_P(
    Plan, BadDocument,
    testing::Values(
        Bad{"1", "not_an_object", ""}, Bad{"\"x\"", "not_an_object", ""},
        Bad{"{}", "missing_steps", ""}, Bad{"[]", "missing_steps", ""},
        Bad{R"({"steps":[]})", "missing_steps", "/steps"},
        Bad{R"({"steps":null})", "missing_steps", ""},
        Bad{R"({"steps":{}})", "wrong_type", "/steps"},
        Bad{R"({"steps":[{$S}],"nme":"x"})", "unknown_key", "/nme", "name"},
        Bad{R"({"steps":[{$S}],"a/b~":1})", "unknown_key", "/a~1b~0"},
        Bad{R"({"steps":[{$S}],"name":1})", "wrong_type", "/name"},
        Bad{R"({"steps":[{$S}],"timeout":"x"})", "invalid_value", "/timeout"},
        Bad{R"({"steps":[{$S}],"timeout":0})", "invalid_value", "/timeout"},
        Bad{R"({"steps":[{$S}],"timeout":"400d"})", "invalid_value", "/timeout"},
        Bad{R"({"steps":[{$S}],"tags":"a"})", "wrong_type", "/tags"},
        Bad{R"({"steps":[{$S}],"tags":["a",1]})", "wrong_type", "/tags/1"},
        Bad{R"({"steps":[{$S}],"inputs":[]})", "wrong_type", "/inputs"},
        Bad{R"({"steps":[{$S}],"inputs":{"type":"array"}})", "invalid_value", "/inputs/type"},
        Bad{R"({"steps":[{$S}],"trigger":"x"})", "wrong_type", "/trigger"},
        Bad{R"({"steps":[{$S}],"trigger":{"type":"shedule"}})", "invalid_value", "/trigger/type",
            "did you mean \"schedule\""},
        Bad{R"({"steps":[{$S}],"trigger":{"type":1}})", "wrong_type", "/trigger/type"},
        Bad{R"({"steps":[{$S}],"trigger":{"config":{}}})", "invalid_value", "/trigger/type"},
        Bad{R"({"steps":[{$S}],"trigger":{"type":"manual","config":1}})", "wrong_type",
            "/trigger/config"},
        Bad{R"({"steps":[{$S}],"on_failure_plan":"p"})", "not_supported", "/on_failure_plan"},
        Bad{R"({"steps":[{$S}],"concurrency":2})", "not_supported", "/concurrency"},
        Bad{R"({"steps":[{$S,"name":"a\u0000b"}]})", "invalid_value", "/steps/0/name", "U+0000"},
        Bad{R"([{$S,"params":{"a":{"b\u0000":1}}}])", "invalid_value", "/0/params/a"}));

INSTANTIATE_TEST_SUITE_P(
    Step, BadDocument,
    testing::Values(
        Bad{"[1]", "not_an_object", "/0"}, Bad{"[{$S},[]]", "not_an_object", "/1"},
        Bad{R"([{$S,"id":"9lives"}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":"a b"}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":""}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":-1}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":1.5}])", "invalid_step_id", "/0/id", "1.5"},
        Bad{R"([{$S,"id":"stop"}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":"continue"}])", "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345"}])",
            "invalid_step_id", "/0/id"},
        Bad{R"([{$S,"id":"a"},{$S,"id":"a"}])", "duplicate_step_id", "/1/id", "/0"},
        Bad{R"([{$S,"id":"step_2"},{$S}])", "duplicate_step_id", "/1", "by default"},
        Bad{R"([{"id":"a","foreach":[1],"steps":[{$S,"id":"a"}]}])", "duplicate_step_id",
            "/0/steps/0/id"},
        Bad{R"([{"action":"a"}])", "missing_key", "/0", "`provider`"},
        Bad{R"([{"provider":"p","action":""}])", "missing_key", "/0", "`action`"},
        Bad{R"([{"provider":7,"action":"a"}])", "wrong_type", "/0/provider"},
        Bad{R"([{$S,"steps":[{$S}]}])", "invalid_value", "/0/steps"},
        Bad{R"([{"foreach":[1],"steps":[]}])", "missing_steps", "/0/steps"},
        Bad{R"([{"steps":[{$S}],"retry":2}])", "invalid_value", "/0/retry"},
        Bad{R"([{"steps":[{$S}],"mock":2}])", "invalid_value", "/0/mock"},
        Bad{R"([{"steps":[{$S}],"params":{"a":1}}])", "invalid_value", "/0/params"},
        Bad{R"([{$S,"action_id":"b"}])", "invalid_value", "/0/action_id"},
        Bad{R"([{$S,"params":{},"parameters":{"a":1}}])", "invalid_value", "/0/parameters"},
        Bad{R"([{$S,"params":[]}])", "wrong_type", "/0/params"},
        Bad{R"([{$S,"parameters":"x"}])", "wrong_type", "/0/parameters"},
        Bad{R"([{$S,"connection":""}])", "invalid_value", "/0/connection"},
        Bad{R"([{$S,"parms":{}}])", "unknown_key", "/0/parms", "params"},
        Bad{R"([{$S,"undo":{$S}}])", "not_supported", "/0/undo"},
        Bad{R"([{$S,"depends_on":[true]}])", "wrong_type", "/0/depends_on/0"},
        Bad{R"([{$S,"depends_on":{}}])", "wrong_type", "/0/depends_on"},
        Bad{R"([{$S,"if":true}])", "wrong_type", "/0/if"},
        Bad{R"([{$S,"if":""}])", "invalid_value", "/0/if"},
        Bad{R"([{$S,"if":"${inputs.a}","condition":"b"}])", "invalid_value", "/0/condition"},
        Bad{R"([{$S,"else_jump":"b"}])", "invalid_value", "/0/else_jump"},
        Bad{R"([{$S,"on_error":3}])", "wrong_type", "/0/on_error"},
        Bad{R"([{$S,"on_unknown":"rety"}])", "invalid_value", "/0/on_unknown", "retry"}));

INSTANTIATE_TEST_SUITE_P(
    LoopAndPolicy, BadDocument,
    testing::Values(
        Bad{R"([{$S,"foreach":3}])", "wrong_type", "/0/foreach"},
        Bad{R"([{$S,"concurrency":3}])", "invalid_value", "/0/concurrency"},
        Bad{R"([{$S,"foreach":[],"concurrency":0}])", "invalid_value", "/0/concurrency"},
        Bad{R"([{$S,"foreach":[],"concurrency":101}])", "invalid_value", "/0/concurrency"},
        Bad{R"([{$S,"foreach":[],"concurrency":"2"}])", "wrong_type", "/0/concurrency"},
        Bad{R"([{$S,"foreach":[],"max_iterations":10001}])", "invalid_value", "/0/max_iterations"},
        Bad{R"([{$S,"type":"lop"}])", "invalid_value", "/0/type", "loop"},
        Bad{R"([{$S,"type":"loop"}])", "missing_key", "/0"},
        Bad{R"([{"type":"condition"}])", "missing_key", "/0"},
        Bad{R"([{$S,"loop_config":{}}])", "missing_key", "/0/loop_config/items_source"},
        Bad{R"([{$S,"loop_config":{"items_source":1}}])", "wrong_type",
            "/0/loop_config/items_source"},
        Bad{R"([{$S,"loop_config":{"items_source":"a","max":1}}])", "unknown_key",
            "/0/loop_config/max"},
        Bad{R"([{$S,"loop_config":{"items_source":"a"},"foreach":[]}])", "invalid_value",
            "/0/loop_config"},
        Bad{R"([{$S,"timeout":"25h"}])", "invalid_value", "/0/timeout", "24h"},
        Bad{R"([{$S,"timeout":-1}])", "invalid_value", "/0/timeout"},
        Bad{R"([{$S,"retry":0}])", "invalid_value", "/0/retry"},
        Bad{R"([{$S,"retry":101}])", "invalid_value", "/0/retry"},
        Bad{R"([{$S,"retry":true}])", "wrong_type", "/0/retry"},
        Bad{R"([{$S,"retry":"outrage"}])", "invalid_value", "/0/retry", "outage"},
        Bad{R"([{$S,"retry":{"max_attempts":0}}])", "invalid_value", "/0/retry/max_attempts"},
        Bad{R"([{$S,"retry":{"multiplier":0.5}}])", "invalid_value", "/0/retry/multiplier"},
        Bad{R"([{$S,"retry":{"multiplier":"2"}}])", "wrong_type", "/0/retry/multiplier"},
        Bad{R"([{$S,"retry":{"initial":"1w"}}])", "invalid_value", "/0/retry/initial"},
        Bad{R"([{$S,"retry":{"jitter":1}}])", "wrong_type", "/0/retry/jitter"},
        Bad{R"([{$S,"retry":{"intial":1}}])", "unknown_key", "/0/retry/intial", "initial"},
        Bad{R"([{$S,"retries":100}])", "invalid_value", "/0/retries"},
        Bad{R"([{$S,"retries":1,"retry":1}])", "invalid_value", "/0/retries"}));

TEST(LoadPlan, TellsAllProblemsAtOnce) {
  const Loaded loaded = load_plan(json(
      R"({"x":1,"steps":[{"action":"a","retry":0},{"provider":"p","action":"a","timeout":"y"}]})"));
  std::vector<std::string> pointers;
  for (const Problem& problem : loaded.problems) pointers.push_back(problem.pointer);
  EXPECT_THAT(pointers, ElementsAre("/x", "/steps/0/retry", "/steps/0", "/steps/1/timeout"));
}

TEST(LoadPlan, OversizePlans) {
  const auto only_problem = [](const Json& document) {
    const Loaded loaded = load_plan(document);
    EXPECT_EQ(loaded.problems.size(), 1u) << told(loaded.problems);
    return loaded.problems.empty() ? Problem{} : loaded.problems[0];
  };
  const Json step = JsonObject{{"provider", "p"}, {"action", "a"}};
  EXPECT_TRUE(load_plan(JsonArray(limits::kPlanSteps, step)).problems.empty());
  EXPECT_EQ(only_problem(JsonArray(limits::kPlanSteps + 1, step)).code, "plan_too_large");

  const Json half =
      JsonObject{{"foreach", JsonArray{1}}, {"steps", JsonArray(limits::kPlanSteps / 2, step)}};
  EXPECT_EQ(only_problem(JsonArray{half, half}).pointer, "/1/steps") << "nested ones count";

  const auto nested = [&](std::size_t depth) {
    Json inner = step;
    for (std::size_t i = 0; i < depth; ++i) inner = JsonObject{{"steps", JsonArray{inner}}};
    return Json(JsonArray{inner});
  };
  EXPECT_TRUE(load_plan(nested(limits::kPlanNesting)).problems.empty());
  EXPECT_EQ(only_problem(nested(limits::kPlanNesting + 1)).code, "plan_too_large");

  const Problem bytes = only_problem(JsonArray{JsonObject{
      {"provider", "p"}, {"action", "a"}, {"description", std::string(limits::kPlanBytes, 'x')}}});
  EXPECT_EQ(bytes.code, "plan_too_large");
  EXPECT_EQ(bytes.pointer, "");
  const std::string long_name(limits::kPlanName + 1, 'n');
  EXPECT_EQ(only_problem(JsonObject{{"name", long_name}, {"steps", JsonArray{step}}}).pointer,
            "/name");
}

TEST(LoadPlan, AHostileDocumentHasABoundedAnswer) {
  JsonObject document{{"steps", JsonArray{JsonObject{{"provider", "p"}, {"action", "a"}}}}};
  for (int i = 0; i < 20'000; ++i) document["stepz" + std::to_string(i)] = 1;
  const Loaded loaded = load_plan(document);
  EXPECT_EQ(loaded.problems.size(), 100u);
}

TEST(LoadPlan, LongDependsOnListsAreNotQuadratic) {
  JsonArray names;
  for (int i = 0; i < 80'000; ++i) names.emplace_back("n" + std::to_string(i));
  const Loaded loaded =
      load_plan(JsonArray{JsonObject{{"provider", "p"}, {"action", "a"}, {"depends_on", names}}});
  EXPECT_EQ(told(loaded.problems), "");
  EXPECT_EQ(loaded.plan.steps.at(0).depends_on.size(), 80'000u);
}

}  // namespace
}  // namespace pilot::plan
