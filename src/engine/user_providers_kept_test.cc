// What is kept of a user's own providers, and for how long; what is told of those that cannot be
// called; and the old service's words for credentials.
#include "engine/connections.h"
#include "engine/engine_fixture.h"
#include "engine/user_providers.h"
#include "http/url.h"

namespace pilot::engine {
namespace {

using testing::HasSubstr;

constexpr std::string_view kId = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr std::string_view kOther = "01890a5d-ac96-774b-bcce-b302099a8058";

class KeptProviders : public EngineTest {
 protected:
  CustomIntegration acme(std::string_view id = kId, std::string name = "acme") {
    CustomIntegration out;
    out.user = world.user;
    out.id = {std::string(id)};
    out.name = std::move(name);
    out.base_url = "https://api.acme.test/v1";
    CustomAction get;
    get.id = "a1";
    get.action_id = "ping";
    get.endpoint = "/ping";
    out.actions = {get};
    return out;
  }
  void put(const CustomIntegration& integration) {
    ASSERT_TRUE(world.direct(world.disk().create_integration(integration)));
  }
  RegistryPtr named(const std::string& name) {
    auto found = world.direct(own_.named(world.user, {name}));
    EXPECT_TRUE(found);
    return found ? *found : nullptr;
  }
  // A manifest that is too large to be loaded on a shard.
  CustomIntegration large() {
    CustomIntegration out = acme();
    JsonObject actions;
    for (int i = 0; i < 1'000; ++i) {
      actions[fmt::format("action_{}", i)] =
          JsonObject{{"do", fmt::format("GET /things/{}", i)}, {"description", "Gives a thing"}};
    }
    out.manifest = JsonObject{{"base", "https://api.acme.test"}, {"actions", std::move(actions)}};
    out.actions.clear();
    return out;
  }

  RegistryPtr base_ = std::make_shared<providers::Registry>();
  UserProviders own_{world_.disk(), base_};
};

TEST_F(KeptProviders, WhatHasNotChangedStaysTheSameProvider) {
  put(acme());
  const RegistryPtr first = named("acme");
  put(acme(kOther, "other"));  // something has changed, but not this one
  const RegistryPtr second = named("acme");
  ASSERT_NE(first->find("acme"), nullptr);
  EXPECT_EQ(first->find("acme"), second->find("acme"));
  CustomIntegration moved = acme();
  moved.base_url = "https://api.acme.test/v2";
  ASSERT_TRUE(world.direct(world.disk().replace_integration(moved)));
  EXPECT_NE(named("acme")->find("acme"), first->find("acme"));
}

TEST_F(KeptProviders, AnyNameThatTheOldServiceTookIsCalledAsItIs) {
  put(acme(kId, "Our CRM"));
  const RegistryPtr found = named("Our CRM");
  ASSERT_NE(found->find("Our CRM"), nullptr);
  EXPECT_EQ(found->find("Our CRM")->name, "Our CRM");
  EXPECT_NE(named("custom_" + std::string(kId))->find("custom_" + std::string(kId)), nullptr);
}

TEST_F(KeptProviders, LargeOnesAreLoadedBesideTheShard) {
  put(large());
  const RegistryPtr found = named("acme");
  ASSERT_NE(found->find("acme"), nullptr);
  EXPECT_EQ(found->find("acme")->actions.size(), 1'001u);
  EXPECT_EQ(named("acme")->find("acme"), found->find("acme"));
}

TEST_F(KeptProviders, OnesThatCannotBeCalledAreAProblemOfTheStepThatNamesThem) {
  CustomIntegration off = acme();
  off.is_active = false;
  put(off);
  const Json document = *parse_json(
      R"({"steps":[{"foreach":[1],"steps":[{"provider":"acme","action":"ping"}]},
                   {"provider":"nobodys","action":"ping"}]})");
  const auto registry = world.direct(own_.of_document(world.user, document));
  ASSERT_TRUE(registry) << registry.error().message;
  const plan::CompileOutcome outcome = plan::compile_plan(document, *registry);
  ASSERT_EQ(outcome.problems.size(), 2u);
  EXPECT_EQ(outcome.problems[0].pointer, "/steps/0/steps/0/provider");
  EXPECT_EQ(outcome.problems[0].code, "integration_inactive");
  EXPECT_THAT(outcome.problems[0].message, HasSubstr("acme is switched off"));
  EXPECT_EQ(outcome.problems[1].code, "unknown_provider");
}

TEST_F(KeptProviders, OnlyItsOwnPortIsItsServer) {
  put(acme());
  CustomIntegration plain = acme(kOther, "plain");
  plain.base_url = "http://api.acme.test:8080";
  put(plain);
  const auto goes = [&](const std::string& name, const std::string& url) {
    const http::HostListPtr& hosts = named(name)->find(name)->hosts;
    const http::Url to = *http::parse_url(url);
    return hosts != nullptr && hosts->has(to.host, to.port);
  };
  EXPECT_TRUE(goes("acme", "https://api.acme.test/x"));
  EXPECT_FALSE(goes("acme", "http://api.acme.test/x")) << "the key in clear";
  EXPECT_FALSE(goes("acme", "https://api.acme.test:8443/x"));
  EXPECT_TRUE(goes("plain", "http://api.acme.test:8080/x"));
  EXPECT_FALSE(goes("plain", "http://api.acme.test/x"));
}

TEST_F(KeptProviders, APlanCallsALimitedNumberOfThem) {
  std::vector<std::string> names;
  for (int i = 0; i < 51; ++i) {
    names.push_back(fmt::format("own_{:02}", i));
    put(acme(fmt::format("01890a5d-ac96-774b-bcce-b3020999{:04}", i), names.back()));
  }
  const auto registry = world.direct(own_.named(world.user, names));
  ASSERT_TRUE(registry);
  EXPECT_NE((*registry)->find("own_49"), nullptr);
  ASSERT_NE((*registry)->why_not("own_50"), nullptr);
  EXPECT_EQ((*registry)->why_not("own_50")->code, "too_many_integrations");
}

TEST_F(KeptProviders, EachConnectionHasTheIntegrationsOAuthClientAndOnlyDefaultTheRest) {
  put(acme());
  for (const char* type : {"client_secret", "access_token"}) {
    const vault::Sealed sealed =
        world.keys().ring()->seal("fake", world.clock.now(), world.random());
    store::SealedCredential row;
    row.user = world.user;
    row.provider = store::kCustomCredential;
    row.connection = kId;
    row.type = type;
    row.encrypted_value = sealed.token;
    row.key_id = sealed.key_id;
    row.created_at = row.updated_at = world.clock.now();
    ASSERT_TRUE(world.direct(world.disk().put_custom_credential(row)));
  }
  const auto has = [&](const std::string& connection, std::string_view type) {
    const store::ConnectionKey key{world.user, "custom_" + std::string(kId), connection};
    const auto opened = world.direct(read_connection(world.disk(), world.keys(), key));
    return opened && opened->connection.value(type).has_value();
  };
  EXPECT_TRUE(has("default", "client_secret"));
  EXPECT_TRUE(has("default", "access_token"));
  EXPECT_TRUE(has("work", "client_secret"));
  EXPECT_FALSE(has("work", "access_token"));
}

TEST_F(KeptProviders, AKeyIsATokenByAnotherName) {
  using Pair = std::pair<std::string, std::string>;
  const auto given = [](std::string_view kind, std::vector<std::string> asks,
                        std::string_view type) {
    providers::Provider provider{.name = "acme", .kind = std::string(kind)};
    for (std::string& ask : asks) provider.auth.push_back({.type = std::move(ask), .title = "T"});
    providers::Connection connection;
    connection.values.emplace(type, Secret(std::string("v")));
    use_old_words(connection, provider);
    return Pair(connection.value("api_key").value_or("-"),
                connection.value("access_token").value_or("-"));
  };
  EXPECT_EQ(given("custom", {"api_key"}, "token"), Pair("v", "-"));
  EXPECT_EQ(given("custom", {"api_key"}, "access_token"), Pair("v", "v"));
  EXPECT_EQ(given("custom", {"access_token"}, "api_key"), Pair("v", "v"));
  EXPECT_EQ(given("custom", {"access_token", "api_key"}, "api_key"), Pair("v", "-"));
  EXPECT_EQ(given("custom", {"password"}, "api_key"), Pair("v", "-"));
  EXPECT_EQ(given("manifest", {"api_key"}, "token"), Pair("-", "-"));
}

}  // namespace
}  // namespace pilot::engine
