// Whole documents of each version; hostile ones are in import_limits_test.cc.
#include "providers/openapi/import_for_test.h"

namespace pilot::providers::openapi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kPets = R"(
openapi: 3.0.3
info: {title: Pet Store API, version: '1', description: "All\nabout  pets"}
externalDocs: {url: https://docs.example.com/pets}
servers:
  - url: https://{region}.example.com/v1
    variables: {region: {default: eu, enum: [eu, us], description: Where}}
security: [{token: []}]
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, description: Its id, schema: {type: integer}}
    get:
      operationId: getPet
      summary: One pet
      parameters: [{name: X-Trace-Id, in: header, schema: {type: string}}]
      responses: {'200': {description: ok}}
    put:
      operationId: updatePet
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Pet'}
      responses: {'200': {description: ok}}
  /ping:
    get: {operationId: ping, security: [], responses: {}}
components:
  schemas:
    Pet:
      type: object
      required: [name, id]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, minLength: 1, maxLength: 40}
        kind: {type: string, enum: [cat, dog], default: cat}
        owner: {type: object, required: [email], properties: {email: {type: string, format: email}}}
  securitySchemes:
    token: {type: http, scheme: bearer}
)";

TEST(Import, AWholeDocument) {
  const ImportedManifest imported = import_text(kPets);
  EXPECT_EQ(imported.operations, 3u);
  EXPECT_EQ(imported.actions, 3u);
  EXPECT_THAT(imported.notes, IsEmpty());
  EXPECT_EQ(part(imported, "/id"), R"("pet_store")");
  EXPECT_EQ(part(imported, "/name"), R"("Pet Store API")");
  EXPECT_EQ(part(imported, "/description"), R"("All about pets")");
  EXPECT_EQ(part(imported, "/docs"), R"("https://docs.example.com/pets")");
  EXPECT_EQ(part(imported, "/base"), R"("https://{{region}}.example.com/v1")");
  EXPECT_EQ(part(imported, "/fields/region"),
            R"({"description":"Where","default":"eu","enum":["eu","us"]})");
  EXPECT_EQ(part(imported, "/auth"), R"({"bearer":"token"})");
  EXPECT_EQ(part(imported, "/actions/get_pet"),
            R"({"do":"GET /pets/{petId}","params":{"petId":{"type":"integer",)"
            R"("description":"Its id","required":true}},"header":{"x_trace_id":{"type":"string",)"
            R"("as":"X-Trace-Id"}},"title":"One pet"})");
  EXPECT_EQ(part(imported, "/actions/update_pet/params"),
            R"({"petId":{"type":"integer","description":"Its id","required":true},)"
            R"("name":{"type":"string","minLength":1,"maxLength":40,"required":true},)"
            R"("kind":{"type":"string","enum":["cat","dog"],"description":"Default: cat."},)"
            R"("owner":{"type":"object","properties":{"email":{"type":"string",)"
            R"("format":"email"}},"required":["email"]}})");
  EXPECT_EQ(part(imported, "/actions/ping/auth"), R"("none")");
}

TEST(Import, TheSameInJson) {
  const Result<Json> document = read_openapi(kPets);
  ASSERT_TRUE(document);
  const std::string json = "\xef\xbb\xbf \n" + to_json(*document);
  EXPECT_EQ(import_text(json).manifest, import_text(kPets).manifest);
}

TEST(Import, Swagger2) {
  const ImportedManifest imported = import_text(R"(
swagger: '2.0'
info: {title: Old, version: '1'}
host: api.example.com
basePath: /v1/
schemes: [http, https]
produces: [application/json]
securityDefinitions:
  login: {type: basic}
  flow:
    type: oauth2
    flow: accessCode
    authorizationUrl: https://id.example.com/authorize
    tokenUrl: https://id.example.com/token
    scopes: {read: Reads, write: Writes}
security: [{login: []}, {flow: [read]}]
paths:
  /notes:
    post:
      operationId: addNote
      parameters:
        - {name: note, in: body, required: true, schema: {$ref: '#/definitions/Note'}}
        - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: csv}
      responses: {200: {description: ok}}
  /files:
    post:
      operationId: upload
      consumes: [multipart/form-data]
      parameters:
        - {name: content, in: formData, type: file, required: true, description: What}
        - {name: title, in: formData, type: string}
      responses: {200: {description: ok}}
  /login:
    post:
      operationId: login
      consumes: [application/x-www-form-urlencoded]
      parameters: [{name: user, in: formData, type: string, required: true}]
      responses: {200: {description: ok}}
definitions:
  Note: {type: object, required: [text], properties: {text: {type: string, x-nullable: true}}}
)");
  EXPECT_EQ(part(imported, "/base"), R"("https://api.example.com/v1")");
  EXPECT_EQ(part(imported, "/auth"),
            R"([{"basic":["username","password"]},{"oauth2":{"authorize":)"
            R"("https://id.example.com/authorize","token":"https://id.example.com/token",)"
            R"("scopes":["read","write"]}}])");
  EXPECT_EQ(part(imported, "/actions/add_note"),
            R"({"do":"POST /notes","params":{"text":{"type":["string","null"],"required":true}},)"
            R"("query":{"tags":{"type":"array","items":{"type":"string"}}},"arrays":"comma"})");
  EXPECT_EQ(part(imported, "/actions/upload"),
            R"({"do":"POST /files","params":{"content":{"type":"file","description":"What",)"
            R"("required":true},"title":{"type":"string"}},"body":"multipart"})");
  EXPECT_EQ(part(imported, "/actions/login/body"), R"("form")");
}

TEST(Import, Version31) {
  const ImportedManifest imported = import_text(R"(
openapi: 3.1.0
info: {title: New, version: '1'}
servers: [{url: https://api.example.com}]
paths:
  /a:
    post:
      operationId: a
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                maybe: {type: [string, 'null']}
                fast: {anyOf: [{type: integer}, {type: 'null'}]}
                fixed: {const: 7}
                pair: {type: array, prefixItems: [{type: string}]}
                over: {type: number, exclusiveMinimum: 0}
                named: {$ref: '#/components/schemas/Word', description: Beside a ref}
webhooks: {b: {post: {operationId: b}}}
components: {schemas: {Word: {type: string, maxLength: 9}}}
)");
  EXPECT_EQ(imported.actions, 1u);
  EXPECT_EQ(part(imported, "/actions/a/params"),
            R"({"maybe":{"type":["string","null"]},"fast":{"type":["integer","null"]},)"
            R"("fixed":{"const":7},"pair":{"type":"array"},)"
            R"("over":{"type":"number","exclusiveMinimum":0},)"
            R"("named":{"type":"string","description":"Beside a ref","maxLength":9}})");
}

TEST(Import, NamesOfActions) {
  const ImportedManifest imported = import_text(with_paths(R"(paths:
  /a/{id}/b: {get: {}, post: {operationId: ../../etc/passwd}}
  /c: {get: {operationId: repos/list-for-org}, post: {operationId: HTTPServer_GetV2, tags: [x]}}
  /d: {get: {operationId: httpServerGetV2, tags: [Other Things]}, put: {operationId: HttpServerGetV2}}
  /e: {get: {operationId: request}, delete: {operationId: "\u202e"}}
  /f: {get: {operationId: 2fa.enable}}
)"));
  std::vector<std::string> names;
  for (const auto& member : imported.manifest.at("actions").as_object()) {
    names.emplace_back(member.key());
  }
  EXPECT_THAT(names, testing::ElementsAre("get_a_by_id_b", "etc_passwd", "repos_list_for_org",
                                          "http_server_get_v2", "other_things_http_server_get_v2",
                                          "http_server_get_v2_2", "send_request", "delete_e",
                                          "2fa_enable"));
}

TEST(Import, NamesAreBounded) {
  const std::string longest(5'000, 'a');
  const ImportedManifest imported =
      import_text(with_paths("paths:\n  /a: {get: {operationId: " + longest +
                             "}, put: {operationId: " + longest + "}}\n"));
  for (const auto& member : imported.manifest.at("actions").as_object()) {
    EXPECT_LE(member.key().size(), 60u);
  }
  EXPECT_EQ(imported.actions, 2u);
}

TEST(Import, Include) {
  const auto text = with_paths(R"(paths:
  /pets: {get: {operationId: listPets, tags: [pets]}, post: {operationId: addPet, tags: [pets]}}
  /toys: {get: {operationId: listToys}}
)");
  const auto count = [&](std::vector<std::string> include) {
    return import_text(text, {.include = std::move(include)}).actions;
  };
  EXPECT_EQ(count({"list*"}), 2u);
  EXPECT_EQ(count({"list_pets"}), 1u);
  EXPECT_EQ(count({"GET *"}), 2u);
  EXPECT_EQ(count({"/toys", "add*"}), 2u);
  EXPECT_EQ(count({"pets"}), 2u);
  EXPECT_EQ(refusal(text, {.include = {"nothing"}}), "no_operations");
  // A name does not depend on what else is taken.
  EXPECT_EQ(part(import_text(text, {.include = {"listToys"}}), "/actions/list_toys/do"),
            R"("GET /toys")");
}

TEST(Import, NameIsGiven) {
  const auto text = with_paths("paths: {/a: {get: {}}}\n");
  EXPECT_EQ(part(import_text(text, {.name = "mine_2"}), "/id"), R"("mine_2")");
  EXPECT_EQ(refusal(text, {.name = "Mine"}), "invalid_name");
  EXPECT_EQ(refusal(text, {.name = "../x"}), "invalid_name");
}

TEST(Import, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(refusal("[]"), "invalid_openapi");
  EXPECT_EQ(refusal("{\"info\":{}}"), "invalid_openapi");
  EXPECT_EQ(refusal("openapi: 4.0.0\npaths: {}\n"), "unsupported_version");
  EXPECT_EQ(refusal("swagger: '1.2'\n"), "unsupported_version");
  EXPECT_EQ(refusal("openapi: 3.0.0\npaths: {}\n"), "no_operations");
  EXPECT_EQ(refusal("{\"openapi\""), "invalid_json");
  const auto refused = import_openapi(*parse_json(R"({"openapi":"2.9"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().pointer, "/openapi");
  EXPECT_THAT(refused.error().message, HasSubstr("3.0 and 3.1"));
}

TEST(Import, TextsAreCleaned) {
  const ImportedManifest imported = import_text(with_paths(
      "paths: {/a: {get: {operationId: a, summary: \"x\\e[31m\\u202ey\\u200bz\\n\\nb\"}}}\n"));
  EXPECT_EQ(part(imported, "/actions/a/title"), R"("x [31myz b")");
}

}  // namespace
}  // namespace pilot::providers::openapi
