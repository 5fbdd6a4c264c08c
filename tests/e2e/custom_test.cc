// A user's own provider, as a user makes and calls one: by hand and from an OpenAPI document, with
// its own credentials, and to its own host only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class CustomIntegrations : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::string make(const Server& server, const std::string& body) const {
    const Answer made = server.post("/api/custom-integrations", body);
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string id = made.text("id");
    EXPECT_EQ(server
                  .post("/api/custom-integrations/" + id + "/credentials",
                        R"({"type":"api_key","value":"fake-key-1234"})")
                  .status,
              201);
    return id;
  }
  std::string acme(const Server& server) const {
    return make(server, quoted(fmt::format(
                            "{{'name': 'acme', 'base_url': '{}', 'auth_header': 'X-Key', "
                            "'auth_prefix': '', 'actions': [{{'action_id': 'get_contact', "
                            "'http_method': 'GET', 'endpoint': '/contacts/{{id}}'}}, "
                            "{{'action_id': 'away', 'http_method': 'GET', 'endpoint': '/away'}}]}}",
                            service_.url())));
  }
  static Json step(const Server& server, const std::string& provider, const std::string& action,
                   const std::string& params = "{}") {
    return server
        .post("/api/execute-step",
              fmt::format(R"({{"provider":"{}","action":"{}","params":{},"retry":"none"}})",
                          provider, action, params))
        .json;
  }

  TempDir dir_;
  FakeService service_{answer(200, R"({"name":"Ada"})")};
};

TEST_F(CustomIntegrations, AreCalledByNameAndByIdWithTheirCredentials) {
  Server server(data());
  ASSERT_TRUE(server.up());
  const std::string id = acme(server);
  for (const std::string& name : {std::string("acme"), "custom_" + id}) {
    const Json done = step(server, name, "get_contact", R"({"id":7})");
    EXPECT_EQ(text_at(done, "status"), "success") << to_json(done);
    EXPECT_EQ(text_at(done, "output/name"), "Ada");
  }
  const auto seen = service_.seen("/contacts/7");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].header("x-key"), "fake-key-1234");

  // A stored plan, a restart in between, and a change of the integration.
  const std::string plan =
      server
          .post("/api/plans", quoted("{'name': 'p', 'steps': [{'provider': 'acme', 'action': "
                                     "'get_contact', 'params': {'id': 8}}]}"))
          .text("id");
  EXPECT_EQ(server.stop().code, 0);
  const Server again(data());
  ASSERT_TRUE(again.up());
  const std::string run = fmt::format(R"({{"plan_id":"{}"}})", plan);
  EXPECT_EQ(text_at(again.ended(again.post("/api/runs", run).text("id")), "status"), "success");
  EXPECT_EQ(service_.count("/contacts/8"), 1u);
  EXPECT_EQ(again.put("/api/custom-integrations/" + id, R"({"is_active":false})").status, 200);
  EXPECT_EQ(again.post("/api/runs", run).text("code"), "integration_inactive");
}

TEST_F(CustomIntegrations, TheirCredentialsGoToTheirHostOnly) {
  FakeService elsewhere(answer(200, R"({"stolen":true})"));
  const Server server(data());
  ASSERT_TRUE(server.up());
  acme(server);
  service_.on("/away", answer(302, "", {{"Location", elsewhere.url("/take")}}));
  const Json done = step(server, "acme", "away");
  EXPECT_EQ(text_at(done, "error/code"), "host_not_allowed") << to_json(done);
  EXPECT_EQ(elsewhere.count(), 0u);
}

TEST_F(CustomIntegrations, AreTested) {
  const Server server(data());
  ASSERT_TRUE(server.up());
  const std::string path = "/api/custom-integrations/" + acme(server);
  const auto test = [&](const std::string& body) { return server.post(path + "/test", body).json; };
  EXPECT_EQ(to_json(at(test(R"({"action_id":"get_contact","params":{"id":1}})"), "ok")), "true");
  const auto look = [&](int status) {
    service_.on("/", answer(status, "{}"));
    return to_json(at(test("{}"), "ok"));
  };
  const auto valid = [&](const std::string& word) {
    EXPECT_THAT(server.get(path).body, HasSubstr(R"("is_valid":)" + word));
  };
  EXPECT_EQ(look(404), "true") << "the server answers";
  for (const int status : {429, 500, 503}) {
    EXPECT_EQ(look(status), "false");
    valid("true");
  }
  service_.on("/", close_without_answer());
  EXPECT_EQ(text_at(test("{}"), "error/code"), "connection_lost");
  valid("true");
  EXPECT_EQ(look(401), "false");
  valid("false");
  EXPECT_EQ(look(500), "false");
  valid("false");
}

TEST_F(CustomIntegrations, OfAnOpenApiDocumentAreCalledTheSameWay) {
  const Server server(data());
  ASSERT_TRUE(server.up());
  const std::string document = quoted(fmt::format(
      "{{'openapi': '3.0.0', 'info': {{'title': 'Pets'}}, 'servers': [{{'url': '{}/v1'}}], "
      "'components': {{'securitySchemes': {{'k': {{'type': 'apiKey', 'in': 'header', 'name': "
      "'X-Pet'}}}}}}, 'security': [{{'k': []}}], 'paths': {{'/pets/{{id}}': {{'get': "
      "{{'operationId': 'getPet', 'parameters': [{{'name': 'id', 'in': 'path', 'required': true, "
      "'schema': {{'type': 'integer'}}}}]}}}}}}}}",
      service_.url()));
  make(server, fmt::format(R"({{"name":"pets","openapi":{}}})", document));
  const Json done = step(server, "pets", "get_pet", R"({"id":3})");
  EXPECT_EQ(text_at(done, "status"), "success") << to_json(done);
  ASSERT_EQ(service_.count("/v1/pets/3"), 1u);
  EXPECT_EQ(service_.seen("/v1/pets/3")[0].header("x-pet"), "fake-key-1234");
  EXPECT_EQ(text_at(step(server, "pets", "get_pet", R"({"id":"x"})"), "code"), "wrong_type");
}

TEST_F(CustomIntegrations, OperationsWithAServerOfTheirOwnMayGoThereAndThePersonIsTold) {
  FakeService uploads(answer(200, "{}"));
  const Server server(data());
  ASSERT_TRUE(server.up());
  const std::string host = uploads.url().substr(7);
  const std::string document = quoted(fmt::format(
      "{{'openapi': '3.0.0', 'info': {{'title': 'Pets'}}, 'servers': [{{'url': '{}/v1'}}], "
      "'components': {{'securitySchemes': {{'k': {{'type': 'apiKey', 'in': 'header', 'name': "
      "'X-Pet'}}}}}}, 'security': [{{'k': []}}], 'paths': {{'/pets': {{'get': {{'operationId': "
      "'list'}}}}, '/up': {{'get': {{'operationId': 'up', 'servers': [{{'url': "
      "'https://{}/v2'}}]}}}}}}}}",
      service_.url(), host));
  const std::string file = dir_.write("pets.json", document);
  const Finished told = pilot(data(), {"providers", "import", file, "--dry-run"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.err, HasSubstr(fmt::format("credentials may go to: {}, {} (1 operation)",
                                              service_.url().substr(7), host)));
  const Json dry = pilot_json(data(), {"providers", "import", file, "--dry-run"});
  EXPECT_EQ(text_at(dry, "hosts/1/host"), host);

  const std::string id = make(server, fmt::format(R"({{"name":"pets","openapi":{}}})", document));
  EXPECT_EQ(text_at(server.get("/api/custom-integrations/" + id).json, "hosts/1/host"), host);
  // The call gets there, and no further: the service speaks no TLS.
  const Answer up = server.post(
      "/api/execute-step", R"({"provider":"pets","action":"up","retry":"none","timeout":"1s"})");
  EXPECT_EQ(text_at(up.json, "error/code"), "timeout") << up.body;
  EXPECT_EQ(text_at(step(server, "pets", "list"), "status"), "success");
  EXPECT_EQ(service_.seen("/v1/pets").at(0).header("x-pet"), "fake-key-1234");
  service_.on("/v1/pets", answer(302, "", {{"Location", uploads.url("/v1/take")}}));
  EXPECT_EQ(text_at(step(server, "pets", "list"), "status"), "success")
      << "a server of the document; the key stays behind";
  EXPECT_EQ(uploads.seen("/v1/take").at(0).header("x-pet"), "");
  FakeService elsewhere(answer(200, R"({"stolen":true})"));
  service_.on("/v1/pets", answer(302, "", {{"Location", elsewhere.url("/take")}}));
  EXPECT_EQ(text_at(step(server, "pets", "list"), "error/code"), "host_not_allowed");
  EXPECT_EQ(elsewhere.count(), 0u);
}

TEST_F(CustomIntegrations, OfAnotherUserDoNotExist) {
  const Server server(data());
  ASSERT_TRUE(server.up());
  const std::string id = acme(server);
  const Json key = pilot_json(
      data(), {"keys", "create", "--user", "bob", "--name", "k", "--scopes", "run,read"});
  const Headers bob{{"Authorization", "Bearer " + text_at(key, "key")}};
  for (const std::string& name : {std::string("acme"), "custom_" + id}) {
    const std::string body =
        fmt::format(R"({{"provider":"{}","action":"get_contact","params":{{"id":1}}}})", name);
    const Answer refused = call(server.url(), "POST", "/api/execute-step", body, bob);
    EXPECT_EQ(refused.text("code"), "unknown_provider") << refused.body;
  }
  EXPECT_THAT(call(server.url(), "GET", "/api/providers", {}, bob).body, Not(HasSubstr("acme")));
  EXPECT_EQ(service_.count(), 0u);
}

}  // namespace
}  // namespace pilot::e2e
