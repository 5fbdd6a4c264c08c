#include "providers/custom_hosts.h"

#include <gmock/gmock.h>

#include "providers/openapi/import_for_test.h"

namespace pilot::providers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Json manifest(std::string_view text) { return *parse_json(text); }

TEST(CustomHosts, OfTheBaseAndOfOperationsWithTheirOwn) {
  const Json given = manifest(R"({"base":"https://api.acme.example/v1","actions":{
      "a":{"do":"GET /a"},
      "b":{"do":"POST https://up.acme.example/v1/b"},
      "c":{"do":"POST https://up.acme.example:443/c/{id}"},
      "d":{"do":"GET https://up.acme.example:8443/d"},
      "e":{"do":"GET https://API.acme.example/v2/e"},
      "f":{"do":"GET http://api.acme.example/v2/f"}}})");
  EXPECT_EQ(base_place(given), "api.acme.example:443");
  EXPECT_THAT(own_places(given),
              ElementsAre("api.acme.example:80", "up.acme.example:443", "up.acme.example:8443"));
  EXPECT_EQ(to_json(hosts_json(given)),
            R"([{"host":"api.acme.example","for":"base"},)"
            R"({"host":"up.acme.example","for":"operations","operations":2},)"
            R"({"host":"up.acme.example:8443","for":"operations","operations":1}])");
}

TEST(CustomHosts, OnesThatTheConnectionSays) {
  const Json region = manifest(R"({"base":"https://{{region}}.acme.example/v1","actions":{}})");
  EXPECT_EQ(base_place(region), "");
  EXPECT_EQ(to_json(hosts_json(region)), R"([{"host":"{{region}}.acme.example","for":"base"}])");
  const Json server = manifest(R"({"base":"{{server}}","fields":{"server":{"enum":
      ["https://eu.acme.example/v1","https://us.acme.example/v1"]}},"actions":{}})");
  EXPECT_EQ(to_json(hosts_json(server)),
            R"([{"host":"eu.acme.example","for":"base"},{"host":"us.acme.example","for":"base"}])");
  EXPECT_EQ(to_json(hosts_json(manifest(R"({"base":"{{base_url}}","actions":{}})"))),
            R"([{"host":"{{base_url}}","for":"base"}])");
}

TEST(CustomHosts, WhereItIsSignedIn) {
  const Json given = manifest(R"({"base":"https://api.acme.example","auth":[{"bearer":"token"},
      {"oauth2":{"authorize":"https://www.acme.example/a","token":"https://id.acme.example/t",
                 "refresh":"https://id.acme.example/r"}}],
      "actions":{"a":{"do":"GET /a","auth":{"oauth2":{"token":"https://more.example/t"}}}}})");
  EXPECT_EQ(to_json(hosts_json(given)), R"([{"host":"api.acme.example","for":"base"},)"
                                        R"({"host":"id.acme.example","for":"sign_in"},)"
                                        R"({"host":"more.example","for":"sign_in"}])");
}

// What a document may write to get a wider rule than one server.
TEST(CustomHosts, NoServerOfADocumentIsMoreThanOneHost) {
  for (const char* url :
       {"https://.evil.example/x", "https://evil.example,other.example/x",
        "https://evil.example other.example/x", "https://u:p@evil.example/x",
        "https://10.0.0.0%2F8/x", "https://*/x", "https://{host}/x", "https://{{host}}/x",
        "https://2130706433/x", "https:///x", "ftp://evil.example/x"}) {
    const Json given =
        JsonObject{{"base", "https://api.acme.example"},
                   {"actions", JsonObject{{"a", JsonObject{{"do", std::string("GET ") + url}}}}}};
    EXPECT_THAT(own_places(given), IsEmpty()) << url;
  }
}

TEST(CustomHosts, OfADocument) {
  const auto imported = openapi::import_text(openapi::with_paths(R"(paths:
  /a: {get: {operationId: a, servers: [{url: https://up.example.com}]}}
  /b: {get: {operationId: b, servers: [{url: 'http://plain.example.com'}]}}
  /c: {get: {operationId: c}, servers: [{url: https://other.example.com/v9}]}
)"));
  EXPECT_THAT(own_places(imported.manifest),
              ElementsAre("other.example.com:443", "up.example.com:443"));
}

}  // namespace
}  // namespace pilot::providers
