// Servers, sign-in and pages.
#include "providers/openapi/import_for_test.h"

namespace pilot::providers::openapi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ImportedManifest at(std::string_view servers, const ImportOptions& options = {}) {
  return import_text("openapi: 3.0.0\ninfo: {title: T}\n" + std::string(servers) +
                         "\npaths: {/a: {get: {operationId: a}}}\n",
                     options);
}

TEST(Servers, OneOrSeveral) {
  EXPECT_EQ(part(at("servers: [{url: 'https://API.example.com/v1/'}]"), "/base"),
            R"("https://api.example.com/v1")");
  EXPECT_EQ(part(at("servers: [{url: 'http://a.example.com'}, {url: 'https://a.example.com/'}]"),
                 "/base"),
            R"("https://a.example.com")");
  const ImportedManifest two =
      at("servers: [{url: 'https://a.example.com'}, {url: 'https://b.example.com/x'}]");
  EXPECT_EQ(part(two, "/base"), R"("{{server}}")");
  EXPECT_EQ(part(two, "/fields/server"),
            R"({"title":"Server","enum":["https://a.example.com","https://b.example.com/x"],)"
            R"("default":"https://a.example.com"})");
}

TEST(Servers, NoneMeansTheConnectionSaysIt) {
  for (const std::string_view servers :
       {"", "servers: []", "servers: [{url: /}]", "servers: [{url: /v2}]",
        "servers: [{url: 'ftp://a.example.com'}]", "servers: [{url: 'https://u:p@a.example.com'}]",
        "servers: [{url: 'https://{}/x'}]"}) {
    EXPECT_EQ(part(at(servers), "/base"), R"("{{base_url}}")") << servers;
  }
  EXPECT_EQ(part(at("servers: [{url: /v2}]",
                    {.source_url = "https://docs.example.com/spec/openapi.json"}),
                 "/base"),
            R"("https://docs.example.com/v2")");
  EXPECT_EQ(part(at("", {.source_url = "https://docs.example.com/openapi.json"}), "/base"),
            R"("https://docs.example.com")");
  EXPECT_EQ(part(at("servers: [{url: /v2}]", {.base = "https://own.example.com/x/"}), "/base"),
            R"("https://own.example.com/x")");
}

TEST(Servers, Variables) {
  const ImportedManifest imported = at(
      "servers: [{url: '{scheme}://{your-domain}.example.com:{port}/{basePath}', variables: "
      "{scheme: {default: https, enum: [http, https]}, your-domain: {default: your-company}, port: "
      "{default: 8443}, basePath: {default: v2}}}]");
  EXPECT_EQ(part(imported, "/base"),
            R"("https://{{your_domain}}.example.com:{{port}}/{{base_path}}")");
  // "your-company" stands for one's own: it must be asked for.
  EXPECT_EQ(part(imported, "/fields/your_domain"), R"({"pattern":"[A-Za-z0-9.:-]+"})");
  EXPECT_EQ(part(imported, "/fields/port/default"), R"("8443")");
  EXPECT_EQ(part(imported, "/fields/base_path"),
            R"({"default":"v2","pattern":"[A-Za-z0-9._~/-]+"})");
  // A choice that is no part of a host is none.
  EXPECT_EQ(part(at("servers: [{url: 'https://{r}.example.com', variables: {r: {default: eu, enum: "
                    "[eu, 'evil.example.net/x?']}}}]"),
                 "/fields/r/enum"),
            R"(["eu"])");
}

TEST(Servers, OfAnOperation) {
  const ImportedManifest imported = import_text(with_paths(R"(paths:
  /a: {get: {operationId: a, servers: [{url: https://up.example.com}]}}
  /b: {get: {operationId: b, servers: [{url: 'http://plain.example.com'}]}}
  /c: {get: {operationId: c, servers: [{url: https://api.example.com/v1/}]}}
)"));
  EXPECT_EQ(part(imported, "/actions/a/do"), R"("GET https://up.example.com/a")");
  EXPECT_EQ(part(imported, "/actions/b"), "");
  EXPECT_EQ(part(imported, "/actions/c/do"), R"("GET /c")");
  EXPECT_THAT(note_codes(imported), Contains("own_server"));
}

// A document with these security schemes; /a has nothing of its own.
ImportedManifest signed_in(std::string_view schemes, std::string_view security,
                           std::string_view more = "") {
  return import_text(with_paths("components: {securitySchemes: {" + std::string(schemes) + "}}\n" +
                                std::string(security) +
                                "\npaths:\n  /a: {get: {operationId: a}}\n" + std::string(more)));
}

TEST(Security, Kinds) {
  const auto auth = [](std::string_view scheme) {
    return part(signed_in("s: " + std::string(scheme), "security: [{s: []}]"), "/auth");
  };
  EXPECT_EQ(auth("{type: http, scheme: Bearer}"), R"({"bearer":"token"})");
  EXPECT_EQ(auth("{type: http, scheme: basic}"), R"({"basic":["username","password"]})");
  EXPECT_EQ(auth("{type: apiKey, in: header, name: X-Key}"),
            R"({"key":{"header":"X-Key","field":"api_key"}})");
  EXPECT_EQ(auth("{type: apiKey, in: cookie, name: sid}"),
            R"({"key":{"cookie":"sid","field":"api_key"}})");
  EXPECT_EQ(auth("{type: oauth2, flows: {clientCredentials: {tokenUrl: /oauth/token}}}"),
            R"({"oauth2":{"grant":"client","token":"https://api.example.com/oauth/token"}})");
  EXPECT_EQ(auth("{type: oauth2, flows: {implicit: {authorizationUrl: 'https://a.example.com'}}}"),
            R"({"bearer":"access_token"})");
  EXPECT_EQ(auth("{type: openIdConnect, openIdConnectUrl: 'https://a.example.com'}"),
            R"({"bearer":"access_token"})");
  EXPECT_EQ(auth("{type: http, scheme: digest}"), "");
}

TEST(Security, SeveralAndNone) {
  const std::string schemes =
      "k: {type: apiKey, in: header, name: X-Key}, q: {type: apiKey, in: query, name: id}, b: "
      "{type: http, scheme: bearer}";
  const ImportedManifest imported = signed_in(schemes, "security: [{k: [], q: []}, {b: []}]",
                                              R"(  /none: {get: {operationId: none, security: []}}
  /open: {get: {operationId: open, security: [{}]}}
  /only: {get: {operationId: only, security: [{b: []}]}}
)");
  EXPECT_EQ(part(imported, "/auth"),
            R"([{"bearer":"token"},{"set":{"header.X-Key":"{{k}}","query.id":"{{q}}"}}])");
  EXPECT_EQ(part(imported, "/actions/a/auth"), "");
  EXPECT_EQ(part(imported, "/actions/none/auth"), R"("none")");
  EXPECT_EQ(part(imported, "/actions/open/auth"), R"("none")");
  EXPECT_EQ(part(imported, "/actions/only/auth"), R"({"bearer":"token"})");
}

TEST(Security, AKeyIsNotAParam) {
  const ImportedManifest imported = import_text(
      with_paths("components: {securitySchemes: {k: {type: apiKey, in: query, name: key}}}\n"
                 "paths: {/a: {get: {operationId: a, parameters: [{name: key, in: query, required: "
                 "true}]}}}\n"));
  EXPECT_EQ(part(imported, "/actions/a/params"), "");
  EXPECT_EQ(part(imported, "/auth"), R"({"key":{"query":"key","field":"api_key"}})");
}

// GET /a with these parameters and this schema of its answer.
ImportedManifest listed(std::string_view parameters, std::string_view schema,
                        std::string_view headers = "{}") {
  return import_text(
      with_paths("paths: {/a: {get: {operationId: a, parameters: [" + std::string(parameters) +
                 "], responses: {200: {headers: " + std::string(headers) +
                 ", content: {application/json: {schema: " + std::string(schema) + "}}}}}}}\n"));
}

TEST(Pages, Certain) {
  const ImportedManifest link =
      listed("{name: per_page, in: query, schema: {type: integer, maximum: 50}}",
             "{type: array, items: {type: object}}", "{Link: {schema: {type: string}}}");
  EXPECT_EQ(part(link, "/actions/a"),
            R"({"do":"GET /a","items":".","page":{"link":"next","size":{"per_page":50}}})");
  EXPECT_EQ(
      part(listed("", "{properties: {value: {type: array}, '@odata.nextLink': {type: string}}}"),
           "/actions/a/page"),
      R"({"next":".[\"@odata.nextLink\"]"})");
  EXPECT_EQ(part(listed("",
                        "{properties: {results: {type: array}, next: {type: string, format: uri, "
                        "nullable: true}}}"),
                 "/actions/a/page"),
            R"({"next":".next"})");
  const ImportedManifest cursor =
      listed("{name: cursor, in: query, schema: {type: string}}",
             "{properties: {channels: {type: array}, response_metadata: {type: object, properties: "
             "{next_cursor: {type: string}}}}}");
  EXPECT_EQ(part(cursor, "/actions/a"), R"({"do":"GET /a","items":".channels","page":{"cursor":)"
                                        R"(".response_metadata.next_cursor","as":"cursor"}})");
}

TEST(Pages, NothingIsGuessed) {
  for (const auto& [parameters, schema] :
       {std::pair("", "{properties: {items: {type: array}, next: {type: string}}}"),
        std::pair("{name: page, in: query, schema: {type: integer}}", "{type: array}"),
        std::pair("",
                  "{properties: {a: {type: array}, b: {type: array}, next_url: {type: string}}}"),
        std::pair("", "{properties: {items: {type: array}, next_cursor: {type: string}}}")}) {
    EXPECT_EQ(part(listed(parameters, schema), "/actions/a/page"), "") << schema;
  }
}

TEST(Answers, MediaTypes) {
  const auto answer = [](std::string_view content) {
    return import_text(
        with_paths("paths: {/a: {get: {operationId: a, responses: {200: {content: {" +
                   std::string(content) + "}}}}}}\n"));
  };
  EXPECT_EQ(part(answer("application/pdf: {}"), "/actions/a/out"), R"({"binary":true})");
  EXPECT_EQ(part(answer("application/vnd.api+json: {}"), "/actions/a/set"),
            R"({"header.Accept":"application/vnd.api+json"})");
  EXPECT_EQ(part(answer("application/json: {}, text/csv: {}"), "/actions/a"), R"({"do":"GET /a"})");
}

}  // namespace
}  // namespace pilot::providers::openapi
