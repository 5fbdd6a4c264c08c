// The words and pointers of problems, and what the skip callback makes of unknown values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schema/schema.h"

namespace pilot::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Json json(std::string_view text) { return parse_json(text).value(); }
Schema compiled(std::string_view text) { return Schema::compile(json(text)).value(); }

// "code pointer: message" of each.
std::vector<std::string> told(std::string_view schema, std::string_view value,
                              std::string_view base = "", std::size_t most = 20) {
  std::vector<std::string> all;
  for (const Problem& problem : compiled(schema).check(json(value), base, most)) {
    all.push_back(problem.code + " " + problem.pointer + ": " + problem.message);
  }
  return all;
}

TEST(SchemaMessageTest, scalars) {
  struct Case {
    std::string_view schema, value, expected;
  };
  for (const auto& [schema, value, expected] : std::vector<Case>{
           {R"({"type":"integer","minimum":1,"maximum":100})", R"("x")",
            "wrong_type : expected an integer from 1 to 100, got string \"x\""},
           {R"({"type":"integer","minimum":1,"maximum":100})", "500",
            "invalid_value : expected an integer from 1 to 100, got integer 500"},
           {R"({"type":"integer"})", "1.5", "wrong_type : expected an integer, got number 1.5"},
           {R"({"minimum":0})", "-1",
            "invalid_value : expected a number of at least 0, got integer -1"},
           {R"({"type":"number","exclusiveMinimum":0,"maximum":1})", "2",
            "invalid_value : expected a number greater than 0 and of at most 1, got integer 2"},
           {R"({"multipleOf":5})", "7",
            "invalid_value : expected a number that is a multiple of 5, got integer 7"},
           {R"({"type":["string","null"]})", "true",
            "wrong_type : expected a string or null, got boolean true"},
           {R"({"type":"boolean"})", "null",
            "wrong_type : expected a boolean (true or false), got null"},
           {R"({"type":"string","maxLength":3})", R"("abcdef")",
            "invalid_value : expected a string of at most 3 characters, got one of 6"},
           {R"({"type":"string","minLength":1})", R"("")",
            "invalid_value : expected a non-empty string, got one of 0"},
           {R"({"pattern":"^a$"})", R"("b")",
            "invalid_value : expected a string that matches ^a$, got string \"b\""},
           {R"({"format":"email"})", R"("b")",
            "invalid_value : expected an email address, got string \"b\""},
           {R"({"enum":["a","b",3]})", R"("c")",
            "invalid_value : expected one of \"a\", \"b\", 3, got string \"c\""},
           {R"({"const":5})", "6", "invalid_value : expected 5, got integer 6"},
           {R"({"type":"array"})", R"({"a":1})",
            "wrong_type : expected an array, got object of 1 member"},
           {R"({"minItems":1})", "[]",
            "invalid_value : expected a non-empty array, got array of 0 items"},
           {R"({"maxProperties":1})", R"({"a":1,"b":2})",
            "invalid_value : expected an object of at most 1 member, got object of 2 members"},
           {R"({"uniqueItems":true})", "[1,2,1]",
            "invalid_value /2: expected items that differ, got the same one at 0 and 2"},
           {R"({"contains":{"type":"string"}})", "[1]",
            "invalid_value : expected at least one item to be a string, got array of 1 item"},
           {R"({"not":{"type":"string"}})", R"("x")",
            "invalid_value : expected anything but a string, got string \"x\""},
           {R"({"items":false})", "[1]",
            "invalid_value /0: nothing is allowed here, got integer 1"},
           {R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})",
            "invalid_value /ab: expected a name that is a string of at most 1 character, got "
            "string \"ab\""},
       }) {
    EXPECT_THAT(told(schema, value), ElementsAre(expected)) << schema;
  }
}

TEST(SchemaMessageTest, names) {
  constexpr std::string_view kSchema =
      R"({"type":"object","required":["url","n"],"additionalProperties":false,
      "properties":{"url":{"type":"string","format":"uri"},
      "method":{"enum":["GET","POST"]},"n":{"type":"integer"}}})";
  EXPECT_THAT(
      told(kSchema, R"({"urll":"x","n":"1","method":"GIT"})", "/steps/0/params"),
      ElementsAre(
          "unknown_param /steps/0/params/urll: \"urll\" is not known here (did you mean "
          "\"url\"?); known are \"url\", \"method\" and \"n\"",
          "missing_param /steps/0/params/url: \"url\" is required: expected a URI with its "
          "scheme (https://...)",
          "wrong_type /steps/0/params/n: expected an integer, got string \"1\"",
          "invalid_value /steps/0/params/method: expected one of \"GET\", \"POST\", got string "
          "\"GIT\""));
  EXPECT_THAT(told(kSchema, "[]", "/p"),
              ElementsAre("wrong_type /p: expected an object, got array of 0 items"));
  EXPECT_THAT(told(R"({"additionalProperties":false})", R"({"a":1})"),
              ElementsAre("unknown_param /a: \"a\" is not known here; nothing is"));
  EXPECT_THAT(
      told(R"({"additionalProperties":false,"patternProperties":{"^x-":{}}})", R"({"a":1})"),
      ElementsAre("unknown_param /a: \"a\" is not known here; known is what matches ^x-"));
}

TEST(SchemaMessageTest, pointers) {
  constexpr std::string_view kSchema =
      R"({"properties":{"a/b":{"items":{"properties":{"c~d":{"type":"null"}}}}}})";
  EXPECT_THAT(told(kSchema, R"({"a/b":[{},{"c~d":1}]})", "/base"),
              ElementsAre("wrong_type /base/a~1b/1/c~0d: expected null, got integer 1"));
}

TEST(SchemaMessageTest, long_values_are_cut_at_a_character) {
  const std::string long_text =
      "\"" + std::string(39, 'a') + "\xC3\xBC" + std::string(1000, 'b') + "\"";
  EXPECT_THAT(told(R"({"type":"integer"})", long_text),
              ElementsAre("wrong_type : expected an integer, got string \"" + std::string(39, 'a') +
                          "\"... (1041 bytes)"));
  std::string many = R"({"enum":[)";
  for (int i = 0; i < 50; ++i) many += (i == 0 ? "" : ",") + std::to_string(i);
  EXPECT_THAT(told(many + "]}", "null"),
              ElementsAre("invalid_value : expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... (50 "
                          "in all), got null"));
}

TEST(SchemaMessageTest, write_only_values_are_not_shown) {
  for (const std::string_view schema :
       {R"({"properties":{"k":{"type":"integer","writeOnly":true}}})",
        R"({"properties":{"k":{"enum":["a"],"writeOnly":true}}})",
        R"({"properties":{"k":{"pattern":"^k","writeOnly":true}}})",
        R"({"properties":{"k":{"not":{"type":"string"},"writeOnly":true}}})",
        R"({"properties":{"k":{"anyOf":[{"type":"null"},{"const":1}],"writeOnly":true}}})",
        R"({"$defs":{"s":{"type":"integer"}},
            "properties":{"k":{"$ref":"#/$defs/s","writeOnly":true}}})"}) {
    const std::vector<std::string> all = told(schema, R"({"k":"hunter2"})");
    ASSERT_EQ(all.size(), 1u) << schema;
    EXPECT_THAT(all[0], Not(HasSubstr("hunter2")));
    EXPECT_THAT(all[0], HasSubstr("got string"));
  }
  EXPECT_THAT(told(R"({"prefixItems":[{"type":"null","writeOnly":true},{"type":"null"}]})",
                   R"(["secret","shown"])"),
              ElementsAre("wrong_type /0: expected null, got string",
                          "wrong_type /1: expected null, got string \"shown\""));
}

TEST(SchemaMessageTest, the_best_branch_speaks) {
  // No branch takes the value as a whole: what all of them take.
  EXPECT_THAT(
      told(R"({"anyOf":[{"type":"string"},{"type":"integer","minimum":1},{"type":"null"}]})",
           "true"),
      ElementsAre(
          "wrong_type : expected a string, an integer of at least 1 or null, got boolean true"));
  EXPECT_THAT(
      told(R"({"anyOf":[{"type":"string","maxLength":2},{"type":"null"}]})", R"("abc")"),
      ElementsAre(
          "invalid_value : expected a string of at most 2 characters or null, got string \"abc\""));
  // One branch came further in.
  constexpr std::string_view kBody =
      R"({"anyOf":[{"type":"string"},{"type":"object","required":["url"],
      "properties":{"url":{"type":"string"}},"additionalProperties":false}]})";
  EXPECT_THAT(told(kBody, R"({"urll":"x"})"),
              ElementsAre("unknown_param /urll: \"urll\" is not known here (did you mean "
                          "\"url\"?); known is \"url\"",
                          "missing_param /url: \"url\" is required: expected a string"));
  // A constant that fits says which branch was meant, wherever it stands.
  constexpr std::string_view kTagged = R"({"oneOf":[
      {"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},
      {"properties":{"kind":{"const":"b"},"y":{"type":"integer"},"z":{"type":"integer"}},
       "required":["kind"]}]})";
  EXPECT_THAT(told(kTagged, R"({"kind":"b","y":"1","z":"2"})"),
              ElementsAre("wrong_type /y: expected an integer, got string \"1\"",
                          "wrong_type /z: expected an integer, got string \"2\""));
  EXPECT_THAT(told(R"({"anyOf":[{"required":["a"]},{"required":["b","c"]}]})", "{}", "/p"),
              ElementsAre("missing_param /p: \"a\" or \"b\" and \"c\" is required"));
  EXPECT_THAT(told(R"({"oneOf":[{"type":"integer"},{"type":"string"},{"minimum":5}]})", "7"),
              ElementsAre("invalid_value : expected exactly one of the 3 forms allowed here, got "
                          "what fits 1 and 3 of them"));
  // A recursive description ends.
  EXPECT_EQ(
      told(R"({"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"null"}]})", "[[1]]").size(),
      1u);
}

TEST(SchemaMessageTest, at_most_so_many) {
  constexpr std::string_view kSchema = R"({"items":{"type":"null"}})";
  EXPECT_EQ(told(kSchema, "[1,2,3,4,5]", "", 3).size(), 3u);
  EXPECT_EQ(told(kSchema, "[1,2,3,4,5]", "", 0).size(), 1u);  // never silent
  EXPECT_THAT(told(R"({"allOf":[{"type":"null"},{"type":"null"}]})", "1"),
              ElementsAre("wrong_type : expected null, got integer 1"));
}

class SkipTest : public ::testing::Test {
 protected:
  static Problems check(std::string_view schema, std::string_view value) {
    return compiled(schema).check(json(value), "", 20, [](const Json& part) {
      return part.is_string() && as_view(part.get_string()).find("${") != std::string_view::npos;
    });
  }
};

TEST_F(SkipTest, an_unknown_value_fits_everywhere) {
  for (const std::string_view schema :
       {R"({"type":"integer"})", R"({"enum":[1]})", R"({"const":null})", R"({"maxLength":1})",
        R"({"format":"uuid"})", R"({"not":{}})", R"(false)", R"({"oneOf":[{},{}]})",
        R"({"anyOf":[{"type":"null"}]})"}) {
    EXPECT_THAT(check(schema, R"("${steps.a.output}")"), IsEmpty()) << schema;
  }
  EXPECT_THAT(check(R"({"type":"integer"})", R"("steps.a.output")"), Not(IsEmpty()));
}

TEST_F(SkipTest, required_sees_it_and_its_neighbours_are_checked) {
  constexpr std::string_view kSchema =
      R"({"required":["a","b"],"properties":{"a":{"type":"integer"},"c":{"type":"null"}},
      "additionalProperties":false})";
  const Problems problems = check(kSchema, R"({"a":"${x}","c":1,"d":"${y}"})");
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].pointer, "/d");  // an unknown name stays one, whatever its value
  EXPECT_EQ(problems[1].pointer, "/b");
  EXPECT_EQ(problems[2].pointer, "/c");
}

TEST_F(SkipTest, what_hangs_on_an_unknown_value_is_no_problem) {
  EXPECT_THAT(check(R"({"not":{"properties":{"a":{"const":1}}}})", R"({"a":"${x}"})"), IsEmpty());
  EXPECT_THAT(check(R"({"not":{"items":{"type":"string"}}})", R"(["${x}"])"), IsEmpty());
  EXPECT_THAT(
      check(R"({"oneOf":[{"properties":{"k":{"const":1}}},{"properties":{"k":{"const":2}}}]})",
            R"({"k":"${x}"})"),
      IsEmpty());
  EXPECT_THAT(check(R"({"uniqueItems":true})", R"(["${x}","${x}",1])"), IsEmpty());
  EXPECT_THAT(check(R"({"uniqueItems":true})", R"([["${x}"],["${x}"]])"), IsEmpty());
  EXPECT_THAT(check(R"({"contains":{"type":"integer"}})", R"(["${x}"])"), IsEmpty());
  EXPECT_THAT(check(R"({"enum":[{"a":1},{"a":2}]})", R"({"a":"${x}"})"), IsEmpty());
  EXPECT_THAT(check(R"({"const":{"a":[1,2]}})", R"({"a":[1,"${x}"]})"), IsEmpty());
  EXPECT_THAT(check(R"({"not":{"const":{"a":1}}})", R"({"a":"${x}"})"), IsEmpty());
}

TEST_F(SkipTest, what_is_wrong_whatever_they_are_is_told) {
  EXPECT_THAT(check(R"({"not":{"required":["a"]}})", R"({"a":1})"), Not(IsEmpty()));
  EXPECT_THAT(check(R"({"uniqueItems":true})", R"(["${x}",1,1])"), Not(IsEmpty()));
  EXPECT_THAT(check(R"({"contains":{"type":"integer"}})", R"(["x"])"), Not(IsEmpty()));
  EXPECT_THAT(check(R"({"enum":[{"a":1,"b":1}]})", R"({"a":"${x}","b":2})"), Not(IsEmpty()));
  EXPECT_THAT(check(R"({"maxItems":1})", R"(["${x}","${y}"])"), Not(IsEmpty()));
  EXPECT_THAT(check(R"({"oneOf":[{"type":"object"},{"required":["a"]}]})", R"({"a":1})"),
              Not(IsEmpty()));
  // Names are not resolved, so they are never unknown.
  EXPECT_THAT(check(R"({"propertyNames":{"pattern":"^[a-z]+$"}})", R"({"${x}":1})"),
              Not(IsEmpty()));
}

}  // namespace
}  // namespace pilot::schema
