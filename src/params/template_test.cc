// References in one string: syntax, values, errors.
#include "params/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"
#include "params/map_source.h"

namespace pilot::params {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const MapSource& source() {
  static const MapSource kSource(*parse_json(R"({
    "steps": {
      "fetch": {"output": {"items": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "0": "zero",
                           "any key": 1, "größe": 2, "nothing": null, "a-b": 3,
                           "evil": "${inputs.x} {{step_1.output}} $${"},
                "success": true, "attempts": 2},
      "0": {"output": {"items": [1, 2]}, "success": true},
      "1": {"output": "second"}
    },
    "inputs": {"x": "X", "n": 5, "t": "a\"b", "obj": {"k": [1, null, true]}, "null": null},
    "trigger": {"body": {"email": "a@b.c"}},
    "item": {"id": 7}, "index": 3
  })"));
  return kSource;
}

Result<Json> evaluate(std::string_view text) {
  const auto compiled = Template::compile(text);
  if (!compiled) return compiled.error();
  return compiled->evaluate(source());
}

std::string shown(std::string_view text) {
  const auto value = evaluate(text);
  return value ? to_json(*value) : value.error().code + ": " + value.error().message;
}

struct Case {
  std::string text;
  std::string result;
};

class Values : public testing::TestWithParam<Case> {};
TEST_P(Values, are_as_expected) { EXPECT_EQ(shown(GetParam().text), GetParam().result); }

INSTANTIATE_TEST_SUITE_P(
    template_text, Values,
    testing::Values(
        Case{"", R"("")"}, Case{"plain", R"("plain")"}, Case{"$ {x} $x }} {", R"("$ {x} $x }} {")"},
        Case{"${inputs.x}", R"("X")"}, Case{"${ inputs.x }", R"("X")"}, Case{"${inputs.n}", "5"},
        Case{"n=${inputs.n}", R"("n=5")"}, Case{"${inputs.x}${inputs.n}", R"("X5")"},
        Case{"<${inputs.obj}>", R"("<{\"k\":[1,null,true]}>")"},
        Case{"<${inputs.null}>", R"("<null>")"}, Case{"${inputs.null}", "null"},
        Case{"<${inputs.t}>", R"("<a\"b>")"},
        // escapes
        Case{"$${inputs.x}", R"("${inputs.x}")"}, Case{"$$${inputs.x}", R"("$${inputs.x}")"},
        Case{"$$ $${", R"("$$ ${")"}, Case{"a$", R"("a$")"},
        // paths
        Case{"${steps.fetch.output.items[0].name}", R"("a")"},
        Case{"${steps.fetch.output.items.1.name}", R"("b")"},
        Case{"${steps.fetch.output.items[-1].name}", R"("c")"},
        Case{"${steps.fetch.output.0}", R"("zero")"},
        Case{"${steps.fetch.output[\"any key\"]}", "1"},
        Case{"${steps['fetch'].output[ 'any key' ]}", "1"},
        Case{"${steps.fetch.output.größe}", "2"}, Case{"${steps.fetch.output.a-b}", "3"},
        Case{"${steps.0.output.items}", "[1,2]"}, Case{"${steps[0].output.items}", "[1,2]"},
        Case{"${steps.1}", R"({"output":"second"})"}, Case{"${steps.fetch.attempts}", "2"},
        Case{"${item.id}/${index}", R"("7/3")"}, Case{"${index}", "3"},
        Case{"${trigger.body.email}", R"("a@b.c")"},
        // filters
        Case{"${inputs.missing | default: '}'}", R"("}")"},
        Case{"${inputs.null|default:\"\\u00e4'\"}", R"("ä'")"},
        Case{"${inputs.missing | default: 'it\\'s \"q\"'}", R"("it's \"q\"")"},
        Case{"${inputs.missing | default: []}", "[]"}, Case{"${inputs.x | default: {}}", R"("X")"},
        Case{"${steps.nine.output.a | upper | default: \"x\" | append: \"!\"}", R"("x!")"},
        Case{"${inputs.null | default: null | default: 1}", "1"},
        Case{"${inputs.n | default: 1 | plus: -2.5}", "2.5"},
        Case{"${inputs.x | replace: \"X\", \"${inputs.n}\"}", R"("${inputs.n}")"},
        // one pass: what comes in is data
        Case{"${steps.fetch.output.evil}", R"("${inputs.x} {{step_1.output}} $${")"},
        Case{"<${steps.fetch.output.evil}>", R"("<${inputs.x} {{step_1.output}} $${>")"},
        Case{"$${${inputs.x}}", R"("${X}")"}));

INSTANTIATE_TEST_SUITE_P(
    old_placeholders, Values,
    testing::Values(Case{"{{step_1.output}}", R"({"items":[1,2]})"},
                    Case{"{{ step_2 }}", R"("second")"}, Case{"{{step_1.output.items[1]}}", "2"},
                    Case{"{{step_1.output.items.0}}", "1"},
                    Case{"a {{step_2.output}} b", R"("a second b")"},
                    Case{"{{step_1.success}}", "true"},
                    Case{"{{trigger.body.email}}", R"("a@b.c")"}, Case{"{{item}}", R"({"id":7})"},
                    Case{"{{ item.id }}-{{index}}-{{inputs.x}}", R"("7-3-X")"},
                    Case{"Total: ${{step_2.output}}", R"("Total: $second")"},
                    Case{"{{{step_2.output}}}", R"("{second}")"},
                    // everything else passes through
                    Case{"Dear {{name}}, {{#if x}}{{/if}}", R"("Dear {{name}}, {{#if x}}{{/if}}")"},
                    Case{"{{steps.0.output}}", R"("{{steps.0.output}}")"},
                    Case{"{{step_x.output}}", R"("{{step_x.output}}")"},
                    Case{"{{step_1 output}}", R"("{{step_1 output}}")"},
                    Case{"{{step_1.output", R"("{{step_1.output")"},
                    Case{"{{item | upper}}", R"("{{item | upper}}")"},
                    Case{"{{ a ${inputs.x} }}", R"("{{ a X }}")"}, Case{"{{", R"("{{")"}));

struct Refused {
  std::string text;
  std::string code;
  std::string message;  // part of it
};
class Refusals : public testing::TestWithParam<Refused> {};
TEST_P(Refusals, name_the_place) {
  const auto compiled = Template::compile(GetParam().text);
  ASSERT_FALSE(compiled) << GetParam().text;
  EXPECT_EQ(compiled.error().code, GetParam().code);
  EXPECT_THAT(compiled.error().message, HasSubstr(GetParam().message));
  EXPECT_TRUE(has_reference(GetParam().text));
}

const std::string kBad = "invalid_reference";
INSTANTIATE_TEST_SUITE_P(
    syntax, Refusals,
    testing::Values(
        Refused{"ab ${steps.a", kBad, "column 4: this reference is not closed"},
        Refused{"ä\nö ${inputs.x", kBad, "line 2, column 3"}, Refused{"${", kBad, "column 1"},
        Refused{"${}", kBad, "empty"}, Refused{"${${}}", kBad, "found `$`"},
        Refused{"${inputs..x}", kBad, "after `.`"}, Refused{"${inputs.x y}", kBad, "found `y`"},
        Refused{"${inputs[}", kBad, "after `[`"}, Refused{"${inputs[1}", kBad, "`]`"},
        Refused{"${inputs[99999999999999999999]}", kBad, "no index"},
        Refused{"${inputs[01]}", kBad, "no index"}, Refused{"${inputs['a]}", kBad, "not closed"},
        Refused{"${inputs['\\q']}", kBad, "no valid string"},
        Refused{"${__proto__.x}", kBad, "nothing is called `__proto__`"},
        Refused{"${step.fetch.output}", kBad, "steps"},
        Refused{"${env.HOME}", kBad, "credentials and the environment cannot be referred to"},
        Refused{"${credentials.api_key}", kBad, "cannot be referred to"},
        Refused{"${steps}", kBad, "name a step"}, Refused{"${steps[-1].output}", kBad, "from 0"},
        Refused{"${steps.a.outptu}", kBad, "output"}, Refused{"${steps.a[0]}", kBad, "has no `0`"},
        Refused{"${inputs.x | uper}", "unknown_filter", "upper"},
        Refused{"${inputs.x |}", kBad, "name of a filter"},
        Refused{"${inputs.x | default}", kBad, "takes 1 argument"},
        Refused{"${inputs.x | default: 1, 2}", kBad, "takes 1 argument"},
        Refused{"${inputs.x | default: maybe}", kBad, "a text in quotes"},
        Refused{"${inputs.x | default: 1e999}", kBad, "no number"},
        Refused{"${inputs.x | append: 1}", kBad, "argument 1 of the filter `append` is a number"},
        Refused{"${inputs.x | round: 1.5}", kBad, "whole number"},
        Refused{"{{step_0.output}}", kBad, "counted from 1"},
        Refused{"${{step_0.output}}", kBad, "counted from 1"},
        Refused{"{{step_1.foo}}", kBad, "a step has no `foo`"}));

TEST(Template, keeps_an_embedded_nul_and_invalid_utf8_as_they_are) {
  using namespace std::string_literals;
  const auto compiled = Template::compile("a\0b\xFF"s);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(*compiled->evaluate_text(source()), "a\0b\xFF"s);
}

TEST(Template, limits_the_path_the_filters_and_the_size) {
  std::string path;
  for (std::size_t i = 0; i < limits::kReferencePath; ++i) path += ".a";
  EXPECT_TRUE(Template::compile("${inputs" + path + "}"));
  const auto too_long = Template::compile("${inputs" + path + ".a}");
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message, HasSubstr("at most 100 parts"));

  std::string filters;
  for (int i = 0; i < 33; ++i) filters += "|trim";
  EXPECT_FALSE(Template::compile("${inputs.x" + filters + "}"));

  const std::string padding(limits::kTemplateBytes, ' ');
  EXPECT_TRUE(Template::compile(padding + padding));
  const auto too_large = Template::compile(padding + "${inputs.x}");
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, "template_too_large");
}

TEST(Template, a_missing_path_tells_where_it_stopped) {
  const auto expect = [](std::string_view text, std::string_view message) {
    const auto value = evaluate(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, "unresolved_reference");
    EXPECT_EQ(value.error().message, message);
  };
  expect("${steps.fetch.output.items[3].name}",
         "`steps.fetch.output.items[3].name`: the list at `steps.fetch.output.items` has 3 items");
  expect("x ${ steps.fetch.output.itms | upper } y",
         "`steps.fetch.output.itms | upper`: `steps.fetch.output` has no \"itms\" (did you mean "
         "\"items\"?)");
  expect("${steps.nine.output}", "`steps.nine.output`: step nine has not run");
  expect("${inputs.null.a}", "`inputs.null.a`: `inputs.null` is null, so it has no key a");
  expect("${inputs.obj.k.name}",
         "`inputs.obj.k.name`: `inputs.obj.k` is a list, so it has no key name");
  expect("${inputs.obj[0]}", "`inputs.obj[0]`: `inputs.obj` is an object, so it has no item 0");
  expect("${vars.region}", "`vars.region`: there is no `vars` in this run");
  expect("{{step_2.output.a}}", "`step_2.output.a`: `steps.1.output` is text, so it has no key a");
}

TEST(Template, lists_what_it_refers_to) {
  const auto compiled =
      Template::compile("${steps.a.output.x[-1] | default: 1} {{step_3}} ${ inputs }");
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->has_references());
  EXPECT_FALSE(compiled->is_one_reference());
  std::vector<ReferenceInfo> all;
  compiled->list(all, "/p");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].text, "steps.a.output.x[-1] | default: 1");
  EXPECT_EQ(all[0].root, "steps");
  EXPECT_EQ(all[0].step, "a");
  EXPECT_THAT(all[0].path, ElementsAre("output", "x", "-1"));
  EXPECT_TRUE(all[0].has_default);
  EXPECT_EQ(all[0].pointer, "/p");
  EXPECT_EQ(all[1].step, "2");
  EXPECT_THAT(all[1].path, ElementsAre("output"));
  EXPECT_EQ(all[2].root, "inputs");
  EXPECT_TRUE(all[2].path.empty());
  EXPECT_FALSE(all[2].has_default);
}

TEST(Template, bounds_the_text_it_makes) {
  const MapSource large(JsonObject{{"inputs", {{"x", std::string(3u << 20, 'x')}}}});
  const auto once = Template::compile("-${inputs.x}")->evaluate_text(large);
  ASSERT_TRUE(once);
  EXPECT_EQ(once->size(), (3u << 20) + 1);
  const auto twice = Template::compile("${inputs.x}${inputs.x}")->evaluate_text(large);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, "limit_exceeded");
}

TEST(Template, bounds_the_work_of_its_filters) {
  const MapSource large(JsonObject{{"inputs", {{"x", std::string(1u << 20, 'x')}}}});
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "${inputs.x | sha256 | length}";
  const auto value = Template::compile(text)->evaluate_text(large);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "limit_exceeded");
  EXPECT_THAT(value.error().message, AllOf(HasSubstr("sha256"), HasSubstr("50 MiB")));
}

TEST(Template, has_reference_sees_what_is_decided_at_run_time) {
  EXPECT_TRUE(has_reference("a ${inputs.x}"));
  EXPECT_TRUE(has_reference("{{step_1.output}}"));
  EXPECT_FALSE(has_reference("$${inputs.x} {{name}}"));
  EXPECT_FALSE(has_reference(""));
}

TEST(Template, reads_hostile_texts_in_linear_time) {
  for (const std::string piece :
       {"{{item[\"", "{{item['{{item[\"", "{{step_1.", "{{ ", "$${", "{", "$", "{{item.a.a.a"}) {
    std::string text;
    while (text.size() < (512u << 10)) text += piece;
    EXPECT_FALSE(has_reference(text)) << piece;  // quadratic, it would hit the test's time limit
  }
}

TEST(Template, a_default_made_one_is_the_empty_text) {
  EXPECT_EQ(*Template().evaluate_text(source()), "");
  EXPECT_FALSE(Template().has_references());
}

}  // namespace
}  // namespace pilot::params
