// Grants that nobody uses are renewed now and then, so that the vendor does not drop them.
#include "engine/refresh_fixture.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using std::chrono::days;
using std::chrono::hours;

class GrantKeeperTest : public RefreshTest {
 protected:
  GrantKeeperTest() { keep(true); }
  void keep(bool keeps) {
    world.keeps_grants = keeps;
    world.boot();
    EXPECT_TRUE(world.start());
  }
};

TEST_F(GrantKeeperTest, OnceAWeekAndWhatComesIsInTheStore) {
  world.pass(days{7} - hours{1});
  EXPECT_EQ(refreshes, 0);
  world.pass(hours{2});
  EXPECT_EQ(refreshes, 1);
  EXPECT_EQ(stored().connection.value("access_token"), "access-1");
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-1");
  world.pass(days{7} + hours{1});
  EXPECT_EQ(refreshes, 2);
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
}

TEST_F(GrantKeeperTest, WhatIsUsedIsLeftToItsUse) {
  for (int day = 0; day < 9; ++day) {
    world.pass(hours{24});
    execute(steps({step("get")}));
  }
  EXPECT_EQ(refreshes, 9) << "one for each call's token";
}

TEST_F(GrantKeeperTest, AProcessThatStartsAfterALongTimeLooksSoon) {
  keep(false);
  world.pass(days{8});
  EXPECT_EQ(refreshes, 0);
  keep(true);
  world.pass(std::chrono::minutes{2});
  EXPECT_EQ(refreshes, 1);
}

TEST_F(GrantKeeperTest, AVendorThatIsAwayIsAskedAgainInAnHour) {
  token_answer = ScriptedTransport::reply(503, "busy");
  world.pass(days{7} + hours{1});
  const int asked = refreshes;
  EXPECT_GE(asked, 1);
  world.pass(hours{3});
  EXPECT_EQ(refreshes, asked + 3);
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-0");
  EXPECT_FALSE(stored().state.needs_reauth_at);
  token_answer.reset();
  world.pass(hours{1});
  EXPECT_EQ(stored().connection.value("refresh_token"), "refresh-1");
}

TEST_F(GrantKeeperTest, ADeadGrantIsMarkedAndLeftAlone) {
  refresh = "thrown-away";
  world.pass(days{8});
  EXPECT_EQ(refreshes, 2) << "read again before it counts as dead";
  EXPECT_EQ(stored().state.reason, "invalid_grant");
  world.pass(days{1});
  EXPECT_EQ(refreshes, 2);
}

TEST_F(GrantKeeperTest, OthersFollowOneThatCannotBeRenewed) {
  providers::TokenGrant grant;
  grant.values.emplace("access_token", Secret(std::string("a")));
  grant.values.emplace("refresh_token", Secret(std::string("r")));
  for (const std::string provider : {"crm", "not_there_any_more", "logic"}) {
    put(seal_grant(grant, {world.user, provider, "aside"}, *world.keys().ring(),
                   world.clock.now() - days{1}, world.random()));
  }
  world.pass(days{7} + hours{1});
  EXPECT_EQ(stored().connection.value("access_token"), "access-1");
  EXPECT_EQ(refreshes, 1) << "of the others, one has no client and two have no such provider";
}

TEST_F(GrantKeeperTest, TheUsersHostsBindItToo) {
  store::User user;
  user.id = world.user;
  user.name = "ada";
  user.allowed_hosts = "elsewhere.test";
  user.created_at = world.clock.now();
  ASSERT_TRUE(world.run(world.process().store.create_user(user)));
  world.pass(days{7} + hours{1});
  const auto& lists = world.process().transport.requests().back().allowed_hosts;
  ASSERT_EQ(lists.size(), 1u);
  EXPECT_FALSE(lists[0]->has("login.crm.test", 443));
}

TEST_F(GrantKeeperTest, AProcessThatStopsMeanwhileLeavesNothingBehind) {
  rotates = false;  // what a vendor that does gives to one who dies is lost
  world.process().transport.hold();
  while (refreshes == 0) ASSERT_TRUE(world.turn());
  world.boot();
  ASSERT_TRUE(world.start());
  world.pass(hours{2});
  EXPECT_EQ(refreshes, 2);
  EXPECT_EQ(stored().connection.value("access_token"), "access-2");
  EXPECT_EQ(stored().state.reason, "");
}

}  // namespace
}  // namespace pilot::engine
