#include "providers/manifest/build.h"

#include <gmock/gmock.h>

#include "providers/manifest/manifest_for_test.h"

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with_action(std::string_view action, std::string_view more = "") {
  return fmt::format("id: acme\nbase: https://api.acme.example/v1\n{}\nactions:\n  x: {}\n", more,
                     action);
}

// S4: whatever a value holds, it stays in its segment.
TEST(ManifestBuild, AValueInThePathIsOneSegment) {
  for (const auto& [value, segment] :
       std::map<std::string, std::string>{{"../admin", "..%2Fadmin"},
                                          {"..", "%2E%2E"},
                                          {"%2e%2e", "%252e%252e"},
                                          {"a//b", "a%2F%2Fb"},
                                          {"@evil.example", "%40evil.example"},
                                          {"a?b=c#d", "a%3Fb%3Dc%23d"},
                                          {"Sheet 1!A1", "Sheet%201%21A1"}}) {
    const ManifestCall call(with_action("{do: 'GET /t/{id}/c', params: {id: string!}}"), "x",
                            to_json(JsonObject{{"id", value}}));
    EXPECT_EQ(call.request().url, "https://api.acme.example/v1/t/" + segment + "/c") << value;
  }
  const ManifestCall empty(with_action("{do: 'GET /t/{id}', params: {id: string!}}"), "x",
                           R"({"id":""})");
  EXPECT_EQ(empty.build().error().code, "invalid_value");
}

TEST(ManifestBuild, APathOfSeveralSegmentsKeepsItsSlashesOnly) {
  const ManifestCall call(
      with_action("{do: 'PUT /b/{key}', params: {key: {type: string!, slashes: true}}}"), "x",
      R"({"key":"a b/../c?d/./e"})");
  EXPECT_EQ(call.request().url, "https://api.acme.example/v1/b/a%20b/%2E%2E/c%3Fd/%2E/e");
}

TEST(ManifestBuild, AParamMayComeFromTheConnection) {
  const std::string manifest = with_action(
      "{do: POST /m, params: {from: {type: string!, field: sender}, to: string}}",
      "auth: {bearer: token}\nfields: {sender: {title: Sender, pattern: '[^@]+@[^@]+'}}");
  const auto body = [&](std::string_view params, std::map<std::string, std::string> more) {
    more.emplace("token", "t");
    const auto built = ManifestCall(manifest, "x", params, std::move(more)).build();
    return built ? built->body : built.error().code;
  };
  EXPECT_EQ(body(R"({"from":"a@x"})", {{"sender", "b@x"}}), R"({"from":"a@x"})");
  EXPECT_EQ(body("{}", {{"sender", "b@x"}}), R"({"from":"b@x"})");
  EXPECT_EQ(body("{}", {}), "missing_param");
  EXPECT_EQ(body("{}", {{"sender", "nobody"}}), "invalid_connection");
}

TEST(ManifestBuild, AStepMayGiveTheWholeAddressWithinItsPattern) {
  const std::string manifest = with_action(
      "{do: 'POST {url}', params: {url: {type: string, pattern: '^https://hooks\\.x\\.example/', "
      "field: hook}, data: any}}",
      "fields: {hook: {secret: true, pattern: 'https://hooks\\.x\\.example/.+'}}");
  const auto url = [&](const std::string& given, std::map<std::string, std::string> more = {}) {
    const JsonObject params = given.empty() ? JsonObject{} : JsonObject{{"url", given}};
    const auto built = ManifestCall(manifest, "x", to_json(Json(params)), std::move(more)).build();
    return built ? built->url : built.error().code;
  };
  EXPECT_EQ(url("https://hooks.x.example/a/b"), "https://hooks.x.example/a/b");
  EXPECT_EQ(url("", {{"hook", "https://hooks.x.example/mine"}}), "https://hooks.x.example/mine");
  EXPECT_EQ(url(""), "missing_param");
  EXPECT_EQ(url("https://evil.example/https://hooks.x.example/"), "invalid_value");
  EXPECT_EQ(url("", {{"hook", "https://evil.example/"}}), "invalid_connection");
}

TEST(ManifestBuild, TheHostIsHeldByItsPattern) {
  const std::string manifest =
      "id: shop\nbase: 'https://{{shop}}.shop.example/api'\nfields: {shop: "
      "'[a-z0-9-]+'}\nauth: {bearer: token}\nactions: {x: {do: GET /a}}\n";
  EXPECT_EQ(ManifestCall(manifest, "x", "{}", {{"token", "t"}, {"shop", "my-shop"}}).request().url,
            "https://my-shop.shop.example/api/a");
  for (const std::string value : {"evil.example/", "a.b@evil.example", "x#", "a b", "A", ""}) {
    const auto built = ManifestCall(manifest, "x", "{}", {{"token", "t"}, {"shop", value}}).build();
    ASSERT_FALSE(built) << value;
    EXPECT_THAT(built.error().code, testing::AnyOf("invalid_connection", "missing_credentials"));
  }
}

TEST(ManifestBuild, AWholeServerComesFromTheConnection) {
  const std::string manifest =
      "id: wiki\nbase: '{{base_url}}/api'\nfields: {base_url: 'https?://[^/?#]+(/[^?#]*)?'}\n"
      "actions: {x: {do: GET /a}}\n";
  EXPECT_EQ(
      ManifestCall(manifest, "x", "{}", {{"base_url", "https://wiki.example/w/"}}).request().url,
      "https://wiki.example/w/api/a");
  EXPECT_EQ(ManifestCall(manifest, "x", "{}", {{"base_url", "ftp://x"}}).build().error().code,
            "invalid_connection");
}

TEST(ManifestBuild, QueryHeadersAndBodyTakeWhatIsTheirs) {
  const ManifestCall call(
      with_action("{do: 'POST /t/{id}', params: {id: string!, name: string, tags: strings}, query: "
                  "{dry: boolean}, header: {trace: {type: string, as: X-Trace}}, set: {query.v: 2, "
                  "body.meta.source: pilot}}",
                  "headers: {X-Version: '3'}\nquery: {k: v w}"),
      "x", R"({"id":7,"name":"a&b","tags":["x"],"dry":true,"trace":"t1"})");
  const http::Request request = call.request();
  EXPECT_EQ(request.url, "https://api.acme.example/v1/t/7?k=v%20w&v=2&dry=true");
  EXPECT_EQ(request.body, R"({"name":"a&b","tags":["x"],"meta":{"source":"pilot"}})");
  EXPECT_EQ(header_of(request, "X-Version"), "3");
  EXPECT_EQ(header_of(request, "X-Trace"), "t1");
  EXPECT_EQ(header_of(request, "Content-Type"), "application/json");
}

TEST(ManifestBuild, ListsAndMapsInFormsAndQueries) {
  const auto body = [](std::string_view style) {
    return ManifestCall(with_action("{do: POST /x, params: {a: any, m: object}}",
                                    fmt::format("body: form\narrays: {}", style)),
                        "x", R"({"a":[1,2],"m":{"k":{"d":"v w"}}})")
        .request()
        .body;
  };
  EXPECT_EQ(body("brackets"), "a%5B%5D=1&a%5B%5D=2&m%5Bk%5D%5Bd%5D=v+w");
  EXPECT_EQ(body("repeat"), "a=1&a=2&m%5Bk%5D%5Bd%5D=v+w");
  EXPECT_EQ(body("comma"), "a=1%2C2&m%5Bk%5D%5Bd%5D=v+w");
  EXPECT_EQ(body("indices"), "a%5B0%5D=1&a%5B1%5D=2&m%5Bk%5D%5Bd%5D=v+w");
  const ManifestCall query(with_action("{do: GET /x, params: {a: strings, b: string}}"), "x",
                           R"({"a":["1","2"]})");
  EXPECT_EQ(query.request().url, "https://api.acme.example/v1/x?a=1&a=2");
}

TEST(ManifestBuild, SendMakesTheBodyAndNeverSeesCode) {
  const ManifestCall call(
      with_action("{do: POST /x, params: {first: string, last: string}, send: '{contact: {name: "
                  "(.first + \" \" + .last)}}'}"),
      "x", R"({"first":"${steps.0} {{secret}} {id}","last":"\" | env"})");
  EXPECT_EQ(call.request().body, R"({"contact":{"name":"${steps.0} {{secret}} {id} \" | env"}})");
}

TEST(ManifestBuild, MultipartCarriesFiles) {
  const ManifestCall call(
      with_action("{do: POST /x, body: multipart, params: {file: file!, purpose: string}}"), "x",
      R"({"file":{"name":"a\"\r\nX: y.txt","type":"text/plain","content_base64":"aGk="},)"
      R"("purpose":"test"})");
  const http::Request request = call.request();
  EXPECT_THAT(header_of(request, "Content-Type"), HasSubstr("multipart/form-data; boundary="));
  EXPECT_THAT(request.body, HasSubstr("\r\n\r\nhi\r\n"));
  EXPECT_THAT(request.body, Not(HasSubstr("\r\nX: y")));
  const ManifestCall bad(with_action("{do: POST /x, body: multipart, params: {file: file!}}"), "x",
                         R"({"file":{"content_base64":"***"}})");
  EXPECT_EQ(bad.build().error().code, "invalid_value");
}

TEST(ManifestBuild, RawXmlAndGraphql) {
  EXPECT_EQ(ManifestCall(with_action("{do: PUT /x, body: raw, params: {data: string!}}"), "x",
                         R"({"data":"a,b\n"})")
                .request()
                .body,
            "a,b\n");
  EXPECT_EQ(ManifestCall(with_action("{do: POST /x, body: xml, params: {order: object!}}"), "x",
                         R"({"order":{"@id":"1\"","line":["a<b","c"],"#text":"&"}})")
                .request()
                .body,
            R"(<?xml version="1.0" encoding="UTF-8"?><order id="1&quot;"><line>a&lt;b</line>)"
            R"(<line>c</line>&amp;</order>)");
  const ManifestCall graph(
      with_action(
          "{do: GRAPHQL /graphql, gql: 'query($n: Int) { a(n: $n) }', params: {n: integer}}"),
      "x", R"({"n":3})");
  EXPECT_EQ(graph.request().url, "https://api.acme.example/v1/graphql");
  EXPECT_EQ(graph.request().body, R"({"query":"query($n: Int) { a(n: $n) }","variables":{"n":3}})");
}

TEST(ManifestBuild, TheFreeActionStaysAtTheProvider) {
  const std::string manifest = with_action("{do: GET /x}", "auth: {bearer: token}");
  const auto url = [&](std::string_view path) {
    return ManifestCall(manifest, "request", to_json(JsonObject{{"path", path}}), {{"token", "t"}})
        .build();
  };
  EXPECT_EQ(url("/things?a=1")->url, "https://api.acme.example/v1/things?a=1");
  for (const std::string path : {"//evil.example/", "https://evil.example/", ".evil.example/",
                                 "@evil.example/", ":443@evil.example/"}) {
    ASSERT_FALSE(url(path)) << path;
    EXPECT_EQ(url(path).error().code, "invalid_value");
  }
}

TEST(ManifestBuild, AKeyedCallCarriesItsKey) {
  const std::string more = "idempotency: {header: Idempotency-Key}";
  const ManifestCall post(with_action("{do: POST /x, params: {}}", more), "x", "{}");
  EXPECT_EQ(header_of(post.request(), "Idempotency-Key"), post.key);
  const ManifestCall get(with_action("{do: GET /x}", more), "x", "{}");
  EXPECT_EQ(header_of(get.request(), "Idempotency-Key"), "(none)");
}

}  // namespace
}  // namespace pilot::providers::manifest
