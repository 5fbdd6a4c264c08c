// Sign-ins under way are good once; a connection is refreshed by one at a time, and new tokens
// never overwrite newer ones.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

OAuthState state_of(const UserId& user, const std::string& sha256, WallTime created = kStart) {
  OAuthState state;
  state.user = user;
  state.state_sha256 = sha256;
  state.provider = "crm";
  state.connection = "work";
  state.return_to = "/back";
  state.browser_sha256 = "b";
  state.verifier = "sealed";
  state.key_id = "11111111";
  state.created_at = created;
  state.expires_at = created + std::chrono::minutes{10};
  return state;
}

const ConnectionKey kCrm{kAda, "crm", "work"};

StoredGrant grant_of(const std::string& access, const std::string& refresh,
                     const std::string& old = "") {
  StoredGrant grant;
  grant.key = kCrm;
  grant.old_refresh_token = old;
  grant.values.push_back({"access_token", access, "11111111", kStart + std::chrono::hours{1}});
  if (!refresh.empty()) grant.values.push_back({"refresh_token", refresh, "11111111", {}});
  grant.now = kStart;
  return grant;
}

std::vector<std::string> values(const Result<std::vector<SealedCredential>>& found) {
  std::vector<std::string> out;
  if (!found) return {found.error().message};
  for (const SealedCredential& row : *found) {
    out.push_back(
        fmt::format("{}={}{}", row.type, row.encrypted_value, row.expires_at ? " expires" : ""));
  }
  return out;
}

TEST_P(StoreConformance, AnOAuthStateIsTakenOnce) {
  ASSERT_TRUE(wait(store().put_oauth_state(state_of(kAda, "s1"), 10)));
  EXPECT_EQ(*wait(store().oauth_state_owner("s1")), std::optional(kAda));
  EXPECT_EQ(*wait(store().oauth_state_owner("s2")), std::nullopt);
  EXPECT_FALSE(wait(store().take_oauth_state(kBob, "s1"))->has_value()) << "not theirs";
  const auto taken = *wait(store().take_oauth_state(kAda, "s1"));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->user, kAda);
  EXPECT_EQ(taken->state_sha256, "s1");
  EXPECT_EQ(taken->provider, "crm");
  EXPECT_EQ(taken->connection, "work");
  EXPECT_EQ(taken->return_to, "/back");
  EXPECT_EQ(taken->browser_sha256, "b");
  EXPECT_EQ(taken->verifier, "sealed");
  EXPECT_EQ(taken->key_id, "11111111");
  EXPECT_EQ(taken->created_at, kStart);
  EXPECT_EQ(taken->expires_at, kStart + std::chrono::minutes{10});
  EXPECT_FALSE(wait(store().take_oauth_state(kAda, "s1"))->has_value());
  EXPECT_EQ(*wait(store().oauth_state_owner("s1")), std::nullopt);
}

TEST_P(StoreConformance, OAuthStatesAreBoundedPerUser) {
  const auto minute = std::chrono::minutes{1};
  ASSERT_TRUE(wait(store().put_oauth_state(state_of(kBob, "bobs"), 2)));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(wait(
        store().put_oauth_state(state_of(kAda, "s" + std::to_string(i), kStart + i * minute), 2)));
  }
  EXPECT_FALSE(wait(store().oauth_state_owner("s1"))->has_value()) << "the oldest go";
  EXPECT_TRUE(wait(store().oauth_state_owner("s2"))->has_value());
  EXPECT_TRUE(wait(store().oauth_state_owner("s3"))->has_value());
  EXPECT_TRUE(wait(store().oauth_state_owner("bobs"))->has_value());
  ASSERT_TRUE(wait(store().put_oauth_state(state_of(kAda, "s9", kStart + 60 * minute), 10)));
  EXPECT_FALSE(wait(store().oauth_state_owner("s3"))->has_value()) << "what is over goes";
}

TEST_P(StoreConformance, OneRefreshesAtATime) {
  const Millis lease{60'000};
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n1", kStart, lease)));
  EXPECT_FALSE(*wait(store().claim_refresh(kCrm, "n2", kStart, lease)));
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n1", kStart, lease))) << "renewed";
  EXPECT_TRUE(*wait(store().claim_refresh({kBob, "crm", "work"}, "n2", kStart, lease)));
  EXPECT_TRUE(*wait(store().claim_refresh({kAda, "crm", "home"}, "n2", kStart, lease)));
  ASSERT_TRUE(wait(store().release_refresh(kCrm, "n2")));
  EXPECT_FALSE(*wait(store().claim_refresh(kCrm, "n2", kStart, lease))) << "not its lease";
  ASSERT_TRUE(wait(store().release_refresh(kCrm, "n1")));
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n2", kStart, lease)));
}

TEST_P(StoreConformance, ALeaseThatRanOutIsAnybodys) {
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n1", kStart, Millis{0})));
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n2", kStart, Millis{60'000})));
}

TEST_P(StoreConformance, NewTokensAreACompareAndSwap) {
  ASSERT_TRUE(*wait(store().commit_grant(grant_of("a0", "r0"))));
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n1", kStart, Millis{60'000})));
  const std::uint64_t before = store().credential_generation();
  StoredGrant next = grant_of("a1", "r1", "r0");
  next.scopes = "x y";
  EXPECT_TRUE(*wait(store().commit_grant(next)));
  EXPECT_GT(store().credential_generation(), before);
  const auto stored = [&] {
    return values(wait(store().connection_credentials(kAda, "crm", "work")));
  };
  EXPECT_THAT(stored(), ElementsAre("access_token=a1 expires", "refresh_token=r1"));
  EXPECT_FALSE(*wait(store().commit_grant(grant_of("a2", "r2", "r0")))) << "r0 is gone";
  EXPECT_THAT(stored(), ElementsAre("access_token=a1 expires", "refresh_token=r1"));
  EXPECT_EQ(wait(store().connection_state(kCrm))->scopes, "x y");
  EXPECT_TRUE(*wait(store().claim_refresh(kCrm, "n2", kStart, Millis{60'000})))
      << "the commit ended the lease";
  // No new refresh token: the old one stays, and so do the scopes.
  EXPECT_TRUE(*wait(store().commit_grant(grant_of("a3", "", "r1"))));
  EXPECT_THAT(stored(), ElementsAre("access_token=a3 expires", "refresh_token=r1"));
  EXPECT_EQ(wait(store().connection_state(kCrm))->scopes, "x y");
}

TEST_P(StoreConformance, AConnectionIsMarkedAndClearedAgain) {
  EXPECT_EQ(wait(store().connection_state(kCrm))->reason, "");
  EXPECT_THAT(*wait(store().connection_states(kAda, "")), IsEmpty());
  ASSERT_TRUE(*wait(store().commit_grant(grant_of("a0", "r0"))));
  EXPECT_FALSE(*wait(store().mark_connection(kCrm, "invalid_grant", kStart, "other")));
  EXPECT_EQ(wait(store().connection_state(kCrm))->reason, "");
  EXPECT_TRUE(*wait(store().mark_connection(kCrm, "unauthorized", kStart, "")));
  EXPECT_TRUE(
      *wait(store().mark_connection(kCrm, "invalid_grant", kStart + std::chrono::hours{1}, "r0")));
  const auto marked = *wait(store().connection_state(kCrm));
  EXPECT_EQ(marked.reason, "invalid_grant");
  EXPECT_EQ(marked.needs_reauth_at, std::optional(kStart)) << "since it began";
  ASSERT_EQ(wait(store().connection_states(kAda, "crm"))->size(), 1u);
  EXPECT_EQ(wait(store().connection_states(kAda, ""))->front().connection, "work");
  EXPECT_THAT(*wait(store().connection_states(kAda, "other")), IsEmpty());
  EXPECT_THAT(*wait(store().connection_states(kBob, "")), IsEmpty());
  ASSERT_TRUE(wait(store().clear_connection_mark(kCrm)));
  EXPECT_EQ(wait(store().connection_state(kCrm))->reason, "");
  ASSERT_TRUE(*wait(store().mark_connection(kCrm, "invalid_grant", kStart, "r0")));
  ASSERT_TRUE(*wait(store().commit_grant(grant_of("a1", "r1"))));
  EXPECT_FALSE(wait(store().connection_state(kCrm))->needs_reauth_at) << "connected anew";
}

TEST_P(StoreConformance, GrantsThatNobodyUsedAreFoundByTheirUsers) {
  using std::chrono::hours;
  const auto put = [&](const UserId& user, const std::string& connection, hours age,
                       const std::string& refresh = "r0") {
    StoredGrant grant = grant_of("a0", refresh);
    grant.key = {user, "crm", connection};
    grant.now = kStart - age;
    EXPECT_TRUE(*wait(store().commit_grant(std::move(grant))));
  };
  const UserId carol{"carol"};
  put(kAda, "three", hours{3});
  put(kAda, "four", hours{4});
  put(kAda, "new", hours{1});
  put(kAda, "nothing to renew it with", hours{9}, "");
  put(kAda, "marked", hours{9});
  ASSERT_TRUE(*wait(store().mark_connection({kAda, "crm", "marked"}, "invalid_grant", kStart, "")));
  put(kBob, "new", hours{1});
  put(carol, "five", hours{5});
  put({"dave"}, "five", hours{5});
  const WallTime before = kStart - hours{2};
  const auto grants = [&](const UserId& user) {
    const auto found = wait(store().idle_grants(user, before));
    std::vector<std::string> out;
    for (const auto& one : *found) {
      EXPECT_EQ(one.user, user);
      out.push_back(one.provider + " " + one.connection);
    }
    return out;
  };
  EXPECT_THAT(grants(kAda), ElementsAre("crm four", "crm three"));
  EXPECT_THAT(grants(kBob), IsEmpty());
  const auto users = [&](const UserId& after, std::int64_t limit) {
    return *wait(store().users_with_idle_grants(before, after, limit));
  };
  EXPECT_THAT(users({}, 2), ElementsAre(kAda, carol));
  EXPECT_THAT(users(carol, 2), ElementsAre(UserId{"dave"}));
  EXPECT_THAT(users({"dave"}, 2), IsEmpty());
}

TEST_P(StoreConformance, ARemovedConnectionLeavesNoState) {
  ASSERT_TRUE(*wait(store().commit_grant(grant_of("a0", "r0"))));
  ASSERT_TRUE(*wait(store().mark_connection(kCrm, "invalid_grant", kStart, "r0")));
  EXPECT_EQ(*wait(store().remove_credentials(kAda, "crm", "work", "refresh_token")), 1);
  EXPECT_EQ(wait(store().connection_state(kCrm))->reason, "invalid_grant");
  EXPECT_EQ(*wait(store().remove_credentials(kAda, "crm", "work", "")), 1);
  EXPECT_THAT(*wait(store().connection_states(kAda, "")), IsEmpty());
}

TEST_P(StoreConformance, RunsThatWaitForAReasonAreWoken) {
  const auto sleeping = [&](const std::string& id, const UserId& user, const std::string& reason) {
    Run run = make_idle_run(id, RunState::waiting, kStart, user);
    run.reason = reason;
    run.wake_at = kStart + std::chrono::hours{1};
    EXPECT_TRUE(wait(store().write({InsertRun{run}})));
    return run.id;
  };
  const RunId mine = sleeping("a1", kAda, "needs_reauth");
  const RunId retrying = sleeping("a2", kAda, "retry");
  const RunId theirs = sleeping("b1", kBob, "needs_reauth");
  EXPECT_EQ(*wait(store().wake_runs(kAda, "needs_reauth", kStart)), 1);
  EXPECT_EQ(wait(store().find_run(kAda, mine))->wake_at, std::optional(kStart));
  EXPECT_GT(*wait(store().find_run(kAda, retrying))->wake_at, kStart);
  EXPECT_GT(*wait(store().find_run(kBob, theirs))->wake_at, kStart);
  EXPECT_EQ(*wait(store().wake_runs(kAda, "outcome_unknown", kStart)), 0);
}

}  // namespace
}  // namespace pilot::store
