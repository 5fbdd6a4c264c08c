// What is no schema, and in which words and where it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schema/schema.h"

namespace pilot::schema {
namespace {

using ::testing::HasSubstr;

Error refused(std::string_view text) {
  Result<Schema> schema = Schema::compile(parse_json(text).value());
  EXPECT_FALSE(schema) << text;
  return schema ? Error{} : schema.error();
}

TEST(SchemaCompileTest, every_mistake_is_named_with_its_place) {
  struct Case {
    std::string_view schema, pointer, words;
  };
  for (const auto& [schema, pointer, words] : std::vector<Case>{
           {"1", "", "expected a schema (an object, true or false), got integer"},
           {R"({"properties":{"a":"string"}})", "/properties/a", "expected a schema"},
           {R"({"type":"int"})", "/type", "\"int\" is no type"},
           {R"({"type":"strin"})", "/type", "did you mean \"string\"?"},
           {R"({"type":[]})", "/type", "at least one type"},
           {R"({"type":["string",1]})", "/type/1", "expected the name of a type, got integer"},
           {R"({"type":{}})", "/type", "expected the name of a type"},
           {R"({"enum":[]})", "/enum", "at least one value"},
           {R"({"enum":"a"})", "/enum", "got string"},
           {R"({"minimum":"1"})", "/minimum", "expected a number, got string"},
           {R"({"exclusiveMinimum":true})", "/exclusiveMinimum", "expected a number, got boolean"},
           {R"({"multipleOf":0})", "/multipleOf", "greater than 0"},
           {R"({"multipleOf":-1.5})", "/multipleOf", "greater than 0"},
           {R"({"minLength":-1})", "/minLength", "an integer of at least 0, got -1"},
           {R"({"maxItems":1.5})", "/maxItems", "an integer of at least 0"},
           {R"({"pattern":1})", "/pattern", "expected a regular expression"},
           {R"({"pattern":"("})", "/pattern", "cannot be used: missing )"},
           {R"({"pattern":"(?=a)b"})", "/pattern", "no look-ahead"},
           {R"({"pattern":"(a)\\1"})", "/pattern", "back-reference"},
           {R"({"pattern":"((a{1000}){1000}){1000}"})", "/pattern", "cannot be used"},
           {R"({"pattern":"\\pL{1,20}"})", "/pattern", "too large when its repetitions"},
           {R"({"format":"mail"})", "/format", "is not a format that is checked"},
           {R"({"format":"e-mail"})", "/format", "did you mean \"email\"?"},
           {R"({"properties":[]})", "/properties", "expected an object of schemas"},
           {R"({"properties":{"a/b":{"items":{"type":"x"}}}})", "/properties/a~1b/items/type",
            "is no type"},
           {R"({"patternProperties":{"(":{}}})", "/patternProperties/(", "missing )"},
           {R"({"required":"a"})", "/required", "a list of property names"},
           {R"({"required":["a",1]})", "/required/1", "a property name"},
           {R"({"required":["a","a"]})", "/required/1", "twice"},
           {R"({"items":[{}]})", "/items", "expected a schema"},
           {R"({"prefixItems":{}})", "/prefixItems", "a list of at least one schema"},
           {R"({"anyOf":[]})", "/anyOf", "a list of at least one schema"},
           {R"({"allOf":[{},{"not":3}]})", "/allOf/1/not", "expected a schema"},
           {R"({"uniqueItems":1})", "/uniqueItems", "expected true or false"},
           {R"({"$defs":{"unused":{"type":"x"}}})", "/$defs/unused/type", "is no type"},
           {R"({"minimun":1})", "/minimun", "did you mean \"minimum\"?"},
           {R"({"if":{}})", "/if", "\"if\" is not a keyword that is checked here"},
           {R"({"nullable":true})", "/nullable", "null"},
           {R"({"definitions":{}})", "/definitions", "$defs"},
           {R"({"unevaluatedProperties":false})", "/unevaluatedProperties", "not a keyword"},
           {R"({"$ref":"https://example.com/x"})", "/$ref", "nothing is fetched"},
           {R"({"$ref":"other.json#/a"})", "/$ref", "nothing is fetched"},
           {R"({"$ref":1})", "/$ref", "a text that starts with #"},
           {R"({"$ref":"#/$defs/none"})", "/$ref", "there is nothing at \"#/$defs/none\""},
           {R"({"$ref":"#name"})", "/$ref", "there is nothing at"},
           {R"({"$ref":"#/%zz"})", "/$ref", "there is nothing at"},
           {R"({"prefixItems":[{}],"items":{"$ref":"#/prefixItems/01"}})", "/items/$ref",
            "there is nothing at"},
           {R"({"title":"t","items":{"$ref":"#/title"}})", "/title", "expected a schema"},
       }) {
    const Error error = refused(schema);
    EXPECT_EQ(error.code, "invalid_schema") << schema;
    EXPECT_EQ(error.pointer, pointer) << schema;
    EXPECT_THAT(error.message, HasSubstr(words)) << schema;
  }
}

TEST(SchemaCompileTest, circles_that_never_go_into_the_value_are_refused) {
  for (const std::string_view schema :
       {R"({"$ref":"#"})", R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
        R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}})",
        R"({"items":{"oneOf":[{"$ref":"#/items"}]}})"}) {
    EXPECT_THAT(refused(schema).message, HasSubstr("leads back to itself")) << schema;
  }
  // The same node twice side by side is no circle.
  EXPECT_TRUE(Schema::compile(
      parse_json(R"({"$defs":{"a":{}},"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]})")
          .value()));
}

TEST(SchemaCompileTest, annotations_are_kept_and_ignored) {
  const Json document =
      parse_json(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x",
      "$comment":"c","title":1,"description":"d","default":"no integer",
      "examples":[1],"deprecated":true,
      "readOnly":true,"writeOnly":false,"x-anything":{"type":"nonsense"},"type":"integer"})")
          .value();
  const Result<Schema> schema = Schema::compile(document);
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(schema->document(), document);
  EXPECT_TRUE(schema->check(Json(1)).empty());
}

TEST(SchemaCompileTest, sizes_are_bounded) {
  EXPECT_THAT(refused(R"({"pattern":")" + std::string(1025, 'a') + "\"}").message,
              HasSubstr("at most 1024"));
  EXPECT_TRUE(Schema::compile(Json{{"pattern", std::string(1024, 'a')}}));

  JsonArray many(10'001, Json(JsonObject{}));
  EXPECT_THAT(Schema::compile(Json{{"anyOf", many}}).error().message,
              HasSubstr("more than 10000 schemas"));

  JsonObject patterns;
  for (int i = 0; i < 101; ++i) patterns["^" + std::to_string(i)] = true;
  EXPECT_THAT(Schema::compile(Json{{"patternProperties", patterns}}).error().message,
              HasSubstr("more than 100 patterns"));

  // Long chains are walked, not recursed into.
  JsonObject defs;
  for (int i = 0; i < 9'000; ++i)
    defs["n" + std::to_string(i)] = Json{{"$ref", "#/$defs/n" + std::to_string(i + 1)}};
  defs["n9000"] = Json{{"type", "null"}};
  const Result<Schema> chain = Schema::compile(Json{{"$defs", defs}, {"$ref", "#/$defs/n0"}});
  ASSERT_TRUE(chain) << chain.error().message;
  EXPECT_THAT(chain->check(Json(nullptr)).at(0).message, HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace pilot::schema
