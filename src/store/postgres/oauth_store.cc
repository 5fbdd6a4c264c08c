// oauth_states and connection_states.
#include <array>

#include "store/postgres/postgres_store.h"
#include "store/read_oauth.h"

namespace pilot::store::postgres {
namespace {

Status nothing(Answers) { return ok(); }

Result<bool> changed_one(Answers answers) { return answers[0].affected() == 1; }

Result<bool> said_yes(Answers answers) { return answers[0].next() && answers[0].boolean(); }

Result<std::optional<UserId>> read_owner(Answers answers) {
  std::optional<UserId> found;
  if (answers[0].next()) found = UserId{answers[0].text()};
  return found;
}

Result<std::optional<OAuthState>> read_state(Answers answers) {
  std::optional<OAuthState> found;
  Rows& rows = answers[0];
  while (rows.next()) found = read_oauth_state(rows);
  return found;
}

Result<std::vector<ConnectionState>> read_states(Answers answers) {
  std::vector<ConnectionState> found;
  Rows& rows = answers[0];
  while (rows.next()) found.push_back(read_connection_state(rows));
  return found;
}

Result<std::vector<ConnectionKey>> read_keys_of(Answers answers) {
  std::vector<ConnectionKey> found;
  Rows& rows = answers[0];
  while (rows.next()) found.push_back(read_connection_key(rows));
  return found;
}

Result<std::vector<UserId>> read_users(Answers answers) {
  std::vector<UserId> found;
  Rows& rows = answers[0];
  while (rows.next()) found.push_back(UserId{rows.text()});
  return found;
}

Command for_key(const char* sql, const ConnectionKey& key) {
  Command command{sql, {}};
  command.params.text(key.user.text).text(key.provider).text(key.connection);
  return command;
}

}  // namespace

awaitable<Status> PostgresStore::put_oauth_state(OAuthState state, std::int64_t most) {
  static constexpr char kTidy[] =
      "DELETE FROM oauth_states WHERE user_id = $1 AND (expires_at <= $2 OR state_sha256 IN"
      " (SELECT state_sha256 FROM oauth_states WHERE user_id = $1"
      " ORDER BY created_at DESC, state_sha256 OFFSET $3))";
  static constexpr char kPut[] =
      "INSERT INTO oauth_states (user_id, state_sha256, provider, connection, return_to,"
      " browser_sha256, verifier, key_id, created_at, expires_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
  const OAuthState& s = state;
  Command tidy{kTidy, {}};
  tidy.params.text(s.user.text).time(s.created_at).integer(most - 1);
  Command put{kPut, {}};
  put.params.text(s.user.text).text(s.state_sha256).text(s.provider).text(s.connection);
  put.params.text(s.return_to).text(s.browser_sha256).text(s.verifier).text(s.key_id);
  put.params.time(s.created_at).time(s.expires_at);
  Steps steps = one_step(s.user, std::move(tidy));
  steps[0].commands.push_back(std::move(put));
  return writing(std::move(steps), &nothing);
}

awaitable<Result<std::optional<UserId>>> PostgresStore::oauth_state_owner(
    std::string state_sha256) {
  static constexpr char kOwner[] = "SELECT user_id FROM oauth_state_owner($1)";
  Command command{kOwner, {}};
  command.params.text(state_sha256);
  return reading(system_step(std::move(command)), &read_owner);
}

awaitable<Result<std::optional<OAuthState>>> PostgresStore::take_oauth_state(
    UserId user, std::string state_sha256) {
  static constexpr auto kTake =
      SqlText("DELETE FROM oauth_states WHERE user_id = $1 AND state_sha256 = $2 RETURNING ") +
      kOAuthStateColumns;
  Command command{kTake.text, {}};
  command.params.text(user.text).text(state_sha256);
  return writing(one_step(user, std::move(command)), &read_state);
}

awaitable<Result<ConnectionState>> PostgresStore::connection_state(ConnectionKey key) {
  static constexpr auto kSelect =
      SqlText("SELECT ") + kConnectionStateColumns +
      " FROM connection_states WHERE user_id = $1 AND provider = $2 AND connection = $3";
  Command command = for_key(kSelect.text, key);
  Result<std::vector<ConnectionState>> found =
      co_await reading(one_step(key.user, std::move(command)), &read_states);
  if (!found) co_return found.error();
  co_return state_or_none(std::move(*found), key);
}

awaitable<Result<std::vector<ConnectionState>>> PostgresStore::connection_states(
    UserId user, std::string provider) {
  static constexpr auto kSelect =
      SqlText("SELECT ") + kConnectionStateColumns +
      " FROM connection_states WHERE user_id = $1 AND ($2 = '' OR provider = $2)"
      " ORDER BY provider, connection";
  Command command{kSelect.text, {}};
  command.params.text(user.text).text(provider);
  return reading(one_step(user, std::move(command)), &read_states);
}

awaitable<Result<bool>> PostgresStore::claim_refresh(ConnectionKey key, std::string holder,
                                                     WallTime, Millis lease) {
  static constexpr char kClaim[] =
      "INSERT INTO connection_states (user_id, provider, connection, lease_holder, lease_until)"
      " VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')"
      " ON CONFLICT (user_id, provider, connection) DO UPDATE SET"
      " lease_holder = excluded.lease_holder, lease_until = excluded.lease_until"
      " WHERE connection_states.lease_until IS NULL"
      " OR connection_states.lease_until <= clock_timestamp()"
      " OR connection_states.lease_holder = $4";
  Command command = for_key(kClaim, key);
  command.params.text(holder).integer(lease.count());
  return writing(one_step(key.user, std::move(command)), &changed_one);
}

awaitable<Status> PostgresStore::release_refresh(ConnectionKey key, std::string holder) {
  static constexpr char kRelease[] =
      "UPDATE connection_states SET lease_holder = '', lease_until = NULL WHERE user_id = $1"
      " AND provider = $2 AND connection = $3 AND lease_holder = $4";
  Command command = for_key(kRelease, key);
  command.params.text(holder);
  return writing(one_step(key.user, std::move(command)), &nothing);
}

awaitable<Result<bool>> PostgresStore::commit_grant(StoredGrant grant) {
  static constexpr char kCommit[] = "SELECT commit_grant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
  std::array<Column, 4> columns{Column{Type::text}, Column{Type::text}, Column{Type::text},
                                Column{Type::timestamptz}};
  for (const GrantValue& value : grant.values) {
    columns[0].text(value.type);
    columns[1].text(value.encrypted_value);
    columns[2].text(value.key_id);
    columns[3].maybe_time(value.expires_at);
  }
  Command command = for_key(kCommit, grant.key);
  command.params.text(grant.old_refresh_token);
  for (const Column& column : columns) command.params.column(column);
  command.params.text(grant.scopes).time(grant.now);
  Result<bool> done = co_await writing(one_step(grant.key.user, std::move(command)), &said_yes);
  ++credential_generation_;
  co_return done;
}

awaitable<Result<bool>> PostgresStore::mark_connection(ConnectionKey key, std::string reason,
                                                       WallTime now, std::string refresh_token) {
  static constexpr char kMark[] =
      "INSERT INTO connection_states (user_id, provider, connection, needs_reauth_at, reason)"
      " SELECT $1, $2, $3, $4, $5 WHERE $6 = '' OR EXISTS (SELECT FROM provider_credentials"
      " WHERE user_id = $1 AND provider = $2 AND connection = $3 AND type = 'refresh_token'"
      " AND encrypted_value = $6)"
      " ON CONFLICT (user_id, provider, connection) DO UPDATE SET reason = excluded.reason,"
      " needs_reauth_at = coalesce(connection_states.needs_reauth_at, excluded.needs_reauth_at)";
  Command command = for_key(kMark, key);
  command.params.time(now).text(reason).text(refresh_token);
  Result<bool> done = co_await writing(one_step(key.user, std::move(command)), &changed_one);
  ++credential_generation_;
  co_return done;
}

awaitable<Status> PostgresStore::clear_connection_mark(ConnectionKey key) {
  static constexpr char kClear[] =
      "UPDATE connection_states SET needs_reauth_at = NULL, reason = '' WHERE user_id = $1"
      " AND provider = $2 AND connection = $3";
  Command command = for_key(kClear, key);
  Status done = co_await writing(one_step(key.user, std::move(command)), &nothing);
  ++credential_generation_;
  co_return done;
}

awaitable<Result<std::vector<ConnectionKey>>> PostgresStore::idle_grants(UserId user,
                                                                         WallTime before) {
  static constexpr auto kIdle = SqlText("SELECT ") + kConnectionKeyColumns +
                                " FROM provider_credentials c WHERE c.user_id = $1"
                                " AND c.updated_at < $2 AND " +
                                kRenewable + " ORDER BY c.updated_at, c.provider, c.connection";
  Command command{kIdle.text, {}};
  command.params.text(user.text).time(before);
  return reading(one_step(user, std::move(command)), &read_keys_of);
}

awaitable<Result<std::vector<UserId>>> PostgresStore::users_with_idle_grants(WallTime before,
                                                                             UserId after,
                                                                             std::int64_t limit) {
  static constexpr char kUsers[] = "SELECT user_id FROM users_with_idle_grants($1, $2, $3)";
  Command command{kUsers, {}};
  command.params.time(before).text(after.text).integer(limit);
  return reading(system_step(std::move(command)), &read_users);
}

awaitable<Result<std::int64_t>> PostgresStore::wake_runs(UserId user, std::string reason,
                                                         WallTime now) {
  static constexpr char kWake[] =
      "UPDATE runs SET wake_at = $3 WHERE user_id = $1 AND state = 'waiting' AND reason = $2"
      " AND node = ''";
  Command command{kWake, {}};
  command.params.text(user.text).text(reason).time(now);
  auto read = [](Answers answers) -> Result<std::int64_t> { return answers[0].affected(); };
  return writing(one_step(user, std::move(command)), read, 1, true);
}

}  // namespace pilot::store::postgres
