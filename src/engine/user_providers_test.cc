// A user's own providers in runs: found by name and by custom_<id>, with their own credentials,
// bound to their own host, and nobody else's.
#include "engine/user_providers.h"

#include "engine/engine_fixture.h"
#include "engine/seal_grant.h"
#include "http/url.h"

namespace pilot::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kId = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr std::string_view kOther = "01890a5d-ac96-774b-bcce-b302099a8058";

void add_taken(providers::Registry& registry) { registry.add({.name = "taken"}); }

class UserProvidersTest : public EngineTest {
 protected:
  UserProvidersTest() : EngineTest(&add_taken) {
    world.answer = [this](const http::Request& request) {
      urls.push_back(request.url);
      for (const http::Header& header : request.headers) {
        if (header.name == "X-Key") keys.push_back(header.value);
      }
      return http::ScriptedTransport::reply(200, R"({"ok":true})");
    };
  }
  CustomIntegration acme(std::string_view id = kId, std::string name = "acme") {
    CustomIntegration out;
    out.user = world.user;
    out.id = {std::string(id)};
    out.name = std::move(name);
    out.base_url = "https://api.acme.test/v1";
    out.auth_header = "X-Key";
    out.auth_prefix = "";
    out.created_at = out.updated_at = world.clock.now();
    CustomAction get;
    get.id = "a1";
    get.action_id = "get_contact";
    get.endpoint = "/contacts/{id}";
    get.parameters = *parse_json(R"({"id":{"type":"integer"}})");
    out.actions = {get};
    return out;
  }
  store::Store& store() { return world.process().store; }
  void put(const CustomIntegration& integration) {
    ASSERT_TRUE(world.run(store().create_integration(integration)));
  }
  void key(std::string_view provider, std::string connection, std::string value) {
    store::SealedCredential sealed;
    vault::Sealed made = world.keys().ring()->seal(value, world.clock.now(), world.random());
    sealed.user = world.user;
    sealed.provider = provider;
    sealed.connection = std::move(connection);
    sealed.type = "api_key";
    sealed.encrypted_value = std::move(made.token);
    sealed.key_id = std::move(made.key_id);
    sealed.created_at = sealed.updated_at = world.clock.now();
    ASSERT_TRUE(world.run(provider == store::kCustomCredential
                              ? store().put_custom_credential(sealed)
                              : store().put_credential(sealed)));
  }
  static std::string step(std::string_view provider, std::string_view more = "") {
    return fmt::format(
        R"({{"id":"s","provider":"{}","action":"get_contact","params":{{"id":7}}{}}})", provider,
        more);
  }
  // Compiled with what the user can name.
  Result<Executed> execute_own(const std::string& text) {
    const Json document = *parse_json(text);
    UserProviders own(store(), world.registry());
    auto registry = world.run(own.of_document(world.user, document));
    if (!registry) return registry.error();
    plan::CompileOutcome compiled = plan::compile_plan(document, *registry);
    if (!compiled.plan) return plan::to_error(compiled.problems);
    StartRun start;
    start.user = world.user;
    start.document = document;
    start.compiled = compiled.plan;
    return world.run(world.engine().execute(0, std::move(start), Millis{60'000}));
  }
  std::string outcome(const std::string& text) {
    const Result<Executed> done = execute_own(text);
    if (!done) return done.error().code;
    if (done->run.state == RunState::success) return "success";
    return done->steps.empty() ? to_json(done->run.error)
                               : std::string(string_or(done->steps[0].error, "code"));
  }
  std::vector<std::string> urls, keys;
};

TEST_F(UserProvidersTest, AreCalledByNameAndById) {
  put(acme());
  key(store::kCustomCredential, std::string(kId), "k-one");
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  EXPECT_EQ(outcome(steps({step("custom_" + std::string(kId))})), "success");
  EXPECT_THAT(urls, ElementsAre("https://api.acme.test/v1/contacts/7",
                                "https://api.acme.test/v1/contacts/7"));
  EXPECT_THAT(keys, ElementsAre("k-one", "k-one"));
}

TEST_F(UserProvidersTest, TheNewestCredentialCounts) {
  put(acme());
  key(store::kCustomCredential, std::string(kId), "old");
  world.pass(std::chrono::seconds{1});
  key("custom_" + std::string(kId), "default", "newer");
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  world.pass(std::chrono::seconds{1});
  key(store::kCustomCredential, std::string(kId), "newest");
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  key("custom_" + std::string(kId), "work", "at-work");
  EXPECT_EQ(outcome(steps({step("acme", R"(,"connection":"work")")})), "success");
  EXPECT_THAT(keys, ElementsAre("newer", "newest", "at-work"));
}

TEST_F(UserProvidersTest, ARunIsCompiledWithThemWhereverItIsTakenUp) {
  put(acme());
  key(store::kCustomCredential, std::string(kId), "k");
  const std::string text = steps(
      {R"({"id":"w","provider":"logic","action":"wait","params":{"seconds":60}})", step("acme")});
  const Json document = *parse_json(text);
  UserProviders own(store(), world.registry());
  const auto registry = world.run(own.of_document(world.user, document));
  ASSERT_TRUE(registry);
  StartRun start;
  start.user = world.user;
  start.document = document;
  start.compiled = plan::compile_plan(document, *registry).plan;
  ASSERT_NE(start.compiled, nullptr);
  const auto run = world.run(world.engine().enqueue(0, std::move(start)));
  ASSERT_TRUE(run);
  ASSERT_TRUE(world.until(run->id, RunState::waiting));
  world.boot();
  ASSERT_TRUE(world.start());
  EXPECT_TRUE(world.until(run->id, RunState::success));
  EXPECT_EQ(urls.size(), 1u);
}

TEST_F(UserProvidersTest, OnesThatAreSwitchedOffOrFaultySayWhy) {
  CustomIntegration off = acme();
  off.is_active = false;
  put(off);
  EXPECT_EQ(outcome(steps({step("acme")})), "integration_inactive");
  EXPECT_EQ(outcome(steps({step("custom_" + std::string(kId))})), "integration_inactive");
  CustomIntegration faulty = acme(kOther, "faulty");
  faulty.manifest = *parse_json(R"({"base":"https://x.test","actions":{"a":{"do":"BREW /"}}})");
  put(faulty);
  EXPECT_EQ(outcome(steps({step("faulty")})), "integration_invalid");
  EXPECT_EQ(outcome(steps({step("nobodys")})), "unknown_provider");
  EXPECT_TRUE(urls.empty());
}

TEST_F(UserProvidersTest, AChangeCountsForTheNextRun) {
  put(acme());
  key(store::kCustomCredential, std::string(kId), "k");
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  CustomIntegration moved = acme();
  moved.base_url = "https://api.new.test";
  ASSERT_TRUE(world.run(store().replace_integration(moved)));
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  EXPECT_EQ(urls.back(), "https://api.new.test/contacts/7");
  ASSERT_TRUE(world.run(store().remove_integration(world.user, {std::string(kId)})));
  EXPECT_EQ(outcome(steps({step("acme")})), "unknown_provider");
}

TEST_F(UserProvidersTest, AnotherUsersDoNotExist) {
  CustomIntegration theirs = acme();
  theirs.user = UserId{"bob"};
  put(theirs);
  EXPECT_EQ(outcome(steps({step("acme")})), "unknown_provider");
  EXPECT_EQ(outcome(steps({step("custom_" + std::string(kId))})), "unknown_provider");
}

TEST_F(UserProvidersTest, ANameThatPilotHasLearntSinceIsPilots) {
  put(acme(kId, "taken"));
  UserProviders own(store(), world.registry());
  const std::string alias = "custom_" + std::string(kId);
  const auto registry = *world.run(own.named(world.user, {"taken", alias}));
  EXPECT_EQ(registry->find("taken")->kind, "native");
  EXPECT_EQ(registry->find(alias)->kind, "custom");
}

TEST_F(UserProvidersTest, NothingIsAskedWhenPilotKnowsAllNames) {
  UserProviders own(store(), world.registry());
  const Json document = *parse_json(steps({get("a"), set("b", "{}")}));
  EXPECT_EQ(*world.run(own.of_document(world.user, document)), own.base());
}

TEST_F(UserProvidersTest, EveryCallIsBoundToTheIntegrationsHost) {
  put(acme());
  key(store::kCustomCredential, std::string(kId), "k");
  EXPECT_EQ(outcome(steps({step("acme")})), "success");
  const http::Request& sent = world.process().transport.requests().back();
  ASSERT_FALSE(sent.allowed_hosts.empty());
  const http::Url own = *http::parse_url("https://api.acme.test/x");
  const http::Url other = *http::parse_url("https://evil.test/x");
  const auto allowed = [&](const http::Url& url) {
    const auto& lists = sent.allowed_hosts;
    return std::all_of(lists.begin(), lists.end(),
                       [&](const auto& list) { return list->has(url.host, url.port); });
  };
  EXPECT_TRUE(allowed(own));
  EXPECT_FALSE(allowed(other));
}

TEST_F(UserProvidersTest, OperationsOfADocumentGoToTheirOwnServersToo) {
  CustomIntegration imported = acme();
  imported.actions.clear();
  imported.manifest = *parse_json(
      R"({"base":"https://api.acme.test/v1","auth":{"key":{"header":"X-Key","field":"api_key"}},
          "actions":{"get_contact":{"do":"GET https://up.acme.test:8443/contacts/{id}",
                                    "params":{"id":{"type":"integer","required":true}}},
                     "ping":{"do":"GET /ping"}}})");
  put(imported);
  key(store::kCustomCredential, std::string(kId), "k");
  ASSERT_EQ(outcome(steps({step("acme")})), "success");
  EXPECT_EQ(urls.back(), "https://up.acme.test:8443/contacts/7");
  EXPECT_THAT(keys, ElementsAre("k"));
  const auto& lists = world.process().transport.requests().back().allowed_hosts;
  const auto allowed = [&](const char* text) {
    const http::Url url = *http::parse_url(text);
    return std::all_of(lists.begin(), lists.end(),
                       [&](const auto& list) { return list->has(url.host, url.port); });
  };
  EXPECT_TRUE(allowed("https://up.acme.test:8443/"));
  EXPECT_TRUE(allowed("https://api.acme.test/"));
  for (const char* other : {"https://up.acme.test/", "http://up.acme.test:80/",
                            "https://x.up.acme.test:8443/", "https://evil.test/"}) {
    EXPECT_FALSE(allowed(other)) << other;
  }
}

TEST_F(UserProvidersTest, NamesAreFoundWhereverTheyStand) {
  EXPECT_THAT(provider_names(*parse_json(
                  R"([{"provider":"a"},{"foreach":"x","steps":[{"provider":"b"},{"provider":7},
                     {"provider":"a"}]},{"params":{"provider":"c"}}])")),
              ElementsAre("a", "b", "c"));
  EXPECT_TRUE(provider_names(Json(nullptr)).empty());
}

}  // namespace
}  // namespace pilot::engine
