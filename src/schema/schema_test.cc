// What fits and what does not, keyword by keyword.
#include "schema/schema.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace pilot::schema {
namespace {

Json json(std::string_view text) {
  Result<Json> value = parse_json(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message);
  return value ? *value : Json();
}

Schema compiled(std::string_view text) {
  Result<Schema> schema = Schema::compile(json(text));
  EXPECT_TRUE(schema) << text << ": " << (schema ? "" : schema.error().message);
  return schema ? *schema : Schema::compile(Json(true)).value();
}

struct Case {
  std::string_view schema;
  std::vector<std::string_view> fit;
  std::vector<std::string_view> misfit;
};

void run(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Schema schema = compiled(one.schema);
    for (const std::string_view value : one.fit) {
      const Problems problems = schema.check(json(value));
      EXPECT_TRUE(problems.empty())
          << one.schema << " should take " << value << " but: " << problems.front().message;
    }
    for (const std::string_view value : one.misfit) {
      EXPECT_FALSE(schema.check(json(value)).empty()) << one.schema << " should refuse " << value;
    }
  }
}

TEST(SchemaTest, type) {
  run({
      {R"({})", {"null", "1", R"("x")", "[]", "{}"}, {}},
      {R"(true)", {"null", "1"}, {}},
      {R"(false)", {}, {"null", "1", "{}"}},
      {R"({"type":"null"})", {"null"}, {"false", "0", R"("")", "[]", "{}"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"null", "0", "1", R"("true")"}},
      {R"({"type":"integer"})",
       {"0", "-1", "1.0", "-0.0", "1e3", "1e300", "18446744073709551615", "-9223372036854775808"},
       {"1.5", "1e-3", R"("1")", "true", "null"}},
      {R"({"type":"number"})", {"0", "1.5", "-1e-3", "18446744073709551615"}, {R"("1")", "true"}},
      {R"({"type":"string"})", {R"("")", R"("x")"}, {"1", "null", R"(["x"])"}},
      {R"({"type":"array"})", {"[]", "[1]"}, {"{}", R"("[]")"}},
      {R"({"type":"object"})", {"{}", R"({"a":1})"}, {"[]", "null"}},
      {R"({"type":["string","null"]})", {"null", R"("x")"}, {"1", "[]"}},
      {R"({"type":["integer","boolean"]})", {"1", "2.0", "true"}, {"1.5", "null"}},
  });
}

TEST(SchemaTest, enum_and_const) {
  run({
      {R"({"enum":["a",1,null,true,[1,2],{"a":1,"b":2}]})",
       {R"("a")", "1", "1.0", "null", "true", "[1,2]", "[1.0,2]", R"({"b":2.0,"a":1})"},
       {R"("b")", "2", "false", "[2,1]", "[1]", R"({"a":1})", R"({"a":1,"b":2,"c":3})", R"("1")"}},
      {R"({"enum":[0]})", {"0", "0.0", "-0.0"}, {"false", R"("")", "null", "1e-300"}},
      {R"({"const":"x"})", {R"("x")"}, {R"("X")", "null"}},
      {R"({"const":null})", {"null"}, {"0", "false", R"("null")"}},
      {R"({"const":{"a":[1,{"b":null}]}})", {R"({"a":[1,{"b":null}]})"}, {R"({"a":[1,{}]})", "{}"}},
      {R"({"const":9007199254740993})",
       {"9007199254740993"},
       {"9007199254740992", "9007199254740992.0"}},
      {R"({"const":18446744073709551615})",
       {"18446744073709551615"},
       {"1.8446744073709552e19", "-1"}},
  });
}

TEST(SchemaTest, numbers) {
  run({
      {R"({"minimum":1,"maximum":100})",
       {"1", "100", "1.0", "50.5", R"("x")"},
       {"0", "101", "0.999", "100.001"}},
      {R"({"exclusiveMinimum":0,"exclusiveMaximum":1})",
       {"0.5", "1e-300"},
       {"0", "1", "0.0", "-0.0"}},
      // On both sides of 2^53 and 2^63, where doubles are not exact.
      {R"({"minimum":9007199254740993})",
       {"9007199254740993", "9007199254740994.0"},
       {"9007199254740992.0", "9007199254740992"}},
      {R"({"maximum":9223372036854775807})",
       {"9223372036854775807", "-9223372036854775808"},
       {"9223372036854775808", "9223372036854775808.0", "1e300"}},
      {R"({"minimum":9223372036854775808})",
       {"9223372036854775808", "18446744073709551615", "1e19"},
       {"9223372036854775807", "-1"}},
      {R"({"maximum":9223372036854775808.0})",
       {"9223372036854775808", "9223372036854775807"},
       {"9223372036854775809"}},
      {R"({"minimum":-9223372036854775808})",
       {"-9223372036854775808", "-9223372036854775808.0"},
       {"-1e19"}},
      {R"({"exclusiveMinimum":0.5})", {"1", "0.75"}, {"0", "0.5", "-1"}},
      {R"({"exclusiveMinimum":-0.5})", {"0", "-0.25"}, {"-1", "-0.5", "-0.75"}},
      {R"({"maximum":-1.5})", {"-2", "-1.5", "-1e300"}, {"-1", "0", "18446744073709551615"}},
      {R"({"multipleOf":2})",
       {"0", "4", "-4", "4.0", "1e300", "18446744073709551614"},
       {"3", "1.5", "18446744073709551615"}},
      {R"({"multipleOf":0.1})", {"0.3", "1.1", "4.35e1", "7", "-0.7"}, {"0.35", "1e-2"}},
      {R"({"multipleOf":0.01})", {"19.99", "4.35", "1"}, {"19.999", "0.001"}},
      {R"({"multipleOf":1.5})", {"3", "4.5", "0"}, {"2", "1"}},
      {R"({"multipleOf":1e-10})", {"123456789", "0.5"}, {"1e-11"}},
      {R"({"multipleOf":1e300})", {"2e300", "0"}, {"1", "1e299"}},
      {R"({"type":"integer","multipleOf":0.5})", {"1", "2.0"}, {"1.5"}},
  });
}

TEST(SchemaTest, strings) {
  run({
      {R"({"minLength":2,"maxLength":3})",
       {R"("ab")", R"("abc")", R"("äöü")", R"("🚀🚀")", "1", "[]"},
       {R"("a")", R"("abcd")", R"("🚀")", R"("")"}},
      {R"({"maxLength":2.0})", {R"("ab")"}, {R"("abc")"}},
      {R"({"maxLength":0})", {R"("")"}, {R"("a")"}},
      {R"({"maxLength":1e30})", {R"("abc")"}, {}},
      {R"({"pattern":"^a+$"})", {R"("aaa")", "1", "null"}, {R"("")", R"("ab")", R"("aa\n")"}},
      {R"({"pattern":"b"})", {R"("abc")"}, {R"("ac")"}},  // anywhere
      {R"({"pattern":"^.$"})", {R"("ü")", R"("🚀")"}, {R"("\n")", R"("ab")"}},
      {R"({"pattern":"^\\p{L}+$"})", {R"("Grüße")"}, {R"("a1")"}},
      {R"({"pattern":"a\u0000b"})", {R"("a\u0000b")"}, {R"("a")"}},
  });
}

TEST(SchemaTest, objects) {
  run({
      {R"({"properties":{"a":{"type":"integer"},"b":false}})",
       {"{}", R"({"a":1})", R"({"c":"x"})", "[]", "1"},
       {R"({"a":"x"})", R"({"b":1})"}},
      {R"({"required":["a","b"]})",
       {R"({"a":null,"b":1})", "[]"},
       {"{}", R"({"a":1})", R"({"A":1,"b":1})"}},
      {R"({"required":[]})", {"{}"}, {}},
      {R"({"properties":{"a":{}},"additionalProperties":false})",
       {"{}", R"({"a":1})"},
       {R"({"a":1,"b":2})", R"({"A":1})"}},
      {R"({"properties":{"a":{}},"additionalProperties":{"type":"integer"}})",
       {R"({"a":"x","b":2})"},
       {R"({"b":"x"})"}},
      {R"({"additionalProperties":true})", {R"({"a":1})"}, {}},
      {R"({"patternProperties":{"^n_":{"type":"number"},"_s$":{"minimum":1}}})",
       {R"({"n_a":0,"x":"y","n_s":1})"},
       {R"({"n_a":"x"})", R"({"n_s":0})"}},
      {R"({"patternProperties":{"^x-":{}},"additionalProperties":false})",
       {R"({"x-a":1})", "{}"},
       {R"({"a":1})"}},
      {R"({"properties":{"n_a":{"maximum":5}},"patternProperties":{"^n_":{"minimum":1}}})",
       {R"({"n_a":5})"},
       {R"({"n_a":0})", R"({"n_a":6})"}},
      {R"({"propertyNames":{"pattern":"^[a-z]+$","maxLength":3}})",
       {"{}", R"({"abc":1})"},
       {R"({"abcd":1})", R"({"A":1})"}},
      {R"({"propertyNames":false})", {"{}"}, {R"({"a":1})"}},
      {R"({"minProperties":1,"maxProperties":2})",
       {R"({"a":1})", R"({"a":1,"b":2})", "[]"},
       {"{}", R"({"a":1,"b":2,"c":3})"}},
  });
}

TEST(SchemaTest, arrays) {
  run({
      {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {R"([1,"x"])"}},
      {R"({"prefixItems":[{"type":"string"},{"type":"integer"}]})",
       {"[]", R"(["a"])", R"(["a",1,null])"},
       {"[1]", R"(["a","b"])"}},
      {R"({"prefixItems":[{"type":"string"}],"items":{"type":"integer"}})",
       {R"(["a",1,2])"},
       {R"(["a","b"])", "[1]"}},
      {R"({"prefixItems":[{}],"items":false})", {"[]", "[1]"}, {"[1,2]"}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", R"("x")"}, {"[]", "[1,2,3]"}},
      {R"({"uniqueItems":true})",
       {"[]", R"([1,"1",true,null,[1],{"a":1}])", "[[1,2],[2,1]]",
        R"([{"a":1,"b":2},{"a":2,"b":1}])", R"(["a,","a"])", R"([["a","b"],["a\",\"b"]])"},
       {"[1,1]", "[1,2,1.0]", R"(["a","a"])", R"([{"a":1,"b":2},{"b":2.0,"a":1}])", "[[],[]]",
        "[null,null]", "[0,-0.0]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
      {R"({"contains":{"type":"integer","minimum":5}})",
       {"[1,5]", R"(["x",7])", "{}"},
       {"[]", "[1]", R"(["7"])"}},
  });
}

TEST(SchemaTest, branches) {
  run({
      {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", {R"("x")", "5", "null"}, {"4"}},
      {R"({"oneOf":[{"type":"integer"},{"minimum":5}]})", {"1", "5.5"}, {"7", "1.5"}},
      {R"({"allOf":[{"minimum":1},{"maximum":5},{"type":"integer"}]})",
       {"1", "5"},
       {"0", "6", "1.5", "null"}},
      {R"({"not":{"type":"string"}})", {"1", "null"}, {R"("x")"}},
      {R"({"not":{"not":{"type":"string"}}})", {R"("x")"}, {"1"}},
      {R"({"not":{}})", {}, {"1", "null"}},
      {R"({"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}]})",
       {R"({"a":1})", R"({"b":1})", R"({"a":1,"b":1})"},
       {"{}", R"({"c":1})"}},
      {R"({"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]})",
       {R"({"a":1})"},
       {"{}", R"({"a":1,"b":1})"}},
  });
}

TEST(SchemaTest, references) {
  run({
      {R"({"$defs":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/n"}}})",
       {R"({"a":1})"},
       {R"({"a":"x"})"}},
      {R"({"$defs":{"n":{"type":"integer"}},"$ref":"#/$defs/n","minimum":3})",
       {"3"},
       {"2", R"("x")"}},
      {R"({"properties":{"child":{"$ref":"#"},"v":{"type":"integer"}},
          "additionalProperties":false})",
       {R"({"v":1,"child":{"child":{"v":2}}})"},
       {R"({"child":{"child":{"v":"x"}}})", R"({"child":{"w":1}})"}},
      {R"({"$defs":{"tree":{"type":["object","null"],
          "properties":{"l":{"$ref":"#/$defs/tree"},"r":{"$ref":"#/$defs/tree"}}}},
          "$ref":"#/$defs/tree"})",
       {R"({"l":{"l":null,"r":{}}})"},
       {R"({"l":{"r":1}})"}},
      {R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"items":{"$ref":"#/$defs/a"},"type":"array"}},
          "$ref":"#/$defs/a"})",
       {"[[],[[]]]"},
       {"[[1]]"}},
      {R"({"$defs":{"a/b":{"type":"null"},"c~d":{"type":"string"},"e f":{"type":"integer"},
          "ü":{"type":"array"}},
          "prefixItems":[{"$ref":"#/$defs/a~1b"},{"$ref":"#/$defs/c~0d"},
          {"$ref":"#/$defs/e%20f"},{"$ref":"#/$defs/%C3%BC"}]})",
       {R"([null,"x",1,[]])"},
       {"[1]", "[null,1]", R"([null,"x","y"])", R"([null,"x",1,1])"}},
      {R"({"prefixItems":[{"type":"string"},{"$ref":"#/prefixItems/0"}]})",
       {R"(["a","b"])"},
       {R"(["a",1])"}},
  });
}

TEST(SchemaTest, hostile_patterns_take_linear_time) {
  const std::string text(1'000'000, 'a');
  for (const std::string_view pattern :
       {"(a+)+$", "^(a+)+$", "(a|aa)+$", "^(a|a?)+$", "(.*a){20}x", "(a*)*b",
        "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "(a|b)*a(a|b){12}c",
        "([a-zA-Z0-9])(([-.]|[_]+)?([a-zA-Z0-9]+))*@x$"}) {
    const Schema schema = Schema::compile(Json{{"pattern", pattern}}).value();
    const auto start = std::chrono::steady_clock::now();
    (void)schema.check(Json(text + "!"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5}) << pattern;
  }
}

TEST(SchemaTest, a_pattern_whose_worst_case_takes_too_long_is_not_begun) {
  const Schema schema = compiled(R"({"pattern":"((a|b)?){900}c"})");
  EXPECT_TRUE(schema.check(Json(std::string(10'000, 'a') + "c")).empty());
  const auto start = std::chrono::steady_clock::now();
  const Problems problems = schema.check(Json(std::string(1'000'000, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message,
            "this cannot be checked: it is too large for so involved a schema");
}

TEST(SchemaTest, formats_take_linear_time) {
  for (const std::string_view format :
       {"email", "uri", "date", "date-time", "uuid", "ipv4", "ipv6", "hostname"}) {
    const Schema schema = Schema::compile(Json{{"format", format}}).value();
    for (const std::string_view piece :
         {"a", "a.", "a@", "1:", "%41", "[", "\"\\", "-", "9", "a:"}) {
      std::string text;
      while (text.size() < 200'000) text += piece;
      const auto start = std::chrono::steady_clock::now();
      (void)schema.check(Json(text));
      (void)schema.check(Json("a:" + text));
      (void)schema.check(Json("a@" + text));
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2})
          << format << piece;
    }
  }
}

TEST(SchemaTest, unique_items_is_not_quadratic) {
  JsonArray items;
  for (int i = 0; i < 50'000; ++i) items.push_back(Json{{"id", i}, {"name", "x"}});
  const Schema schema = compiled(R"({"uniqueItems":true})");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(schema.check(Json(items)).empty());
  items.push_back(Json{{"name", "x"}, {"id", 17}});
  EXPECT_EQ(schema.check(Json(items)).size(), 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{20});
}

TEST(SchemaTest, a_schema_that_branches_at_every_level_is_given_up) {
  // 2^40 ways through it, in a kilobyte.
  JsonObject defs;
  for (int i = 0; i < 40; ++i) {
    const Json next = {{"$ref", "#/$defs/n" + std::to_string(i + 1)}};
    defs["n" + std::to_string(i)] = {{"anyOf", JsonArray{next, next}}};
  }
  defs["n40"] = {{"type", "null"}};
  const Schema schema = Schema::compile(Json{{"$defs", defs}, {"$ref", "#/$defs/n0"}}).value();
  EXPECT_TRUE(schema.check(Json(nullptr)).empty());
  const Problems problems = schema.check(Json(1), "/inputs");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].pointer, "/inputs");
  EXPECT_EQ(problems[0].message,
            "this cannot be checked: it is too large for so involved a schema");
}

TEST(SchemaTest, depth_is_bounded) {
  const Schema schema = compiled(R"({"items":{"$ref":"#"}})");
  Json value = JsonArray{};
  for (int i = 0; i < 99; ++i) value = JsonArray{std::move(value)};
  EXPECT_TRUE(schema.check(value).empty());  // as deep as a request may be
  for (int i = 0; i < 3000; ++i) value = JsonArray{std::move(value)};
  const Problems problems = schema.check(value);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].message, "this cannot be checked: it is nested too deeply");
  // Nor does `not` turn giving up into a fit.
  EXPECT_FALSE(compiled(R"({"not":{"items":{"$ref":"#/not"},"minItems":1}})").check(value).empty());
}

TEST(SchemaTest, a_schema_outlives_its_source_and_keeps_the_document) {
  Schema schema = compiled("{}");
  {
    Json source = json(R"({"type":"integer","enum":[1,2],"title":"n","x-ui":{"order":1}})");
    schema = Schema::compile(source).value();
    source = nullptr;
  }
  const Schema copy = schema;
  EXPECT_EQ(to_json(copy.document()),
            R"({"type":"integer","enum":[1,2],"title":"n","x-ui":{"order":1}})");
  EXPECT_TRUE(copy.check(Json(2)).empty());
  EXPECT_FALSE(copy.check(Json(3)).empty());
}

TEST(SchemaTest, fill_defaults) {
  const Json schema = json(
      R"({"properties":{"a":{"default":1},"b":{"default":{"x":[]}},"c":{},"d":true,
          "e":{"default":null}}})");
  Json object = json(R"({"b":"kept","z":0})");
  fill_defaults(object, schema);
  EXPECT_EQ(to_json(object), R"({"b":"kept","z":0,"a":1,"e":null})");
  Json array = json("[]");
  fill_defaults(array, schema);
  EXPECT_EQ(to_json(array), "[]");
  fill_defaults(object, json("true"));
  fill_defaults(object, json(R"({"properties":[]})"));
  EXPECT_EQ(object.get_object().size(), 4u);
}

}  // namespace
}  // namespace pilot::schema
