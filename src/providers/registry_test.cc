#include "providers/registry.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "base/nearest.h"
#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LogicOutcome nothing(const Call&) { return ProviderResult::ok(nullptr); }

Action action_named(std::string name, std::vector<std::string> aliases = {}) {
  return {.name = std::move(name), .aliases = std::move(aliases), .body = LogicAction{nothing}};
}

TEST(Registry, FindsByNameAndAlias) {
  Registry registry;
  registry.add({.name = "acme", .aliases = {"acme_old"}}).add(action_named("make", {"create"}));
  ASSERT_NE(registry.find("acme"), nullptr);
  EXPECT_EQ(registry.find("acme"), registry.find("acme_old"));
  EXPECT_EQ(registry.find("acne"), nullptr);
  EXPECT_EQ(registry.find("acme")->find("create")->name, "make");
  EXPECT_EQ(registry.find("acme")->find("delete"), nullptr);
  EXPECT_THAT(registry.find("acme")->action_names(), ElementsAre("make"));
  EXPECT_THAT(registry.names(), ElementsAre("acme", "acme_old"));
}

TEST(Registry, ListsByName) {
  Registry registry;
  registry.add({.name = "zeta"});
  registry.add({.name = "alpha"});
  const auto all = registry.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]->name, "alpha");
  EXPECT_EQ(all[1]->name, "zeta");
}

TEST(Registry, NamesTwiceAreBugs) {
  Registry registry;
  Provider& acme = registry.add({.name = "acme", .aliases = {"old"}});
  EXPECT_THROW(registry.add({.name = "acme"}), std::logic_error);
  EXPECT_THROW(registry.add({.name = "old"}), std::logic_error);
  EXPECT_THROW(registry.add({.name = "b", .aliases = {"acme"}}), std::logic_error);
  EXPECT_THROW(registry.add({.name = "c", .aliases = {"x", "x"}}), std::logic_error);
  acme.add(action_named("make", {"create"}));
  EXPECT_THROW(acme.add(action_named("make")), std::logic_error);
  EXPECT_THROW(acme.add(action_named("create")), std::logic_error);
  EXPECT_THROW(acme.add(action_named("new", {"make"})), std::logic_error);
  EXPECT_THROW(acme.add(action_named("")), std::logic_error);
}

TEST(Registry, ABadSchemaIsABug) {
  Registry registry;
  Provider& acme = registry.add({.name = "acme"});
  Action bad = action_named("bad");
  bad.params = JsonObject{{"type", "wizard"}};
  EXPECT_THROW(acme.add(std::move(bad)), std::logic_error);
  EXPECT_THROW(params_schema("{"), std::logic_error);
}

TEST(Registry, LogicIsPure) {
  Registry registry;
  registry.add({.name = "acme"}).add(action_named("think"));
  EXPECT_EQ(registry.find("acme")->find("think")->effect, EffectClass::pure);
}

TEST(NativeProviders, AreAllThere) {
  std::vector<std::string> names;
  for (const Provider* provider : native_registry().all()) names.push_back(provider->name);
  for (const char* name : {"custom_api", "email", "groq", "http", "logic", "openai", "webhook"}) {
    EXPECT_THAT(names, Contains(name));
  }
}

TEST(NativeProviders, SuggestTheNearestName) {
  EXPECT_THAT(did_you_mean("opnai", native_registry().names()), HasSubstr("\"openai\""));
  EXPECT_THAT(did_you_mean("chatgtp", native_registry().names()), HasSubstr("\"chatgpt\""));
}

// The old service's names (its catalogue, rows of these providers), with one value for each param.
TEST(NativeProviders, OldNamesResolve) {
  struct Row {
    const char* provider;
    const char* action;
    const char* params;
    const char* now;
  };
  const Row rows[] = {
      {"chatgpt", "chat", R"({"prompt":"x"})", "openai.chat_completion"},
      {"custom_api", "call_api",
       R"({"url":"https://a.test","method":"POST","headers_json":"{}","body_json":"{}"})",
       "custom_api.request"},
      {"custom_tool", "execute_webhook", R"({"webhook_url":"https://a.test","payload_json":"{}"})",
       "webhook.send"},
      {"groq", "chat_completion", R"({"prompt":"x"})", "groq.chat_completion"},
      {"logic", "transform", R"({"template":"x"})", "logic.transform"},
      {"openai", "chat_completion", R"({"prompt":"x"})", "openai.chat_completion"},
      {"webhook", "post_request", R"({"url":"https://a.test","payload":{"a":1}})", "webhook.send"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.provider) + "." + row.action);
    const Provider* provider = native_registry().find(row.provider);
    ASSERT_NE(provider, nullptr);
    const Action* action = provider->find(row.action);
    ASSERT_NE(action, nullptr);
    EXPECT_EQ(provider->name + "." + action->name, row.now);
    Json params = json(row.params);
    EXPECT_THAT(action->schema.check(params), IsEmpty());
  }
  EXPECT_EQ(native_registry().find("zapier"), nullptr);  // has a manifest of its own
}

TEST(NativeProviders, EveryParamIsDescribedAndUnknownOnesAreRefused) {
  for (const Provider* provider : native_registry().all()) {
    for (const Action& action : provider->actions) {
      SCOPED_TRACE(provider->name + "." + action.name);
      EXPECT_FALSE(action.title.empty());
      EXPECT_FALSE(action.description.empty());
      const bool takes_any_name = provider->name == "logic" && action.name == "set";
      EXPECT_EQ(*find(action.schema.document(), "additionalProperties"), Json(takes_any_name));
      if (takes_any_name) continue;
      for (const auto& member : find(action.schema.document(), "properties")->get_object()) {
        EXPECT_NE(string_or(member.value(), "description"), "") << std::string(member.key());
      }
    }
  }
}

TEST(NativeProviders, EffectsAreAsTheirRequests) {
  const auto effect = [](const char* provider, const char* action, const char* params) {
    return native_registry().find(provider)->find(action)->effect_for(json(params));
  };
  EXPECT_EQ(effect("http", "request", "{}"), EffectClass::read);
  EXPECT_EQ(effect("http", "request", R"({"method":"head"})"), EffectClass::read);
  EXPECT_EQ(effect("http", "request", R"({"method":"PUT"})"), EffectClass::idempotent);
  EXPECT_EQ(effect("http", "request", R"({"method":"DELETE"})"), EffectClass::idempotent);
  EXPECT_EQ(effect("http", "request", R"({"method":"PATCH"})"), EffectClass::unsafe);
  EXPECT_EQ(effect("http", "request", R"({"method":"POST","idempotency_header":"K"})"),
            EffectClass::keyed);
  EXPECT_EQ(effect("http", "get", "{}"), EffectClass::read);
  EXPECT_EQ(effect("http", "post", "{}"), EffectClass::unsafe);
  EXPECT_EQ(effect("custom_api", "request", R"({"method":"POST"})"), EffectClass::unsafe);
  EXPECT_EQ(effect("custom_api", "request", "{}"), EffectClass::read);
  EXPECT_EQ(effect("webhook", "send", "{}"), EffectClass::keyed);
  EXPECT_EQ(effect("openai", "chat_completion", "{}"), EffectClass::read);
  EXPECT_EQ(effect("email", "send", "{}"), EffectClass::unsafe);
  EXPECT_EQ(effect("logic", "wait", "{}"), EffectClass::pure);
}

TEST(Connection, ValueIsNoneWhenAbsentOrEmpty) {
  const Connection connection = connection_of({{"api_key", "k"}, {"token", ""}});
  EXPECT_EQ(connection.value("api_key"), "k");
  EXPECT_EQ(connection.value("token"), std::nullopt);
  EXPECT_EQ(connection.value("password"), std::nullopt);
}

TEST(CheckParams, TellsAllProblemsAndPutsDefaultsIn) {
  const Action& action = *native_registry().find("http")->find("request");
  Json params = json(R"({"url":"https://a.test"})");
  ASSERT_TRUE(check_params(action, params));
  EXPECT_EQ(string_or(params, "method"), "GET");
  Json wrong = json(R"({"urll":"https://a.test","method":7})");
  const Status status = check_params(action, wrong);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(status.error().message, HasSubstr("/method"));
  EXPECT_THAT(status.error().message, HasSubstr("urll"));
}

}  // namespace
}  // namespace pilot::providers
