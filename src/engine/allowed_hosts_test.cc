// Where calls may go: by the user, by the connection, and what a connection without a word of it
// does. The transport judges (http/curl_dns_test.cc); here is what it is told.
#include "engine/engine_fixture.h"
#include "http/url.h"

namespace pilot::engine {
namespace {

using testing::HasSubstr;

class AllowedHosts : public EngineTest {
 protected:
  void put(const std::string& provider, const std::string& type, const std::string& value) {
    Random& random = *random_;
    const vault::Sealed sealed = world.keys().ring()->seal(value, world.clock.now(), random);
    store::SealedCredential row;
    row.user = world.user;
    row.provider = provider;
    row.type = type;
    row.encrypted_value = sealed.token;
    row.key_id = sealed.key_id;
    row.created_at = row.updated_at = world.clock.now();
    ASSERT_TRUE(world.run(world.process().store.put_credential(row)));
  }
  void make_user(const std::string& id, const std::string& owner,
                 std::optional<std::string> hosts) {
    store::User user;
    user.id = {id};
    user.owner = {owner};
    user.name = id;
    user.created_at = world.clock.now();
    user.allowed_hosts = std::move(hosts);
    ASSERT_TRUE(world.run(world.process().store.create_user(user)));
  }
  void allow(const std::string& id, std::optional<std::string> hosts) {
    store::UserChange change;
    change.allowed_hosts = std::move(hosts);
    ASSERT_TRUE(world.run(world.process().store.update_user({id}, change)));
  }
  std::string call(const std::string& provider, const std::string& url) {
    const std::string action = provider == "custom_api" ? "call_api" : "get";
    return fmt::format(R"({{"steps":[{{"id":"a","provider":"{}","action":"{}",
                           "params":{{"url":"{}"}}}}]}})",
                       provider, action, url);
  }
  const http::Request& last() { return world.process().transport.requests().back(); }
  static bool may_go(const http::Request& request, const std::string& url) {
    const auto to = http::parse_url(url);
    return std::all_of(request.allowed_hosts.begin(), request.allowed_hosts.end(),
                       [&](const auto& list) { return list->has(to->host, to->port); });
  }
  std::unique_ptr<Random> random_ = make_seeded_random(5);
};

TEST_F(AllowedHosts, WithoutAWordOfItACallMayGoAnywhere) {
  put("http", "api_key", "canary");
  execute(call("http", "https://p.test/a"));
  EXPECT_TRUE(last().allowed_hosts.empty());
}

TEST_F(AllowedHosts, ACustomApisKeyGoesToItsOwnHostOnly) {
  put("custom_api", "api_key", "canary");
  put("custom_api", "base_url", "https://api.acme.test/v1");
  execute(call("custom_api", "https://evil.test/a"));
  ASSERT_EQ(last().allowed_hosts.size(), 1u);
  EXPECT_FALSE(may_go(last(), "https://evil.test/a"));
  EXPECT_FALSE(may_go(last(), "https://api.acme.test:8443/"));
  EXPECT_FALSE(may_go(last(), "https://api.acme.test.evil.test/"));
  EXPECT_TRUE(may_go(last(), "https://api.acme.test/other"));
}

TEST_F(AllowedHosts, AConnectionMayNameItsHosts) {
  put("http", "api_key", "canary");
  put("http", "allowed_hosts", "api.acme.test, .cdn.test");
  execute(call("http", "https://api.acme.test/a"));
  EXPECT_TRUE(may_go(last(), "https://api.acme.test/"));
  EXPECT_TRUE(may_go(last(), "https://x.cdn.test/"));
  EXPECT_FALSE(may_go(last(), "https://evil.test/"));
}

TEST_F(AllowedHosts, AListThatCannotBeReadLetsNothingThrough) {
  put("http", "api_key", "canary");
  put("http", "allowed_hosts", "https://api.acme.test/");
  const std::size_t before = world.process().transport.requests().size();
  const Executed done = execute(call("http", "https://api.acme.test/a"));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(world.process().transport.requests().size(), before);
  ASSERT_EQ(done.steps.size(), 1u);
  EXPECT_THAT(to_json(done.steps[0].error), HasSubstr("invalid_host_rule"));
}

TEST_F(AllowedHosts, TheUsersListBindsEachOfTheirCallsBesideTheConnections) {
  make_user(world.user.text, "", ".acme.test");
  put("custom_api", "base_url", "https://api.acme.test/v1");
  execute(call("custom_api", "https://www.acme.test/"));
  ASSERT_EQ(last().allowed_hosts.size(), 2u);
  EXPECT_TRUE(may_go(last(), "https://api.acme.test/"));
  EXPECT_FALSE(may_go(last(), "https://www.acme.test/")) << "the connection's list";
  execute(call("http", "https://evil.test/"));
  ASSERT_EQ(last().allowed_hosts.size(), 1u);
  EXPECT_FALSE(may_go(last(), "https://evil.test/"));
  EXPECT_TRUE(may_go(last(), "https://www.acme.test/"));
}

TEST_F(AllowedHosts, AChangeOfTheUsersListHoldsFromTheNextCallOn) {
  execute(call("http", "https://evil.test/"));
  EXPECT_TRUE(may_go(last(), "https://evil.test/"));
  make_user(world.user.text, "", "api.acme.test");
  execute(call("http", "https://evil.test/"));
  EXPECT_FALSE(may_go(last(), "https://evil.test/"));
  allow(world.user.text, "evil.test");
  execute(call("http", "https://evil.test/"));
  EXPECT_TRUE(may_go(last(), "https://evil.test/"));
  allow(world.user.text, "");
  execute(call("http", "https://evil.test/"));
  EXPECT_FALSE(may_go(last(), "https://evil.test/")) << "an empty list lets nothing through";
  allow(world.user.text, std::nullopt);
  execute(call("http", "https://evil.test/"));
  EXPECT_TRUE(last().allowed_hosts.empty());
}

// Else a tenant would make a user of its own who may go anywhere.
TEST_F(AllowedHosts, TheListsOfTheOwnersBindToo) {
  make_user("top", "", ".acme.test");
  make_user("middle", "top", "api.acme.test www.acme.test evil.test");
  make_user(world.user.text, "middle", std::nullopt);
  execute(call("http", "https://evil.test/"));
  ASSERT_EQ(last().allowed_hosts.size(), 2u);
  EXPECT_FALSE(may_go(last(), "https://evil.test/"));
  EXPECT_FALSE(may_go(last(), "https://other.acme.test/"));
  EXPECT_TRUE(may_go(last(), "https://api.acme.test/"));
  ASSERT_TRUE(world.run(world.process().store.remove_user({"top"}, world.clock.now())));
  execute(call("http", "https://evil.test/"));
  EXPECT_EQ(last().allowed_hosts.size(), 2u) << "a removed owner binds still";
}

TEST_F(AllowedHosts, AListThatCannotBeHadIsNotAny) {
  make_user(world.user.text, "", "api.acme.test");
  store::UserChange broken;
  broken.allowed_hosts = "https://api.acme.test/";
  ASSERT_TRUE(world.run(world.process().store.update_user(world.user, broken)));
  const std::size_t before = world.process().transport.requests().size();
  const Executed done = execute(call("http", "https://api.acme.test/a"));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_THAT(to_json(done.steps.at(0).error), HasSubstr("invalid_host_rule"));
  EXPECT_EQ(world.process().transport.requests().size(), before);
}

}  // namespace
}  // namespace pilot::engine
