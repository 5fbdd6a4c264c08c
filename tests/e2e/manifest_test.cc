// Providers that are manifests, in the real server: what a vendor's odd answers become, a
// connection that is tested, and manifests that change while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Reply raw(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer, const Seen&) {
    peer.send(bytes);
    peer.close_after();
  };
}

class Manifests : public testing::Test {
 protected:
  Manifests() {
    write("acme", "get_thing: {do: GET /thing}\n  list_things: {do: GET /things, items: .things}");
  }

  // catalog/NAME.yaml, whose vendor is the service.
  void write(const std::string& name, const std::string& actions) const {
    std::filesystem::create_directories(catalog());
    const std::string file = dir_.write(
        name, fmt::format("id: {}\nname: Acme\ncategory: other\nbase: {}\nauth: {{bearer: token}}\n"
                          "fail: {{when: .ok == false, code: .why}}\ntest: GET /me\n"
                          "actions:\n  {}\n",
                          name, service_.url(), actions));
    std::filesystem::rename(file, catalog() / (name + ".yaml"));  // whole at once
  }
  std::filesystem::path catalog() const { return dir_.path() / "catalog"; }
  Arguments options() const { return {"--catalog", catalog().string()}; }
  std::filesystem::path data() const { return dir_.path() / "data"; }

  static void connect(const Server& server) {
    EXPECT_EQ(
        server.post("/api/provider-credentials/acme", R"({"type":"token","value":"t0k3n-t0k3n"})")
            .status,
        201);
  }
  // The step's result.
  Json run(const Server& server, const std::string& action = "get_thing",
           const std::string& params = "{}") const {
    const Answer answer =
        server.post("/api/execute-step",
                    fmt::format(R"({{"provider":"acme","action":"{}","params":{},"retry":"none"}})",
                                action, params));
    return answer.json;
  }

  TempDir dir_;
  FakeService service_{answer(404, "{}")};
};

TEST_F(Manifests, OddAnswersBecomeClearResults) {
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  connect(server);
  const Headers html{{"Content-Type", "text/html; charset=utf-8"}};
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  struct Odd {
    std::string what;
    Reply reply;
    std::string code;  // of the error; empty: it is a success
    std::string says;  // in the result
  };
  const std::vector<Odd> all{
      {"nothing", answer(204, ""), "", "null"},
      {"a good one", answer(200, R"({"x":1})"), "", R"({"x":1})"},
      {"an error inside", answer(200, R"({"ok":false,"why":"no_such_thing"})"), "no_such_thing",
       ""},
      {"no JSON", answer(200, "{\"x\": tru"), "bad_response", ""},
      {"HTML", answer(200, "<html>hello</html>", html), "bad_response", ""},
      {"an error page", answer(502, "<html><h1>Bad Gateway</h1></html>", html), "gateway_error",
       "Bad Gateway"},
      {"not UTF-8", answer(200, "{\"x\": \"\xff\xfe\"}"), "bad_response", ""},
      {"shorter than it says", raw(head + "Content-Length: 50\r\n\r\n{\"x\":1}"), "connection_lost",
       ""},
      {"longer than it says", raw(head + "Content-Length: 7\r\n\r\n{\"x\":1}{\"y\":2}"), "",
       R"({"x":1})"},
      {"cut", close_half_way(), "connection_lost", ""},
      {"garbage", garbage(), "bad_response", ""},
      {"endless", endless_body(), "output_too_large", ""},
      {"a bomb", gzip_bomb(), "output_too_large", ""},
      {"a redirect for ever", redirect_for_ever(), "too_many_redirects", ""},
  };
  const std::size_t before = server.rss_mib();
  for (const Odd& odd : all) {
    service_.on("/thing", odd.reply);
    const Json result = run(server);
    EXPECT_EQ(text_at(result, "error/code"), odd.code) << odd.what << ": " << to_json(result);
    EXPECT_THAT(to_json(result), HasSubstr(odd.says)) << odd.what;
  }
  EXPECT_LT(server.rss_mib(), before + 64);
}

TEST_F(Manifests, AConnectionIsTestedByTheCallThatItsManifestNames) {
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  const auto test = [&] { return server.post("/api/provider-credentials/acme/test", "{}"); };
  EXPECT_EQ(text_at(test().json, "error/code"), "missing_credentials");
  EXPECT_EQ(service_.count(), 0u);
  connect(server);
  service_.on("/me", answer(200, "{}"));
  EXPECT_EQ(to_json(at(test().json, "ok")), "true");
  EXPECT_EQ(service_.seen("/me").back().header("authorization"), "Bearer t0k3n-t0k3n");
  service_.on("/me", answer(401, R"({"message":"t0k3n-t0k3n is revoked"})"));
  const Answer refused = test();
  EXPECT_EQ(to_json(at(refused.json, "ok")), "false");
  EXPECT_EQ(text_at(refused.json, "error/code"), "unauthorized");
  EXPECT_THAT(refused.body, Not(HasSubstr("t0k3n-t0k3n")));
  const Finished command = pilot(data(), {"credentials", "test", "acme"});
  EXPECT_EQ(command.code, 1);
  EXPECT_THAT(command.out + command.err, HasSubstr("HTTP 401: *** is revoked"));
}

TEST_F(Manifests, AreReadAgainWhenTheyChangeAndABadOneHurtsNobody) {
  write("other", "ping: {do: GET /ping}");
  Server server(data(), options());
  ASSERT_TRUE(server.up());
  connect(server);
  service_.on("/thing", answer(200, R"({"x":1})"));
  service_.on("/ping", answer(200, R"({"pong":1})"));
  EXPECT_EQ(text_at(run(server), "status"), "success");

  write("acme", "get_thing: {do: GET /ping}\n  more: {do: POST /more}");
  const auto actions = [&] { return server.get("/api/providers/acme").body; };
  EXPECT_TRUE(eventually([&] { return actions().find("more") != std::string::npos; }));
  EXPECT_THAT(to_json(run(server)), HasSubstr("pong"));

  write("acme", "get_thing: {do: 'GET /{nothing}'}\n  newer: {do: GET /x}");
  const auto log = [&] { return server.process().err() + server.process().out(); };
  EXPECT_TRUE(eventually([&] { return log().find("acme.yaml:") != std::string::npos; })) << log();
  EXPECT_THAT(log(), HasSubstr("nothing")) << "and what is wrong";
  EXPECT_EQ(server.get("/api/providers/other").status, 200);
}

TEST_F(Manifests, TakeActionsFromAnOpenApiDocumentBesideThem) {
  const auto document = [&](const std::string& path) {
    std::filesystem::create_directories(catalog() / "documents");
    const std::string file = dir_.write(
        "shop.json", fmt::format(R"({{"openapi":"3.0.3","info":{{"title":"Shop","version":"1"}},
                         "paths":{{"{}":{{"get":{{"operationId":"listOrders"}}}}}}}})",
                                 path));
    std::filesystem::rename(file, catalog() / "documents/shop.json");
  };
  document("/orders");
  const std::string file = dir_.write(
      "shop", fmt::format("base: {}\nauth: {{bearer: token}}\n"
                          "openapi: {{file: documents/shop.json, rename: {{listOrders: all}}}}\n",
                          service_.url()));
  std::filesystem::rename(file, catalog() / "shop.yaml");
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  EXPECT_EQ(
      server.post("/api/provider-credentials/shop", R"({"type":"token","value":"t0k3n-t0k3n"})")
          .status,
      201);
  service_.on("/orders", answer(200, R"({"n":1})"));
  service_.on("/v2/orders", answer(200, R"({"n":2})"));
  const auto all = [&] {
    return to_json(at(server
                          .post("/api/execute-step",
                                R"({"provider":"shop","action":"all","params":{},"retry":"none"})")
                          .json,
                      "output"));
  };
  EXPECT_EQ(all(), R"({"n":1})");
  EXPECT_EQ(service_.seen("/orders").back().header("authorization"), "Bearer t0k3n-t0k3n");
  document("/v2/orders");
  EXPECT_TRUE(eventually([&] { return all() == R"({"n":2})"; }));
}

TEST_F(Manifests, ALostAnswerIsLookedForBeforeAnybodyIsAsked) {
  write("acme",
        "make: {do: POST /things, params: {ref: string!},\n"
        "    verify: {action: list, found: '.[] | select(.ref == $params.ref)', wait: 100ms}}\n"
        "  list: {do: GET /list}");
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  connect(server);
  service_.on("/things", close_without_answer());
  service_.on("/list", answer(200, R"([{"ref":"r1","id":7}])"));
  const Json made = run(server, "make", R"({"ref":"r1"})");
  EXPECT_EQ(to_json(at(made, "output")), R"({"ref":"r1","id":7})") << to_json(made);
  EXPECT_THAT(text_at(made, "message"), HasSubstr("carried out"));
  EXPECT_EQ(service_.count("/things"), 1u);
  EXPECT_THAT(server.get("/api/providers/acme").body, HasSubstr(R"("verified_by":"list")"));
}

}  // namespace
}  // namespace pilot::e2e
