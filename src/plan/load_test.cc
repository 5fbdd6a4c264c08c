// What a document becomes: today's fields, and every form that the old service wrote.
#include "plan/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pilot::plan {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

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

// Loads what must be fine, and checks on the way that normalising twice is normalising once.
Plan load_ok(std::string_view text) {
  const Loaded loaded = load_plan(json(text));
  EXPECT_TRUE(loaded.problems.empty()) << text << "\n" << told(loaded.problems);
  const Json once = to_document(loaded.plan);
  const Loaded again = load_plan(once);
  EXPECT_TRUE(again.problems.empty()) << to_json(once) << "\n" << told(again.problems);
  EXPECT_EQ(to_json(to_document(again.plan)), to_json(once));
  return loaded.plan;
}

std::vector<std::string> ids(const std::vector<Step>& steps) {
  std::vector<std::string> out;
  for (const Step& step : steps) out.push_back(step.id);
  return out;
}

TEST(LoadPlan, TheSmallestPlan) {
  const Plan plan = load_ok(R"({"steps":[{"provider":"logic","action":"set","params":{"x":1}}]})");
  ASSERT_EQ(plan.steps.size(), 1u);
  const Step& step = plan.steps[0];
  EXPECT_EQ(step.id, "step_1");
  EXPECT_EQ(step.provider, "logic");
  EXPECT_EQ(step.action, "set");
  EXPECT_EQ(to_json(step.params), R"({"x":1})");
  EXPECT_EQ(step.connection, "default");
  EXPECT_EQ(step.pointer, "/steps/0");
  EXPECT_FALSE(step.depends_on_given);
  EXPECT_EQ(step.retry, RetryPolicy{});
  EXPECT_TRUE(plan.trigger.is_null());
}

TEST(LoadPlan, EveryFieldOfToday) {
  const Plan plan = load_ok(R"({
    "name": "orders", "description": "d", "tags": ["a", "b"], "timeout": "2h",
    "trigger": {"type": "manual"},
    "inputs": {"type": "object", "properties": {"email": {"type": "string"}}},
    "steps": [
      {"id": "fetch", "name": "Fetch it", "provider": "http", "action": "get",
       "params": {"url": "${inputs.url}"}, "connection": "shop", "depends_on": [],
       "if": "${inputs.go}", "timeout": 5, "on_unknown": "retry", "mock": {"a": 1},
       "retry": {"max_attempts": 5, "initial": "250ms", "multiplier": 1.5, "max_interval": "10s",
                 "max_duration": "1h", "jitter": false}},
      {"id": "each", "depends_on": ["fetch"], "foreach": "${steps.fetch.output.items}",
       "concurrency": 4, "max_iterations": 50, "on_error": "continue",
       "steps": [{"provider": "logic", "action": "set"}, {"id": "b", "provider": "logic",
                  "action": "set", "mock": null}]}
    ]})");
  EXPECT_EQ(plan.name, "orders");
  EXPECT_EQ(plan.timeout, 2h);
  EXPECT_THAT(plan.tags, ElementsAre("a", "b"));
  const Step& fetch = plan.steps[0];
  EXPECT_EQ(fetch.name, "Fetch it");
  EXPECT_EQ(fetch.connection, "shop");
  EXPECT_TRUE(fetch.depends_on_given);
  EXPECT_TRUE(fetch.depends_on.empty());
  EXPECT_EQ(fetch.condition, "${inputs.go}");
  EXPECT_EQ(fetch.timeout, 5s);
  EXPECT_EQ(fetch.on_unknown, OnUnknown::retry);
  EXPECT_EQ(fetch.retry, (RetryPolicy{5, 250ms, 1.5, 10s, 1h, false}));
  EXPECT_EQ(to_json(fetch.mock.value()), R"({"a":1})");
  const Step& each = plan.steps[1];
  EXPECT_THAT(each.depends_on, ElementsAre("fetch"));
  EXPECT_EQ(each.foreach, Json("${steps.fetch.output.items}"));
  EXPECT_EQ(each.concurrency, 4);
  EXPECT_EQ(each.max_iterations, 50);
  EXPECT_FALSE(each.cut_at_max);
  EXPECT_EQ(each.on_error.kind, OnError::Kind::proceed);
  EXPECT_THAT(ids(each.steps), ElementsAre("each_1", "b"));
  EXPECT_EQ(each.steps[0].pointer, "/steps/1/steps/0");
  EXPECT_TRUE(each.steps[1].mock.has_value());
  EXPECT_TRUE(each.steps[1].mock->is_null());
}

TEST(LoadPlan, RetryAsNumberPresetOrObject) {
  const auto retry = [](const std::string& text) {
    return load_ok(R"({"steps":[{"provider":"p","action":"a","retry":)" + text + "}]}")
        .steps[0]
        .retry;
  };
  EXPECT_EQ(retry("7").max_attempts, 7);
  EXPECT_EQ(retry(R"("none")").max_attempts, 1);
  EXPECT_EQ(retry(R"("short")"), (RetryPolicy{.multiplier = 3.0, .max_interval = 10s}));
  EXPECT_EQ(
      retry(R"("outage")"),
      (RetryPolicy{.max_attempts = 8, .initial = 60s, .multiplier = 3.0, .max_interval = 3h}));
  EXPECT_EQ(retry("{}"), RetryPolicy{});
  EXPECT_EQ(retry(R"({"initial":"5m"})").max_interval, 5min) << "the default ceiling gives way";
}

TEST(LoadPlan, OnErrorAsStepId) {
  const Plan plan = load_ok(
      R"([{"provider":"p","action":"a","on_error":"tidy"},{"id":"tidy","provider":"p","action":"a"},
          {"provider":"p","action":"a","on_error":"stop"}])");
  EXPECT_EQ(plan.steps[0].on_error, (OnError{OnError::Kind::jump, "tidy"}));
  EXPECT_EQ(plan.steps[2].on_error, OnError{});
}

TEST(OldPlans, BareListWithOldNames) {
  const Plan plan = load_ok(R"([
    {"provider": "slack", "action_id": "post_message", "parameters": {"text": "hi"}, "retries": 4},
    {"provider": "logic", "action": "set", "depends_on": "step_1", "type": "action"}])");
  EXPECT_EQ(plan.steps[0].action, "post_message");
  EXPECT_EQ(to_json(plan.steps[0].params), R"({"text":"hi"})");
  EXPECT_EQ(plan.steps[0].retry.max_attempts, 5);
  EXPECT_EQ(plan.steps[0].pointer, "/0");
  EXPECT_THAT(plan.steps[1].depends_on, ElementsAre("step_1"));
}

TEST(OldPlans, OrderSortsWhenEveryStepHasIt) {
  const Plan plan = load_ok(R"([
    {"provider": "p", "action": "c", "order": 3}, {"provider": "p", "action": "a", "order": 1},
    {"provider": "p", "action": "d", "order": 3}, {"provider": "p", "action": "b", "order": 2}])");
  std::string actions;
  for (const Step& step : plan.steps) actions += step.action;
  EXPECT_EQ(actions, "abcd");
  EXPECT_THAT(ids(plan.steps), ElementsAre("step_1", "step_2", "step_3", "step_4"));
  EXPECT_EQ(plan.steps[0].pointer, "/1");

  const Plan partly = load_ok(R"([{"provider": "p", "action": "c", "order": 3},
                                  {"provider": "p", "action": "a"}])");
  EXPECT_EQ(partly.steps[0].action, "c");
}

TEST(OldPlans, NumbersAsIds) {
  const Plan plan = load_ok(R"([
    {"id": 1, "provider": "p", "action": "a"}, {"id": "2", "provider": "p", "action": "a"},
    {"step_number": 7, "provider": "p", "action": "a", "depends_on": [1, "2", 1]}])");
  EXPECT_THAT(ids(plan.steps), ElementsAre("step_1", "step_2", "step_7"));
  EXPECT_THAT(plan.steps[2].depends_on, ElementsAre("step_1", "step_2"));
}

TEST(OldPlans, AStepNumberStandsForTheStepThere) {
  const Plan plan = load_ok(R"([
    {"id": "fetch", "provider": "p", "action": "a"},
    {"id": "send", "provider": "p", "action": "a", "depends_on": [1]},
    {"id": "check", "type": "condition", "condition": "{{step_1.output}} == 'x'",
     "else_jump": 1}])");
  EXPECT_THAT(plan.steps[1].depends_on, ElementsAre("fetch"));
  EXPECT_EQ(plan.steps[2].else_jump, "fetch");
}

TEST(OldPlans, ConditionStep) {
  const Plan plan = load_ok(R"([
    {"type": "condition", "condition": "{{step_1.output.ok}} == 'yes'", "else_jump": "step_3"},
    {"provider": "p", "action": "a"},
    {"provider": "p", "action": "a", "condition": "x != y", "depends_on": ""}])");
  const Step& step = plan.steps[0];
  EXPECT_EQ(step.provider, "logic");
  EXPECT_EQ(step.action, "set");
  EXPECT_EQ(step.legacy_condition, "{{step_1.output.ok}} == 'yes'");
  EXPECT_EQ(step.condition, "");
  EXPECT_EQ(step.else_jump, "step_3");
  EXPECT_EQ(plan.steps[2].legacy_condition, "x != y");
  EXPECT_FALSE(plan.steps[2].depends_on_given);
}

TEST(OldPlans, LoopOverItsOwnCall) {
  const Plan plan = load_ok(R"([
    {"provider": "p", "action": "a"},
    {"type": "loop", "loop_config": {"items_source": "step_1.output", "max_iterations": 3},
     "provider": "slack", "action": "post", "parameters": {"text": "{{item}}"}}])");
  const Step& step = plan.steps[1];
  EXPECT_EQ(step.foreach, Json("${steps.0.output}"));
  EXPECT_EQ(step.max_iterations, 3);
  EXPECT_TRUE(step.cut_at_max);
  EXPECT_EQ(step.provider, "slack");
}

TEST(OldPlans, LoopWithABody) {
  const Plan plan = load_ok(R"([{"provider": "p", "action": "a"},
    {"type": "loop", "retries": 2, "params": {}, "loop_config": {"items_source": "step_1.output"},
     "steps": [{"id": 1, "provider": "p", "action": "a"},
               {"id": 2, "provider": "p", "action": "b", "depends_on": 1}]}])");
  const Step& step = plan.steps[1];
  EXPECT_TRUE(step.cut_at_max);
  EXPECT_EQ(step.max_iterations, 0);
  EXPECT_THAT(ids(step.steps), ElementsAre("step_2_1", "step_2_2"));
  EXPECT_THAT(step.steps[1].depends_on, ElementsAre("step_2_1"));
}

TEST(OldPlans, ItemsSourceInEverySpelling) {
  const std::pair<std::string_view, std::string_view> spellings[] = {
      {"step_1.output", "${steps.0.output}"},
      {"step_12.output.rows[0]", "${steps.11.output.rows[0]}"},
      {"{{step_1.output}}", "${steps.0.output}"},
      {" {{ step_1.output }} ", "${steps.0.output}"},
      {"${step_1.output}", "${steps.0.output}"},
      {"${steps.0.output}", "${steps.0.output}"},
      {"steps.0.output", "${steps.0.output}"},
      {"step_1", "${steps.0.output}"},
      {"fetch.output.items", "${steps.fetch.output.items}"},
      {"fetch", "${steps.fetch.output}"},
      {"step_1_2.output", "${steps.step_1_2.output}"},
      {"trigger.body.rows", "${trigger.body.rows}"},
      {"item.children", "${item.children}"},
      {"item", "${item}"},
      {"inputs", "${inputs}"},
  };
  for (const auto& [written, wanted] : spellings) {
    JsonArray document = json(R"([{"type":"loop","provider":"p","action":"a"}])").get_array();
    document[0].get_object()["loop_config"] = JsonObject{{"items_source", written}};
    EXPECT_EQ(load_ok(to_json(document)).steps[0].foreach, Json(wanted)) << written;
  }
}

TEST(OldPlans, Triggers) {
  const std::pair<std::string_view, std::string_view> triggers[] = {
      {R"({"type":"cron","cron_expression":"0 9 * * *"})",
       R"({"type":"schedule","cron_expression":"0 9 * * *"})"},
      {R"({"type":"schedule","config":{"cron_expression":"0 9 * * *","timezone":"UTC"}})",
       R"({"type":"schedule","cron_expression":"0 9 * * *","timezone":"UTC"})"},
      {R"({"type":"webhook","config":{"webhook_path":"p","webhook_secret":"s","type":"x"}})",
       R"({"type":"webhook","webhook_path":"p","webhook_secret":"s"})"},
      {R"({"type":"event","config":null,"name":"e"})", R"({"type":"event","name":"e"})"},
      {R"({"type":"manual","config":{}})", R"({"type":"manual"})"},
      {R"({"a":1,"type":"manual","config":{"a":2}})", R"({"type":"manual","a":1})"},
      {R"({})", "null"},
      {"null", "null"},
  };
  for (const auto& [written, wanted] : triggers) {
    const Plan plan = load_ok(R"({"steps":[{"provider":"p","action":"a"}],"trigger":)" +
                              std::string(written) + "}");
    EXPECT_EQ(to_json(plan.trigger), wanted) << written;
  }
}

TEST(OldPlans, DecorationsAreDropped) {
  const Plan plan = load_ok(R"({"title": "t", "plain_english": "p", "icon": "i",
    "required_providers": ["x"], "estimated_time": "5 min", "version": 3, "steps": [
    {"provider": "p", "action": "a", "order": 1, "description": "d", "title": "t", "icon": "i",
     "plain_english": "p", "step_number": 1, "estimated_time": 3, "params": null,
     "depends_on": null, "steps": [], "condition": null, "else_jump": null}]})");
  EXPECT_EQ(to_json(to_document(plan)),
            R"({"steps":[{"id":"step_1","provider":"p","action":"a"}]})");
}

}  // namespace
}  // namespace pilot::plan
