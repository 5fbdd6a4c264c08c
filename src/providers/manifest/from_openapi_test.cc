// Manifests whose actions come from an OpenAPI document beside them.
#include "providers/manifest/from_openapi.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/temp_dir_for_test.h"
#include "base/yaml.h"
#include "providers/manifest/catalog.h"

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kDocument = R"(
openapi: 3.0.3
info: {title: Acme API, version: '1'}
servers: [{url: https://api.acme.example/v1}]
security: [{token: []}]
paths:
  /things:
    get: {operationId: listThings, responses: {}}
    post:
      operationId: createThing
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [name], properties: {name: {type: string}}}
      responses: {}
  /things/{id}:
    delete:
      operationId: deleteThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
)";

class FromOpenApi : public testing::Test {
 protected:
  FromOpenApi() { write("docs/acme.yaml", kDocument); }

  void write(const std::string& name, std::string_view text) {
    const auto path = dir_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  Catalog read(std::string_view manifest) {
    write("acme.yaml", manifest);
    std::vector<CatalogFault> faults;
    const auto files = read_source_files(dir_.path(), faults);
    Catalog catalog = read_catalog(files, nullptr);
    catalog.faults.insert(catalog.faults.begin(), faults.begin(), faults.end());
    return catalog;
  }

  std::string fault(std::string_view manifest) {
    const Catalog catalog = read(manifest);
    EXPECT_THAT(catalog.entries, IsEmpty());
    EXPECT_EQ(catalog.faults.size(), 1u);
    return catalog.faults.empty() ? "" : catalog.faults.front().text();
  }

  static std::vector<std::string> actions(const Catalog& catalog) {
    std::vector<std::string> names;
    for (const auto& member : catalog.entries.at(0).document.at("actions").get_object()) {
      names.emplace_back(member.key());
    }
    return names;
  }

  TempDir dir_;
};

TEST_F(FromOpenApi, AFileAloneGivesAllOfItsOperations) {
  const Catalog catalog = read("openapi: docs/acme.yaml\n");
  ASSERT_THAT(catalog.faults, IsEmpty());
  EXPECT_THAT(actions(catalog),
              UnorderedElementsAre("list_things", "create_thing", "delete_thing"));
  const Json& document = catalog.entries.front().document;
  EXPECT_EQ(catalog.entries.front().id, "acme");
  EXPECT_EQ(document.at("name"), "Acme API");
  EXPECT_EQ(document.at("base"), "https://api.acme.example/v1");
  EXPECT_FALSE(document.get_object().contains("openapi"));
}

TEST_F(FromOpenApi, WhatTheManifestSaysGoesOverTheDocument) {
  const Catalog catalog = read(R"(
name: Acme
base: https://eu.acme.example/v2
openapi:
  file: docs/acme.yaml
  include: [listThings, createThing]
  rename: {listThings: search}
test: GET /me
rate: 5/1s
actions:
  create_thing: {do: POST /things/new, params: {title: string!}}
  whoami: {do: GET /me}
)");
  ASSERT_THAT(catalog.faults, IsEmpty());
  EXPECT_THAT(actions(catalog), UnorderedElementsAre("search", "create_thing", "whoami"));
  const Json& document = catalog.entries.front().document;
  EXPECT_EQ(document.at("name"), "Acme");
  EXPECT_EQ(document.at("base"), "https://eu.acme.example/v2");
  EXPECT_EQ(document.at_pointer("/actions/create_thing/do"), "POST /things/new");
  Registry registry;
  register_catalog(registry, read("openapi: docs/acme.yaml\nactions: {delete_thing: null}\n"));
  const Provider* acme = registry.find("acme");
  ASSERT_NE(acme, nullptr);
  EXPECT_EQ(acme->find("delete_thing"), nullptr);
  EXPECT_NE(acme->find("create_thing"), nullptr);
}

TEST_F(FromOpenApi, AnotherManifestExtendsIt) {
  write("acme_eu.yaml", "extends: acme\nbase: https://eu.acme.example/v1\n");
  const Catalog catalog = read("openapi: docs/acme.yaml\n");
  ASSERT_THAT(catalog.faults, IsEmpty());
  ASSERT_EQ(catalog.entries.size(), 2u);
  EXPECT_EQ(catalog.entries[1].document.at("base"), "https://eu.acme.example/v1");
  EXPECT_EQ(catalog.entries[1].document.at("actions"), catalog.entries[0].document.at("actions"));
}

TEST_F(FromOpenApi, FaultsHaveTheLineOfTheManifest) {
  EXPECT_THAT(fault("name: Acme\nopenapi: docs/none.yaml\n"), HasSubstr("acme.yaml:2: docs/none"));
  EXPECT_THAT(fault("openapi: {file: docs/acme.yaml, inclde: []}\n"), HasSubstr("acme.yaml:1: "));
  EXPECT_THAT(fault("openapi:\n  file: docs/acme.yaml\n  include: all\n"),
              HasSubstr("acme.yaml:3: `include` is a list"));
  EXPECT_THAT(fault("openapi:\n  file: docs/acme.yaml\n  rename: {listThing: all}\n"),
              HasSubstr("there is no operation listThing among"));
  EXPECT_THAT(fault("openapi:\n  file: docs/acme.yaml\n  rename: {listThings: create_thing}\n"),
              HasSubstr("two operations would be called create_thing"));
  EXPECT_THAT(fault("openapi:\n  file: docs/acme.yaml\n  rename: {listThings: List Them}\n"),
              HasSubstr("snake_case"));
  EXPECT_THAT(fault("openapi: {include: []}\n"), HasSubstr("needs `file`"));
  EXPECT_THAT(fault("openapi: 3\n"), HasSubstr("`openapi` is a file"));
  write("docs/broken.yaml", "openapi: 3.0.3\npaths: 7\n");
  EXPECT_THAT(fault("openapi: docs/broken.yaml\n"), HasSubstr("acme.yaml:1: docs/broken.yaml: "));
}

TEST_F(FromOpenApi, OnlyWhatLiesBesideIsRead) {
  TempDir elsewhere;
  std::ofstream(elsewhere.path() / "secret.yaml") << kDocument;
  const std::string outside = (elsewhere.path() / "secret.yaml").string();
  EXPECT_THAT(fault("openapi: " + outside + "\n"), HasSubstr("lies beside the manifest"));
  EXPECT_THAT(fault("openapi: docs/../../secret.yaml\n"), HasSubstr("lies beside the manifest"));
  std::filesystem::create_symlink(outside, dir_.path() / "docs/link.json");
  EXPECT_THAT(fault("openapi: docs/link.json\n"), HasSubstr("cannot be read"));
  EXPECT_THAT(fault("openapi: docs\n"), HasSubstr("cannot be read"));
  const Json manifest = *parse_yaml("openapi: docs/acme.yaml\n");
  EXPECT_EQ(with_openapi(manifest, {}).error().code, "unreadable");
}

}  // namespace
}  // namespace pilot::providers::manifest
