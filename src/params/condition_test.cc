// `if` and the old `condition`.
#include "params/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "params/map_source.h"

namespace pilot::params {
namespace {

using testing::HasSubstr;

const MapSource& source() {
  static const MapSource kSource(*parse_json(R"({
    "steps": {"0": {"output": "done"}, "1": {"output": {"ok": false, "n": 0, "s": "", "nil": null,
              "a b": "x", "evil": "a == b", "quoted": "\"done\"", "yes": true,
              "space": " done\n"}}},
    "inputs": {"op": "!="}
  })"));
  return kSource;
}

std::string shown(const Result<Condition>& condition) {
  if (!condition) return condition.error().code;
  const auto value = condition->evaluate(source());
  return value ? (*value ? "true" : "false") : value.error().code;
}

struct Case {
  std::string text;
  std::string result;
};

class Legacy : public testing::TestWithParam<Case> {};
TEST_P(Legacy, means) {
  EXPECT_EQ(shown(Condition::compile_legacy(GetParam().text)), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    condition, Legacy,
    testing::Values(
        Case{"{{step_1.output}} == done", "true"}, Case{"{{step_1.output}} == 'done'", "true"},
        Case{"\"{{step_1.output}}\" == \"done\"", "true"},
        Case{"{{step_1.output}}=='Done'", "false"}, Case{"{{step_1.output}} != done", "false"},
        Case{"${steps.0.output}!=x", "true"}, Case{"'a == b' == 'a == b'", "true"},
        Case{"a == b == b", "false"}, Case{"don't == don't", "true"}, Case{"'x != x", "true"},
        Case{"${steps.1.output['a b']} == x", "true"},
        Case{"\"${steps.1.output[\"a b\"]}\" == \"x\"", "true"},
        Case{"${steps.1.output.missing | default: \"a == b\"} == x", "false"},
        // data cannot bring an operator, nor change one
        Case{"${steps.1.output.evil} == x", "false"}, Case{"${steps.1.output.evil}", "true"},
        Case{"${steps.1.output.evil} == 'a == b'", "true"}, Case{"a ${inputs.op} a", "true"},
        // texts of other types
        Case{"${steps.1.output.n} == 0", "true"}, Case{"${steps.1.output.ok} == false", "true"},
        Case{"${steps.1.output.ok} == False", "true"},
        Case{"{{step_2.output.yes}} != True", "false"},
        Case{"${steps.1.output.nil} == None", "true"}, Case{"true == True", "false"},
        Case{"{{step_2.output.s}} == ''", "true"}, Case{"{{step_2.output.s}} ==", "true"},
        Case{"{{step_2.output.quoted}} == done", "true"},
        Case{"{{step_2.output.space}} == done", "true"},
        // the truth of the whole
        Case{"", "false"}, Case{"  ", "false"}, Case{"FALSE", "false"}, Case{"'0'", "false"},
        Case{"No", "false"}, Case{"none", "false"}, Case{"null", "false"}, Case{"0.0", "true"},
        Case{"anything", "true"}, Case{"{{step_2.output.ok}}", "false"},
        Case{"{{step_2.output.nil}}", "false"}, Case{"{{step_2.output.s}}", "false"},
        Case{"{{step_1.output}}", "true"}, Case{"x > 1", "true"},
        // errors
        Case{"${steps.9.output} == 1", "unresolved_reference"},
        Case{"${nowhere} == 1", "invalid_condition"}, Case{"a == ${", "invalid_condition"}));

class If : public testing::TestWithParam<Case> {};
TEST_P(If, means) { EXPECT_EQ(shown(Condition::compile_if(GetParam().text)), GetParam().result); }

INSTANTIATE_TEST_SUITE_P(
    condition, If,
    testing::Values(Case{"${steps.1.output.ok}", "false"}, Case{" ${steps.1.output.yes} ", "true"},
                    Case{"${steps.1.output.nil}", "false"}, Case{"${steps.1.output.n}", "true"},
                    Case{"${steps.1.output.s}", "true"}, Case{"{{step_2.output.ok}}", "false"},
                    Case{"${steps.1.output.gone | default: false}", "false"},
                    Case{"${steps.1.output.gone}", "unresolved_reference"},
                    Case{"${steps.0.output} == 'done'", "true"}, Case{"true", "invalid_condition"},
                    Case{"", "invalid_condition"}, Case{".steps.a.output.ok", "invalid_condition"},
                    Case{"x ${steps.1.output.ok}", "invalid_condition"}));

TEST(Condition, lists_the_references_of_both_sides) {
  const auto condition = Condition::compile_legacy("${steps.a.output} != {{step_2.output.x}}");
  ASSERT_TRUE(condition);
  std::vector<ReferenceInfo> all;
  condition->list(all, "/steps/1/if");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].step, "a");
  EXPECT_EQ(all[1].step, "1");
  EXPECT_EQ(all[1].pointer, "/steps/1/if");
}

TEST(Condition, a_refusal_tells_the_column) {
  const auto condition = Condition::compile_if("${env.A} == 1");
  ASSERT_FALSE(condition);
  EXPECT_THAT(condition.error().message, HasSubstr("column 3: credentials and the environment"));
}

TEST(Condition, finds_the_operator_in_linear_time) {
  for (const std::string piece : {" '", " \"a", "'", " = ! "}) {
    std::string text;
    while (text.size() < (512u << 10)) text += piece;
    EXPECT_TRUE(Condition::compile_legacy(text)) << piece;
  }
}

}  // namespace
}  // namespace pilot::params
