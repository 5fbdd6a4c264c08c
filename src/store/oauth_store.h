// Connecting by OAuth 2: users on their way to a vendor and back, and how each connection stands
// with its vendor: whether somebody has to connect it anew, and who refreshes its token just now.
// Called on a shard, answered on the same shard.
#pragma once

#include "store/credential_store.h"

namespace pilot::store {

// A user who has been sent to a vendor. The state itself and the browser's cookie are known by
// their SHA-256 (hexadecimal) only.
struct OAuthState {
  UserId user;
  std::string state_sha256;
  std::string provider;
  std::string connection;
  std::string return_to;       // empty: Pilot's own page
  std::string browser_sha256;  // empty: an API client began
  std::string verifier;        // sealed
  std::string key_id;          // of the key that sealed it
  WallTime created_at;
  WallTime expires_at;
};

struct ConnectionKey {
  UserId user;
  std::string provider;
  std::string connection = "default";
};

struct ConnectionState {
  std::string provider;
  std::string connection;
  std::optional<WallTime> needs_reauth_at;  // none: it is fine, as far as is known
  std::string reason;                       // invalid_grant, unauthorized; empty: it is fine
  std::string scopes;                       // granted, by spaces; empty: not known
};

struct GrantValue {
  std::string type;
  std::string encrypted_value;
  std::string key_id;
  std::optional<WallTime> expires_at;
};

// What a token endpoint gave, sealed.
struct StoredGrant {
  ConnectionKey key;
  // The refresh token that it was got with, as it is in the store: if that has changed since,
  // nothing is written. Empty: whatever there is.
  std::string old_refresh_token;
  std::vector<GrantValue> values;
  std::string scopes;  // empty: as before
  WallTime now;
};

class OAuthStore {
 public:
  virtual ~OAuthStore() = default;

  // Of the user's states those that are over go, and the oldest, so that at most `most` are left.
  virtual awaitable<Status> put_oauth_state(OAuthState state, std::int64_t most) = 0;
  // The one call that does not know the user yet.
  virtual awaitable<Result<std::optional<UserId>>> oauth_state_owner(std::string state_sha256) = 0;
  // Removes it: a second call finds none. An expired one is answered, too.
  virtual awaitable<Result<std::optional<OAuthState>>> take_oauth_state(
      UserId user, std::string state_sha256) = 0;

  // Without a row: one that says nothing.
  virtual awaitable<Result<ConnectionState>> connection_state(ConnectionKey key) = 0;
  // Those that have one, by provider and connection; `provider` empty: all.
  virtual awaitable<Result<std::vector<ConnectionState>>> connection_states(
      UserId user, std::string provider) = 0;

  // The right to refresh the token, for `lease` from now on; renews what the holder has. No lock
  // and no transaction is held. On PostgreSQL by the database's clock, else by `now`.
  virtual awaitable<Result<bool>> claim_refresh(ConnectionKey key, std::string holder, WallTime now,
                                                Millis lease) = 0;
  virtual awaitable<Status> release_refresh(ConnectionKey key, std::string holder) = 0;

  // In one transaction: the values, the scopes, no mark, no lease. False: the refresh token is
  // another one by now.
  virtual awaitable<Result<bool>> commit_grant(StoredGrant grant) = 0;
  // Somebody has to connect it anew. With a refresh token (as it is in the store) only while it is
  // still that one; answers whether it was marked.
  virtual awaitable<Result<bool>> mark_connection(ConnectionKey key, std::string reason,
                                                  WallTime now, std::string refresh_token) = 0;
  virtual awaitable<Status> clear_connection_mark(ConnectionKey key) = 0;

  // Connections with a refresh token whose access token was stored before that, and that nobody has
  // to connect anew; and who has such ones, in the order of their ids, after that one.
  virtual awaitable<Result<std::vector<ConnectionKey>>> idle_grants(UserId user,
                                                                    WallTime before) = 0;
  virtual awaitable<Result<std::vector<UserId>>> users_with_idle_grants(WallTime before,
                                                                        UserId after,
                                                                        std::int64_t limit) = 0;

  // The user's runs that wait for this reason are due now. Answers how many.
  virtual awaitable<Result<std::int64_t>> wake_runs(UserId user, std::string reason,
                                                    WallTime now) = 0;
};

}  // namespace pilot::store
