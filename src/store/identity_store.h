// Users, their API keys and browser sessions. The store sees hashes only: of keys and session
// tokens the SHA-256 (64 hexadecimal digits), of passwords argon2id's encoded text. Called on a
// shard, answered on the same shard.
//
// Look-ups by hash and by name come before the user is known (on PostgreSQL: SECURITY DEFINER
// functions); all else is by user.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"
#include "model/scope.h"
#include "store/page.h"

namespace pilot::store {

using boost::asio::awaitable;

struct User {
  UserId id;
  UserId owner;      // empty: nobody's but the operator's
  std::string name;  // to sign in with; unique
  std::string email;
  std::string password_hash;  // empty: cannot sign in
  WallTime created_at;
  bool disabled = false;
  // Where calls may go: rules of http/host_rules.h, by spaces. None: anywhere; empty: nowhere.
  std::optional<std::string> allowed_hosts;
};

// What stays as it is, is not given.
struct UserChange {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<std::string> password_hash;
  std::optional<bool> disabled;
  std::optional<std::optional<std::string>> allowed_hosts;  // the inner one as in User
};

struct ApiKey {
  UserId user;
  std::string id;
  std::string name;
  std::string prefix;  // for people to know it again by
  std::string sha256;
  Scopes scopes;
  std::optional<WallTime> expires_at;
  WallTime created_at;
  std::optional<WallTime> last_used_at;
  std::optional<WallTime> revoked_at;
};

struct LoginSession {
  UserId user;
  std::string id;
  std::string sha256;
  WallTime created_at;
  WallTime expires_at;
  WallTime last_seen_at;
};

class IdentityStore {
 public:
  virtual ~IdentityStore() = default;

  // conflict: duplicate_id (also of a removed user), name_taken.
  virtual awaitable<Status> create_user(User user) = 0;
  virtual awaitable<Result<User>> find_user(UserId id) = 0;
  virtual awaitable<Result<User>> find_user_by_name(std::string name) = 0;
  // By id, all of one owner, or (without one) all there are. Password hashes are left out.
  virtual awaitable<Result<Page<User>>> list_users(std::optional<UserId> owner,
                                                   PageRequest page) = 0;
  // The user as it is then. A new password hash, or disabling, ends the user's sessions. not_found,
  // conflict/name_taken.
  virtual awaitable<Result<User>> update_user(UserId id, UserChange change) = 0;
  // Revokes the user's keys, ends the sessions. The id stays taken. not_found.
  virtual awaitable<Status> remove_user(UserId id, WallTime now) = 0;
  // Is `user` there, enabled, and `owner`'s own?
  virtual awaitable<Result<bool>> owns_user(UserId owner, UserId user) = 0;

  // The lists of allowed hosts that bind this user: their own, and those of whoever owns them (an
  // owner, the owner's owner; removed ones, too). Without one: anywhere. A change of a list raises
  // credential_generation().
  virtual awaitable<Result<std::vector<std::string>>> allowed_hosts(UserId user) = 0;

  // rate_limited/quota_exceeded past limits::kKeys that are not revoked. Of the revoked ones the
  // newest limits::kKeys are kept.
  virtual awaitable<Status> create_key(ApiKey key) = 0;
  // The key, unless it is revoked or its user disabled or removed (a user without a row is fine).
  // Whether it has expired is for the caller to judge.
  virtual awaitable<Result<std::optional<ApiKey>>> find_key_by_hash(std::string sha256) = 0;
  virtual awaitable<Result<Page<ApiKey>>> list_keys(UserId user, PageRequest page) = 0;
  // not_found; fine when it is revoked already.
  virtual awaitable<Status> revoke_key(UserId user, std::string id, WallTime now) = 0;
  // last_used_at, unless it is less than a minute ago.
  virtual awaitable<Status> touch_key(UserId user, std::string id, WallTime now) = 0;

  // The user's expired sessions go, and the oldest past limits::kSessions.
  virtual awaitable<Status> create_session(LoginSession session) = 0;
  // As find_key_by_hash.
  virtual awaitable<Result<std::optional<LoginSession>>> find_session_by_hash(
      std::string sha256) = 0;
  // last_seen_at and expires_at, unless it was seen less than a minute ago.
  virtual awaitable<Status> touch_session(UserId user, std::string id, WallTime now,
                                          WallTime expires_at) = 0;
  // Fine when it is gone already.
  virtual awaitable<Status> remove_session(UserId user, std::string id) = 0;

  // Is there a key (also a revoked one: revoking the last does not open the server) or a user with
  // a password?
  virtual awaitable<Result<bool>> any_sign_in() = 0;
};

}  // namespace pilot::store
