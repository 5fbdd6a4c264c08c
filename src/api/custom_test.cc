// Custom integrations through the API: by hand, imported, refused; and that secrets stay in.
#include <gmock/gmock.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kAcme = R"({"name":"acme","display_name":"Acme CRM",
  "base_url":"https://api.acme.example/v1","auth_header":"X-Key","auth_prefix":"",
  "actions":[{"action_id":"get_contact","action_name":"Get","http_method":"GET",
              "endpoint":"/contacts/{id}","parameters":{"id":{"type":"integer"}}}]})";
constexpr std::string_view kDocument = R"({"openapi":"3.0.0","info":{"title":"Pets"},
  "servers":[{"url":"/v1"}],
  "components":{"securitySchemes":{"k":{"type":"http","scheme":"bearer"}}},
  "paths":{"/pets":{"get":{"operationId":"listPets"},"post":{"operationId":"addPet",
  "requestBody":{"$ref":"https://169.254.169.254/x"}}}}})";

class Custom : public ApiTest {
 protected:
  static constexpr const char* kAll = "/api/custom-integrations";
  std::string one(const std::string& id) { return std::string(kAll) + "/" + id; }
  std::string make(std::string_view body = kAcme) {
    const Answer made = post(kAll, std::string(body));
    EXPECT_EQ(made.status, 201) << made.body;
    return json_text(made.json, "id");
  }
  std::string code(const Answer& answer) { return json_text(answer.json, "code"); }
  Answer import(const JsonObject& body) { return post(kAll, to_json(Json(body))); }
};

TEST_F(Custom, ByHand) {
  const Answer made = post(kAll, std::string(kAcme));
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = json_text(made.json, "id");
  EXPECT_EQ(header_of(made.response, "Location"), one(id));
  const Answer shown = get(one(id));
  ASSERT_EQ(shown.status, 200) << shown.body;
  const Json& integration = shown.json.at("integration");
  EXPECT_EQ(json_text(integration, "name"), "acme");
  EXPECT_EQ(json_text(integration, "auth_type"), "api_key");
  EXPECT_EQ(json_text(integration, "auth_prefix"), "");
  EXPECT_EQ(json_text(integration.at("actions").at(0), "endpoint"), "/contacts/{id}");
  EXPECT_EQ(to_json(shown.json.at("manifest").at("aliases")), "[\"custom_" + id + "\"]");
  EXPECT_EQ(to_json(shown.json.at("manifest").at("actions").at("get_contact").at("do")),
            R"("GET /contacts/{id}")");
  const Answer listed = get(kAll);
  EXPECT_EQ(listed.json.at("integrations").as_array().size(), 1u);
  EXPECT_EQ(post(kAll, std::string(kAcme)).status, 409);
}

TEST_F(Custom, ChangedAndRemoved) {
  const std::string id = make();
  const Answer changed =
      call(Method::put, one(id), R"({"description":"Ours","is_active":false,"actions":[]})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(json_text(changed.json.at("integration"), "description"), "Ours");
  EXPECT_EQ(json_text(changed.json.at("integration"), "base_url"), "https://api.acme.example/v1");
  EXPECT_EQ(get(one(id)).json.at("integration").at("is_active"), Json(false));
  EXPECT_TRUE(get(one(id)).json.at("integration").at("actions").as_array().empty());
  EXPECT_EQ(call(Method::del, one(id)).status, 200);
  EXPECT_EQ(get(one(id)).status, 404);
  EXPECT_EQ(call(Method::del, one(id)).status, 404);
  EXPECT_EQ(call(Method::put, one(id), "{}").status, 404);
}

TEST_F(Custom, NamesThatAreRefused) {
  for (const char* name : {"logic", "chat", "gpt"}) {
    const Answer refused =
        post(kAll, fmt::format(R"({{"name":"{}","base_url":"https://a.example"}})", name));
    EXPECT_EQ(refused.status, 422) << name;
    EXPECT_EQ(code(refused), "name_reserved") << name;
  }
  for (const char* name : {"", "../x", "A", "a b", "a\\u0000b"}) {
    const Answer refused =
        post(kAll, fmt::format(R"({{"name":"{}","base_url":"https://a.example"}})", name));
    EXPECT_EQ(refused.status, 422) << name << refused.body;
    EXPECT_EQ(code(refused), "invalid_name") << name;
  }
}

TEST_F(Custom, AllThatIsWrongIsTold) {
  const Answer refused = post(kAll, R"({"name":"acme","base_url":"ftp://a.example",
      "auth_header":"a b","actions":[{"action_id":"x","http_method":"BREW","endpoint":"/"}]})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.json.at("problems").as_array().size(), 3u) << refused.body;
  EXPECT_EQ(post(kAll, R"({"name":"acme","typo":1})").status, 422);
  EXPECT_EQ(post(kAll, R"({"name":7})").status, 422);
  EXPECT_EQ(post(kAll, R"({"name":"acme","actions":[{}]})").status, 422);
}

TEST_F(Custom, CredentialsAreSealed) {
  const std::string id = make();
  const Answer set =
      post(one(id) + "/credentials", R"({"credential_type":"api_key","value":"not-a-real-key-1"})");
  EXPECT_EQ(set.status, 201) << set.body;
  EXPECT_EQ(to_json(get(one(id)).json.at("credential_types")), R"(["api_key"])");
  const auto stored = run_sync(store_->custom_credentials({"local"}, {id}));
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), 1u);
  EXPECT_THAT(stored->at(0).encrypted_value, Not(HasSubstr("not-a-real-key-1")));
  EXPECT_EQ(keys_.open(stored->at(0).encrypted_value, stored->at(0).key_id)->reveal(),
            "not-a-real-key-1");
  EXPECT_EQ(post(one("none") + "/credentials", R"({"type":"api_key","value":"x"})").status, 404);
  EXPECT_EQ(post(one(id) + "/credentials", R"({"type":"api_key"})").status, 422);
}

TEST_F(Custom, SecretsOfOAuthAreCredentials) {
  const std::string id = make(R"({"name":"acme","base_url":"https://a.example","auth_type":"oauth",
      "oauth_config":{"token_url":"https://id.example/t","authorization_url":"https://id.example/a",
      "client_id":"me","client_secret":"not-a-real-secret"}})");
  const Answer shown = get(one(id));
  EXPECT_THAT(shown.body, Not(HasSubstr("not-a-real-secret")));
  EXPECT_EQ(to_json(shown.json.at("credential_types")), R"(["client_secret"])");
  EXPECT_EQ(json_text(shown.json.at("integration").at("oauth_config"), "client_id"), "me");
}

TEST_F(Custom, ImportOfADocument) {
  const Answer made = import({{"openapi", *parse_json(kDocument)},
                              {"name", "pets"},
                              {"source_url", "https://docs.example.com/openapi.json"}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json.at("operations"), Json(2));
  EXPECT_EQ(made.json.at("actions"), Json(1));
  EXPECT_THAT(to_json(made.json.at("notes")), HasSubstr("external_ref"));
  const std::string id = json_text(made.json, "id");
  const Answer shown = get(one(id));
  EXPECT_EQ(json_text(shown.json.at("manifest"), "base"), "https://docs.example.com/v1");
  EXPECT_EQ(json_text(shown.json.at("manifest"), "id"), "pets");
  EXPECT_EQ(shown.json.at("integration").at("imported"), Json(true));
  EXPECT_EQ(call(Method::put, one(id), R"({"base_url":"https://evil.example"})").status, 422);
  EXPECT_EQ(call(Method::put, one(id), R"({"display_name":"My pets"})").status, 200);
  EXPECT_EQ(json_text(get(one(id)).json.at("manifest"), "name"), "My pets");
}

TEST_F(Custom, ImportOfTextAndUrl) {
  const Answer text =
      import({{"openapi", "openapi: 3.0.0\ninfo: {title: Toys}\npaths: {/a: {get: {}}}\n"}});
  EXPECT_EQ(text.status, 201) << text.body;
  EXPECT_EQ(json_text(text.json.at("integration"), "name"), "toys");
  EXPECT_EQ(code(import({{"openapi", "https://a.example/doc"}})), "unsupported");
  services_->fetch_document = [](std::string url) -> awaitable<Result<std::string>> {
    if (url.find("169.254") != std::string::npos) {
      co_return invalid("blocked_address", "link-local addresses are not reached");
    }
    co_return std::string(kDocument);
  };
  const Answer blocked = import({{"openapi", "http://169.254.169.254/latest"}});
  EXPECT_EQ(blocked.status, 422);
  EXPECT_EQ(code(blocked), "blocked_address");
  const Answer fetched = import({{"openapi", "https://docs.example.com/x/openapi.json"}});
  ASSERT_EQ(fetched.status, 201) << fetched.body;
  EXPECT_EQ(json_text(fetched.json.at("integration"), "base_url"), "https://docs.example.com/v1");
}

TEST_F(Custom, ImportThatIsRefused) {
  const Answer reserved = import({{"openapi", *parse_json(kDocument)}, {"name", "logic"}});
  EXPECT_EQ(reserved.status, 422);
  EXPECT_EQ(code(reserved), "name_reserved");
  const Answer none = import({{"openapi", JsonObject{{"openapi", "3.0.0"}}}});
  EXPECT_EQ(none.status, 422);
  EXPECT_EQ(code(none), "no_operations");
  EXPECT_EQ(json_text(none.json, "pointer"), "/openapi/paths");
  std::string many = R"({"openapi":"3.0.0","paths":{)";
  for (int i = 0; i < 20'000; ++i)
    many += fmt::format("{}\"/{}\":{{\"get\":{{}}}}", i ? "," : "", i);
  EXPECT_EQ(code(import({{"openapi", many + "}}"}})), "too_many_operations");
  EXPECT_EQ(import({{"openapi", 7}}).status, 422);
  EXPECT_EQ(import({{"openapi", *parse_json(kDocument)}, {"actions", JsonArray{}}}).status, 422);
}

TEST_F(Custom, IsAProviderOfItsUser) {
  const std::string id = make();
  EXPECT_THAT(get("/api/providers").body,
              HasSubstr(R"("name":"acme","title":"Acme CRM","kind":"custom")"));
  for (const std::string& name : {std::string("acme"), "custom_" + id}) {
    const Answer page = get("/api/providers/" + name);
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_EQ(json_text(page.json, "kind"), "custom");
    EXPECT_THAT(page.body, HasSubstr("get_contact"));
    EXPECT_EQ(get("/api/provider-credentials/" + name).status, 200);
  }
  const Answer plan = post("/api/plans", R"({"name":"p","steps":[{"provider":"acme",
      "action":"get_contact","params":{"id":1}}]})");
  EXPECT_EQ(plan.status, 201) << plan.body;
  const std::string bad =
      R"({"steps":[{"provider":"acme","action":"get_contact","params":{"x":1}}]})";
  EXPECT_THAT(post("/api/plans/validate", bad).body, HasSubstr("unknown_param"));
  const Answer shown = post("/api/providers/acme/actions/get_contact/request",
                            R"({"params":{"id":5},"connection_values":{"api_key":"k12345678"}})");
  EXPECT_THAT(shown.body, HasSubstr("https://api.acme.example/v1/contacts/5"));

  EXPECT_EQ(call(Method::put, one(id), R"({"is_active":false})").status, 200);
  EXPECT_EQ(code(get("/api/providers/acme")), "integration_inactive");
  EXPECT_THAT(get("/api/providers").body, Not(HasSubstr("acme")));
  EXPECT_EQ(code(post("/api/runs", R"({"plan":[{"provider":"acme","action":"get_contact",
      "params":{"id":1}}]})")),
            "integration_inactive");
}

TEST_F(Custom, APlanFollowsWhatBecomesOfIt) {
  const std::string id = make();
  const Answer plan = post("/api/plans", R"({"name":"p","steps":[{"provider":"acme",
      "action":"get_contact","params":{"id":1}}]})");
  const std::string run = fmt::format(R"({{"plan_id":"{}"}})", json_text(plan.json, "id"));
  EXPECT_EQ(post("/api/runs", run).status, 202);
  EXPECT_EQ(post("/api/runs", run).status, 202) << "from the cache";
  EXPECT_EQ(call(Method::put, one(id), R"({"actions":[]})").status, 200);
  EXPECT_EQ(code(post("/api/runs", run)), "unknown_action");
  EXPECT_EQ(call(Method::del, one(id)).status, 200);
  EXPECT_EQ(code(post("/api/runs", run)), "unknown_provider");
}

TEST_F(Custom, ItsCredentialsGoWithIt) {
  const std::string id = make();
  EXPECT_EQ(
      post("/api/provider-credentials/acme", R"({"type":"api_key","value":"k12345678"})").status,
      201);
  const std::string name = "custom_" + id;
  EXPECT_EQ(run_sync(store_->list_credentials({"local"}, name))->size(), 1u);
  EXPECT_EQ(call(Method::del, one(id)).status, 200);
  EXPECT_TRUE(run_sync(store_->list_credentials({"local"}, name))->empty());
}

TEST_F(Custom, IsTested) {
  const std::string id = make();
  post(one(id) + "/credentials", R"({"type":"api_key","value":"not-a-real-key-1"})");
  const auto noted = [&] { return get(one(id)).json.at("credentials").at(0); };
  EXPECT_TRUE(noted().at("last_validated_at").is_null());
  const Answer good = post(one(id) + "/test", R"({"action_id":"get_contact","params":{"id":1}})");
  ASSERT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(good.json.at("ok"), Json(true));
  EXPECT_EQ(good.json.at("success"), Json(true));
  EXPECT_FALSE(noted().at("last_validated_at").is_null());
  EXPECT_EQ(good.json.at("is_valid"), Json(true));
  EXPECT_EQ(post(one(id) + "/test", R"({"action_id":"nothing"})").status, 422);
  EXPECT_EQ(post(one("none") + "/test").status, 404);
}

TEST_F(Custom, OnlyARefusalOfTheCredentialsMakesThemInvalid) {
  const std::string id = make();
  post(one(id) + "/credentials", R"({"type":"api_key","value":"not-a-real-key-1"})");
  const auto noted = [&] { return to_json(get(one(id)).json.at("credentials").at(0)); };
  const auto test = [&](std::string_view error, const std::string& body = "{}") {
    engine_.outcome = error.empty() ? RunState::success : RunState::error;
    if (!error.empty()) engine_.step_error = *parse_json(error);
    return post(one(id) + "/test", body).json;
  };
  const auto known = [&](bool valid) {
    clock_.advance(std::chrono::hours{1});
    const Json said = test(valid ? "" : R"({"code":"unauthorized","http_status":401})");
    EXPECT_EQ(said.at("is_valid"), Json(valid));
    return noted();
  };
  for (const bool before : {true, false}) {
    const std::string row = known(before);
    EXPECT_THAT(row, HasSubstr(before ? R"("is_valid":true)" : R"("is_valid":false)"));
    for (const char* error :
         {R"({"code":"timeout"})", R"({"code":"dns_failed"})", R"({"code":"connection_lost"})",
          R"({"code":"blocked_address"})", R"({"code":"host_not_allowed"})",
          R"({"code":"server_error","http_status":500})",
          R"({"code":"unavailable","http_status":503})",
          R"({"code":"rate_limited","http_status":429})", R"({"code":"bad_token_answer"})",
          R"({"code":"request_timeout","http_status":408})"}) {
      const Json said = test(error);
      EXPECT_EQ(said.at("ok"), Json(false)) << error;
      EXPECT_EQ(said.at("error"), *parse_json(error));
      EXPECT_TRUE(said.at("is_valid").is_null()) << error;
      EXPECT_EQ(noted(), row) << error;
    }
    const char* away = R"({"code":"not_found","http_status":404})";
    EXPECT_EQ(test(away).at("ok"), Json(true)) << "a look at the server: it answers";
    EXPECT_EQ(test(away, R"({"action_id":"get_contact","params":{"id":1}})").at("ok"), Json(false));
    EXPECT_EQ(noted(), row);
  }
  for (const char* error :
       {R"({"code":"unauthorized","http_status":401})", R"({"code":"forbidden","http_status":403})",
        R"({"code":"missing_credentials"})", R"({"code":"needs_reauth"})",
        R"({"code":"invalid_grant"})", R"({"code":"token_refused"})"}) {
    known(true);
    EXPECT_EQ(test(error).at("is_valid"), Json(false)) << error;
    EXPECT_THAT(noted(), HasSubstr(R"("is_valid":false)")) << error;
  }
}

TEST_F(Custom, ATestOfAnotherConnectionSaysNothingOfTheIntegrationsOwnCredentials) {
  const std::string id = make();
  post(one(id) + "/credentials", R"({"type":"api_key","value":"not-a-real-key-1"})");
  post("/api/provider-credentials/acme",
       R"({"connection":"work","type":"api_key","value":"not-a-real-key-2"})");
  engine_.outcome = RunState::error;
  engine_.step_error = *parse_json(R"({"code":"unauthorized","http_status":401})");
  EXPECT_EQ(post(one(id) + "/test", R"({"connection":"work"})").json.at("is_valid"), Json(false));
  EXPECT_TRUE(get(one(id)).json.at("credentials").at(0).at("last_validated_at").is_null());
}

}  // namespace
}  // namespace pilot::api
