// provider_credentials. Values are ciphertext here; no message names one.
#include "store/postgres/postgres_store.h"

namespace pilot::store::postgres {
namespace {

Result<std::vector<SealedCredential>> read_all(Answers answers) {
  std::vector<SealedCredential> found;
  Rows& rows = answers[0];
  while (rows.next()) {
    SealedCredential& row = found.emplace_back();
    row.user = {rows.text()};
    row.provider = rows.text();
    row.connection = rows.text();
    row.type = rows.text();
    row.encrypted_value = rows.text();
    row.expires_at = rows.maybe_time();
    row.created_at = rows.time();
    row.updated_at = rows.time();
  }
  return found;
}

}  // namespace

// The generation is raised after the commit, so that nobody keeps an old value under the new
// number, and whatever came of it, since a failed commit may yet have happened.
awaitable<Status> PostgresStore::put_credential(SealedCredential credential) {
  static constexpr char kPut[] =
      "INSERT INTO provider_credentials (user_id, provider, connection, type, encrypted_value,"
      " expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
      " ON CONFLICT (user_id, provider, connection, type) DO UPDATE SET"
      " encrypted_value = excluded.encrypted_value, expires_at = excluded.expires_at,"
      " updated_at = excluded.updated_at";
  const SealedCredential& c = credential;
  Command command{kPut, {}};
  command.params.text(c.user.text).text(c.provider).text(c.connection).text(c.type);
  command.params.text(c.encrypted_value).maybe_time(c.expires_at);
  command.params.time(c.created_at).time(c.updated_at);
  auto read = [](Answers) -> Status { return ok(); };
  Status done = co_await writing(one_step(c.user, std::move(command)), read);
  ++credential_generation_;
  co_return done;
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::connection_credentials(
    UserId user, std::string provider, std::string connection) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, encrypted_value, expires_at, created_at,"
      " updated_at FROM provider_credentials WHERE user_id = $1 AND provider = $2"
      " AND connection = $3 ORDER BY type";
  Command command{kSelect, {}};
  command.params.text(user.text).text(provider).text(connection);
  return reading(one_step(user, std::move(command)), &read_all);
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::list_credentials(
    UserId user, std::string provider) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, '', expires_at, created_at, updated_at"
      " FROM provider_credentials WHERE user_id = $1 AND ($2 = '' OR provider = $2)"
      " ORDER BY provider, connection, type";
  Command command{kSelect, {}};
  command.params.text(user.text).text(provider);
  return reading(one_step(user, std::move(command)), &read_all);
}

awaitable<Result<std::int64_t>> PostgresStore::remove_credentials(UserId user, std::string provider,
                                                                  std::string connection,
                                                                  std::string type) {
  static constexpr char kRemove[] =
      "DELETE FROM provider_credentials WHERE user_id = $1 AND provider = $2 AND connection = $3"
      " AND ($4 = '' OR type = $4)";
  Command command{kRemove, {}};
  command.params.text(user.text).text(provider).text(connection).text(type);
  auto read = [](Answers answers) -> Result<std::int64_t> { return answers[0].affected(); };
  Result<std::int64_t> removed = co_await writing(one_step(user, std::move(command)), read);
  ++credential_generation_;
  co_return removed;
}

awaitable<Result<bool>> PostgresStore::any_encrypted_rows() {
  static constexpr char kAny[] = "SELECT any_encrypted_rows()";
  return reading(system_step({kAny, {}}), [](Answers answers) -> Result<bool> {
    return answers[0].next() && answers[0].boolean();
  });
}

}  // namespace pilot::store::postgres
