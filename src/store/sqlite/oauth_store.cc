// oauth_states and connection_states. One process has the file, so its own clock judges leases.
#include "store/read_oauth.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

Status put_state(Connection& db, const OAuthState& s, std::int64_t most) {
  static constexpr char kTidy[] =
      "DELETE FROM oauth_states WHERE user_id = ?1 AND (expires_at <= ?2 OR state_sha256 IN"
      " (SELECT state_sha256 FROM oauth_states WHERE user_id = ?1"
      " ORDER BY created_at DESC, state_sha256 LIMIT -1 OFFSET ?3))";
  static constexpr char kPut[] =
      "INSERT INTO oauth_states (user_id, state_sha256, provider, connection, return_to,"
      " browser_sha256, verifier, key_id, created_at, expires_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
  Status tidied = db.query(kTidy).bind(s.user.text, s.created_at, most - 1).run();
  if (!tidied) return tidied;
  return db.query(kPut)
      .bind(s.user.text, s.state_sha256, s.provider, s.connection, s.return_to, s.browser_sha256,
            s.verifier, s.key_id, s.created_at, s.expires_at)
      .run();
}

Result<std::optional<UserId>> owner(Connection& db, const std::string& sha256) {
  static constexpr char kOwner[] = "SELECT user_id FROM oauth_states WHERE state_sha256 = ?1";
  Query rows = db.query(kOwner);
  rows.bind(sha256);
  std::optional<UserId> found;
  if (rows.next()) found = UserId{rows.text()};
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<std::optional<OAuthState>> take_state(Connection& db, const UserId& user,
                                             const std::string& sha256) {
  static constexpr auto kTake =
      SqlText("DELETE FROM oauth_states WHERE user_id = ?1 AND state_sha256 = ?2 RETURNING ") +
      kOAuthStateColumns;
  Query rows = db.query(kTake.text);
  rows.bind(user.text, sha256);
  std::optional<OAuthState> found;
  while (rows.next()) found = read_oauth_state(rows);
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<std::vector<ConnectionState>> states(Connection& db, const UserId& user,
                                            const std::string& provider,
                                            const std::string& connection) {
  static constexpr auto kSelect =
      SqlText("SELECT ") + kConnectionStateColumns +
      " FROM connection_states WHERE user_id = ?1 AND (?2 = '' OR provider = ?2)"
      " AND (?3 = '' OR connection = ?3) ORDER BY provider, connection";
  Query rows = db.query(kSelect.text);
  rows.bind(user.text, provider, connection);
  std::vector<ConnectionState> found;
  while (rows.next()) found.push_back(read_connection_state(rows));
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<bool> claim_lease(Connection& db, const ConnectionKey& key, const std::string& holder,
                         WallTime now, WallTime until) {
  static constexpr char kClaim[] =
      "INSERT INTO connection_states (user_id, provider, connection, reason, scopes, lease_holder,"
      " lease_until) VALUES (?1, ?2, ?3, '', '', ?4, ?6)"
      " ON CONFLICT (user_id, provider, connection) DO UPDATE SET"
      " lease_holder = excluded.lease_holder, lease_until = excluded.lease_until"
      " WHERE connection_states.lease_until IS NULL OR connection_states.lease_until <= ?5"
      " OR connection_states.lease_holder = ?4";
  Query query = db.query(kClaim);
  query.bind(key.user.text, key.provider, key.connection, holder, now, until);
  if (Status done = query.run(); !done) return done.error();
  return db.changes() == 1;
}

Status release(Connection& db, const ConnectionKey& key, const std::string& holder) {
  static constexpr char kRelease[] =
      "UPDATE connection_states SET lease_holder = '', lease_until = NULL WHERE user_id = ?1"
      " AND provider = ?2 AND connection = ?3 AND lease_holder = ?4";
  return db.query(kRelease).bind(key.user.text, key.provider, key.connection, holder).run();
}

// `value` empty: whatever it is.
Result<bool> still_has(Connection& db, const ConnectionKey& key, const std::string& value) {
  static constexpr char kHas[] =
      "SELECT 1 FROM provider_credentials WHERE user_id = ?1 AND provider = ?2 AND connection = ?3"
      " AND type = 'refresh_token' AND encrypted_value = ?4";
  if (value.empty()) return true;
  Query rows = db.query(kHas);
  rows.bind(key.user.text, key.provider, key.connection, value);
  const bool has = rows.next();
  if (!rows.status()) return rows.status().error();
  return has;
}

Result<bool> commit(Connection& db, const StoredGrant& grant) {
  static constexpr char kPut[] =
      "INSERT INTO provider_credentials (user_id, provider, connection, type, encrypted_value,"
      " expires_at, created_at, updated_at, key_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)"
      " ON CONFLICT (user_id, provider, connection, type) DO UPDATE SET"
      " encrypted_value = excluded.encrypted_value, expires_at = excluded.expires_at,"
      " updated_at = excluded.updated_at, key_id = excluded.key_id";
  static constexpr char kState[] =
      "INSERT INTO connection_states (user_id, provider, connection, reason, scopes, lease_holder)"
      " VALUES (?1, ?2, ?3, '', ?4, '') ON CONFLICT (user_id, provider, connection) DO UPDATE SET"
      " needs_reauth_at = NULL, reason = '', scopes = CASE excluded.scopes WHEN '' THEN"
      " connection_states.scopes ELSE excluded.scopes END, lease_holder = '', lease_until = NULL";
  const ConnectionKey& key = grant.key;
  const Result<bool> same = still_has(db, key, grant.old_refresh_token);
  if (!same || !*same) return same;
  for (const GrantValue& value : grant.values) {
    Status put = db.query(kPut)
                     .bind(key.user.text, key.provider, key.connection, value.type,
                           value.encrypted_value, value.expires_at, grant.now, value.key_id)
                     .run();
    if (!put) return put.error();
  }
  Status done =
      db.query(kState).bind(key.user.text, key.provider, key.connection, grant.scopes).run();
  if (!done) return done.error();
  return true;
}

Result<bool> mark(Connection& db, const ConnectionKey& key, const std::string& reason, WallTime now,
                  const std::string& refresh_token) {
  static constexpr char kMark[] =
      "INSERT INTO connection_states (user_id, provider, connection, needs_reauth_at, reason,"
      " scopes, lease_holder) VALUES (?1, ?2, ?3, ?4, ?5, '', '')"
      " ON CONFLICT (user_id, provider, connection) DO UPDATE SET reason = excluded.reason,"
      " needs_reauth_at = coalesce(connection_states.needs_reauth_at, excluded.needs_reauth_at)";
  const Result<bool> same = still_has(db, key, refresh_token);
  if (!same || !*same) return same;
  Status done =
      db.query(kMark).bind(key.user.text, key.provider, key.connection, now, reason).run();
  if (!done) return done.error();
  return true;
}

Status clear(Connection& db, const ConnectionKey& key) {
  static constexpr char kClear[] =
      "UPDATE connection_states SET needs_reauth_at = NULL, reason = '' WHERE user_id = ?1"
      " AND provider = ?2 AND connection = ?3";
  return db.query(kClear).bind(key.user.text, key.provider, key.connection).run();
}

Result<std::vector<ConnectionKey>> idle(Connection& db, const UserId& user, WallTime before) {
  static constexpr auto kIdle = SqlText("SELECT ") + kConnectionKeyColumns +
                                " FROM provider_credentials c WHERE c.user_id = ?1"
                                " AND c.updated_at < ?2 AND " +
                                kRenewable + " ORDER BY c.updated_at, c.provider, c.connection";
  Query rows = db.query(kIdle.text);
  rows.bind(user.text, before);
  std::vector<ConnectionKey> found;
  while (rows.next()) found.push_back(read_connection_key(rows));
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<std::vector<UserId>> users_with_idle(Connection& db, WallTime before, const UserId& after,
                                            std::int64_t limit) {
  static constexpr auto kUsers = SqlText(
                                     "SELECT DISTINCT c.user_id FROM provider_credentials c"
                                     " WHERE c.user_id > ?1 AND c.updated_at < ?2 AND ") +
                                 kRenewable + " ORDER BY c.user_id LIMIT ?3";
  Query rows = db.query(kUsers.text);
  rows.bind(after.text, before, limit);
  std::vector<UserId> found;
  while (rows.next()) found.push_back(UserId{rows.text()});
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<std::int64_t> wake(Connection& db, const UserId& user, const std::string& reason,
                          WallTime now) {
  static constexpr char kWake[] =
      "UPDATE runs SET wake_at = ?3 WHERE user_id = ?1 AND state = 'waiting' AND reason = ?2"
      " AND node = ''";
  Query query = db.query(kWake);
  query.bind(user.text, reason, now);
  if (Status done = query.run(); !done) return done.error();
  return db.changes();
}

}  // namespace

awaitable<Status> SqliteStore::put_oauth_state(OAuthState state, std::int64_t most) {
  return writer_.run(
      [state = std::move(state), most](Connection& db) { return put_state(db, state, most); });
}

awaitable<Result<std::optional<UserId>>> SqliteStore::oauth_state_owner(std::string state_sha256) {
  return readers_.run(
      [sha256 = std::move(state_sha256)](Connection& db) { return owner(db, sha256); });
}

awaitable<Result<std::optional<OAuthState>>> SqliteStore::take_oauth_state(
    UserId user, std::string state_sha256) {
  return writer_.run([user = std::move(user), sha256 = std::move(state_sha256)](Connection& db) {
    return take_state(db, user, sha256);
  });
}

awaitable<Result<ConnectionState>> SqliteStore::connection_state(ConnectionKey key) {
  return readers_.run([key = std::move(key)](Connection& db) -> Result<ConnectionState> {
    Result<std::vector<ConnectionState>> found = states(db, key.user, key.provider, key.connection);
    if (!found) return found.error();
    return state_or_none(std::move(*found), key);
  });
}

awaitable<Result<std::vector<ConnectionState>>> SqliteStore::connection_states(
    UserId user, std::string provider) {
  return readers_.run([user = std::move(user), provider = std::move(provider)](Connection& db) {
    return states(db, user, provider, "");
  });
}

awaitable<Result<bool>> SqliteStore::claim_refresh(ConnectionKey key, std::string holder,
                                                   WallTime now, Millis lease) {
  auto work = [key = std::move(key), holder = std::move(holder), now, lease](Connection& db) {
    return claim_lease(db, key, holder, now, now + lease);
  };
  return writer_.run(std::move(work));
}

awaitable<Status> SqliteStore::release_refresh(ConnectionKey key, std::string holder) {
  return writer_.run([key = std::move(key), holder = std::move(holder)](Connection& db) {
    return release(db, key, holder);
  });
}

awaitable<Result<bool>> SqliteStore::commit_grant(StoredGrant grant) {
  auto work = [grant = std::move(grant)](Connection& db) { return commit(db, grant); };
  Result<bool> done = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return done;
}

awaitable<Result<bool>> SqliteStore::mark_connection(ConnectionKey key, std::string reason,
                                                     WallTime now, std::string refresh_token) {
  auto work = [key = std::move(key), reason = std::move(reason), now,
               token = std::move(refresh_token)](Connection& db) {
    return mark(db, key, reason, now, token);
  };
  Result<bool> done = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return done;
}

awaitable<Status> SqliteStore::clear_connection_mark(ConnectionKey key) {
  auto work = [key = std::move(key)](Connection& db) { return clear(db, key); };
  Status done = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return done;
}

awaitable<Result<std::vector<ConnectionKey>>> SqliteStore::idle_grants(UserId user,
                                                                       WallTime before) {
  return readers_.run(
      [user = std::move(user), before](Connection& db) { return idle(db, user, before); });
}

awaitable<Result<std::vector<UserId>>> SqliteStore::users_with_idle_grants(WallTime before,
                                                                           UserId after,
                                                                           std::int64_t limit) {
  return readers_.run([before, after = std::move(after), limit](Connection& db) {
    return users_with_idle(db, before, after, limit);
  });
}

awaitable<Result<std::int64_t>> SqliteStore::wake_runs(UserId user, std::string reason,
                                                       WallTime now) {
  return writer_.run([user = std::move(user), reason = std::move(reason), now](Connection& db) {
    return wake(db, user, reason, now);
  });
}

}  // namespace pilot::store::sqlite
