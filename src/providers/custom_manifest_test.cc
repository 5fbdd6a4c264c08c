#include "providers/custom_manifest.h"

#include <gmock/gmock.h>

#include "providers/openapi/import_for_test.h"

namespace pilot::providers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CustomAction make_action(const std::string& id, const std::string& method,
                         const std::string& endpoint, std::string_view parameters = "null") {
  CustomAction out;
  out.action_id = id;
  out.action_name = "Name";
  out.http_method = method;
  out.endpoint = endpoint;
  out.parameters = *parse_json(parameters);
  return out;
}

CustomIntegration make_integration(std::vector<CustomAction> actions) {
  CustomIntegration out;
  out.id = {"7d"};
  out.name = "acme";
  out.display_name = "Acme CRM";
  out.base_url = "https://api.acme.example/v1/";
  out.actions = std::move(actions);
  return out;
}

std::string action(const CustomIntegration& integration, const std::string& pointer) {
  const Json manifest = manifest_of(integration);
  boost::system::error_code none;
  const Json* found = manifest.find_pointer("/actions/" + pointer, none);
  return found == nullptr ? "" : to_json(*found);
}

std::vector<std::string> codes(const Problems& problems) {
  std::vector<std::string> out;
  for (const Problem& one : problems) out.push_back(one.pointer + " " + one.code);
  return out;
}

TEST(CustomManifest, AnIntegrationOfTheOldService) {
  const CustomIntegration given = make_integration({make_action(
      "update_contact", "post", "/contacts/{id}?notify=1",
      R"([{"name":"id","type":"integer","required":true},{"name":"email","type":"string",
          "required":true,"description":"Where"},{"name":"lang","type":"string","in":"query"}])")});
  EXPECT_EQ(to_json(manifest_of(given)),
            R"({"id":"acme","name":"Acme CRM","aliases":["custom_7d"],)"
            R"("base":"https://api.acme.example/v1","auth":{"key":{"header":"Authorization",)"
            R"("prefix":"Bearer","field":"api_key"}},"actions":{"update_contact":{)"
            R"("do":"POST /contacts/{id}","params":{"id":{"type":"integer","required":true},)"
            R"("email":{"type":"string","description":"Where","required":true}},)"
            R"("query":{"lang":{"type":"string"}},"set":{"query.notify":"1"},"title":"Name"}}})");
  EXPECT_THAT(check_custom(given), IsEmpty());
  EXPECT_EQ(custom_server(given), "https://api.acme.example");
}

TEST(CustomManifest, ParametersAsASchemaOrAMap) {
  const CustomIntegration given = make_integration(
      {make_action("a", "GET", "items/{{item_id}}",
                   R"({"type":"object","properties":{"page":{"type":"int"},"item_id":{}},
                       "required":["page"]})"),
       make_action("b", "PUT", "/b", R"({"x":"string","y":{"type":"bool","nullable":true}})"),
       make_action("c", "GET", "/search?q={query}", R"({"query":{"type":"string"}})"),
       make_action("d", "GET", "/d", R"({"type":"object"})")});
  EXPECT_EQ(action(given, "a"),
            R"({"do":"GET /items/{item_id}","params":{"page":{"type":"integer","required":true},)"
            R"("item_id":{"required":true}},"title":"Name"})");
  EXPECT_EQ(action(given, "b/params"), R"({"x":{"type":"string"},"y":{"type":"boolean"}})");
  EXPECT_EQ(action(given, "c"),
            R"({"do":"GET /search","params":{"query":{"type":"string","as":"q"}},"title":"Name"})");
  EXPECT_EQ(action(given, "d/params"), "");
}

TEST(CustomManifest, NamesOfActions) {
  const CustomIntegration given = make_integration({make_action("Create-Contact", "POST", "/a"),
                                                    make_action("create contact", "POST", "/b"),
                                                    make_action("create_contact", "POST", "/c")});
  EXPECT_EQ(action(given, "create_contact/aliases"), R"(["Create-Contact"])");
  EXPECT_EQ(action(given, "create_contact_2/do"), R"("POST /c")");
  EXPECT_THAT(codes(check_custom(given)), ElementsAre("/actions/1/action_id invalid_name"));
}

TEST(CustomManifest, Auth) {
  CustomIntegration given = make_integration({});
  given.auth_header = "X-Key";
  given.auth_prefix = "";
  EXPECT_EQ(to_json(manifest_of(given).at("auth")),
            R"({"key":{"header":"X-Key","field":"api_key"}})");
  given.auth_type = "oauth";
  EXPECT_EQ(to_json(manifest_of(given).at("auth")), R"({"bearer":"access_token"})");
  given.auth_header.clear();
  given.auth_prefix.reset();
  given.oauth_config = *parse_json(
      R"({"authorization_url":"https://id.acme.example/a","token_url":"https://id.acme.example/t",
          "scope":"read, write"})");
  EXPECT_EQ(to_json(manifest_of(given).at("auth")),
            R"({"oauth2":{"authorize":"https://id.acme.example/a",)"
            R"("token":"https://id.acme.example/t","scopes":["read","write"]}})");
}

TEST(CustomManifest, WhatMakesNoSenseIsTold) {
  CustomIntegration given = make_integration(
      {make_action("a", "BREW", "/a"), make_action("a", "GET", "https://evil.example/x"),
       make_action("", "GET", "/a b"), make_action("ok", "GET", "https://api.acme.example/v1/x"),
       make_action("p", "GET", "/p", "7")});
  given.name = "../acme";
  given.auth_type = "magic";
  given.auth_header = "X Key";
  given.auth_prefix = "a\r\nb";
  given.base_url = "file:///etc/passwd";
  EXPECT_THAT(codes(check_custom(given)),
              testing::IsSupersetOf(
                  {"/name invalid_name", "/auth_type invalid_value", "/auth_header invalid_header",
                   "/auth_prefix invalid_header", "/base_url invalid_url",
                   "/actions/0/http_method invalid_value", "/actions/1/action_id duplicate_name",
                   "/actions/1/endpoint host_not_allowed", "/actions/2/action_id invalid_name",
                   "/actions/4/parameters wrong_type"}));
  given.base_url = "https://api.acme.example/v1";
  EXPECT_EQ(action(given, "ok/do"), R"("GET /x")");
  EXPECT_EQ(action(given, "a"), "") << "what is wrong is left out of the manifest";
  for (const char* url : {"https://u:p@a.example", "https://a.example/?x=1", "https://{a}.example",
                          "", "a.example"}) {
    given.base_url = url;
    EXPECT_THAT(codes(check_custom(given)), testing::Contains("/base_url invalid_url")) << url;
  }
}

TEST(CustomManifest, OneThatWasImported) {
  CustomIntegration given = make_integration({});
  given.manifest = *parse_json(
      R"({"id":"other","name":"Old","base":"https://api.acme.example:8443/v2",
          "actions":{"a":{"do":"GET /a"}}})");
  const Json manifest = manifest_of(given);
  EXPECT_EQ(to_json(manifest),
            R"({"id":"acme","name":"Acme CRM","base":"https://api.acme.example:8443/v2",)"
            R"("actions":{"a":{"do":"GET /a"}},"aliases":["custom_7d"]})");
  EXPECT_EQ(custom_server(given), "https://api.acme.example:8443");
  given.manifest.as_object()["base"] = "https://{{region}}.acme.example/v2";
  EXPECT_EQ(custom_server(given), "https://{{region}}.acme.example");
  given.manifest.as_object()["base"] = "https://acme.example/{{version}}";
  EXPECT_EQ(custom_server(given), "https://acme.example");
}

}  // namespace
}  // namespace pilot::providers
