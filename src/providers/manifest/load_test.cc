#include "providers/manifest/load.h"

#include <gmock/gmock.h>

#include "providers/manifest/catalog.h"
#include "providers/manifest/manifest_for_test.h"

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;

constexpr std::string_view kAcme = R"(
id: acme
name: Acme
base: https://api.acme.example/v1
auth: {bearer: token}
idempotency: {header: Idempotency-Key}
test: GET /me
actions:
  create_ticket:
    do: POST /tickets
    aliases: [add_ticket]
    params: {subject: string!, priority: low|normal|high=normal, tags: strings, age: integer=3}
  get_ticket:
    do: GET /tickets/{id}
    params: {id: string!, fields: string}
)";

TEST(ManifestLoad, GivesAProviderWithSchemasEffectsAndFields) {
  const Loaded loaded = load_text(kAcme);
  ASSERT_TRUE(loaded.provider) << faults_of(kAcme);
  const Provider& acme = *loaded.provider;
  EXPECT_EQ(acme.kind, "manifest");
  ASSERT_EQ(acme.auth.size(), 1u);
  EXPECT_EQ(acme.auth[0].type, "token");
  EXPECT_TRUE(acme.auth[0].secret);
  EXPECT_TRUE(acme.auth[0].required);
  EXPECT_FALSE(acme.auth_optional);
  const Action* create = acme.find("add_ticket");
  ASSERT_NE(create, nullptr);
  EXPECT_EQ(create->effect, EffectClass::keyed);
  EXPECT_EQ(to_json(create->schema.document()),
            R"({"type":"object","properties":{"subject":{"type":"string"},"priority":{"enum":)"
            R"(["low","normal","high"],"default":"normal"},"tags":{"type":"array","items":)"
            R"({"type":"string"}},"age":{"type":"integer","default":3}},"required":["subject"],)"
            R"("additionalProperties":false})");
  EXPECT_EQ(acme.find("get_ticket")->effect, EffectClass::read);
  ASSERT_EQ(acme.test_action, "test_connection");
  EXPECT_EQ(acme.find("test_connection")->effect, EffectClass::read);
  ASSERT_NE(acme.find("request"), nullptr) << "every provider has the free action";
}

// One fault each: the line below says where and what.
struct Fault {
  std::string_view manifest;
  std::string_view pointer;
  std::string_view code;
};

class ManifestFaults : public testing::TestWithParam<Fault> {};

TEST_P(ManifestFaults, AreToldWithTheirPlace) {
  const std::string faults = faults_of(GetParam().manifest);
  EXPECT_THAT(faults, HasSubstr(fmt::format("{} {}: ", GetParam().pointer, GetParam().code)));
  EXPECT_EQ(load_text(GetParam().manifest).provider, nullptr);
}

#define PILOT_BASE "id: acme\nbase: https://a.example\n"
#define PILOT_VERIFY PILOT_BASE "actions:\n  y: {do: GET /a}\n  x:\n    do: POST /a\n    verify: "
INSTANTIATE_TEST_SUITE_P(
    All, ManifestFaults,
    testing::Values(
        Fault{PILOT_BASE "acitons: {}", "/acitons", "unknown_key"},
        Fault{PILOT_BASE "actions: {x: {do: GET /a, parms: {}}}", "/actions/x/parms",
              "unknown_key"},
        Fault{PILOT_BASE "actions: {x: {do: 'GET /a/{id}'}}", "/actions/x/do", "unknown_param"},
        Fault{PILOT_BASE "actions: {x: {do: GET /a, out: '.body |'}}", "/actions/x/out",
              "invalid_program"},
        Fault{PILOT_BASE "actions: {x: {do: GET /a, params: {a: strin}}}", "/actions/x/params/a",
              "invalid_type"},
        Fault{PILOT_BASE "actions: {x: {do: FETCH /a}}", "/actions/x/do", "invalid_value"},
        Fault{PILOT_BASE "actions: {x: {do: GET a}}", "/actions/x/do", "invalid_value"},
        Fault{PILOT_BASE "actions: {X-y: {do: GET /a}}", "/actions/X-y", "invalid_name"},
        Fault{PILOT_BASE "actions: {x: {do: GET /a}, y: {do: GET /b, aliases: [x]}}",
              "/actions/y/aliases", "duplicate_name"},
        Fault{PILOT_BASE "test: POST /a\nactions: {x: {do: GET /a}}", "/test", "not_a_read"},
        Fault{PILOT_BASE "auth: {oauth2: {authorize: 'http://a.example/a', token: "
                         "'https://a.example/t'}}\nactions: {x: {do: GET /a}}",
              "/auth/oauth2/authorize", "insecure_url"},
        Fault{PILOT_BASE "auth: {bearr: token}\nactions: {x: {do: GET /a}}", "/auth",
              "unknown_scheme"},
        Fault{PILOT_BASE "headers: {X: '{{tenant}}'}\nactions: {x: {do: GET /a}}", "/headers/X",
              "unknown_field"},
        Fault{"id: acme\nbase: 'https://{{shop}}.example'\nfields: {shop: {title: Shop}}\n"
              "actions: {x: {do: GET /a}}",
              "/base", "missing_pattern"},
        Fault{PILOT_BASE "fields: {key: {secret: true, default: abc}}\nactions: {x: {do: GET /}}",
              "/fields/key/default", "literal_secret"},
        Fault{"id: acme\nactions: {x: {do: GET /a}}", "", "missing_key"},
        Fault{PILOT_BASE "actions: {x: {do: none}}", "/actions/x", "missing_key"},
        Fault{"id: Acme Inc\nbase: https://a.example\nactions: {x: {do: GET /a}}", "/id",
              "invalid_name"},
        Fault{PILOT_BASE "page: {cursor: .next}\nactions: {x: {do: GET /a}}", "/page",
              "missing_key"},
        Fault{PILOT_BASE "actions: {x: {do: POST /a, params: {b: {type: string, field: c}}}}",
              "/actions/x/params/b", "unknown_field"},
        Fault{PILOT_BASE "actions: {x: {do: 'POST {url}', params: {url: string!}}}",
              "/actions/x/do", "unsafe_url"},
        Fault{PILOT_VERIFY "{action: y, found: '.[0]', prams: .}", "/actions/x/verify/prams",
              "unknown_key"},
        Fault{PILOT_VERIFY "{action: y}", "/actions/x/verify", "missing_key"},
        Fault{PILOT_VERIFY "{found: '.[0]'}", "/actions/x/verify", "missing_key"},
        Fault{PILOT_VERIFY "{action: z, found: .}", "/actions/x/verify", "unknown_action"},
        Fault{PILOT_VERIFY "{action: x, found: .}", "/actions/x/verify", "not_a_read"},
        Fault{PILOT_VERIFY "{action: y, found: '$status'}", "/actions/x/verify/found",
              "invalid_program"},
        Fault{PILOT_VERIFY "{action: y, found: ., wait: 1h}", "/actions/x/verify/wait",
              "invalid_value"},
        Fault{PILOT_VERIFY "{action: y, found: ., absent: fail}", "/actions/x/verify/absent",
              "invalid_value"},
        Fault{PILOT_BASE "rate: often\nactions: {x: {do: GET /a}}", "/rate", "invalid_value"},
        Fault{PILOT_BASE "actions: {x: {do: 'GET http://a.example/b'}}", "/actions/x/do",
              "insecure_url"}));

TEST(ManifestLoad, WhatNobodyOffersSaysSo) {
  const ManifestCall call(
      "id: later\nactions: {create_post: {do: none, instead: use the provider buffer}}",
      "create_post", R"({"text":"hi"})");
  const auto outcome = std::get<LogicAction>(call.action->body).run(call.call());
  const auto& result = std::get<ProviderResult>(outcome);
  ASSERT_FALSE(result.success);
  EXPECT_EQ(result.error->code, "no_such_api");
  EXPECT_THAT(result.error->message, HasSubstr("buffer"));
}

TEST(ManifestLoad, OldNamesOfParamsAreTaken) {
  const ManifestCall call(
      "id: a\nbase: https://a.example\nactions: {x: {do: POST /x, params: "
      "{text: {type: string!, aliases: [message]}}}}",
      "x", R"({"message":"hi"})");
  EXPECT_EQ(call.request().body, R"({"text":"hi"})");
}

TEST(ManifestCatalog, TellsFileAndLineAndLoadsTheRest) {
  const std::vector<SourceFile> files{
      {"good.yaml", "base: https://a.example\nactions:\n  x: {do: GET /a}\n"},
      {"bad.yaml", "base: https://a.example\nactions:\n  x:\n    do: GET /a\n    parms: {}\n"},
      {"broken.yaml", "a: [1\n"},
      {"twice.yaml",
       "id: other\nbase: https://a.example\naliases: [good]\nactions: {x: {do: GET "
       "/a}}\n"},
      {"child.yaml", "extends: good\nbase: https://b.example\nactions: {y: {do: GET /b}}\n"},
      {"orphan.yaml", "extends: nobody\n"},
      {"ring.yaml", "extends: ring\n"}};
  const Catalog catalog = read_catalog(files, nullptr);
  std::string faults;
  for (const CatalogFault& fault : catalog.faults) faults += fault.text() + "\n";
  EXPECT_THAT(faults, HasSubstr("bad.yaml:5: unknown key \"parms\""));
  EXPECT_THAT(faults, HasSubstr("broken.yaml:"));
  EXPECT_THAT(faults, HasSubstr("twice.yaml:3: another provider has the name or alias good"));
  EXPECT_THAT(faults, HasSubstr("orphan.yaml:1: there is no manifest nobody"));
  EXPECT_THAT(faults, HasSubstr("ring.yaml:1: `extends` goes round"));
  ASSERT_EQ(catalog.entries.size(), 2u) << faults;
  const std::string blob = pack(catalog);  // outlives the registry, as the binary does
  Registry registry;
  register_packed(registry, blob);
  const Provider* child = registry.find("child");
  ASSERT_NE(child, nullptr);
  EXPECT_NE(child->find("x"), nullptr) << "what it extends is there, too";
  EXPECT_NE(child->find("y"), nullptr);
}

TEST(ManifestCatalog, ALaidOverOneHidesAndTheOldOneStays) {
  Registry registry;
  std::vector<SourceFile> files{{"a.yaml",
                                 "name: One\nbase: https://a.example\nactions: {x: {do: "
                                 "GET /a}}\n"}};
  register_catalog(registry, read_catalog(files, nullptr));
  const Provider* before = registry.find("a");
  ASSERT_NE(before, nullptr);
  files[0].text.replace(6, 3, "Two");
  auto top = std::make_shared<Registry>();
  register_catalog(*top, read_catalog(files, nullptr));
  registry.lay_over(top);
  EXPECT_EQ(registry.find("a")->title, "Two");
  EXPECT_EQ(before->title, "One");
  EXPECT_EQ(registry.generation(), 1u);
  registry.lay_over(nullptr);
  EXPECT_EQ(registry.find("a")->title, "One");
}

}  // namespace
}  // namespace pilot::providers::manifest
