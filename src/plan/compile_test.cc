// Compiling plans against a small registry of this test: what a good plan becomes, and which
// problem each mistake gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"
#include "plan/compiled_plan.h"
#include "plan/load.h"

namespace pilot::plan {
namespace {

using namespace std::chrono_literals;
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

providers::Action action(std::string name, std::string_view params = "{}") {
  providers::Action out;
  out.name = std::move(name);
  out.params = json(params);
  out.body = providers::LogicAction{[](const providers::Call&) -> providers::LogicOutcome {
    return ProviderResult::ok(nullptr);
  }};
  return out;
}

std::shared_ptr<const providers::Registry> test_registry() {
  auto registry = std::make_shared<providers::Registry>();
  providers::Provider logic;
  logic.name = "logic";
  registry->add(std::move(logic)).add(action("set"));

  providers::Provider shop;
  shop.name = "shop";
  shop.aliases = {"old_shop"};
  providers::Action send = action("send_order", R"({"type": "object", "required": ["to"],
      "properties": {"to": {"type": "string"}, "count": {"type": "integer"},
                     "lines": {"type": "array", "items": {"type": "string"}}},
      "additionalProperties": false})");
  send.aliases = {"order"};
  send.timeout = 7s;
  providers::Action query = action("query");
  query.code_params = {"sql"};
  registry->add(std::move(shop)).add(std::move(send)).add(std::move(query));
  return registry;
}

CompileOutcome compile(std::string_view text) { return compile_plan(json(text), test_registry()); }

std::shared_ptr<const CompiledPlan> compile_ok(std::string_view text) {
  CompileOutcome outcome = compile(text);
  EXPECT_TRUE(outcome.problems.empty()) << text << "\n" << told(outcome.problems);
  EXPECT_NE(outcome.plan, nullptr);
  return outcome.plan;
}

TEST(CompilePlan, NumbersStepsAndFindsTheirCalls) {
  const auto plan = compile_ok(R"({"steps": [
    {"id": "a", "provider": "old_shop", "action": "order", "params": {"to": "x"}},
    {"id": "each", "foreach": [1, 2], "steps": [
      {"id": "b", "provider": "logic", "action": "set"},
      {"id": "c", "provider": "shop", "action": "query", "timeout": 3}]},
    {"id": "d", "provider": "logic", "action": "set"}]})");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->step_count, 5);
  EXPECT_THAT(plan->required_providers, ElementsAre("logic", "shop"));
  std::string order;
  for (const CompiledStep* step : plan->by_number) order += step->spec.id + " ";
  EXPECT_EQ(order, "a each b c d ");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(plan->by_number[static_cast<std::size_t>(i)]->number, i);

  const auto& steps = plan->root.steps;
  EXPECT_TRUE(plan->root.in_order);
  EXPECT_EQ(steps[0].provider->name, "shop");
  EXPECT_EQ(steps[0].action->name, "send_order");
  EXPECT_EQ(steps[0].timeout, 7s) << "the action's own";
  EXPECT_EQ(steps[1].provider, nullptr);
  EXPECT_TRUE(steps[1].foreach.has_value());
  EXPECT_TRUE(steps[1].spec.steps.empty());
  EXPECT_THAT(steps[1].depends_on, ElementsAre(0));
  EXPECT_EQ(steps[1].body.steps[1].timeout, 3s);
  EXPECT_THAT(steps[1].body.steps[0].depends_on, ElementsAre());
  EXPECT_THAT(steps[1].body.steps[1].depends_on, ElementsAre(0));
  EXPECT_EQ(steps[2].timeout, 30s);
  EXPECT_EQ(steps[2].position, 2);
  EXPECT_EQ(plan->plan.steps[1].steps.size(), 2u) << "the plan itself stays whole";
}

TEST(CompilePlan, GraphAndJumps) {
  const auto graph = compile_ok(R"([
    {"id": "a", "provider": "logic", "action": "set"},
    {"id": "b", "provider": "logic", "action": "set", "depends_on": []},
    {"id": "c", "provider": "logic", "action": "set", "depends_on": ["b", "a"]}])");
  EXPECT_FALSE(graph->root.in_order);
  EXPECT_THAT(graph->root.steps[1].depends_on, ElementsAre());
  EXPECT_THAT(graph->root.steps[2].depends_on, ElementsAre(1, 0));

  const auto list = compile_ok(R"([
    {"id": "a", "provider": "logic", "action": "set", "on_error": "c"},
    {"id": "b", "provider": "logic", "action": "set", "depends_on": "a",
     "condition": "${steps.0.output} == 'x'", "else_jump": "a"},
    {"id": "c", "provider": "logic", "action": "set"}])");
  EXPECT_TRUE(list->root.in_order) << "depends_on says only what the order says";
  EXPECT_EQ(list->root.steps[0].error_jump, 2);
  EXPECT_EQ(list->root.steps[1].else_jump, 0);
  EXPECT_TRUE(list->root.steps[1].condition.has_value());
}

TEST(CompilePlan, OldPlanWithEverything) {
  const auto plan = compile_ok(R"([
    {"order": 2, "type": "condition", "condition": "{{step_1.output.ok}} == 'yes'",
     "else_jump": "step_4"},
    {"order": 1, "provider": "logic", "action_id": "set", "parameters": {"x": "{{trigger.body}}"}},
    {"order": 3, "type": "loop", "loop_config": {"items_source": "step_1.output.rows",
     "max_iterations": 2}, "provider": "shop", "action": "order",
     "parameters": {"to": "{{item.to}}", "count": "{{index}}"}},
    {"order": 4, "provider": "logic", "action": "set",
     "params": {"x": "Got {{step_3.output}}"}}])");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->root.steps[1].else_jump, 3);
  EXPECT_EQ(plan->root.steps[2].action->name, "send_order");
}

TEST(CompilePlan, ReferencesThatAreThere) {
  compile_ok(R"({"inputs": {"type": "object", "properties": {"email": {"type": "string"}},
                            "additionalProperties": false}, "steps": [
    {"id": "a", "provider": "logic", "action": "set",
     "params": {"x": "${inputs.email | default: \"n/a\" | upper}", "all": "${inputs}",
                "y": "${vars.region} ${run.id} ${run.started_at} ${plan.name} ${user.id}",
                "z": "$${steps.nowhere.output}", "t": "${trigger.body.email}"}},
    {"id": "each", "foreach": "${steps.a.output.rows}", "if": "${steps.a.success}", "steps": [
      {"id": "b", "provider": "logic", "action": "set", "params": {"x": "${item} ${index}"}},
      {"id": "inner", "foreach": "${item.children}", "steps": [
        {"id": "c", "provider": "logic", "action": "set",
         "params": {"x": ["${item}", {"y": "${steps.b.output} ${steps.0.output}"}]}}]},
      {"id": "call", "foreach": [1], "provider": "shop", "action": "send_order",
       "params": {"to": "${item}", "lines": ["${steps.inner.output}"]}}]},
    {"id": "last", "provider": "logic", "action": "set",
     "params": {"x": "${steps.each.output[0]}", "y": "${steps.1.attempts}"}}]})");
}

struct Bad {
  std::string_view document;  // $S: a good step's members, "x": a text param
  std::string_view code;
  std::string_view pointer;
  std::string_view words = "";
};

class BadPlan : public testing::TestWithParam<Bad> {};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.code << " at " << bad.pointer; }

TEST_P(BadPlan, IsToldWithItsPlace) {
  const Bad& bad = GetParam();
  std::string text(bad.document);
  for (std::size_t at = text.find("$S"); at != text.npos; at = text.find("$S")) {
    text.replace(at, 2, R"("provider":"logic","action":"set")");
  }
  const CompileOutcome outcome = compile(text);
  EXPECT_EQ(outcome.plan, nullptr);
  ASSERT_EQ(outcome.problems.size(), 1u) << text << "\n" << told(outcome.problems);
  EXPECT_EQ(outcome.problems[0].code, bad.code) << told(outcome.problems);
  EXPECT_EQ(outcome.problems[0].pointer, bad.pointer) << told(outcome.problems);
  EXPECT_THAT(outcome.problems[0].message, HasSubstr(std::string(bad.words)));
}

INSTANTIATE_TEST_SUITE_P(
    Calls, BadPlan,
    testing::Values(
        Bad{R"({"steps":[{"provider":"sho","action":"x"}]})", "unknown_provider",
            "/steps/0/provider", "did you mean \"shop\""},
        Bad{R"([{"provider":"shop","action":"send_ordr"}])", "unknown_action", "/0/action",
            "did you mean \"send_order\""},
        Bad{R"([{"provider":"shop","action_id":"zzz"}])", "unknown_action", "/0/action_id"},
        Bad{R"([{"provider":"shop","action":"order"}])", "missing_param", "/0/params/to"},
        Bad{R"([{"provider":"shop","action":"order","parameters":{"to":3}}])", "wrong_type",
            "/0/parameters/to"},
        Bad{R"([{"provider":"shop","action":"order","params":{"to":"x","cuont":3}}])",
            "unknown_param", "/0/params/cuont", "count"},
        Bad{R"([{"provider":"shop","action":"order","params":{"to":"x","lines":["${run.id}",1]}}])",
            "wrong_type", "/0/params/lines/1"},
        Bad{R"([{"provider":"shop","action":"query","params":{"sql":"select ${inputs.x}"}}])",
            "reference_in_code", "/0/params/sql"},
        Bad{R"([{"provider":"shop","action":"query","params":{"sql":["a","$${x}"]}}])",
            "reference_in_code", "/0/params/sql/1"},
        Bad{R"([{"provider":"shop","action":"query","params":{"sql":{"q":"{{step_1.output}}"}}}])",
            "reference_in_code", "/0/params/sql/q"},
        Bad{R"({"inputs":{"propertees":{}},"steps":[{$S}]})", "invalid_schema",
            "/inputs/propertees"}));

INSTANTIATE_TEST_SUITE_P(
    Flow, BadPlan,
    testing::Values(
        Bad{R"([{$S,"if":"${inputs.a} > 3"}])", "reference_in_code", "/0/if",
            ".steps.check.output.ok"},
        Bad{R"([{$S,"if":".steps.a.output"}])", "unknown_step", "/0/if", ".steps.a"},
        Bad{R"([{$S,"if":".steps.step_1.success"}])", "forward_reference", "/0/if", "itself"},
        Bad{R"([{$S,"if":".item.a > 1"}])", "unresolvable_reference", "/0/if", "foreach"},
        Bad{R"([{$S,"if":".input.a > 1"}])", "unresolvable_reference", "/0/if",
            "did you mean \"inputs\""},
        Bad{R"([{$S,"if":".trigger.body.a > and"}])", "invalid_program", "/0/if",
            "line 1, column 19"},
        Bad{R"([{$S,"if":"  "}])", "invalid_value", "/0/if", "blank"},
        Bad{R"([{$S,"if":"env.HOME"}])", "invalid_program", "/0/if", "does not exist here"},
        Bad{R"([{$S,"if":"${inputs.a"}])", "invalid_reference", "/0/if"},
        Bad{R"([{$S,"condition":"${inputs.a | uper} == 'A'"}])", "unknown_filter", "/0/condition",
            "upper"},
        Bad{R"([{$S,"foreach":"a, b"}])", "invalid_value", "/0/foreach"},
        Bad{R"([{$S,"foreach":"${inputs.a}${inputs.b}"}])", "invalid_value", "/0/foreach"},
        Bad{R"([{$S,"foreach":[1,2,3],"max_iterations":2}])", "invalid_value", "/0/foreach"},
        Bad{R"([{$S,"id":"a"},{$S,"depends_on":["b","a"],"id":"c"}])", "unknown_dependency",
            "/1/depends_on"},
        Bad{R"([{$S,"id":"abc","depends_on":["abd"]}])", "unknown_dependency", "/0/depends_on",
            "did you mean \"abc\""},
        Bad{R"([{$S,"id":"a","depends_on":["b"]},{$S,"id":"b","depends_on":["a"]}])",
            "dependency_cycle", "/0/depends_on", "a -> b -> a"},
        Bad{R"([{$S,"id":"a","depends_on":["a"]}])", "dependency_cycle", "/0/depends_on", "a -> a"},
        Bad{R"([{$S,"id":"z"},{$S,"id":"a","depends_on":["b"]},{$S,"id":"b"}])", "dependency_cycle",
            "/1/depends_on", "a -> b -> a"},
        Bad{R"([{$S,"on_error":"tidi"},{$S,"id":"tidy"}])", "invalid_jump", "/0/on_error",
            "did you mean \"tidy\""},
        Bad{R"([{$S,"on_error":"contine"}])", "invalid_jump", "/0/on_error", "continue"},
        Bad{R"([{$S,"id":"a","on_error":"a"}])", "invalid_jump", "/0/on_error", "itself"},
        Bad{R"([{$S,"on_error":"b"},{$S,"id":"b","depends_on":[]}])", "invalid_jump", "/0/on_error",
            "depends_on"},
        Bad{R"([{$S,"condition":"a","else_jump":"in"},{"steps":[{$S,"id":"in"}]}])", "invalid_jump",
            "/0/else_jump"}));

INSTANTIATE_TEST_SUITE_P(
    References, BadPlan,
    testing::Values(
        Bad{R"([{$S,"params":{"x":"${inputs.a"}}])", "invalid_reference", "/0/params/x"},
        Bad{R"([{$S,"parameters":{"x":["${env.HOME}"]}}])", "invalid_reference",
            "/0/parameters/x/0"},
        Bad{R"([{$S,"params":{"x":"${inputs.a | uper}"}}])", "unknown_filter", "/0/params/x",
            "upper"},
        Bad{R"([{$S,"id":"fetch"},{$S,"params":{"x":"${steps.fecth.output}"}}])", "unknown_step",
            "/1/params/x", "did you mean \"fetch\""},
        Bad{R"([{$S,"params":{"x":"${steps.5.output}"}}])", "unknown_step", "/0/params/x"},
        Bad{R"([{$S,"params":{"x":"{{step_9.output}}"}}])", "unknown_step", "/0/params/x"},
        Bad{R"([{$S,"params":{"x":"${steps.99999999999999999999.output}"}}])", "unknown_step",
            "/0/params/x"},
        Bad{R"([{$S,"params":{"x":"${steps.b.output}"}},{$S,"id":"b"}])", "forward_reference",
            "/0/params/x"},
        Bad{R"([{$S,"params":{"x":"a ${steps.0.output} b"}}])", "forward_reference", "/0/params/x",
            "itself"},
        Bad{R"([{$S,"id":"a"},{$S,"depends_on":[],"if":"${steps.a.output}"}])", "forward_reference",
            "/1/if", "depends_on"},
        Bad{R"([{$S,"id":"a"},{"id":"e","depends_on":[],"foreach":[1],"steps":[
                {$S,"params":{"x":"${steps.a.output}"}}]}])",
            "forward_reference", "/1/steps/0/params/x"},
        Bad{R"([{"id":"e","foreach":[1],"steps":[{$S,"params":{"x":"${steps.e.output}"}}]}])",
            "forward_reference", "/0/steps/0/params/x", "while"},
        Bad{R"([{"id":"e","foreach":[1],"steps":[{$S,"id":"in"}]},
                {$S,"condition":"${steps.in.output} == 'x'"}])",
            "unresolvable_reference", "/1/condition", "output of \"e\" (the list"},
        Bad{R"([{"id":"g","steps":[{$S,"id":"in"}]},{$S,"params":{"x":"${steps.in.output}"}}])",
            "unresolvable_reference", "/1/params/x", "output of \"g\""},
        Bad{R"([{$S,"params":{"x":"${item.a}"}}])", "unresolvable_reference", "/0/params/x"},
        Bad{R"([{"foreach":"${item}","steps":[{$S}]}])", "unresolvable_reference", "/0/foreach"},
        Bad{R"([{$S,"foreach":[1],"if":"${index}"}])", "unresolvable_reference", "/0/if"},
        Bad{R"([{$S},{$S,"loop_config":{"items_source":"step_3.output"}}])", "unknown_step",
            "/1/loop_config/items_source"},
        Bad{R"({"inputs":{"properties":{"email":{}},"additionalProperties":false},
                "steps":[{$S,"params":{"x":"${inputs.emial}"}}]})",
            "unresolvable_reference", "/steps/0/params/x", "did you mean \"email\""}));

TEST(CompilePlan, OpenInputsMayHaveAnything) {
  compile_ok(R"({"inputs":{"properties":{"email":{}}},
                 "steps":[{"provider":"logic","action":"set","params":{"x":"${inputs.y}"}}]})");
}

TEST(CompilePlan, TellsProblemsOfAllKindsAtOnce) {
  const CompileOutcome outcome = compile(R"({"nme":"x","steps":[
      {"provider":"sho","action":"x","params":{"a":"${steps.q.output}"}},
      {"provider":"shop","action":"order","timeout":"x"}]})");
  std::string codes;
  for (const Problem& problem : outcome.problems) codes += problem.code + " ";
  EXPECT_EQ(codes, "unknown_key invalid_value unknown_provider missing_param unknown_step ");
  const Error error = to_error(outcome.problems);
  EXPECT_EQ(error.kind, ErrorKind::invalid_argument);
  EXPECT_EQ(error.code, "plan_invalid");
  EXPECT_EQ(error.pointer, "/nme");
  for (const Problem& problem : outcome.problems) {
    EXPECT_THAT(error.message, HasSubstr(problem.pointer + ": " + problem.message));
  }
}

TEST(CompilePlan, OneProblemKeepsItsCode) {
  const Error error = to_error({{"/steps/0", "unknown_step", "there is no step \"x\""}});
  EXPECT_EQ(error.code, "unknown_step");
  EXPECT_EQ(error.pointer, "/steps/0");
  EXPECT_EQ(error.message, "there is no step \"x\"");
}

TEST(CompilePlan, WithoutStructureOnlyThatIsTold) {
  const CompileOutcome outcome = compile(R"([{"id":"1a","provider":"nope","action":"x"}])");
  ASSERT_EQ(outcome.problems.size(), 1u) << told(outcome.problems);
  EXPECT_EQ(outcome.problems[0].code, "invalid_step_id");
}

TEST(CompilePlan, CountsReferences) {
  const auto with_references = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "${run.id}";
    JsonArray texts;
    // No single text over the template limit.
    for (std::size_t at = 0; at < text.size(); at += 9'000)
      texts.emplace_back(text.substr(at, 9'000));
    return Json(JsonArray{JsonObject{
        {"provider", "logic"}, {"action", "set"}, {"params", JsonObject{{"x", texts}}}}});
  };
  EXPECT_EQ(told(compile_plan(with_references(limits::kPlanReferences), test_registry()).problems),
            "");
  const Problems problems =
      compile_plan(with_references(limits::kPlanReferences + 1), test_registry()).problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "plan_too_large");
}

// A thousand steps that each depend on all before them, with references to the first: a quarter of
// a million edges.
TEST(CompilePlan, TheLargestGraphIsNoTrouble) {
  JsonArray steps;
  JsonArray before;
  for (std::size_t i = 0; i < limits::kPlanSteps; ++i) {
    const std::string id = "s" + std::to_string(i);
    JsonObject step{{"id", id}, {"provider", "logic"}, {"action", "set"}};
    step["depends_on"] = before;
    if (i > 0) step["params"] = JsonObject{{"x", "${steps.s0.output} ${steps.0.success}"}};
    if (before.size() < 110) before.emplace_back(id);
    steps.emplace_back(std::move(step));
  }
  const CompileOutcome outcome = compile_plan(steps, test_registry());
  EXPECT_EQ(told(outcome.problems), "");
}

}  // namespace
}  // namespace pilot::plan
