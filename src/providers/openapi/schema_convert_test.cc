// What becomes of schemas, seen through the params of a JSON body.
#include "providers/openapi/import_for_test.h"

namespace pilot::providers::openapi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// The params of an action whose body has these members (YAML, one line each).
ImportedManifest with_members(std::string_view members, std::string_view rest = "") {
  std::string text =
      "paths:\n  /a:\n    post:\n      operationId: a\n      requestBody:\n        content:\n"
      "          application/json:\n            schema:\n              type: object\n"
      "              properties:\n";
  while (!members.empty()) {
    const std::size_t end = std::min(members.find('\n'), members.size());
    text += "                " + std::string(members.substr(0, end)) + "\n";
    members.remove_prefix(std::min(end + 1, members.size()));
  }
  return import_text(with_paths(text + std::string(rest)));
}

std::string param(std::string_view schema, std::string_view rest = "") {
  return part(with_members("x: " + std::string(schema), rest), "/actions/a/params/x");
}

TEST(SchemaConvert, TypesAndTheirWords) {
  EXPECT_EQ(param("{type: string, format: byte}"), R"({"type":"string"})");
  EXPECT_EQ(param("{type: int}"), R"({"type":"integer"})");
  EXPECT_EQ(param("{type: Float}"), R"({"type":"number"})");
  EXPECT_EQ(param("{type: whatever}"), "{}");
  EXPECT_EQ(param("{}"), "{}");
  EXPECT_EQ(param("true"), "{}");
  EXPECT_EQ(param("{type: string, nullable: true}"), R"({"type":["string","null"]})");
  EXPECT_EQ(param("{properties: {a: {type: string}}}"),
            R"({"type":"object","properties":{"a":{"type":"string"}}})");
  EXPECT_EQ(param("{items: {type: string}}"), R"({"type":"array","items":{"type":"string"}})");
}

TEST(SchemaConvert, RulesOfTextsAndNumbers) {
  EXPECT_EQ(param("{type: string, minLength: 2, pattern: '^[a-z]+$', format: date-time}"),
            R"({"type":"string","minLength":2,"format":"date-time","pattern":"^[a-z]+$"})");
  EXPECT_EQ(param("{type: string, format: password}"), R"({"type":"string","writeOnly":true})");
  EXPECT_EQ(param("{type: integer, minimum: 1, exclusiveMinimum: true, maximum: 9}"),
            R"({"type":"integer","exclusiveMinimum":1,"maximum":9})");
  EXPECT_EQ(param("{type: integer, minimum: '1', multipleOf: 0}"), R"({"type":"integer"})");
  EXPECT_EQ(param("{type: number, maximum: 79228162514264337593543950335}"),
            R"({"type":"number"})");
}

TEST(SchemaConvert, APatternThatCannotBeCheckedIsNoted) {
  const ImportedManifest imported = with_members("x: {type: string, pattern: '^(?!a)b$'}");
  EXPECT_EQ(part(imported, "/actions/a/params/x"), R"({"type":"string"})");
  EXPECT_THAT(note_codes(imported), Contains("pattern"));
}

TEST(SchemaConvert, EnumsAreOfTheirType) {
  EXPECT_EQ(param("{type: string, enum: [yes, 1, 2.5, true]}"),
            R"({"type":"string","enum":["yes","1","2.5","true"]})");
  EXPECT_EQ(param("{type: integer, enum: ['1', 2]}"), R"({"type":"integer","enum":[1,2]})");
  EXPECT_EQ(param("{type: string, nullable: true, enum: [a]}"),
            R"({"type":["string","null"],"enum":["a",null]})");
  const ImportedManifest odd = with_members("x: {type: integer, enum: [one]}");
  EXPECT_EQ(part(odd, "/actions/a/params/x"), R"({"type":"integer"})");
  EXPECT_THAT(note_codes(odd), Contains("odd_enum"));
}

TEST(SchemaConvert, AllOfIsPutTogether) {
  EXPECT_EQ(param("{allOf: [{$ref: '#/components/schemas/A'}, {required: [b], properties: {b: "
                  "{type: integer}}}], description: Both}",
                  "components: {schemas: {A: {type: object, required: [a], properties: {a: {type: "
                  "string}}}}}\n"),
            R"({"type":"object","description":"Both","properties":{"a":{"type":"string"},)"
            R"("b":{"type":"integer"}},"required":["a","b"]})");
}

TEST(SchemaConvert, OneOfAndAnyOf) {
  EXPECT_EQ(param("{oneOf: [{type: string}, {type: integer, minimum: 1}]}"),
            R"({"anyOf":[{"type":"string"},{"type":"integer","minimum":1}]})");
  EXPECT_EQ(param("{anyOf: [{type: string}, {}]}"), "{}");
  EXPECT_EQ(param("{oneOf: [{type: string}]}"), R"({"type":"string"})");
  EXPECT_EQ(param("{nullable: true, oneOf: [{type: string}]}"), R"({"type":["string","null"]})");
  EXPECT_EQ(param("{type: object, properties: {a: {type: string}}, anyOf: [{required: [a]}, "
                  "{required: [b]}]}"),
            R"({"type":"object","properties":{"a":{"type":"string"}}})");
}

TEST(SchemaConvert, ObjectsAndLists) {
  EXPECT_EQ(param("{type: object, additionalProperties: {type: integer}}"),
            R"({"type":"object","additionalProperties":{"type":"integer"}})");
  EXPECT_EQ(param("{type: object, properties: {a: {}}, additionalProperties: false}"),
            R"({"type":"object","properties":{"a":{}},"additionalProperties":false})");
  EXPECT_EQ(param("{type: array, items: {type: object, required: [a, zz], properties: {a: {type: "
                  "string}, r: {type: string, readOnly: true}}}, minItems: 1, uniqueItems: true}"),
            R"({"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"object",)"
            R"("properties":{"a":{"type":"string"}},"required":["a"]}})");
}

TEST(SchemaConvert, ARequiredParamMayHaveRequiredMembers) {
  const ImportedManifest imported = import_text(with_paths(R"(paths:
  /a:
    post:
      operationId: a
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [x, y]
              properties:
                x: {type: object, required: [in], properties: {in: {type: string}}}
                y: {type: object, nullable: true, required: [in], properties: {in: {type: string}}}
)"));
  EXPECT_EQ(part(imported, "/actions/a/params/x"),
            R"({"type":"object!","properties":{"in":{"type":"string"}},"required":["in"]})");
  EXPECT_THAT(part(imported, "/actions/a/params/y"),
              HasSubstr(R"("required":true,"allOf":[{"required":["in"]}])"));
}

TEST(SchemaConvert, RecursionIsCut) {
  const ImportedManifest imported = with_members(
      "x: {$ref: '#/components/schemas/Node'}",
      "components: {schemas: {Node: {type: object, properties: {name: {type: string}, kids: {type: "
      "array, items: {$ref: '#/components/schemas/Node'}}}}}}\n");
  EXPECT_EQ(part(imported, "/actions/a/params/x"),
            R"({"type":"object","properties":{"name":{"type":"string"},"kids":{"type":"array",)"
            R"("items":{"type":"object"}}}})");
  EXPECT_THAT(note_codes(imported), Contains("recursive_schema"));
}

TEST(SchemaConvert, RefsInACircleEnd) {
  for (const std::string_view circle :
       {"components: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {$ref: "
        "'#/components/schemas/A'}}}\n",
        "components: {schemas: {A: {allOf: [{$ref: '#/components/schemas/A'}]}}}\n",
        "components: {schemas: {A: {anyOf: [{$ref: '#/components/schemas/A'}, {type: string}]}}}\n",
        "components: {schemas: {A: {items: {$ref: '#/components/schemas/A'}}}}\n"}) {
    EXPECT_EQ(with_members("x: {$ref: '#/components/schemas/A'}", circle).actions, 1u) << circle;
  }
}

TEST(SchemaConvert, RefsThatLeadOutOrNowhere) {
  const ImportedManifest imported = with_members(
      "x: {$ref: 'https://169.254.169.254/latest#/a'}\n"
      "y: {$ref: '../../etc/passwd'}\n"
      "z: {$ref: '#/components/schemas/None'}\n"
      "w: {$ref: '#/components/schemas/a~1b%20c'}",
      "components: {schemas: {'a/b c': {type: boolean}}}\n");
  EXPECT_EQ(part(imported, "/actions/a/params"),
            R"({"x":{},"y":{},"z":{},"w":{"type":"boolean"}})");
  EXPECT_THAT(note_codes(imported), Contains("external_ref"));
  EXPECT_THAT(note_codes(imported), Contains("broken_ref"));
  EXPECT_EQ(imported.notes[0].pointer, "/paths/~1a/post");
}

}  // namespace
}  // namespace pilot::providers::openapi
