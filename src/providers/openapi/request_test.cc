// Parameters and bodies: where values go at the vendor, and under which names.
#include "providers/openapi/import_for_test.h"

namespace pilot::providers::openapi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// An action of GET /a with these parameters.
ImportedManifest get(std::string_view parameters, std::string_view path = "/a") {
  return import_text(with_paths("paths:\n  " + std::string(path) +
                                ":\n    get:\n      operationId: a\n      parameters: [" +
                                std::string(parameters) + "]\n"));
}

ImportedManifest post(std::string_view content, std::string_view rest = "") {
  return import_text(
      with_paths("paths:\n  /a:\n    post:\n      operationId: a\n      requestBody: {required: "
                 "true, content: " +
                 std::string(content) + "}\n" + std::string(rest)));
}

TEST(Parameters, NamesThatAreNotWords) {
  EXPECT_EQ(part(get("{name: 'filter[name]', in: query}, {name: '$top', in: query}, {name: "
                     "user-id, in: path}",
                     "/a/{user-id}"),
                 "/actions/a"),
            R"({"do":"GET /a/{user_id}","params":{"filter_name":{"type":"string",)"
            R"("as":"filter[name]"},"top":{"type":"string","as":"$top"},)"
            R"("user_id":{"type":"string","required":true}}})");
}

TEST(Parameters, TheSameNameInSeveralPlaces) {
  const ImportedManifest imported = import_text(with_paths(R"(paths:
  /a/{id}:
    put:
      operationId: a
      parameters:
        - {name: id, in: query, schema: {type: string}}
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: Id, in: header, schema: {type: string}}
      requestBody:
        content:
          application/json: {schema: {type: object, properties: {id: {type: boolean}}}}
)"));
  EXPECT_EQ(part(imported, "/actions/a"),
            R"({"do":"PUT /a/{id}","params":{"id":{"type":"integer","required":true},)"
            R"("id_body":{"type":"boolean","as":"id"}},"query":{"id_query":{"type":"string",)"
            R"("as":"id"}},"header":{"id_header":{"type":"string","as":"Id"}}})");
}

TEST(Parameters, OfThePathAreOverridden) {
  const ImportedManifest imported = import_text(with_paths(R"(paths:
  /a:
    parameters: [{name: q, in: query, schema: {type: string}}, {$ref: '#/components/parameters/P'}]
    get: {operationId: a, parameters: [{name: q, in: query, schema: {type: integer}}]}
components: {parameters: {P: {name: p, in: query, required: true, schema: {type: string, default: x}}}}
)"));
  EXPECT_EQ(part(imported, "/actions/a/params"),
            R"({"q":{"type":"integer"},"p":{"type":"string","default":"x","required":true}})");
}

TEST(Parameters, Styles) {
  const auto list = [](std::string_view how) {
    return get("{name: x, in: query, " + std::string(how) +
               ", schema: {type: array, items: {type: string}}}");
  };
  EXPECT_EQ(part(list("style: form"), "/actions/a/arrays"), "");
  EXPECT_EQ(part(list("explode: false"), "/actions/a/arrays"), R"("comma")");
  EXPECT_EQ(part(list("style: pipeDelimited, explode: false"), "/actions/a/params/x"),
            R"({"type":"string","description":"Several values with | between them."})");
  EXPECT_EQ(part(list("style: spaceDelimited, explode: false"), "/actions/a/params/x/type"),
            R"("string")");
  // Two ways in one action: the commas are the caller's.
  const ImportedManifest both = get(
      "{name: x, in: query, explode: false, schema: {type: array}}, {name: y, in: query, schema: "
      "{type: array}}");
  EXPECT_EQ(part(both, "/actions/a/arrays"), "");
  EXPECT_THAT(part(both, "/actions/a/params/x"), HasSubstr("comma"));
  EXPECT_EQ(part(both, "/actions/a/params/y"), R"({"type":"array"})");
}

TEST(Parameters, ObjectsInTheQuery) {
  EXPECT_EQ(part(get("{name: f, in: query, style: deepObject, schema: {type: object, properties: "
                     "{a: {type: integer}}}}"),
                 "/actions/a/params"),
            R"({"f":{"type":"object","properties":{"a":{"type":"integer"}}}})");
  EXPECT_EQ(part(get("{name: f, in: query, schema: {type: object, properties: {a: {type: integer}, "
                     "b: {type: string}}}}"),
                 "/actions/a/params"),
            R"({"a":{"type":"integer"},"b":{"type":"string"}})");
  const ImportedManifest free = get("{name: f, in: query, schema: {type: object}}");
  EXPECT_EQ(part(free, "/actions/a/params"), "");
  EXPECT_THAT(note_codes(free), Contains("free_query"));
  EXPECT_THAT(part(get("{name: f, in: query, content: {application/json: {schema: {type: "
                       "object}}}}"),
                   "/actions/a/params/f"),
              HasSubstr("JSON as a text"));
}

TEST(Parameters, WhatIsNotTaken) {
  const ImportedManifest imported =
      get("{name: s, in: cookie}, {name: Authorization, in: header}, {name: 'a b', in: header}, "
          "{name: p, in: path}");
  EXPECT_EQ(part(imported, "/actions/a"), R"({"do":"GET /a"})");
  EXPECT_THAT(note_codes(imported),
              testing::UnorderedElementsAre("cookie", "header_name", "path_parameter"));
}

TEST(Parameters, OneThatIsNotKnownLeavesTheOperationOut) {
  EXPECT_EQ(refusal(with_paths("paths: {/a: {get: {parameters: [{$ref: 'other.yaml#/p'}]}}}\n")),
            "no_operations");
}

TEST(Parameters, OneChoiceIsAConstant) {
  EXPECT_EQ(part(get("{name: v, in: query, required: true, schema: {type: string, enum: [1]}}, "
                     "{name: X-V, in: header, required: true, schema: {type: string, enum: [b]}}"),
                 "/actions/a"),
            R"({"do":"GET /a","set":{"query.v":"1","header.X-V":"b"}})");
}

TEST(Parameters, Paths) {
  EXPECT_EQ(part(get("", "'/a/{x}/{y}'"), "/actions/a"),
            R"({"do":"GET /a/{x}/{y}","params":{"x":{"type":"string","required":true},)"
            R"("y":{"type":"string","required":true}}})");
  EXPECT_EQ(part(get("{name: Action, in: query, required: true, schema: {type: string, enum: "
                     "[Get]}}",
                     "'/#Action=Get'"),
                 "/actions/a"),
            R"({"do":"GET /","set":{"query.Action":"Get"}})");
  EXPECT_EQ(part(get("", "'/a?kind=x&id={id}'"), "/actions/a"),
            R"({"do":"GET /a","params":{"id":{"type":"string","required":true}},)"
            R"("set":{"query.kind":"x"}})");
  EXPECT_EQ(part(get("{name: path, in: path}", "'/a/{path*}'"), "/actions/a/do"),
            R"("GET /a/{path}")");
  EXPECT_EQ(part(get("", "'/a{{b}}/{c'"), "/actions/a/do"), R"("GET /a%7B{b}%7D/%7Bc")");
}

TEST(Body, Kinds) {
  EXPECT_EQ(part(post("{application/x-www-form-urlencoded: {schema: {type: object, properties: {a: "
                      "{type: string}, l: {type: array}}}}}"),
                 "/actions/a"),
            R"({"do":"POST /a","params":{"a":{"type":"string"},"l":{"type":"array"}},)"
            R"("arrays":"repeat"})");
  EXPECT_EQ(
      part(post("{multipart/form-data: {schema: {type: object, required: [f], properties: {f: "
                "{type: string, format: binary}, g: {type: array, items: {type: string, "
                "format: binary}}}}}}"),
           "/actions/a"),
      R"({"do":"POST /a","params":{"f":{"type":"file","required":true},)"
      R"("g":{"type":"files"}},"body":"multipart"})");
  EXPECT_EQ(
      part(post("{text/csv: {schema: {type: string}}}"), "/actions/a"),
      R"({"do":"POST /a","params":{"body":{"type":"string","description":)"
      R"("The body, as text/csv.","required":true}},"set":{"header.Content-Type":"text/csv"},)"
      R"("body":"raw"})");
  EXPECT_EQ(part(post("{image/png: {}}"), "/actions/a/params/body/type"), R"("file")");
}

TEST(Body, JsonIsTakenFirst) {
  EXPECT_EQ(part(post("{multipart/form-data: {}, application/json: {schema: {type: object, "
                      "properties: {a: {}}}}}"),
                 "/actions/a"),
            R"({"do":"POST /a","params":{"a":{}}})");
  EXPECT_EQ(part(post("{'application/merge-patch+json; charset=utf-8': {schema: {type: object, "
                      "properties: {a: {}}}}}"),
                 "/actions/a/set"),
            R"({"header.Content-Type":"application/merge-patch+json"})");
}

TEST(Body, WhatIsNoObjectIsOneParam) {
  EXPECT_EQ(part(post("{application/json: {schema: {type: array, items: {type: string}}}}"),
                 "/actions/a"),
            R"({"do":"POST /a","params":{"body":{"type":"array","items":{"type":"string"},)"
            R"("description":"The body.","required":true}},"send":".body"})");
  EXPECT_EQ(part(post("{application/json: {schema: {type: object}}}"), "/actions/a/send"),
            R"(".body")");
  EXPECT_EQ(part(post("{application/json: {}}"), "/actions/a/send"), R"(".body")");
  EXPECT_EQ(part(import_text(with_paths(
                     "paths: {/a: {post: {operationId: a, parameters: [{name: body, in: query}], "
                     "requestBody: {content: {application/json: {schema: {type: array}}}}}}}\n")),
                 "/actions/a/send"),
            R"(".body_body")");
}

TEST(Body, SeveralForms) {
  const ImportedManifest imported = post(
      "{application/json: {schema: {oneOf: [{type: object, required: [kind, a], properties: {kind: "
      "{type: string, enum: [x]}, a: {type: integer}}}, {type: object, required: [kind], "
      "properties: {kind: {type: string, enum: [y]}, b: {type: integer}}}]}}}");
  EXPECT_EQ(part(imported, "/actions/a/params"),
            R"({"kind":{"anyOf":[{"type":"string","enum":["x"]},{"type":"string","enum":["y"]}],)"
            R"("required":true},"a":{"type":"integer"},"b":{"type":"integer"}})");
  EXPECT_THAT(note_codes(imported), Contains("union_body"));
}

TEST(Body, OfAMethodThatHasNone) {
  const ImportedManifest imported = import_text(with_paths(
      "paths: {/a: {delete: {operationId: a, requestBody: {content: {application/json: {schema: "
      "{type: object, properties: {b: {}}}}}}}}}\n"));
  EXPECT_EQ(part(imported, "/actions/a"), R"({"do":"DELETE /a"})");
  EXPECT_THAT(note_codes(imported), Contains("body_left_out"));
}

}  // namespace
}  // namespace pilot::providers::openapi
