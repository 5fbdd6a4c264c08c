// Plans, providers, credentials and health over the in-memory store.
#include <gtest/gtest.h>

#include <set>

#include "api/test_api.h"

namespace pilot::api {
namespace {

constexpr std::string_view kEnvelope = R"({"name":"Daily","original_prompt":"do it","plan_json":
  [{"provider":"logic","action":"set","params":{"x":1}}],"plain_english_steps":["set x"],
  "required_providers":[],"trigger":{"type":"manual"},"status":"active","user_id":"local"})";

using PlansApi = ApiTest;

TEST_F(PlansApi, TheOldEnvelopeGoesInAndComesBack) {
  const Answer made = post("/api/plans", std::string(kEnvelope));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json.at("success"), true);
  const std::string id = json_text(made.json, "id");
  EXPECT_EQ(header_of(made.response, "Location"), "/api/plans/" + id);
  for (const std::string base : {"/api/plans/", "/api/execution-plans/"}) {
    const Answer got = get(base + id);
    ASSERT_EQ(got.status, 200) << got.body;
    const Json& plan = got.json.at("plan");
    for (const char* key :
         {"id", "user_id", "name", "original_prompt", "plan_json", "plain_english_steps",
          "required_providers", "trigger", "status", "created_at", "updated_at", "version"}) {
      EXPECT_TRUE(plan.get_object().contains(key)) << key;
    }
    EXPECT_EQ(plan.at("name"), "Daily");
    EXPECT_EQ(plan.at("plan_json").at(0).at("provider"), "logic");
    EXPECT_EQ(plan.at("plain_english_steps").at(0), "set x");
    EXPECT_EQ(plan.at("required_providers").at(0), "logic");  // of the plan, not as claimed
    EXPECT_EQ(plan.at("user_id"), "local");
    EXPECT_EQ(plan.at("version"), 1);
  }
}

TEST_F(PlansApi, ThePlanItselfIsABodyToo) {
  const std::string id = new_plan();
  const Json plan = get("/api/plans/" + id).json.at("plan");
  EXPECT_EQ(plan.at("name"), "p");
  EXPECT_EQ(plan.at("status"), "active");
  EXPECT_EQ(post("/api/plans", R"([{"provider":"logic","action":"set"}])").status, 201);
}

TEST_F(PlansApi, EveryProblemIsToldWithItsPlace) {
  const Answer bad = post("/api/plans", R"({"plan_json":{"steps":[
      {"provider":"logik","action":"set"},{"provider":"chat","action":"complete","params":{}}]}})");
  ASSERT_EQ(bad.status, 422) << bad.body;
  EXPECT_EQ(bad.response.content_type, "application/problem+json");
  const JsonArray& problems = bad.json.at("problems").get_array();
  ASSERT_EQ(problems.size(), 2u) << bad.body;
  EXPECT_EQ(problems[0].at("code"), "unknown_provider");
  EXPECT_EQ(problems[0].at("pointer"), "/plan_json/steps/0/provider");
  EXPECT_NE(json_text(problems[0], "message").find("logic"), std::string::npos);
  EXPECT_TRUE(json_text(problems[1], "pointer").starts_with("/plan_json/steps/1")) << bad.body;
  // In a bare list pointers start at the step.
  const Answer list = post("/api/plans", R"({"plan_json":[{"provider":"logik","action":"set"}]})");
  EXPECT_EQ(list.json.at("pointer"), "/plan_json/0/provider") << list.body;
  EXPECT_EQ(get("/api/plans").json.at("plans").get_array().size(), 0u);
}

TEST_F(PlansApi, ADraftNeedsToBeReadableOnly) {
  const Answer draft = post("/api/plans", R"({"status":"draft","plan_json":
      {"steps":[{"provider":"nothing","action":"yet"}]}})");
  ASSERT_EQ(draft.status, 201) << draft.body;
  EXPECT_EQ(post("/api/plans", R"({"status":"draft","plan_json":{"steps":7}})").status, 422);
  // Making it active is where it must be right.
  const std::string path = "/api/plans/" + json_text(draft.json, "id");
  EXPECT_EQ(call(Method::put, path, R"({"status":"active"})").status, 422);
  EXPECT_EQ(post(path + "/validate").json.at("ok"), false);
}

TEST_F(PlansApi, ChangesMakeVersionsAndClashesAreSaid) {
  const std::string path = "/api/plans/" + new_plan();
  const Answer changed = call(Method::put, path, R"({"name":"q","version":1})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.json.at("plan").at("version"), 2);
  EXPECT_EQ(changed.json.at("plan").at("name"), "q");
  EXPECT_EQ(call(Method::put, path, R"({"name":"r","version":1})").status, 409);
  EXPECT_EQ(get(path + "/versions").json.at("versions").get_array().size(), 2u);
  EXPECT_EQ(call(Method::del, path).status, 200);
  EXPECT_EQ(get(path).status, 404);
  EXPECT_EQ(call(Method::del, path).status, 404);
  EXPECT_EQ(call(Method::put, path, R"({"name":"r"})").status, 404);
}

TEST_F(PlansApi, BodiesThatCannotBeReadAre400) {
  for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
           {"", "missing_body"},
           {"{", "invalid_json"},
           {"{\"a\":1,\"a\":2}", "duplicate_key"},
           {std::string(200, '[') + std::string(200, ']'), "json_too_deep"},
           {"{\"x\":1e999}", "number_out_of_range"}}) {
    const Answer answer = post("/api/plans", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json_text(answer.json, "code"), code) << answer.body;
  }
  EXPECT_EQ(post("/api/plans", "7").status, 422);
  EXPECT_EQ(post("/api/plans", "{}").status, 422);
}

TEST_F(PlansApi, NamesAreBounded) {
  const auto with = [&](std::string_view name) {
    JsonObject body{{"name", name},
                    {"steps", *parse_json(R"([{"provider":"logic","action":"set"}])")}};
    const Answer answer = post("/api/plans", to_json(body));
    return answer.status == 422 ? json_text(answer.json, "pointer") : std::to_string(answer.status);
  };
  EXPECT_EQ(with("Ünïcode 👩‍🚀"), "201");
  EXPECT_EQ(with(std::string(200, 'a')), "201");
  EXPECT_EQ(with(std::string(201, 'a')), "/name");
  EXPECT_EQ(with("a\nb"), "/name");
  EXPECT_EQ(with("\x1b[31m"), "/name");
  EXPECT_EQ(with("\u202Egpj.exe"), "/name");
  EXPECT_EQ(with(std::string_view("a\0b", 3)), "/name");
}

TEST_F(PlansApi, ListsComeInPages) {
  for (int i = 0; i < 5; ++i) new_plan();
  std::set<std::string> ids;
  std::string target = "/api/plans?limit=2";
  int pages = 0;
  while (true) {
    const Answer page = get(target);
    ASSERT_EQ(page.status, 200) << page.body;
    for (const Json& plan : page.json.at("plans").get_array()) ids.insert(json_text(plan, "id"));
    ++pages;
    if (page.json.at("next_cursor").is_null()) break;
    target = "/api/plans?limit=2&cursor=" + json_text(page.json, "next_cursor");
  }
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(pages, 3);
  for (const std::string_view bad : {"limit=0", "limit=501", "limit=x", "limit=", "limit=1.5",
                                     "cursor=nonsense%27--", "status=odd"}) {
    EXPECT_EQ(get(fmt::format("/api/plans?{}", bad)).status, 400) << bad;
  }
}

TEST_F(PlansApi, ValidateSaysWhatIsWrongAndKeepsNothing) {
  const Answer good = post("/api/plans/validate", std::string(kEnvelope));
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.json.at("ok"), true) << good.body;
  const Answer bad =
      post("/api/plans/validate", R"({"steps":[{"provider":"logic","action":"sett"}]})");
  EXPECT_EQ(bad.status, 200);
  EXPECT_EQ(bad.json.at("ok"), false);
  EXPECT_EQ(bad.json.at("problems").at(0).at("pointer"), "/steps/0/action") << bad.body;
  EXPECT_EQ(get("/api/plans").json.at("plans").get_array().size(), 0u);
}

TEST_F(PlansApi, SomebodyElsesUserIdIsRefused) {
  for (const std::string_view user : {"\"other\"", "\"\"", "null", "1", "[\"local\"]"}) {
    const Answer answer = post("/api/plans", fmt::format(R"({{"user_id":{},"steps":[]}})", user));
    EXPECT_EQ(answer.status, 403) << user;
    EXPECT_EQ(json_text(answer.json, "code"), "user_mismatch");
  }
}

using ProvidersApi = ApiTest;

TEST_F(ProvidersApi, ListAndOne) {
  const Answer list = get("/api/providers");
  EXPECT_EQ(list.json.at("count"), 2);
  EXPECT_EQ(list.json.at("providers").at(0).at("name"), "chat");
  EXPECT_EQ(list.json.at("providers").at(0).at("auth").at(0), "api_key");
  const Answer one = get("/api/providers/gpt");
  EXPECT_EQ(one.json.at("name"), "chat");
  EXPECT_EQ(one.json.at("actions").at(0).at("effect"), "unsafe");
  EXPECT_EQ(one.json.at("actions").at(0).at("params").at("required").at(0), "prompt");
  const Answer none = get("/api/providers/chatt");
  EXPECT_EQ(none.status, 404);
  EXPECT_NE(json_text(none.json, "detail").find("\"chat\""), std::string::npos) << none.body;
}

TEST_F(ProvidersApi, TheRequestIsShownMasked) {
  const std::string path = "/api/providers/chat/actions/complete/request";
  const Answer shown = post(path, R"({"params":{"prompt":"hi"},
                                      "connection_values":{"api_key":"sk-given-123"}})");
  ASSERT_EQ(shown.status, 200) << shown.body;
  EXPECT_EQ(shown.json.at("method"), "POST");
  EXPECT_EQ(shown.body.find("sk-given-123"), std::string::npos);
  post("/api/provider-credentials/chat", R"({"type":"api_key","value":"sk-stored-456"})");
  const Answer stored = post(path, R"({"params":{"prompt":"hi"}})");
  ASSERT_EQ(stored.status, 200) << stored.body;
  EXPECT_EQ(stored.body.find("sk-stored-456"), std::string::npos);
  EXPECT_EQ(post(path, R"({"params":{}})").status, 422);
  EXPECT_EQ(post(path, R"({"parms":{}})").status, 422);
  EXPECT_EQ(post("/api/providers/chat/actions/compleet/request").status, 404);
}

using CredentialsApi = ApiTest;

TEST_F(CredentialsApi, ValuesGoInAndNeverComeOut) {
  const std::string secret = "sk-canary-0123456789";
  for (const std::string body :
       {R"({"type":"api_key","value":"sk-canary-0123456789"})",
        R"({"credential_type":"token","value":"sk-canary-0123456789","connection":"work"})",
        R"({"credentials":{"api_key":"sk-canary-0123456789","org":"sk-canary-0123456789"}})"}) {
    const Answer set = post("/api/provider-credentials/gpt", body);
    EXPECT_EQ(set.status, 201) << set.body;
    EXPECT_EQ(set.json.at("provider"), "chat");
    EXPECT_EQ(set.body.find(secret), std::string::npos);
  }
  const Answer listed = get("/api/provider-credentials/chat");
  EXPECT_EQ(listed.body.find(secret), std::string::npos);
  EXPECT_EQ(listed.json.at("credentials").get_array().size(), 3u) << listed.body;
  EXPECT_EQ(get("/api/provider-credentials").json.at("credentials").get_array().size(), 3u);
  // Sealed on its way to the store, and readable with the key.
  const auto stored = run_sync(store_->connection_credentials(UserId{"local"}, "chat", "default"));
  ASSERT_EQ(stored->size(), 2u);
  EXPECT_EQ(stored->front().encrypted_value.find(secret), std::string::npos);
  EXPECT_EQ(keys_.open(stored->front().encrypted_value)->reveal(), secret);
}

TEST_F(CredentialsApi, WrongOnesAreRefusedWithoutTheirValue) {
  for (const std::string_view body :
       {R"({"type":"api_key"})", R"({"value":"canary9"})", R"({"type":"","value":"canary9"})",
        R"({"type":"a b","value":"canary9"})", R"({"type":"api_key","value":""})",
        R"({"type":"api_key","value":["canary9"]})", R"({"credentials":{}})",
        R"({"credentials":["canary9"]})", R"({"credentials":{"api_key":{"x":"canary9"}}})",
        R"({"type":"api_key","value":"canary9","connection":"../x"})"}) {
    const Answer answer = post("/api/provider-credentials/chat", std::string(body));
    EXPECT_EQ(answer.status, 422) << body << answer.body;
    EXPECT_EQ(answer.body.find("canary9"), std::string::npos) << answer.body;
  }
  const Answer unknown =
      post("/api/provider-credentials/chatt", R"({"type":"k","value":"canary9"})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json_text(unknown.json, "code"), "unknown_provider");
  EXPECT_EQ(post("/api/provider-credentials/chat", R"({"value":"canary9" x)").body.find("canary9"),
            std::string::npos);
  EXPECT_EQ(get("/api/provider-credentials").json.at("credentials").get_array().size(), 0u);
}

TEST_F(CredentialsApi, Removing) {
  post("/api/provider-credentials/chat", R"({"type":"api_key","value":"abc"})");
  EXPECT_EQ(call(Method::del, "/api/provider-credentials/chat/api_key?connection=x").status, 404);
  EXPECT_EQ(call(Method::del, "/api/provider-credentials/chat/api_key").json.at("removed"), 1);
  EXPECT_EQ(call(Method::del, "/api/provider-credentials/chat/api_key").status, 404);
}

using HealthApi = ApiTest;

TEST_F(HealthApi, Answers) {
  const Answer health = get("/api/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json.at("status"), "healthy");
  EXPECT_EQ(health.json.at("version"), "1.2.3");
  EXPECT_EQ(health.json.at("database").at("kind"), "sqlite");
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/api/monitoring/status").json.at("engine").at("limit"), 3);
  services_->ready = false;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
}

}  // namespace
}  // namespace pilot::api
