// Users, keys and sessions: looked up by hash or name, and otherwise each user's own.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string hash_of(int n) { return fmt::format("{:064x}", n); }

User make_user(const std::string& id, const std::string& owner = "") {
  return {.id = {id},
          .owner = {owner},
          .name = "name of " + id,
          .email = id + "@example.com",
          .password_hash = "$argon2id$of " + id,
          .created_at = kStart};
}

ApiKey make_key(int n, const UserId& user = kAda) {
  return {.user = user,
          .id = fmt::format("key-{:04}", n),
          .name = "the key",
          .prefix = "pk_abcdefgh",
          .sha256 = hash_of(n),
          .scopes = *parse_scopes("read,act-as"),
          .expires_at = kStart + 24h,
          .created_at = kStart};
}

LoginSession make_session(int n, const UserId& user = kAda) {
  return {.user = user,
          .id = fmt::format("session-{:04}", n),
          .sha256 = hash_of(n),
          .created_at = kStart,
          .expires_at = kStart + 24h,
          .last_seen_at = kStart};
}

void expect_same(const User& a, const User& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.email, b.email);
  EXPECT_EQ(a.password_hash, b.password_hash);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.disabled, b.disabled);
  EXPECT_EQ(a.allowed_hosts, b.allowed_hosts);
}

template <class T>
std::vector<std::string> ids(const Result<Page<T>>& page) {
  std::vector<std::string> out;
  if (!page) return {page.error().message};
  for (const T& one : page->items) {
    if constexpr (std::is_same_v<T, User>) {
      out.push_back(one.id.text);
    } else {
      out.push_back(one.id);
    }
  }
  return out;
}

template <class T>
std::string code(const Result<T>& result) {
  return result ? "" : std::string(result.error().code_or_kind());
}

}  // namespace

TEST_P(StoreConformance, UserIsFoundByIdAndByName) {
  const User user = make_user("u1", "ada");
  ASSERT_TRUE(wait(store().create_user(user)));
  expect_same(*wait(store().find_user({"u1"})), user);
  expect_same(*wait(store().find_user_by_name("name of u1")), user);
  EXPECT_EQ(code(wait(store().find_user({"U1"}))), "not_found");
  EXPECT_EQ(code(wait(store().find_user_by_name("name of u1 "))), "not_found");
  EXPECT_EQ(code(wait(store().find_user_by_name("Name of u1"))), "not_found");
}

TEST_P(StoreConformance, AllowedHostsAreAnywhereNowhereOrAList) {
  using Lists = std::vector<std::string>;
  User user = make_user("u1");
  EXPECT_EQ(*wait(store().allowed_hosts({"u1"})), Lists{}) << "a user without a row";
  user.allowed_hosts = "api.acme.test .cdn.test:8443";
  const std::uint64_t before = store().credential_generation();
  ASSERT_TRUE(wait(store().create_user(user)));
  EXPECT_GT(store().credential_generation(), before);
  expect_same(*wait(store().find_user({"u1"})), user);
  EXPECT_EQ(wait(store().list_users({}, {}))->items.at(0).allowed_hosts, user.allowed_hosts);
  EXPECT_EQ(*wait(store().allowed_hosts({"u1"})), Lists{*user.allowed_hosts});

  UserChange change;
  change.email = "new@example.com";
  EXPECT_EQ(wait(store().update_user({"u1"}, change))->allowed_hosts, user.allowed_hosts);
  for (const std::optional<std::string>& hosts :
       {std::optional<std::string>("other.test"), std::optional<std::string>(""),
        std::optional<std::string>()}) {
    change = {};
    change.allowed_hosts = hosts;
    const std::uint64_t generation = store().credential_generation();
    EXPECT_EQ(wait(store().update_user({"u1"}, change))->allowed_hosts, hosts);
    EXPECT_GT(store().credential_generation(), generation);
    EXPECT_EQ(wait(store().find_user({"u1"}))->allowed_hosts, hosts);
    EXPECT_EQ(*wait(store().allowed_hosts({"u1"})), hosts ? Lists{*hosts} : Lists{});
  }
}

TEST_P(StoreConformance, TheListsOfOwnersBindWhomTheyOwn) {
  const auto make = [&](const std::string& id, const std::string& owner,
                        std::optional<std::string> hosts) {
    User user = make_user(id, owner);
    user.allowed_hosts = std::move(hosts);
    ASSERT_TRUE(wait(store().create_user(user)));
  };
  make("top", "", "top.test");
  make("middle", "top", std::nullopt);
  make("low", "middle", "low.test");
  make("beside", "", "beside.test");
  EXPECT_THAT(*wait(store().allowed_hosts({"low"})),
              testing::UnorderedElementsAre("low.test", "top.test"));
  EXPECT_THAT(*wait(store().allowed_hosts({"middle"})), ElementsAre("top.test"));
  ASSERT_TRUE(wait(store().remove_user({"top"}, kStart)));
  EXPECT_THAT(*wait(store().allowed_hosts({"middle"})), ElementsAre("top.test"));
  make("one", "two", "one.test");
  make("two", "one", "two.test");
  EXPECT_THAT(*wait(store().allowed_hosts({"one"})),
              testing::UnorderedElementsAre("one.test", "two.test"));
}

TEST_P(StoreConformance, UserIdsAndNamesAreUnique) {
  ASSERT_TRUE(wait(store().create_user(make_user("u1"))));
  User other = make_user("u1");
  other.name = "other";
  EXPECT_EQ(code(wait(store().create_user(other))), "duplicate_id");
  other = make_user("u2");
  other.name = "name of u1";
  EXPECT_EQ(code(wait(store().create_user(other))), "name_taken");
  ASSERT_TRUE(wait(store().create_user(make_user("u2"))));
  EXPECT_EQ(code(wait(store().update_user({"u2"}, {.name = "name of u1"}))), "name_taken");
  EXPECT_TRUE(wait(store().update_user({"u2"}, {.name = "name of u2"})));
  EXPECT_EQ(code(wait(store().update_user({"u3"}, {.name = "x"}))), "not_found");
}

TEST_P(StoreConformance, OwnersSeeTheirUsers) {
  ASSERT_TRUE(wait(store().create_user(make_user("u1", "ada"))));
  ASSERT_TRUE(wait(store().create_user(make_user("u2", "ada"))));
  ASSERT_TRUE(wait(store().create_user(make_user("u3", "bob"))));
  EXPECT_THAT(ids(wait(store().list_users(kAda, {}))), ElementsAre("u1", "u2"));
  EXPECT_THAT(ids(wait(store().list_users(std::nullopt, {}))), ElementsAre("u1", "u2", "u3"));
  EXPECT_THAT(ids(wait(store().list_users(UserId{"u1"}, {}))), IsEmpty());
  const auto first = wait(store().list_users(kAda, {.limit = 1}));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->items.front().password_hash, "");
  EXPECT_THAT(ids(wait(store().list_users(kAda, {.cursor = first->next_cursor}))),
              ElementsAre("u2"));
  EXPECT_TRUE(*wait(store().owns_user(kAda, {"u1"})));
  EXPECT_FALSE(*wait(store().owns_user(kAda, {"u3"})));
  EXPECT_FALSE(*wait(store().owns_user(kAda, {"nobody"})));
  EXPECT_FALSE(*wait(store().owns_user({""}, {"nobody"})));
  EXPECT_FALSE(*wait(store().owns_user({"u1"}, kAda)));
  ASSERT_TRUE(wait(store().update_user({"u1"}, {.disabled = true})));
  EXPECT_FALSE(*wait(store().owns_user(kAda, {"u1"})));
}

TEST_P(StoreConformance, DisabledUserHasNoKeysAndNoSessions) {
  const User user = make_user("u1");
  ASSERT_TRUE(wait(store().create_user(user)));
  ASSERT_TRUE(wait(store().create_key(make_key(1, user.id))));
  ASSERT_TRUE(wait(store().create_session(make_session(2, user.id))));
  EXPECT_TRUE(*wait(store().find_key_by_hash(hash_of(1))));
  EXPECT_TRUE(*wait(store().find_session_by_hash(hash_of(2))));
  ASSERT_TRUE(wait(store().update_user(user.id, {.disabled = true})));
  EXPECT_FALSE(*wait(store().find_key_by_hash(hash_of(1))));
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(2))));
  ASSERT_TRUE(wait(store().update_user(user.id, {.disabled = false})));
  EXPECT_TRUE(*wait(store().find_key_by_hash(hash_of(1))));
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(2))));  // it has to sign in again
}

TEST_P(StoreConformance, NewPasswordEndsSessionsAndANewNameDoesNot) {
  User user = make_user("u1");
  ASSERT_TRUE(wait(store().create_user(user)));
  ASSERT_TRUE(wait(store().create_session(make_session(1, user.id))));
  const auto renamed = wait(store().update_user(user.id, {.name = "another", .email = "e"}));
  ASSERT_TRUE(renamed);
  user.name = "another";
  user.email = "e";
  expect_same(*renamed, user);
  EXPECT_TRUE(*wait(store().find_session_by_hash(hash_of(1))));
  ASSERT_TRUE(wait(store().update_user(user.id, {.password_hash = "$argon2id$new"})));
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(1))));
  user.password_hash = "$argon2id$new";
  expect_same(*wait(store().find_user({"u1"})), user);
}

TEST_P(StoreConformance, RemovedUserIsGoneAndItsIdStaysTaken) {
  ASSERT_TRUE(wait(store().create_user(make_user("u1", "ada"))));
  ASSERT_TRUE(wait(store().create_key(make_key(1, {"u1"}))));
  ASSERT_TRUE(wait(store().create_session(make_session(2, {"u1"}))));
  ASSERT_TRUE(wait(store().remove_user({"u1"}, kStart + 1h)));
  EXPECT_EQ(code(wait(store().find_user({"u1"}))), "not_found");
  EXPECT_EQ(code(wait(store().find_user_by_name("name of u1"))), "not_found");
  EXPECT_EQ(code(wait(store().find_user_by_name(""))), "not_found");
  EXPECT_FALSE(*wait(store().owns_user(kAda, {"u1"})));
  EXPECT_THAT(ids(wait(store().list_users(kAda, {}))), IsEmpty());
  EXPECT_FALSE(*wait(store().find_key_by_hash(hash_of(1))));
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(2))));
  EXPECT_EQ(code(wait(store().create_user(make_user("u1", "bob")))), "duplicate_id");
  EXPECT_EQ(code(wait(store().remove_user({"u1"}, kStart + 2h))), "not_found");
  // Another removed user, and one who takes the name.
  ASSERT_TRUE(wait(store().create_user(make_user("u2"))));
  ASSERT_TRUE(wait(store().remove_user({"u2"}, kStart + 1h)));
  User heir = make_user("u3");
  heir.name = "name of u1";
  EXPECT_TRUE(wait(store().create_user(heir)));
}

TEST_P(StoreConformance, KeyIsFoundByItsHashUntilItIsRevoked) {
  const ApiKey key = make_key(1);
  ASSERT_TRUE(wait(store().create_key(key)));
  const auto found = wait(store().find_key_by_hash(hash_of(1)));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->user, kAda);
  EXPECT_EQ((*found)->id, key.id);
  EXPECT_EQ((*found)->name, key.name);
  EXPECT_EQ((*found)->prefix, key.prefix);
  EXPECT_EQ((*found)->scopes, key.scopes);
  EXPECT_EQ((*found)->expires_at, key.expires_at);
  EXPECT_EQ((*found)->created_at, key.created_at);
  EXPECT_FALSE((*found)->last_used_at);
  EXPECT_FALSE(*wait(store().find_key_by_hash(hash_of(2))));
  EXPECT_FALSE(*wait(store().find_key_by_hash("")));
  EXPECT_EQ(code(wait(store().create_key(key))), "duplicate_id");

  EXPECT_EQ(code(wait(store().revoke_key(kBob, key.id, kStart))), "not_found");
  EXPECT_TRUE(*wait(store().find_key_by_hash(hash_of(1))));
  ASSERT_TRUE(wait(store().revoke_key(kAda, key.id, kStart + 1h)));
  ASSERT_TRUE(wait(store().revoke_key(kAda, key.id, kStart + 2h)));
  EXPECT_FALSE(*wait(store().find_key_by_hash(hash_of(1))));
  const auto listed = wait(store().list_keys(kAda, {}));
  ASSERT_EQ(listed->items.size(), 1u);
  EXPECT_EQ(listed->items.front().revoked_at, kStart + 1h);
}

TEST_P(StoreConformance, KeysAreListedNewestFirstAndByUser) {
  for (const int n : {1, 2, 3}) ASSERT_TRUE(wait(store().create_key(make_key(n))));
  ASSERT_TRUE(wait(store().create_key(make_key(4, kBob))));
  const auto first = wait(store().list_keys(kAda, {.limit = 2}));
  EXPECT_THAT(ids(first), ElementsAre("key-0003", "key-0002"));
  EXPECT_THAT(ids(wait(store().list_keys(kAda, {.cursor = first->next_cursor}))),
              ElementsAre("key-0001"));
  EXPECT_THAT(ids(wait(store().list_keys(kBob, {}))), ElementsAre("key-0004"));
}

TEST_P(StoreConformance, KeysHaveALimit) {
  for (int n = 0; n < limits::kKeys; ++n) {
    shard_.start(store().create_key(make_key(n)));
  }
  shard_.run();
  const Status over = wait(store().create_key(make_key(5'000)));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind, ErrorKind::rate_limited);
  EXPECT_EQ(over.error().code, "quota_exceeded");
  EXPECT_TRUE(wait(store().create_key(make_key(5'001, kBob))));
  ASSERT_TRUE(wait(store().revoke_key(kAda, "key-0007", kStart)));
  EXPECT_TRUE(wait(store().create_key(make_key(5'000))));
}

TEST_P(StoreConformance, UseOfAKeyIsNotedOnceAMinute) {
  ASSERT_TRUE(wait(store().create_key(make_key(1))));
  const auto last_used = [this] {
    return (*wait(store().find_key_by_hash(hash_of(1))))->last_used_at;
  };
  ASSERT_TRUE(wait(store().touch_key(kAda, "key-0001", kStart)));
  EXPECT_EQ(last_used(), kStart);
  ASSERT_TRUE(wait(store().touch_key(kAda, "key-0001", kStart + 59s)));
  ASSERT_TRUE(wait(store().touch_key(kBob, "key-0001", kStart + 70s)));
  EXPECT_EQ(last_used(), kStart);
  ASSERT_TRUE(wait(store().touch_key(kAda, "key-0001", kStart + 60s)));
  EXPECT_EQ(last_used(), kStart + 60s);
}

TEST_P(StoreConformance, SessionIsFoundMovedOnAndEnded) {
  ASSERT_TRUE(wait(store().create_session(make_session(1))));
  const auto session = [this] { return *wait(store().find_session_by_hash(hash_of(1))); };
  ASSERT_TRUE(session());
  EXPECT_EQ(session()->user, kAda);
  EXPECT_EQ(session()->id, "session-0001");
  EXPECT_EQ(session()->created_at, kStart);
  EXPECT_EQ(session()->expires_at, kStart + 24h);
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(2))));
  ASSERT_TRUE(wait(store().touch_session(kAda, "session-0001", kStart + 30s, kStart + 48h)));
  EXPECT_EQ(session()->expires_at, kStart + 24h);
  ASSERT_TRUE(wait(store().touch_session(kAda, "session-0001", kStart + 60s, kStart + 48h)));
  EXPECT_EQ(session()->expires_at, kStart + 48h);
  EXPECT_EQ(session()->last_seen_at, kStart + 60s);
  ASSERT_TRUE(wait(store().remove_session(kBob, "session-0001")));
  EXPECT_TRUE(session());
  ASSERT_TRUE(wait(store().remove_session(kAda, "session-0001")));
  EXPECT_FALSE(session());
  EXPECT_TRUE(wait(store().remove_session(kAda, "session-0001")));
}

TEST_P(StoreConformance, SessionsOfAUserAreBounded) {
  LoginSession old = make_session(0);
  old.expires_at = kStart;  // over when the next one begins
  ASSERT_TRUE(wait(store().create_session(old)));
  ASSERT_TRUE(wait(store().create_session(make_session(9'999, kBob))));
  for (int n = 1; n <= limits::kSessions + 1; ++n) {
    ASSERT_TRUE(wait(store().create_session(make_session(n))));
  }
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(0))));
  EXPECT_FALSE(*wait(store().find_session_by_hash(hash_of(1))));
  EXPECT_TRUE(*wait(store().find_session_by_hash(hash_of(2))));
  EXPECT_TRUE(*wait(store().find_session_by_hash(hash_of(limits::kSessions + 1))));
  EXPECT_TRUE(*wait(store().find_session_by_hash(hash_of(9'999))));
}

TEST_P(StoreConformance, AnySignInIsAKeyOrAPassword) {
  EXPECT_FALSE(*wait(store().any_sign_in()));
  User user = make_user("u1");
  user.password_hash.clear();
  ASSERT_TRUE(wait(store().create_user(user)));
  ASSERT_TRUE(wait(store().create_session(make_session(1))));
  EXPECT_FALSE(*wait(store().any_sign_in()));
  ASSERT_TRUE(wait(store().create_key(make_key(1))));
  EXPECT_TRUE(*wait(store().any_sign_in()));
  ASSERT_TRUE(wait(store().revoke_key(kAda, "key-0001", kStart)));
  EXPECT_TRUE(*wait(store().any_sign_in()));
}

TEST_P(StoreConformance, APasswordIsASignIn) {
  ASSERT_TRUE(wait(store().create_user(make_user("u1"))));
  EXPECT_TRUE(*wait(store().any_sign_in()));
}

}  // namespace pilot::store
