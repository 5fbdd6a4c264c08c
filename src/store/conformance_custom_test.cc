// Custom integrations, their actions and credentials.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CustomAction make_action(const std::string& name) {
  CustomAction action;
  action.id = "row-" + name;
  action.action_id = name;
  action.action_name = "Action " + name;
  action.description = "What it does";
  action.http_method = "POST";
  action.endpoint = "/things/{id}";
  action.parameters = JsonObject{{"type", "object"}};
  action.created_at = action.updated_at = kStart;
  return action;
}

CustomIntegration make_integration(const std::string& id, const std::string& name,
                                   const UserId& user = kAda) {
  CustomIntegration out;
  out.user = user;
  out.id = {id};
  out.name = name;
  out.display_name = "The " + name;
  out.description = "Ours";
  out.base_url = "https://api.example.com";
  out.created_by = out.updated_by = user.text;
  out.created_at = out.updated_at = kStart;
  out.actions = {make_action("a"), make_action("b")};
  return out;
}

SealedCredential make_credential(const std::string& integration, const std::string& type,
                                 const std::string& value, const UserId& user = kAda) {
  SealedCredential out;
  out.user = user;
  out.provider = kCustomCredential;
  out.connection = integration;
  out.type = type;
  out.encrypted_value = value;
  out.key_id = "11111111";
  out.created_at = out.updated_at = kStart;
  return out;
}

template <class T>
std::string code(const T& result) {
  return result ? "" : std::string(result.error().code_or_kind());
}

std::vector<std::string> names(const std::vector<CustomAction>& actions) {
  std::vector<std::string> out;
  for (const CustomAction& action : actions) out.push_back(action.action_id);
  return out;
}

TEST_P(StoreConformance, IntegrationComesBackAsItWent) {
  CustomIntegration given = make_integration("i1", "acme");
  given.auth_header = "X-Key";
  given.auth_prefix = "";
  given.auth_type = "oauth";
  given.oauth_config = JsonObject{{"token_url", "https://id.example.com"}};
  given.is_active = false;
  ASSERT_TRUE(wait(store().create_integration(given)));
  const auto found = wait(store().find_integration(kAda, {"i1"}));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->user, kAda);
  EXPECT_EQ(found->name, "acme");
  EXPECT_EQ(found->display_name, "The acme");
  EXPECT_EQ(found->description, "Ours");
  EXPECT_EQ(found->auth_type, "oauth");
  EXPECT_EQ(found->base_url, "https://api.example.com");
  EXPECT_EQ(found->auth_header, "X-Key");
  EXPECT_EQ(found->auth_prefix, "");
  EXPECT_EQ(found->oauth_config, given.oauth_config);
  EXPECT_FALSE(found->is_active);
  EXPECT_EQ(found->created_at, kStart);
  EXPECT_EQ(found->created_by, "ada");
  EXPECT_TRUE(found->manifest.is_null());
  ASSERT_THAT(names(found->actions), ElementsAre("a", "b"));
  EXPECT_EQ(found->actions[0].action_name, "Action a");
  EXPECT_EQ(found->actions[0].http_method, "POST");
  EXPECT_EQ(found->actions[0].endpoint, "/things/{id}");
  EXPECT_EQ(found->actions[0].parameters, Json(JsonObject{{"type", "object"}}));
  EXPECT_EQ(found->actions[0].id, "row-a");
}

TEST_P(StoreConformance, IntegrationWithoutActionsAndWithAManifest) {
  CustomIntegration given = make_integration("i1", "acme");
  given.actions.clear();
  given.manifest = *parse_json(R"({"id":"acme","z":1,"a":{"do":"GET /"}})");
  ASSERT_TRUE(wait(store().create_integration(given)));
  const auto found = wait(store().find_integration_named(kAda, "acme"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(to_json((*found)->manifest), to_json(given.manifest)) << "in its order, too";
  EXPECT_THAT((*found)->actions, IsEmpty());
  EXPECT_EQ((*found)->auth_prefix, std::nullopt);
  const auto listed = wait(store().list_integrations(kAda, {}));
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->items.at(0).manifest, Json(JsonObject{}));
}

TEST_P(StoreConformance, ASummaryIsOfTheIntegrationAsItWas) {
  CustomIntegration given = make_integration("i1", "acme");
  given.manifest = JsonObject{{"id", "acme"}};
  given.summary = *parse_json(R"({"z":1,"a":2})");
  ASSERT_TRUE(wait(store().create_integration(given)));
  const auto shown = [&] {
    const std::string found = to_json(wait(store().find_integration(kAda, {"i1"}))->summary);
    EXPECT_EQ(to_json(wait(store().list_integrations(kAda, {}))->items.at(0).summary), found);
    return found;
  };
  EXPECT_EQ(shown(), R"({"z":1,"a":2})");
  given.summary = nullptr;
  given.updated_at += std::chrono::seconds{1};
  ASSERT_TRUE(wait(store().replace_integration(given)));
  EXPECT_EQ(shown(), "null");
  const std::uint64_t generation = store().custom_generation();
  const Json late = JsonObject{{"late", true}};
  const Json made = JsonObject{{"made", true}};
  ASSERT_TRUE(wait(store().put_summary(kAda, {"i1"}, late, kStart)));
  EXPECT_EQ(shown(), "null") << "it has changed since";
  ASSERT_TRUE(wait(store().put_summary(kBob, {"i1"}, late, given.updated_at)));
  EXPECT_EQ(shown(), "null") << "it is not Bob's";
  ASSERT_TRUE(wait(store().put_summary(kAda, {"i1"}, made, given.updated_at)));
  EXPECT_EQ(shown(), R"({"made":true})");
  EXPECT_LE(store().custom_generation(), generation + 1) << "nothing that is cached has changed";
  EXPECT_EQ(to_json(wait(store().find_integration(kAda, {"i1"}))->manifest), R"({"id":"acme"})");
}

TEST_P(StoreConformance, IntegrationNamesAreOfOneUser) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  EXPECT_EQ(code(wait(store().create_integration(make_integration("i2", "acme")))), "name_taken");
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme", kBob))));
  ASSERT_TRUE(wait(store().create_integration(make_integration("i2", "other"))));
  EXPECT_EQ(code(wait(store().replace_integration(make_integration("i2", "acme")))), "name_taken");
  EXPECT_EQ(wait(store().find_integration(kAda, {"i2"}))->name, "other");
  EXPECT_THAT(names(wait(store().find_integration(kAda, {"i2"}))->actions), ElementsAre("a", "b"));
  EXPECT_EQ(*wait(store().count_integrations(kAda)), 2);
  EXPECT_EQ(*wait(store().count_integrations(kBob)), 1);
  EXPECT_EQ(*wait(store().count_integrations({"eve"})), 0);
}

TEST_P(StoreConformance, IntegrationOfAnotherIsNotThere) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  EXPECT_EQ(code(wait(store().find_integration(kBob, {"i1"}))), "not_found");
  EXPECT_FALSE(*wait(store().find_integration_named(kBob, "acme")));
  EXPECT_EQ(code(wait(store().replace_integration(make_integration("i1", "mine", kBob)))),
            "not_found");
  EXPECT_EQ(code(wait(store().remove_integration(kBob, {"i1"}))), "not_found");
  EXPECT_EQ(code(wait(store().put_custom_credential(make_credential("i1", "k", "v", kBob)))),
            "not_found");
  EXPECT_THAT(*wait(store().custom_credentials(kBob, {"i1"})), IsEmpty());
  EXPECT_THAT(wait(store().list_integrations(kBob, {}))->items, IsEmpty());
  EXPECT_EQ(wait(store().find_integration(kAda, {"i1"}))->name, "acme");
}

TEST_P(StoreConformance, ReplacingAnIntegrationReplacesItsActions) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  ASSERT_TRUE(wait(store().put_custom_credential(make_credential("i1", "api_key", "v"))));
  CustomIntegration next = make_integration("i1", "renamed");
  next.actions = {make_action("c"), make_action("a")};
  next.actions[1].endpoint = "/new";
  next.created_at = next.updated_at = kStart + std::chrono::seconds{9};
  next.created_by = next.updated_by = "somebody";
  ASSERT_TRUE(wait(store().replace_integration(next)));
  const auto found = wait(store().find_integration(kAda, {"i1"}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "renamed");
  EXPECT_EQ(found->created_at, kStart);
  EXPECT_EQ(found->created_by, "ada");
  EXPECT_EQ(found->updated_at, next.updated_at);
  EXPECT_EQ(found->updated_by, "somebody");
  ASSERT_THAT(names(found->actions), ElementsAre("a", "c"));
  EXPECT_EQ(found->actions[0].endpoint, "/new");
  EXPECT_EQ(wait(store().custom_credentials(kAda, {"i1"}))->size(), 1u);
  EXPECT_EQ(code(wait(store().replace_integration(make_integration("gone", "x")))), "not_found");
  EXPECT_EQ(code(wait(store().find_integration(kAda, {"gone"}))), "not_found");
}

TEST_P(StoreConformance, IntegrationsAreListedInPages) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(wait(store().create_integration(
        make_integration("i" + std::to_string(i), "name" + std::to_string(i)))));
  }
  std::vector<std::string> seen;
  PageRequest request{.limit = 2, .cursor = {}};
  do {
    const auto page = wait(store().list_integrations(kAda, request));
    ASSERT_TRUE(page);
    for (const CustomIntegration& one : page->items) {
      seen.push_back(one.id.text);
      EXPECT_THAT(names(one.actions), ElementsAre("a", "b"));
    }
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  EXPECT_THAT(seen, ElementsAre("i5", "i4", "i3", "i2", "i1"));
  EXPECT_EQ(code(wait(store().list_integrations(kAda, {.limit = 2, .cursor = "?"}))),
            "invalid_cursor");
}

TEST_P(StoreConformance, RemovingAnIntegrationLeavesNothing) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  ASSERT_TRUE(wait(store().put_custom_credential(make_credential("i1", "api_key", "v"))));
  EXPECT_TRUE(*wait(store().any_encrypted_rows()));
  ASSERT_TRUE(wait(store().remove_integration(kAda, {"i1"})));
  EXPECT_FALSE(*wait(store().any_encrypted_rows()));
  EXPECT_EQ(code(wait(store().find_integration(kAda, {"i1"}))), "not_found");
  EXPECT_EQ(code(wait(store().remove_integration(kAda, {"i1"}))), "not_found");
  // Made anew under the same id, it has only what is its own.
  CustomIntegration again = make_integration("i1", "acme");
  again.actions = {make_action("z")};
  ASSERT_TRUE(wait(store().create_integration(again)));
  EXPECT_THAT(names(wait(store().find_integration(kAda, {"i1"}))->actions), ElementsAre("z"));
  EXPECT_THAT(*wait(store().custom_credentials(kAda, {"i1"})), IsEmpty());
}

TEST_P(StoreConformance, CustomCredentialsAreKeptAndReplaced) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  SealedCredential token = make_credential("i1", "token", "old");
  ASSERT_TRUE(wait(store().put_custom_credential(token)));
  ASSERT_TRUE(wait(store().put_custom_credential(make_credential("i1", "api_key", "k"))));
  token.encrypted_value = "new";
  token.expires_at = kStart + std::chrono::hours{1};
  token.updated_at = kStart + std::chrono::seconds{5};
  ASSERT_TRUE(wait(store().put_custom_credential(token)));
  const auto found = *wait(store().custom_credentials(kAda, {"i1"}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].type, "api_key");
  EXPECT_EQ(found[0].provider, kCustomCredential);
  EXPECT_EQ(found[0].connection, "i1");
  EXPECT_EQ(found[1].encrypted_value, "new");
  EXPECT_EQ(found[1].expires_at, token.expires_at);
  EXPECT_EQ(found[1].created_at, kStart);
  EXPECT_EQ(found[1].updated_at, token.updated_at);
  EXPECT_EQ(code(wait(store().put_custom_credential(make_credential("gone", "k", "v")))),
            "not_found");
}

TEST_P(StoreConformance, WhatATestFoundIsNotedUntilTheCredentialIsReplaced) {
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  ASSERT_TRUE(wait(store().put_custom_credential(make_credential("i1", "api_key", "k"))));
  const auto now = [&] { return wait(store().custom_credentials(kAda, {"i1"}))->at(0); };
  EXPECT_EQ(now().validated_at, std::nullopt);
  const WallTime at = kStart + std::chrono::seconds{9};
  ASSERT_TRUE(wait(store().note_validation(kBob, {"i1"}, false, at)));
  EXPECT_EQ(now().validated_at, std::nullopt) << "it is not Bob's";
  ASSERT_TRUE(wait(store().note_validation(kAda, {"i1"}, false, at)));
  EXPECT_FALSE(now().valid);
  EXPECT_EQ(now().validated_at, at);
  EXPECT_EQ(now().encrypted_value, "k");
  ASSERT_TRUE(wait(store().put_custom_credential(make_credential("i1", "api_key", "k2"))));
  EXPECT_TRUE(now().valid);
  EXPECT_EQ(now().validated_at, std::nullopt);
}

TEST_P(StoreConformance, KeyRingWalksCustomCredentialsToo) {
  SealedCredential plain = make_credential("default", "z", "plain");
  plain.provider = "http";
  ASSERT_TRUE(wait(store().put_credential(plain)));
  plain.provider = "0first";
  ASSERT_TRUE(wait(store().put_credential(plain)));
  for (const UserId& user : {kAda, kBob}) {
    ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme", user))));
    for (const char* type : {"b", "a"}) {
      ASSERT_TRUE(wait(store().put_custom_credential(
          make_credential("i1", type, user.text + "-" + type, user))));
    }
  }
  for (const std::int64_t limit : {1, 2, 3, 100}) {
    std::vector<std::string> values;
    CredentialKey after;
    for (;;) {
      const auto page = wait(store().sealed_page(after, limit));
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_LE(std::ssize(*page), limit);
      if (page->empty()) break;
      for (const SealedCredential& row : *page) values.push_back(row.encrypted_value);
      const SealedCredential& last = page->back();
      after = {last.user, last.provider, last.connection, last.type};
    }
    EXPECT_THAT(values, ElementsAre("plain", "ada-a", "ada-b", "plain", "bob-a", "bob-b")) << limit;
  }
  EXPECT_EQ(wait(store().key_usage())->at(0).rows, 6);
  const std::uint64_t before = store().credential_generation();
  const CredentialKey row{kAda, std::string(kCustomCredential), "i1", "a"};
  EXPECT_EQ(*wait(store().reseal({{row, "ada-a", "anew", "22222222"}})), 1);
  EXPECT_EQ(*wait(store().reseal({{row, "ada-a", "anew", "22222222"}})), 0);
  EXPECT_GT(store().credential_generation(), before);
  EXPECT_EQ(wait(store().custom_credentials(kAda, {"i1"}))->at(0).encrypted_value, "anew");
  EXPECT_EQ(wait(store().custom_credentials(kBob, {"i1"}))->at(0).encrypted_value, "bob-a");
  EXPECT_EQ(wait(store().key_usage())->at(1).key_id, "22222222");
}

TEST_P(StoreConformance, ChangesOfIntegrationsRaiseTheirGeneration) {
  std::uint64_t last = store().custom_generation();
  const auto raised = [&] {
    const std::uint64_t now = store().custom_generation();
    return now > std::exchange(last, now);
  };
  ASSERT_TRUE(wait(store().create_integration(make_integration("i1", "acme"))));
  EXPECT_TRUE(raised());
  ASSERT_TRUE(wait(store().replace_integration(make_integration("i1", "acme2"))));
  EXPECT_TRUE(raised());
  ASSERT_TRUE(wait(store().remove_integration(kAda, {"i1"})));
  EXPECT_TRUE(raised());
}

}  // namespace
}  // namespace pilot::store
