// provider_credentials. Values are ciphertext here; no message names one.
#include "store/postgres/postgres_store.h"

#include <array>

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
    row.key_id = rows.text();
    row.expires_at = rows.maybe_time();
    row.created_at = rows.time();
    row.updated_at = rows.time();
  }
  return found;
}

}  // namespace

std::uint64_t PostgresStore::credential_generation() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return credential_generation_.load() + static_cast<std::uint64_t>(seconds);
}

// The generation is raised after the commit, so that nobody keeps an old value under the new
// number, and whatever came of it, since a failed commit may yet have happened.
awaitable<Status> PostgresStore::put_credential(SealedCredential credential) {
  static constexpr char kPut[] =
      "INSERT INTO provider_credentials (user_id, provider, connection, type, encrypted_value,"
      " key_id, expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (user_id, provider, connection, type) DO UPDATE SET"
      " encrypted_value = excluded.encrypted_value, key_id = excluded.key_id, expires_at = "
      "excluded.expires_at,"
      " updated_at = excluded.updated_at";
  const SealedCredential& c = credential;
  Command command{kPut, {}};
  command.params.text(c.user.text).text(c.provider).text(c.connection).text(c.type);
  command.params.text(c.encrypted_value).text(c.key_id).maybe_time(c.expires_at);
  command.params.time(c.created_at).time(c.updated_at);
  auto read = [](Answers) -> Status { return ok(); };
  Status done = co_await writing(one_step(c.user, std::move(command)), read);
  ++credential_generation_;
  co_return done;
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::connection_credentials(
    UserId user, std::string provider, std::string connection) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, encrypted_value, key_id, expires_at, created_at,"
      " updated_at FROM provider_credentials WHERE user_id = $1 AND provider = $2"
      " AND connection = $3 ORDER BY type";
  Command command{kSelect, {}};
  command.params.text(user.text).text(provider).text(connection);
  return reading(one_step(user, std::move(command)), &read_all);
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::list_credentials(
    UserId user, std::string provider) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, '', key_id, expires_at, created_at, updated_at"
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
  static constexpr char kState[] =
      "DELETE FROM connection_states WHERE user_id = $1 AND provider = $2 AND connection = $3";
  Command command{kRemove, {}};
  command.params.text(user.text).text(provider).text(connection).text(type);
  Steps steps = one_step(user, std::move(command));
  if (type.empty()) {
    Command state{kState, {}};
    state.params.text(user.text).text(provider).text(connection);
    steps[0].commands.push_back(std::move(state));
  }
  auto read = [](Answers answers) -> Result<std::int64_t> { return answers[0].affected(); };
  Result<std::int64_t> removed = co_await writing(std::move(steps), read);
  ++credential_generation_;
  co_return removed;
}

awaitable<Result<std::vector<SealedCredential>>> PostgresStore::sealed_page(CredentialKey after,
                                                                            std::int64_t limit) {
  static constexpr char kPage[] =
      "SELECT user_id, provider, connection, type, encrypted_value, key_id, expires_at, created_at,"
      " updated_at FROM sealed_page($1, $2, $3, $4, $5)";
  Command command{kPage, {}};
  command.params.text(after.user.text).text(after.provider).text(after.connection);
  command.params.text(after.type).integer(limit);
  return reading(system_step(std::move(command)), &read_all);
}

awaitable<Result<std::int64_t>> PostgresStore::reseal(std::vector<Reseal> batch) {
  static constexpr char kReseal[] = "SELECT reseal($1, $2, $3, $4, $5, $6, $7)";
  std::array<Column, 7> columns{Column{Type::text}, Column{Type::text}, Column{Type::text},
                                Column{Type::text}, Column{Type::text}, Column{Type::text},
                                Column{Type::text}};
  for (const Reseal& one : batch) {
    const std::array<std::string_view, 7> values{
        one.row.user.text, one.row.provider, one.row.connection, one.row.type,
        one.old_value,     one.new_value,    one.new_key_id};
    for (std::size_t i = 0; i < values.size(); ++i) columns[i].text(values[i]);
  }
  Command command{kReseal, {}};
  for (const Column& column : columns) command.params.column(column);
  auto read = [](Answers answers) -> Result<std::int64_t> {
    return answers[0].next() ? answers[0].integer() : std::int64_t{0};
  };
  Result<std::int64_t> changed =
      co_await writing(system_step(std::move(command)), read, batch.size());
  ++credential_generation_;
  co_return changed;
}

awaitable<Result<std::vector<KeyUse>>> PostgresStore::key_usage() {
  static constexpr char kUsage[] = "SELECT key_id, uses FROM key_usage()";
  return reading(system_step({kUsage, {}}), [](Answers answers) -> Result<std::vector<KeyUse>> {
    std::vector<KeyUse> found;
    while (answers[0].next()) {
      KeyUse& use = found.emplace_back();
      use.key_id = answers[0].text();
      use.rows = answers[0].integer();
    }
    return found;
  });
}

awaitable<Result<bool>> PostgresStore::any_encrypted_rows() {
  static constexpr char kAny[] = "SELECT any_encrypted_rows()";
  return reading(system_step({kAny, {}}), [](Answers answers) -> Result<bool> {
    return answers[0].next() && answers[0].boolean();
  });
}

}  // namespace pilot::store::postgres
