// Templates all the way down a JSON value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"
#include "params/map_source.h"
#include "params/template.h"

namespace pilot::params {
namespace {

using testing::HasSubstr;

const MapSource& source() {
  static const MapSource kSource(*parse_json(R"({
    "steps": {"a": {"output": {"list": [1, 2], "text": "${inputs.x}"}}},
    "inputs": {"x": "X", "n": 5}
  })"));
  return kSource;
}

TEST(ParamTree, resolves_values_at_any_depth_and_leaves_keys) {
  Problems problems;
  const auto tree = ParamTree::compile(*parse_json(R"({
    "${inputs.x}": "${inputs.n}",
    "deep": [[{"a": "n=${inputs.n}", "b": "$${x}", "c": null}], "${steps.a.output.list}"],
    "plain": {"x": [1, true, "y"]}, "data": "{{step_1}}", "z": "${steps.a.output.text}"
  })"),
                                       "/steps/1/params", problems);
  ASSERT_TRUE(tree) << problems.size();
  EXPECT_TRUE(tree->has_references());
  EXPECT_EQ(tree->references().size(), 5u);
  EXPECT_EQ(tree->references()[1].pointer, "/steps/1/params/deep/0/0/a");
  const auto missing = tree->evaluate(source());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "unresolved_reference");
  EXPECT_EQ(missing.error().pointer, "/data");
}

TEST(ParamTree, gives_the_whole_value) {
  Problems problems;
  const auto tree = ParamTree::compile(*parse_json(R"({
    "${inputs.x}": "${inputs.n}",
    "deep": [[{"a": "n=${inputs.n}", "b": "$${x}", "c": null}], "${steps.a.output.list}"],
    "plain": {"x": [1, true, "y"]}, "z": "${steps.a.output.text}"})"),
                                       "", problems);
  ASSERT_TRUE(tree);
  const auto value = tree->evaluate(source());
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(to_json(*value), R"({"${inputs.x}":5,"deep":[[{"a":"n=5","b":"${x}","c":null}],[1,2]],)"
                             R"("plain":{"x":[1,true,"y"]},"z":"${inputs.x}"})");
}

TEST(ParamTree, without_references_it_is_the_value_itself) {
  Problems problems;
  const auto json = *parse_json(R"({"a": [1, {"b": "x"}], "c": "", "d": {}, "e": []})");
  const auto tree = ParamTree::compile(json, "", problems);
  ASSERT_TRUE(tree);
  EXPECT_FALSE(tree->has_references());
  EXPECT_EQ(*tree->evaluate(source()), json);
  EXPECT_EQ(*ParamTree::compile("$${x}", "", problems)->evaluate(source()), Json("${x}"));
}

TEST(ParamTree, collects_all_problems_with_their_pointers) {
  Problems problems;
  const auto tree = ParamTree::compile(
      *parse_json(R"({"a/b": "${env.X}", "l": [1, "${inputs.x | uper}", "${inputs.x}", "${"]})"),
      "/steps/0/params", problems);
  EXPECT_FALSE(tree);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].pointer, "/steps/0/params/a~1b");
  EXPECT_EQ(problems[0].code, "invalid_reference");
  EXPECT_EQ(problems[1].pointer, "/steps/0/params/l/1");
  EXPECT_EQ(problems[1].code, "unknown_filter");
  EXPECT_EQ(problems[2].pointer, "/steps/0/params/l/3");
}

TEST(ParamTree, a_problem_of_somebody_else_is_not_its_own) {
  Problems problems{{"", "other", ""}};
  EXPECT_TRUE(ParamTree::compile("x", "", problems));
  EXPECT_EQ(problems.size(), 1u);
}

TEST(ParamTree, a_default_made_one_is_null) {
  EXPECT_EQ(*ParamTree().evaluate(source()), Json(nullptr));
  EXPECT_TRUE(ParamTree().references().empty());
}

Json nested(std::size_t depth, Json inner) {
  for (std::size_t i = 0; i < depth; ++i) {
    JsonArray list;
    list.push_back(std::move(inner));
    inner = std::move(list);
  }
  return inner;
}

// Else a plan that wraps the output of each step once more would nest without bound, and the stack
// of whoever reads or frees the value would end.
TEST(ParamTree, bounds_the_depth_of_what_it_makes) {
  Problems problems;
  const MapSource deep(JsonObject{{"inputs", nested(60, 1)}});
  const auto fits = ParamTree::compile(nested(40, "${inputs}"), "", problems);
  ASSERT_TRUE(fits);
  EXPECT_TRUE(fits->evaluate(deep));
  const auto too_deep = ParamTree::compile(nested(41, "${inputs}"), "", problems)->evaluate(deep);
  ASSERT_FALSE(too_deep);
  EXPECT_EQ(too_deep.error().code, "limit_exceeded");
  EXPECT_THAT(too_deep.error().message, HasSubstr("deeper than 100"));

  EXPECT_FALSE(ParamTree::compile(nested(limits::kJsonDepth + 1, 1), "", problems));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "json_too_deep");
}

TEST(ParamTree, bounds_what_all_references_bring_in_together) {
  Problems problems;
  const MapSource large(JsonObject{{"inputs", std::string(1u << 20, 'x')}});
  JsonArray list;
  for (int i = 0; i < 40; ++i) list.push_back("${inputs}");
  EXPECT_TRUE(ParamTree::compile(list, "", problems)->evaluate(large));
  for (int i = 0; i < 40; ++i) list.push_back("${inputs}");
  const auto value = ParamTree::compile(list, "", problems)->evaluate(large);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "limit_exceeded");
  EXPECT_EQ(value.error().pointer, "/49");
}

}  // namespace
}  // namespace pilot::params
