// Answers: good ones, failures in every shape, pages.
#include "providers/manifest/read.h"

#include <gmock/gmock.h>

#include "providers/manifest/manifest_for_test.h"

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;

std::string with(std::string_view action, std::string_view more = "") {
  return fmt::format("id: acme\nbase: https://api.acme.example\n{}\nactions:\n  x: {}\n", more,
                     action);
}

ProviderResult read(const http::Response& response, std::string_view action = "{do: GET /x}",
                    std::string_view more = "") {
  return ManifestCall(with(action, more), "x", "{}").read(response);
}

constexpr std::string_view kSlack =
    "fail: {when: .ok == false, code: .error, message: .error, limited: [ratelimited], retry: "
    "[internal_error]}";

TEST(ManifestRead, GivesTheBodyOrWhatOutMakesOfIt) {
  EXPECT_EQ(to_json(read(answer(200, R"({"a":1})")).output), R"({"a":1})");
  EXPECT_EQ(to_json(read(answer(200, R"({"a":1})"), "{do: GET /x, out: .body.a}").output), "1");
  EXPECT_EQ(to_json(read(answer(201, R"({"a":1})"),
                         "{do: GET /x, out: '[.status, .headers["
                         "\"content-type\"]]'}")
                        .output),
            R"([201,"application/json"])");
  EXPECT_TRUE(read(answer(204, "")).success);
  EXPECT_TRUE(read(answer(204, "")).output.is_null());
  EXPECT_EQ(to_json(read(answer(200, "ok", {{"Content-Type", "text/html"}})).output), R"("ok")");
  const ProviderResult bytes = read(answer(200, "\xff\x00", {{"Content-Type", "image/png"}}));
  EXPECT_EQ(string_or(bytes.output, "type"), "image/png");
  EXPECT_TRUE(read(answer(404, "{}"), "{do: GET /x, ok: [200, 404]}").success);
}

TEST(ManifestRead, WhatIsNoGoodAnswerIsAClearError) {
  const auto code = [](const http::Response& response) { return read(response).error->code; };
  EXPECT_EQ(code(answer(200, R"({"a":)")), "bad_response");
  EXPECT_EQ(code(answer(200, "<!DOCTYPE html><p>Log in", {{"Content-Type", "text/html"}})),
            "bad_response");
  EXPECT_EQ(code(answer(502, "<html>bad gateway", {{"Content-Type", "text/html"}})),
            "gateway_error");
  EXPECT_EQ(code(answer(401, R"({"message":"who"})")), "unauthorized");
  const ProviderResult out =
      read(answer(200, R"({"a":1})"), "{do: GET /x, out: '.body.a | length | error(\"x\")'}");
  EXPECT_EQ(out.error->code, "bad_response");
}

TEST(ManifestRead, XmlIsReadAsAMapAndItsFailuresAreTheVendors) {
  const std::vector<http::Header> xml{
      {.name = "Content-Type", .value = "application/xml; charset=utf-8"}};
  EXPECT_EQ(
      to_json(read(answer(200, "<a><b>1</b></a>", xml), "{do: GET /x, out: .body.a.b}").output),
      R"("1")");
  EXPECT_EQ(to_json(read(answer(200, "<a><b>", xml)).output), R"("<a><b>")");
  constexpr std::string_view kRule =
      "fail: {when: '.Error?', code: .Error.Code, message: .Error.Message}";
  const auto no =
      answer(403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>", xml);
  for (const std::string_view action : {"{do: GET /x}", "{do: GET /x, binary: true}"}) {
    const ProviderResult refused = read(no, action, kRule);
    EXPECT_EQ(refused.error->message, "HTTP 403: No.") << action;
    EXPECT_EQ(string_or(refused.error->details, "vendor_code"), "AccessDenied");
  }
  EXPECT_EQ(string_or(read(answer(200, "<a/>", xml), "{do: GET /x, binary: true}").output,
                      "content_base64"),
            "PGEvPg==");
}

TEST(ManifestRead, AFailureInsideAGoodAnswer) {
  const ProviderResult no = read(answer(200, R"({"ok":false,"error":"channel_not_found"})"),
                                 "{do: POST /x, params: {}}", kSlack);
  ASSERT_FALSE(no.success);
  EXPECT_EQ(no.error->code, "channel_not_found");
  EXPECT_FALSE(no.error->retryable);
  const ProviderResult limited =
      read(answer(200, R"({"ok":false,"error":"ratelimited"})",
                  {{"Content-Type", "application/json"}, {"Retry-After", "7"}}),
           "{do: POST /x, params: {}}", kSlack);
  EXPECT_EQ(limited.error->code, "rate_limited");
  EXPECT_TRUE(limited.error->retryable);
  EXPECT_EQ(limited.error->retry_after, Millis{7'000});
  const auto internal = answer(200, R"({"ok":false,"error":"internal_error"})");
  EXPECT_TRUE(read(internal, "{do: GET /x}", kSlack).error->retryable);
  EXPECT_FALSE(read(internal, "{do: POST /x, params: {}}", kSlack).error->retryable)
      << "an unsafe call is not made again";
  EXPECT_TRUE(read(answer(200, R"({"ok":true})"), "{do: GET /x}", kSlack).success);
  EXPECT_TRUE(read(answer(200, R"("text")"), "{do: GET /x}", kSlack).success);
}

TEST(ManifestRead, ARefusalKeepsTheStatusAndTellsTheVendorsWord) {
  const ProviderResult no =
      read(answer(402, R"({"error":{"code":"card_declined","message":"No funds"}})"),
           "{do: POST /x, params: {}}",
           "fail: {when: .error, code: .error.code, message: .error.message}");
  EXPECT_EQ(no.error->code, "payment_required");
  EXPECT_EQ(no.error->message, "HTTP 402: No funds");
  EXPECT_EQ(string_or(no.error->details, "vendor_code"), "card_declined");
}

TEST(ManifestRead, RateLimitsInHeaders) {
  const std::string more =
      "retry: {status: [403], remaining: x-ratelimit-remaining, reset: x-ratelimit-reset}";
  const auto answer_with = [](std::string remaining) {
    return answer(403, "{}",
                  {{"Content-Type", "application/json"},
                   {"x-ratelimit-remaining", std::move(remaining)},
                   {"x-ratelimit-reset", "1440938190"}});
  };
  const ProviderResult limited = read(answer_with("0"), "{do: GET /x}", more);
  EXPECT_TRUE(limited.error->retryable);
  EXPECT_EQ(limited.error->code, "rate_limited");
  EXPECT_EQ(limited.error->retry_after, Millis{30'000});
  const ProviderResult forbidden = read(answer_with("12"), "{do: GET /x}", more);
  EXPECT_FALSE(forbidden.error->retryable);
  EXPECT_EQ(forbidden.error->code, "forbidden");
}

TEST(ManifestRead, GraphqlErrorsAreErrors) {
  const std::string_view action = "{do: GRAPHQL /g, gql: 'query { a }'}";
  EXPECT_EQ(to_json(read(answer(200, R"({"data":{"a":1}})"), action).output), R"({"a":1})");
  const ProviderResult no =
      read(answer(200, R"({"data":null,"errors":[{"message":"no such a"}]})"), action);
  EXPECT_EQ(no.error->code, "graphql_error");
  EXPECT_THAT(no.error->message, HasSubstr("no such a"));
}

// --- pages

struct Walk {
  ProviderResult result;
  std::vector<std::string> urls;
  std::vector<std::string> bodies;
};

// Runs a list to its end over answers by turn.
Walk walk(const ManifestCall& call, std::vector<http::Response> answers) {
  Walk out;
  http::Request request = call.request();
  const auto pages = call.http().converse(call.call());
  for (http::Response& response : answers) {
    out.urls.push_back(request.url);
    out.bodies.push_back(request.body);
    if (response.url.empty()) response.url = request.url;
    auto next = pages->take(call.call(), response);
    if (auto* result = std::get_if<ProviderResult>(&next)) {
      out.result = std::move(*result);
      return out;
    }
    request = std::move(std::get<http::Request>(next));
  }
  ADD_FAILURE() << "it wants more pages than there are: " << request.url;
  return out;
}

http::Response page(std::string body, std::string link = "") {
  std::vector<http::Header> headers{{"Content-Type", "application/json"}};
  if (!link.empty()) headers.push_back({"Link", std::move(link)});
  return answer(200, std::move(body), std::move(headers));
}

TEST(ManifestPages, LinkHeader) {
  const ManifestCall call(with("{do: GET /x, items: .}", "page: {link: next, size: {per_page: 2}}"),
                          "x", "{}");
  const Walk seen = walk(
      call,
      {page(
           "[1,2]",
           R"(<https://api.acme.example/x?page=2&per_page=2>; rel="next", <https://api.acme.example/x?page=9>; rel="last")"),
       page("[3]", R"(<https://api.acme.example/x?page=1>; rel="prev")")});
  EXPECT_EQ(to_json(seen.result.output), "[1,2,3]");
  EXPECT_THAT(seen.urls, testing::ElementsAre("https://api.acme.example/x?per_page=2",
                                              "https://api.acme.example/x?page=2&per_page=2"));
}

TEST(ManifestPages, ANextPageElsewhereGetsNoCredentials) {
  const ManifestCall call(with("{do: GET /x, items: .v}", "page: {next: .next}"), "x", "{}");
  const Walk seen = walk(call, {page(R"({"v":[1],"next":"https://evil.example/x"})")});
  ASSERT_FALSE(seen.result.success);
  EXPECT_EQ(seen.result.error->code, "host_not_allowed");
  const Walk fine = walk(call, {page(R"({"v":[1],"next":"/x?p=2"})"), page(R"({"v":[2]})")});
  EXPECT_EQ(to_json(fine.result.output), "[1,2]");
}

TEST(ManifestPages, CursorInQueryAndInBody) {
  const ManifestCall query(
      with("{do: GET /x, items: .data, params: {q: string}}",
           "page: {cursor: '.data[-1].id', as: starting_after, more: .has_more, size: {limit: 2}}"),
      "x", R"({"q":"a b"})");
  const Walk seen = walk(query, {page(R"({"data":[{"id":1},{"id":2}],"has_more":true})"),
                                 page(R"({"data":[{"id":3}],"has_more":false})")});
  EXPECT_THAT(seen.urls,
              testing::ElementsAre("https://api.acme.example/x?q=a%20b&limit=2",
                                   "https://api.acme.example/x?q=a%20b&limit=2&starting_after=2"));
  EXPECT_EQ(seen.result.output.get_array().size(), 3u);
  const ManifestCall body(with("{do: POST /x, effect: read, items: .results, params: {q: string}}",
                               "page: {cursor: .next_cursor, as: start_cursor, in: body}"),
                          "x", "{}");
  const Walk posted = walk(body, {page(R"({"results":[1],"next_cursor":"c2"})"),
                                  page(R"({"results":[2],"next_cursor":null})")});
  EXPECT_EQ(posted.bodies[1], R"({"start_cursor":"c2"})");
  EXPECT_EQ(to_json(posted.result.output), "[1,2]");
}

TEST(ManifestPages, APageNumberDeepInTheBody) {
  const ManifestCall call(with("{do: POST /x, effect: read, items: .v, params: {q: string}}",
                               "page: {page: page.number, in: body, size: {page.size: 1}}"),
                          "x", "{}");
  const Walk seen = walk(call, {page(R"({"v":[1]})"), page(R"({"v":[]})")});
  EXPECT_EQ(seen.bodies[1], R"({"page":{"size":1,"number":2}})");
}

TEST(ManifestPages, PageNumbersAndOffsetsEndAtAShortPage) {
  const ManifestCall numbers(with("{do: GET /x, items: .}", "page: {page: p, size: {n: 2}}"), "x",
                             "{}");
  const Walk seen = walk(numbers, {page("[1,2]"), page("[3]")});
  EXPECT_EQ(seen.urls[1], "https://api.acme.example/x?n=2&p=2");
  const ManifestCall offsets(with("{do: GET /x, items: .}", "page: {offset: o, size: {n: 2}}"), "x",
                             "{}");
  EXPECT_EQ(walk(offsets, {page("[1,2]"), page("[]")}).urls[1],
            "https://api.acme.example/x?n=2&o=2");
}

TEST(ManifestPages, LimitEndsTheWalkAndSaysThatThereIsMore) {
  const std::string manifest =
      with("{do: GET /x, items: ., out: '{n: (.items | length)}'}", "page: {link: next}");
  const ManifestCall call(manifest, "x", R"({"limit":3})");
  const std::string link = R"(<https://api.acme.example/x?page=2>; rel=next)";
  const Walk seen = walk(call, {page("[1,2]", link), page("[3,4]", link)});
  EXPECT_EQ(to_json(seen.result.output), R"({"n":3})");
  EXPECT_TRUE(find(seen.result.metadata, "more")->get_bool());
  EXPECT_EQ(find(seen.result.metadata, "pages")->get_int64(), 2);
}

TEST(ManifestPages, ACursorThatStandsStillEndsTheWalk) {
  const ManifestCall call(with("{do: GET /x, items: .v}", "page: {cursor: .c, as: c}"), "x", "{}");
  const Walk seen = walk(call, {page(R"({"v":[1],"c":"a"})"), page(R"({"v":[2],"c":"a"})")});
  EXPECT_EQ(to_json(seen.result.output), "[1,2]");
}

TEST(ManifestPages, AFailedPageFailsTheCall) {
  const ManifestCall call(with("{do: GET /x, items: .v}", "page: {cursor: .c, as: c}"), "x", "{}");
  const Walk seen = walk(call, {page(R"({"v":[1],"c":"a"})"), answer(500, "{}")});
  ASSERT_FALSE(seen.result.success);
  EXPECT_EQ(seen.result.error->code, "server_error");
  EXPECT_FALSE(walk(call, {page(R"({"v":"no list"})")}).result.success);
}

TEST(ManifestPages, TooMuchIsAClearError) {
  const ManifestCall call(with("{do: GET /x, items: ., }", "page: {page: p}"), "x",
                          R"({"all":true})");
  const std::string big = "[\"" + std::string(3u << 20, 'a') + "\"]";
  const Walk seen = walk(call, {page(big), page(big)});
  ASSERT_FALSE(seen.result.success);
  EXPECT_EQ(seen.result.error->code, "output_too_large");
}

}  // namespace
}  // namespace pilot::providers::manifest
