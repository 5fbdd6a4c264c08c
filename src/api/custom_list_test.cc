// Lists of custom integrations: by hand and of a document they show the same, and no list reads a
// document twice.
#include <gmock/gmock.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

constexpr std::string_view kByHand = R"({"name":"acme","base_url":"https://api.acme.example/v1",
  "actions":[{"action_id":"Get-Contact","action_name":"Get","description":"One contact",
              "http_method":"GET","endpoint":"/contacts/{id}"}]})";
constexpr std::string_view kImported = R"({"name":"pets","openapi":{"openapi":"3.0.0",
  "info":{"title":"Pets"},"servers":[{"url":"https://api.pets.example/v1"}],
  "components":{"securitySchemes":{"k":{"type":"apiKey","in":"header","name":"X-Pet"}}},
  "security":[{"k":[]}],
  "paths":{"/pets/{id}":{"get":{"operationId":"getPet","summary":"Get","description":"One pet",
  "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}]}}}}})";

class CustomLists : public ApiTest {
 protected:
  static constexpr const char* kAll = "/api/custom-integrations";
  CustomLists() {
    acme_ = json_text(post(kAll, std::string(kByHand)).json, "id");
    pets_ = json_text(post(kAll, std::string(kImported)).json, "id");
    EXPECT_FALSE(acme_.empty() || pets_.empty());
  }
  const Json& named(const Json& list, std::string_view name) {
    for (const Json& one : list.as_array()) {
      if (json_text(one, "name") == name) return one;
    }
    throw std::runtime_error("nothing of this name");
  }
  Json integration(std::string_view name) { return named(get(kAll).json.at("integrations"), name); }
  Json brief(std::string_view name) {
    return named(get("/api/providers").json.at("providers"), name);
  }
  static std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> out;
    for (const auto& member : object.as_object()) out.emplace_back(member.key());
    return out;
  }
  // As rows are that were taken over, or that an older program wrote.
  void forget_summaries() {
    for (const std::string& id : {acme_, pets_}) {
      auto whole = run_sync(store_->find_integration({"local"}, {id}));
      whole->summary = nullptr;
      ASSERT_TRUE(run_sync(store_->replace_integration(*whole)));
    }
  }
  Json summary(const std::string& id) {
    return run_sync(store_->find_integration({"local"}, {id}))->summary;
  }
  std::string acme_, pets_;
};

TEST_F(CustomLists, OfIntegrationsShowTheSameOfBothKinds) {
  const Json acme = integration("acme");
  const Json pets = integration("pets");
  EXPECT_EQ(keys(acme), keys(pets));
  EXPECT_EQ(to_json(acme.at("auth")), to_json(pets.at("auth")));
  EXPECT_EQ(to_json(pets.at("auth")),
            R"([{"type":"api_key","title":"api_key","secret":true,"required":true}])");
  EXPECT_EQ(to_json(acme.at("action_names")), R"(["get_contact","request"])");
  EXPECT_EQ(to_json(pets.at("action_names")), R"(["get_pet","request"])");
  const Json& action = pets.at("actions").at(0);
  EXPECT_EQ(keys(action), keys(acme.at("actions").at(0)));
  EXPECT_EQ(json_text(action, "action_id"), "get_pet");
  EXPECT_EQ(json_text(action, "http_method"), "GET");
  EXPECT_EQ(json_text(action, "endpoint"), "/pets/{id}");
  EXPECT_NE(json_text(action, "action_name"), "");
  EXPECT_EQ(to_json(get(std::string(kAll) + "/" + pets_).json.at("integration")), to_json(pets));
}

TEST_F(CustomLists, OfProvidersShowWhatTheirPagesShow) {
  for (const char* name : {"acme", "pets"}) {
    const Json shown = brief(name);
    const Json page = get(std::string("/api/providers/") + name).json;
    EXPECT_EQ(json_text(page, "category"), json_text(shown, "category"));
    JsonArray types;
    for (const Json& field : page.at("auth").as_array()) types.push_back(field.at("type"));
    JsonArray names;
    for (const Json& action : page.at("actions").as_array()) {
      names.push_back(action.at("name"));
      EXPECT_TRUE(action.at("params").is_object());
      EXPECT_NE(json_text(action, "effect"), "");
    }
    EXPECT_EQ(to_json(shown.at("auth")), to_json(types)) << name;
    EXPECT_EQ(to_json(shown.at("actions")), to_json(names)) << name;
    EXPECT_EQ(to_json(page.at("auth")), to_json(integration(name).at("auth"))) << name;
  }
  EXPECT_EQ(keys(get("/api/providers/acme").json), keys(get("/api/providers/pets").json));
  const Json page = get("/api/providers/pets").json;
  EXPECT_EQ(json_text(page.at("actions").at(0), "effect"), "read");
  EXPECT_EQ(to_json(page.at("actions").at(0).at("params").at("properties").at("id").at("type")),
            R"("integer")");
}

TEST_F(CustomLists, MakeASummaryThatIsNotThereOnceAndKeepIt) {
  const std::string before = get(kAll).body + get("/api/providers").body;
  forget_summaries();
  EXPECT_TRUE(summary(pets_).is_null());
  EXPECT_EQ(get(kAll).body + get("/api/providers").body, before);
  EXPECT_FALSE(summary(pets_).is_null());
  EXPECT_FALSE(summary(acme_).is_null());
  // From now on nobody looks at the document.
  auto whole = run_sync(store_->find_integration({"local"}, {pets_}));
  whole->manifest = JsonObject{{"actions", "not read"}};
  ASSERT_TRUE(run_sync(store_->replace_integration(*whole)));
  EXPECT_EQ(get(kAll).body + get("/api/providers").body, before);
}

TEST_F(CustomLists, FollowAChange) {
  const std::string one = std::string(kAll) + "/";
  clock_.advance(std::chrono::seconds{1});
  ASSERT_EQ(call(Method::put, one + acme_,
                 R"({"auth_type":"oauth","actions":[{"action_id":"find","endpoint":"/f"}]})")
                .status,
            200);
  EXPECT_EQ(to_json(brief("acme").at("auth")), R"(["access_token"])");
  EXPECT_EQ(to_json(brief("acme").at("actions")), R"(["find","request"])");
  ASSERT_EQ(call(Method::put, one + pets_, R"({"display_name":"My pets"})").status, 200);
  EXPECT_EQ(json_text(brief("pets"), "title"), "My pets");
  EXPECT_EQ(to_json(brief("pets").at("actions")), R"(["get_pet","request"])");
  ASSERT_EQ(call(Method::put, one + pets_, R"({"is_active":false})").status, 200);
  EXPECT_EQ(get("/api/providers").body.find("pets"), std::string::npos);
  EXPECT_EQ(to_json(integration("pets").at("action_names")), R"(["get_pet","request"])");
}

}  // namespace
}  // namespace pilot::api
