// Custom integrations through the API: what a key may do to them, and what becomes of credentials.
#include <gmock/gmock.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

constexpr std::string_view kAcme = R"({"name":"acme","base_url":"https://api.acme.example/v1",
  "actions":[{"action_id":"add","http_method":"POST","endpoint":"/contacts"}]})";
constexpr std::string_view kPlan = R"({"name":"p","steps":[{"provider":"acme","action":"add"}]})";

class CustomAccess : public IdentityTest {
 protected:
  static constexpr const char* kAll = "/api/custom-integrations";
  CustomAccess() {
    all_ = make_key("ada", kEveryScope).secret;
    id_ = json_text(as(all_, Method::post, kAll, kAcme).json, "id");
    EXPECT_FALSE(id_.empty());
  }
  Answer as(const std::string& key, Method method, const std::string& target,
            std::string_view body = {}) {
    return ask_with(key, method, target, std::string(body));
  }
  std::string one(std::string_view more = "") { return fmt::format("{}/{}{}", kAll, id_, more); }
  void set_key(const std::string& target) {
    const Answer set = as(all_, Method::post, target, R"({"type":"api_key","value":"fake-key"})");
    EXPECT_EQ(set.status, 201) << set.body;
  }
  store::ConnectionState state(const std::string& connection) {
    return *run_sync(store_->connection_state({{"ada"}, "custom_" + id_, connection}));
  }
  void mark(const std::string& connection) {
    ASSERT_TRUE(*run_sync(store_->mark_connection({{"ada"}, "custom_" + id_, connection},
                                                  "unauthorized", clock_.now(), "")));
  }
  std::string all_, id_;
};

TEST_F(CustomAccess, WhoMayNotSetCredentialsCannotSendThemElsewhere) {
  const std::string writer = make_key("ada", "read,write").secret;
  const std::string elsewhere = R"({"base_url":"https://evil.example"})";
  EXPECT_EQ(as(writer, Method::put, one(), R"({"base_url":"https://new.example"})").status, 200)
      << "there is nothing to send yet";
  for (const std::string& target : {one("/credentials"), "/api/provider-credentials/acme"s}) {
    set_key(target);
    EXPECT_EQ(verdict(as(writer, Method::put, one(), elsewhere)), "403 missing_scope");
    EXPECT_EQ(verdict(as(writer, Method::put, one(),
                         R"({"oauth_config":{"token_url":"https://evil.example/t"}})")),
              "403 missing_scope");
    EXPECT_EQ(as(writer, Method::put, one(),
                 R"({"base_url":"https://new.example/v3","description":"Ours"})")
                  .status,
              200)
        << "the same server";
    EXPECT_EQ(json_text(as(all_, Method::get, one()).json.at("integration"), "base_url"),
              "https://new.example/v3");
  }
  EXPECT_EQ(verdict(as(writer, Method::put, one(),
                       R"({"openapi":"openapi: 3.0.0\nservers: [{url: https://evil.example}]\n)"
                       R"(info: {title: T}\npaths: {/a: {get: {}}}\n"})")),
            "403 missing_scope");
  EXPECT_EQ(as(all_, Method::put, one(), elsewhere).status, 200) << "with the scope";
}

TEST_F(CustomAccess, NorInClearToTheSameServer) {
  ASSERT_EQ(as(all_, Method::put, one(), R"({"base_url":"https://new.example"})").status, 200);
  set_key(one("/credentials"));
  const std::string writer = make_key("ada", "read,write").secret;
  EXPECT_EQ(verdict(as(writer, Method::put, one(), R"({"base_url":"http://new.example"})")),
            "403 missing_scope");
  EXPECT_EQ(verdict(as(writer, Method::put, one(), R"({"base_url":"https://new.example:444"})")),
            "403 missing_scope");
}

// A key with `write` alone tries to have stored credentials sent to its own server, by operations.
TEST_F(CustomAccess, NorByTheServersOfSingleOperations) {
  const auto document = [](std::string_view operation, std::string_view more = "") {
    return fmt::format(R"({{"openapi":{{"openapi":"3.0.0","info":{{"title":"T"}},)"
                       R"("servers":[{{"url":"https://api.acme.example/v1"}}],)"
                       R"("paths":{{"/a":{{"get":{{"operationId":"a"{}}}}}}}}}{}}})",
                       operation, more);
  };
  const std::string evil = document(R"(,"servers":[{"url":"https://evil.example"}])");
  const std::string writer = make_key("ada", "read,write").secret;
  const Answer first = as(writer, Method::put, one(), evil);
  ASSERT_EQ(first.status, 200) << first.body << ": there is nothing to send yet";
  EXPECT_EQ(to_json(first.json.at("hosts")),
            R"([{"host":"api.acme.example","for":"base"},)"
            R"({"host":"evil.example","for":"operations","operations":1}])");
  ASSERT_EQ(as(writer, Method::put, one(), document("")).status, 200);
  for (const std::string& target : {one("/credentials"), "/api/provider-credentials/acme"s}) {
    set_key(target);
    const std::string before = as(all_, Method::get, one()).body;
    for (const std::string& body :
         {evil, document(R"(,"servers":[{"url":"//evil.example"}])"),
          document("", R"(,"base_url":"https://evil.example")"),
          R"({"openapi":"openapi: 3.0.0\ninfo: {title: T}\nservers: )"
          R"([{url: https://api.acme.example/v1}]\npaths: {/a: {get: {operationId: a}, )"
          R"(servers: [{url: https://evil.example}]}}\n"})"s}) {
      EXPECT_EQ(verdict(as(writer, Method::put, one(), body)), "403 missing_scope") << body;
    }
    EXPECT_NE(
        as(writer, Method::put, one(), R"({"manifest":{"base":"https://evil.example"}})").status,
        200);
    EXPECT_EQ(as(all_, Method::get, one()).body, before);
  }
  EXPECT_EQ(as(writer, Method::put, one(), R"({"description":"Ours"})").status, 200);
  const Answer allowed = as(all_, Method::put, one(), evil);
  EXPECT_EQ(allowed.status, 200) << allowed.body;
  EXPECT_THAT(to_json(as(all_, Method::get, one()).json.at("hosts")), HasSubstr("evil.example"));
}

TEST_F(CustomAccess, ATestRunsAnActionSoItTakesTheScopeForThat) {
  const std::string setter = make_key("ada", "read,write,credentials").secret;
  const std::string test = R"({"action_id":"add"})";
  EXPECT_EQ(verdict(as(setter, Method::post, one("/test"), test)), "403 missing_scope");
  EXPECT_FALSE(engine_.last);
  EXPECT_EQ(as(make_key("ada", "run").secret, Method::post, one("/test"), test).status, 200);
  EXPECT_TRUE(engine_.last);
}

TEST_F(CustomAccess, NewCredentialsEndWhatTheOldOnesWereMarkedFor) {
  mark("default");
  set_key(one("/credentials"));
  EXPECT_FALSE(state("default").needs_reauth_at);
}

TEST_F(CustomAccess, NothingOfItIsLeftWhenItIsRemoved) {
  set_key(one("/credentials"));
  set_key("/api/provider-credentials/acme");
  EXPECT_EQ(as(all_, Method::post, "/api/provider-credentials/acme",
               R"({"connection":"work","type":"api_key","value":"fake-key"})")
                .status,
            201);
  mark("work");
  EXPECT_EQ(as(all_, Method::del, one()).status, 200);
  EXPECT_TRUE(run_sync(store_->list_credentials({"ada"}, ""))->empty());
  EXPECT_FALSE(state("work").needs_reauth_at);
}

TEST_F(CustomAccess, APlanThatNamesOneThatIsSwitchedOffIsToldSoByItsStep) {
  const Answer made = as(all_, Method::post, "/api/plans", kPlan);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(as(all_, Method::put, one(), R"({"is_active":false})").status, 200);
  const Answer said = as(all_, Method::post, "/api/plans/validate", kPlan);
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(said.json.at("ok"), Json(false));
  EXPECT_EQ(json_text(said.json.at("problems").at(0), "pointer"), "/steps/0/provider");
  EXPECT_EQ(json_text(said.json.at("problems").at(0), "code"), "integration_inactive");
  EXPECT_EQ(verdict(as(all_, Method::post, "/api/plans", kPlan)), "422 integration_inactive");
  const std::string draft = R"({"status":"draft",)" + std::string(kPlan.substr(1));
  EXPECT_EQ(as(all_, Method::post, "/api/plans", draft).status, 201) << "a draft may be wrong";
}

TEST_F(CustomAccess, AnotherUsersIsUnknownInTheSameWords) {
  const std::string bob = make_key("bob", kEveryScope).secret;
  const auto said = [&](std::string name) {
    std::string plan(kPlan);
    plan.replace(plan.find("acme"), 4, name);
    std::string all = as(bob, Method::post, "/api/plans/validate", plan).body +
                      as(bob, Method::get, "/api/providers/" + name).body +
                      as(bob, Method::get, "/api/provider-credentials/" + name).body;
    for (std::size_t at = all.find(name); at != all.npos; at = all.find(name)) {
      all.replace(at, name.size(), "NAME");
    }
    return all;
  };
  EXPECT_EQ(said("acme"), said("nope"));
  EXPECT_EQ(said("custom_" + id_), said("custom_01890a5d-ac96-774b-bcce-b302099a8057"));
  EXPECT_THAT(said("acme"), HasSubstr("unknown_provider"));
}

}  // namespace
}  // namespace pilot::api
