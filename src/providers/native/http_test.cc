#include <gmock/gmock.h>

#include "base/crypto.h"
#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Values = std::map<std::string, std::string>;

http::Request built(std::string_view params, const Values& values = {},
                    const char* action = "request") {
  Result<http::Request> request = TestCall("http", action, params, values).build();
  EXPECT_TRUE(request.has_value()) << (request ? "" : request.error().message);
  return request ? *request : http::Request{};
}

std::string code_of(std::string_view params, const char* action = "request") {
  const Result<http::Request> request = TestCall("http", action, params).build();
  return request ? "ok" : request.error().code;
}

TEST(Http, DefaultsToGet) {
  const http::Request request = built(R"({"url":"https://a.test/x?y=1"})");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url, "https://a.test/x?y=1");
  EXPECT_FALSE(request.has_body);
  EXPECT_TRUE(request.follow_redirects);
  EXPECT_TRUE(request.headers.empty());
}

TEST(Http, AnyMethodInCapitals) {
  EXPECT_EQ(built(R"({"url":"http://a.test","method":"propfind"})").method, "PROPFIND");
  EXPECT_EQ(built(R"({"url":"http://a.test"})", {}, "get").method, "GET");
  EXPECT_EQ(built(R"({"url":"http://a.test"})", {}, "post").method, "POST");
  EXPECT_NE(code_of(R"({"url":"http://a.test","method":"A B"})"), "ok");
  EXPECT_NE(code_of(R"({"url":"http://a.test","method":"GET"})", "get"), "ok");
}

TEST(Http, QueryIsEncodedAndListsRepeat) {
  EXPECT_EQ(
      built(
          R"({"url":"https://a.test/p","query":{"q":"a&b=c d","n":1.5,"l":[1,true,"x"],"z":null}})")
          .url,
      "https://a.test/p?q=a%26b%3Dc%20d&n=1.5&l=1&l=true&l=x");
  EXPECT_EQ(built(R"({"url":"https://a.test/p?x=1","query":{"y":2}})").url,
            "https://a.test/p?x=1&y=2");
  EXPECT_EQ(code_of(R"({"url":"https://a.test","query":{"o":{"a":1}}})"), "invalid_value");
}

TEST(Http, HeadersAndTheirSecrets) {
  const http::Request request = built(
      R"({"url":"https://a.test","headers":{"X-N":5,"X-L":["a","b"],"X-None":null,"Cookie":"c"}})");
  ASSERT_EQ(request.headers.size(), 4U);
  EXPECT_EQ(request.headers[0].value, "5");
  EXPECT_EQ(request.headers[2].value, "b");
  EXPECT_FALSE(request.headers[0].sensitive);
  EXPECT_TRUE(request.headers[3].sensitive);
}

TEST(Http, Bodies) {
  struct Row {
    const char* params;
    const char* type;
    const char* body;
  };
  const Row rows[] = {
      {R"({"json":{"a":[1,null]}})", "application/json", R"({"a":[1,null]})"},
      {R"({"json":null})", "application/json", "null"},
      {R"({"json":"text"})", "application/json", R"("text")"},
      {R"({"form":{"a":"x y&","l":[1,2]}})", "application/x-www-form-urlencoded",
       "a=x+y%26&l=1&l=2"},
      {R"({"body":"raw"})", "text/plain; charset=utf-8", "raw"},
      {R"({"body":"<a/>","content_type":"application/xml"})", "application/xml", "<a/>"},
      {R"({"body":""})", "text/plain; charset=utf-8", ""},
  };
  for (const Row& row : rows) {
    Json params = json(row.params);
    params.get_object()["url"] = "https://a.test";
    const http::Request request = built(to_json(params), {}, "post");
    SCOPED_TRACE(row.params);
    EXPECT_EQ(header_of(request, "Content-Type"), row.type);
    EXPECT_EQ(request.body, row.body);
    EXPECT_TRUE(request.has_body);
  }
  const http::Request own = built(
      R"({"url":"https://a.test","json":{},"headers":{"content-type":"application/vnd.x+json"}})");
  EXPECT_EQ(header_of(own, "content-type"), "application/vnd.x+json");
  EXPECT_EQ(own.headers.size(), 1U);
  EXPECT_EQ(code_of(R"({"url":"https://a.test","json":1,"body":"x"})"), "invalid_value");
}

TEST(Http, Multipart) {
  const http::Request request = built(
      R"({"url":"https://a.test","multipart":[{"name":"a","value":"1"},
          {"name":"meta","value":{"x":1}},
          {"name":"f","filename":"f.txt","content":"data","content_type":"text/plain"},
          {"name":"b","filename":"b.bin","content_base64":"AAE="}]})",
      {}, "post");
  EXPECT_THAT(header_of(request, "Content-Type"), StartsWith("multipart/form-data; boundary="));
  EXPECT_THAT(request.body, HasSubstr("name=\"a\"\r\n\r\n1\r\n"));
  EXPECT_THAT(request.body, HasSubstr("application/json\r\n\r\n{\"x\":1}\r\n"));
  EXPECT_THAT(request.body, HasSubstr("filename=\"f.txt\""));
  EXPECT_THAT(request.body, HasSubstr(std::string("\r\n\r\n\0\1\r\n", 8)));
  EXPECT_EQ(code_of(R"({"url":"https://a.test","multipart":[{"name":"a"}]})", "post"),
            "missing_param");
}

TEST(Http, SignsInFromTheConnection) {
  const char* params = R"({"url":"https://a.test/p?x=1"})";
  const auto sign = [&](const Values& values) {
    return header_of(built(params, values), "Authorization");
  };
  EXPECT_EQ(sign({{"username", "u"}, {"password", "p:w"}}), "Basic " + crypto::base64("u:p:w"));
  EXPECT_EQ(sign({{"username", "sk_live"}}), "Basic " + crypto::base64("sk_live:"));
  EXPECT_EQ(sign({{"token", "t"}}), "Bearer t");
  EXPECT_EQ(sign({{"access_token", "t"}, {"api_key", "k"}}), "Bearer t");
  EXPECT_EQ(sign({{"api_key", "k"}}), "Bearer k");
  EXPECT_EQ(sign({}), "(none)");
  const http::Request header = built(params, {{"header_name", "X-Key"}, {"header_value", "v"}});
  EXPECT_EQ(header_of(header, "X-Key"), "v");
  EXPECT_TRUE(header.headers[0].sensitive);
  EXPECT_EQ(header_of(built(params, {{"header_name", "X-Key"}, {"api_key", "k"}}), "X-Key"), "k");
  EXPECT_EQ(built(params, {{"query_name", "key"}, {"api_key", "a&b"}}).url,
            "https://a.test/p?x=1&key=a%26b");
  const http::Request own =
      built(R"({"url":"https://a.test","headers":{"authorization":"mine"}})", {{"token", "t"}});
  EXPECT_EQ(own.headers.size(), 1U);
  EXPECT_EQ(own.headers[0].value, "mine");
}

TEST(Http, IdempotencyHeaderTakesTheKey) {
  const TestCall call("http", "post",
                      R"({"url":"https://a.test","idempotency_header":"Idempotency-Key"})");
  EXPECT_EQ(header_of(*call.build(), "Idempotency-Key"), call.key);
  EXPECT_EQ(call.effect(), EffectClass::keyed);
}

TEST(Http, BadUrls) {
  for (const char* url : {"a.test", "ftp://a.test", "https://u:p@a.test", "https://", "/x"}) {
    const TestCall call("http", "get", to_json(JsonObject{{"url", url}}));
    const Result<http::Request> request = call.build();
    ASSERT_FALSE(request) << url;
    EXPECT_EQ(request.error().code, "invalid_url");
    EXPECT_EQ(request.error().pointer, "/url");
  }
  EXPECT_EQ(code_of("{}"), "missing_param");
}

TEST(Http, ReadsByContentType) {
  const auto output = [](const http::Response& response, const char* mode = "auto") {
    const TestCall call("http", "get",
                        to_json(JsonObject{{"url", "https://a.test"}, {"response", mode}}));
    const ProviderResult result = call.read(response);
    return result.success ? to_json(*find(result.output, "body")) : result.error->code;
  };
  const std::vector<http::Header> text = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(output(answer(200, R"({"a":1})")), R"({"a":1})");
  EXPECT_EQ(output(answer(200, "[1]", {{"content-type", "application/problem+json; x=y"}})), "[1]");
  EXPECT_EQ(output(answer(200, R"({"a":1})", text)), R"("{\"a\":1}")");
  EXPECT_EQ(output(answer(200, "{oops")), R"("{oops")");
  EXPECT_EQ(output(answer(204, "")), "null");
  EXPECT_EQ(output(answer(200, "", text)), R"("")");
  EXPECT_EQ(output(answer(200, "{\"a\":1}", text), "json"), R"({"a":1})");
  EXPECT_EQ(output(answer(200, "{oops", text), "json"), "bad_response");
  EXPECT_EQ(output(answer(200, R"({"a":1})"), "text"), R"("{\"a\":1}")");
}

TEST(Http, BytesComeAsBase64) {
  const TestCall call("http", "get", R"({"url":"https://a.test"})");
  const ProviderResult result =
      call.read(answer(200, "\xff\xd8", {{"Content-Type", "image/jpeg"}}));
  EXPECT_EQ(*find(result.output, "body"), Json("/9g="));
  EXPECT_EQ(string_or(result.metadata, "encoding"), "base64");
}

TEST(Http, OutputHasStatusAndHeaders) {
  const TestCall call("http", "get", R"({"url":"https://a.test"})");
  const ProviderResult result = call.read(answer(201, "{}",
                                                 {{"Content-Type", "application/json"},
                                                  {"X-A", "1"},
                                                  {"x-a", "2"},
                                                  {"Set-Cookie", "c=1"},
                                                  {"Set-Cookie", "d=2"},
                                                  {"X-Bad", "\xff"}}));
  EXPECT_EQ(to_json(result.output),
            R"({"status":201,"body":{},"headers":{"content-type":"application/json","x-a":"1, 2",)"
            R"("set-cookie":["c=1","d=2"],"x-bad":""}})");
  EXPECT_EQ(find(result.metadata, "status")->get_int64(), 201);
}

TEST(Http, FailsByStatusUnlessAskedNotTo) {
  const auto success = [](int status, const char* params) {
    return TestCall("http", "get", params).read(answer(status, "{}")).success;
  };
  EXPECT_FALSE(success(404, R"({"url":"https://a.test"})"));
  EXPECT_TRUE(success(404, R"({"url":"https://a.test","fail_on_status":false})"));
  EXPECT_FALSE(success(302, R"({"url":"https://a.test"})"));
  EXPECT_TRUE(success(302, R"({"url":"https://a.test","follow_redirects":false})"));
  EXPECT_FALSE(success(404, R"({"url":"https://a.test","follow_redirects":false})"));
}

}  // namespace
}  // namespace pilot::providers
