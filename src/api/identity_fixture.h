// For the tests of who is calling: requests with any headers, and keys and users put into the
// store.
#pragma once

#include "api/test_api.h"
#include "api/token.h"

namespace pilot::api {

inline constexpr std::string_view kOperatorToken = "the-operators-token";

class IdentityTest : public ApiTest {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  IdentityTest() {
    restart({.operator_token = std::string(kOperatorToken),
             .browser_token = "the-browsers-token",
             .password_threads = 0});
  }

  // As another process on the same store.
  void restart(IdentityOptions options) {
    services_->identity = std::move(options);
    router_ = Router{};
    register_routes(router_, *services_);
  }

  // With Host: localhost unless given.
  Answer ask(Method method, std::string_view target, Headers headers = {}, std::string body = {}) {
    Request request;
    request.method = method;
    request.peer = peer_;
    if (Status parsed = parse_target(target, request); !parsed) {
      ADD_FAILURE() << parsed.error().message;
    }
    const auto has = [&](std::string_view name) {
      return std::any_of(headers.begin(), headers.end(),
                         [&](const auto& h) { return equals_ignoring_case(h.first, name); });
    };
    if (!has("Host")) headers.emplace_back("Host", "localhost");
    if (!body.empty() && !has("Content-Type")) {
      headers.emplace_back("Content-Type", "application/json");
    }
    for (const auto& [name, value] : headers) request.headers.push_back({name, value});
    request.has_body = !body.empty();
    request.body = std::move(body);
    Answer out;
    out.response = run_sync(router_.handle(request));
    out.status = out.response.status;
    out.body = out.response.body;
    if (Result<Json> json = parse_json(out.body)) out.json = *json;
    return out;
  }
  static Headers bearer(std::string_view token) {
    return {{"Authorization", "Bearer " + std::string(token)}};
  }
  Answer ask_with(std::string_view key, Method method, std::string_view target,
                  std::string body = {}) {
    return ask(method, target, bearer(key), std::move(body));
  }

  // "403 missing_scope", "200 "
  static std::string verdict(const Answer& answer) {
    return fmt::format("{} {}", answer.status, json_text(answer.json, "code"));
  }

  struct MadeKey {
    std::string id;
    std::string secret;
  };
  MadeKey make_key(const std::string& user, std::string_view scopes,
                   std::optional<WallTime> expires_at = {}) {
    Random& random = *services_->random[0];
    MadeKey out{make_uuid7(clock_.now(), random), new_api_key(random)};
    store::ApiKey key;
    key.user.text = user;
    key.id = out.id;
    key.name = "test";
    key.sha256 = token_hash(out.secret);
    key.scopes = parse_scopes(scopes).value_or(Scopes{});
    key.expires_at = expires_at;
    key.created_at = clock_.now();
    const Status made = run_sync(store_->create_key(key));
    EXPECT_TRUE(made);
    return out;
  }
  void make_user(const std::string& id, const std::string& owner = "",
                 const std::string& password = "") {
    store::User user;
    user.id.text = id;
    user.owner.text = owner;
    user.name = id;
    user.created_at = clock_.now();
    if (!password.empty()) {
      vault::PasswordHasher hasher(0);
      const auto hash = run_sync(hasher.hash(Secret(std::string(password)), *services_->random[0]));
      user.password_hash = *hash;
    }
    EXPECT_TRUE(run_sync(store_->create_user(user)));
  }

  std::string peer_ = "192.0.2.1";
};

inline constexpr std::string_view kEveryScope = "read,run,write,credentials,admin,act-as";

}  // namespace pilot::api
