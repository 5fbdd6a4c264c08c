// For tests: the provider `crm`, connected by OAuth. Its token endpoint gives a new refresh token
// each time and throws the old one away, as strict vendors do.
#pragma once

#include "engine/connections.h"
#include "engine/engine_fixture.h"
#include "engine/seal_grant.h"
#include "providers/answer.h"

namespace pilot::engine {

inline void add_crm(providers::Registry& registry) {
  providers::OAuth2 oauth;
  oauth.authorize = "https://login.crm.test/authorize";
  oauth.token = "https://login.crm.test/token";
  oauth.take = {{"instance", *jq::compile(".instance")}};
  auto& crm = registry.add({.name = "crm",
                            .title = "CRM",
                            .auth = {{.type = "access_token", .title = "Token"}},
                            .oauth2 = std::make_shared<const providers::OAuth2>(std::move(oauth))});
  providers::HttpAction get{
      .build = [](const providers::Call& call) -> Result<http::Request> {
        const auto token = call.connection.value("access_token");
        if (!token) return providers::missing_credentials("crm", "access_token");
        http::Request request{.url = fmt::format("https://api.crm.test/{}", call.action)};
        request.headers.push_back({.name = "Authorization",
                                   .value = fmt::format("Bearer {}", *token),
                                   .sensitive = true});
        return request;
      },
      .read = &providers::read_json_answer};
  const Json anything = JsonObject{{"type", "object"}};
  crm.add({.name = "get", .params = anything, .effect = EffectClass::read, .body = get});
  crm.add({.name = "post", .params = anything, .effect = EffectClass::unsafe, .body = get});
}

// The vendor's side, and a user with a connection of it.
class RefreshTest : public EngineTest {
 protected:
  RefreshTest() : EngineTest(&add_crm) {
    world.answer = [this](const http::Request& request) { return crm(request); };
    connect();
  }
  // As after a finished sign-in: access-0 for an hour, refresh-0.
  void connect() {
    providers::TokenGrant grant;
    access = fmt::format("access-{}", generation);
    refresh = fmt::format("refresh-{}", generation);
    grant.values.emplace("access_token", Secret(std::string(access)));
    grant.values.emplace("refresh_token", Secret(std::string(refresh)));
    grant.values.emplace("client_id", Secret(std::string("the-client")));
    grant.values.emplace("client_secret", Secret(std::string("s3cr3t-of-the-client")));
    grant.expires_at = world.clock.now() + std::chrono::seconds{lifetime};
    put(seal_grant(grant, key(), *world.keys().ring(), world.clock.now(), world.random()));
  }
  void put(store::StoredGrant grant) {
    ASSERT_TRUE(*world.run(world.process().store.commit_grant(std::move(grant))));
  }
  store::ConnectionKey key() const { return {world_.user, "crm", "default"}; }
  OpenConnection stored() {
    return *world.direct(read_connection(world.disk(), world.keys(), key()));
  }
  static std::string step(std::string_view action, std::string_view more = "") {
    return fmt::format(R"({{"id":"{0}","provider":"crm","action":"{0}","params":{{}}{1}{2}}})",
                       action, more.empty() ? "" : ",", more);
  }
  static std::string error_of(const Executed& done) {
    return done.steps.empty() ? "" : to_json(done.steps[0].error);
  }

  http::Answer crm(const http::Request& request) {
    using http::ScriptedTransport;
    if (request.url == "https://login.crm.test/token") return token(request);
    carried.push_back(request.headers.at(0).value);
    if (carried.back() != "Bearer " + access || refuse_all) {
      return ScriptedTransport::reply(401, R"({"error":"expired"})");
    }
    return ScriptedTransport::reply(200, R"({"ok":true})");
  }
  http::Answer token(const http::Request& request) {
    using http::ScriptedTransport;
    ++refreshes;
    last_form = request.body;
    if (token_answer) return *token_answer;
    if (request.body.find("refresh_token=" + refresh + "&") == std::string::npos) {
      return ScriptedTransport::reply(400, R"({"error":"invalid_grant"})");
    }
    ++generation;
    access = fmt::format("access-{}", generation);
    std::string again;
    if (rotates) {
      refresh = fmt::format("refresh-{}", generation);
      again = fmt::format(R"(,"refresh_token":"{}")", refresh);
    }
    return ScriptedTransport::reply(
        200, fmt::format(R"({{"access_token":"{}","expires_in":{},"scope":"a b",)"
                         R"("instance":"eu7"{}}})",
                         access, lifetime, again));
  }

  int lifetime = 3'600;
  int generation = 0;
  std::string access, refresh;  // that the vendor takes now
  bool rotates = true;
  bool refuse_all = false;
  int refreshes = 0;
  std::string last_form;
  std::optional<http::Answer> token_answer;
  std::vector<std::string> carried;
};

}  // namespace pilot::engine
