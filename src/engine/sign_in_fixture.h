// For tests: the provider `acme`, whose connection is traded for a token, and whose lists have
// pages.
#pragma once

#include "engine/engine_fixture.h"
#include "http/body.h"
#include "providers/answer.h"

namespace pilot::engine {

inline Result<http::Request> acme_request(const providers::Call& call, std::string_view page) {
  const auto token = call.connection.value("access_token");
  if (!token) return providers::missing_credentials("acme", "access_token");
  http::Request request{.url = fmt::format("https://api.acme.test/{}{}", call.action, page)};
  request.headers.push_back(
      {.name = "Authorization", .value = fmt::format("Bearer {}", *token), .sensitive = true});
  return request;
}

// Reads {"items": [...], "next": "?page=2"} until there is no next.
class AcmePages final : public providers::Conversation {
 public:
  std::variant<http::Request, ProviderResult> take(const providers::Call& call,
                                                   const http::Response& response) override {
    if (!providers::is_success(response)) return providers::read_failure(response, call.now);
    const Result<Json> body = providers::json_body(response);
    if (!body) return providers::bad_response(response, "no JSON");
    if (const Json* items = find(*body, "items")) {
      for (const Json& item : items->get_array()) all_.push_back(item);
    }
    const std::string next(string_or(*body, "next"));
    if (next.empty()) return ProviderResult::ok(all_);
    return *acme_request(call, next);
  }

 private:
  JsonArray all_;
};

inline providers::SignIn acme_sign_in() {
  providers::SignIn way;
  way.build = [](const providers::Call& call) -> Result<http::Request> {
    http::Request request{
        .method = "POST", .url = "https://login.acme.test/token", .follow_redirects = false};
    request.body = http::encode_form(
        {{"client_secret", std::string(call.connection.value("client_secret").value_or(""))}});
    request.has_body = true;
    return request;
  };
  way.read = [](const providers::Call& call,
                const http::Response& response) -> Result<providers::Token> {
    const Result<Json> body = providers::json_body(response);
    if (!providers::is_success(response) || !body) {
      return invalid("sign_in_failed", "no token: " + response.body);
    }
    providers::Token token;
    token.values.emplace("access_token", Secret(std::string(string_or(*body, "access_token"))));
    if (const Json* life = find(*body, "expires_in")) {
      token.expires_at = call.now + std::chrono::seconds{life->to_number<std::int64_t>()};
    }
    return token;
  };
  return way;
}

inline void add_acme(providers::Registry& registry) {
  auto way = std::make_shared<const providers::SignIn>(acme_sign_in());
  auto& acme = registry.add({.name = "acme",
                             .title = "Acme",
                             .auth = {{.type = "client_secret", .title = "Secret"},
                                      {.type = "base_url", .title = "URL", .secret = false}}});
  const Json anything = JsonObject{{"type", "object"}};
  providers::HttpAction get{
      .build = [](const providers::Call& call) { return acme_request(call, ""); },
      .read = &providers::read_json_answer,
      .sign_in = [way](const providers::Connection& connection) -> const providers::SignIn* {
        return connection.value("client_secret") ? way.get() : nullptr;
      }};
  providers::HttpAction list = get;
  list.converse = [](const providers::Call&) { return std::make_unique<AcmePages>(); };
  acme.add({.name = "get", .params = anything, .effect = EffectClass::read, .body = get});
  acme.add({.name = "post", .params = anything, .effect = EffectClass::unsafe, .body = get});
  acme.add({.name = "list", .params = anything, .effect = EffectClass::read, .body = list});
}

// Tokens are t1, t2, ...; the API takes each but those in `refused`.
class SignInTest : public EngineTest {
 protected:
  SignInTest() : EngineTest(&add_acme) {
    world.answer = [this](const http::Request& request) { return acme(request); };
    put("client_secret", "s3cr3t-of-acme");
  }
  void put(const std::string& type, const std::string& value) {
    ASSERT_TRUE(world.put_credential("acme", type, value));
  }
  static std::string step(std::string_view action, std::string_view more = "") {
    return fmt::format(R"({{"id":"{0}","provider":"acme","action":"{0}","params":{{}}{1}{2}}})",
                       action, more.empty() ? "" : ",", more);
  }
  virtual http::Answer acme(const http::Request& request) {
    using http::ScriptedTransport;
    if (request.url == "https://login.acme.test/token") {
      ++tokens;
      if (token_answer) return *token_answer;
      return ScriptedTransport::reply(
          200,
          fmt::format(R"({{"access_token":"token-number-{}","expires_in":{}}})", tokens, lifetime));
    }
    const std::string carried = request.headers.at(0).value;
    carried_tokens.push_back(carried);
    if (refused.contains(carried)) return ScriptedTransport::reply(401, R"({"error":"expired"})");
    return api(request);
  }
  virtual http::Answer api(const http::Request&) {
    return http::ScriptedTransport::reply(200, R"({"ok":true})");
  }
  static std::string error_of(const Executed& done) {
    return done.steps.empty() ? "" : to_json(done.steps[0].error);
  }

  int tokens = 0;  // asked for
  int lifetime = 3'600;
  std::set<std::string> refused;
  std::optional<http::Answer> token_answer;
  std::vector<std::string> carried_tokens;
};

}  // namespace pilot::engine
