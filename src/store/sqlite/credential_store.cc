// provider_credentials. Values are ciphertext here; no message names one.
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

Status put(Connection& db, const SealedCredential& c) {
  static constexpr char kPut[] =
      "INSERT INTO provider_credentials (user_id, provider, connection, type, encrypted_value,"
      " expires_at, created_at, updated_at, key_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
      " ON CONFLICT (user_id, provider, connection, type) DO UPDATE SET"
      " encrypted_value = excluded.encrypted_value, expires_at = excluded.expires_at,"
      " updated_at = excluded.updated_at, key_id = excluded.key_id";
  return db.query(kPut)
      .bind(c.user.text, c.provider, c.connection, c.type, c.encrypted_value, c.expires_at,
            c.created_at, c.updated_at, c.key_id)
      .run();
}

// Columns: user_id, provider, connection, type, encrypted_value, key_id and the times.
Result<std::vector<SealedCredential>> read_all(Query& rows) {
  std::vector<SealedCredential> found;
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
  if (!rows.status()) return rows.status().error();
  return found;
}

Result<std::vector<SealedCredential>> of_connection(Connection& db, const UserId& user,
                                                    const std::string& provider,
                                                    const std::string& connection) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, encrypted_value, key_id, expires_at, created_at,"
      " updated_at FROM provider_credentials WHERE user_id = ?1 AND provider = ?2 AND connection = "
      "?3"
      " ORDER BY type";
  Query rows = db.query(kSelect);
  rows.bind(user.text, provider, connection);
  return read_all(rows);
}

Result<std::vector<SealedCredential>> list(Connection& db, const UserId& user,
                                           const std::string& provider) {
  static constexpr char kSelect[] =
      "SELECT user_id, provider, connection, type, '', key_id, expires_at, created_at, updated_at"
      " FROM provider_credentials WHERE user_id = ?1 AND (?2 = '' OR provider = ?2)"
      " ORDER BY provider, connection, type";
  Query rows = db.query(kSelect);
  rows.bind(user.text, provider);
  return read_all(rows);
}

Result<std::int64_t> remove(Connection& db, const UserId& user, const std::string& provider,
                            const std::string& connection, const std::string& type) {
  static constexpr char kRemove[] =
      "DELETE FROM provider_credentials WHERE user_id = ?1 AND provider = ?2 AND connection = ?3"
      " AND (?4 = '' OR type = ?4)";
  Query query = db.query(kRemove);
  query.bind(user.text, provider, connection, type);
  if (Status done = query.run(); !done) return done.error();
  const std::int64_t removed = db.changes();
  static constexpr char kState[] =
      "DELETE FROM connection_states WHERE user_id = ?1 AND provider = ?2 AND connection = ?3";
  if (type.empty()) {
    Status done = db.query(kState).bind(user.text, provider, connection).run();
    if (!done) return done.error();
  }
  return removed;
}

// Of both tables: custom integrations stand under a provider's name that none can have.
Result<std::vector<SealedCredential>> page(Connection& db, const CredentialKey& after,
                                           std::int64_t limit) {
  static constexpr char kSelect[] =
      "SELECT * FROM (SELECT user_id, provider, connection, type, encrypted_value, key_id,"
      " expires_at, created_at, updated_at FROM provider_credentials"
      " WHERE (user_id, provider, connection, type) > (?1, ?2, ?3, ?4)"
      " ORDER BY user_id, provider, connection, type LIMIT ?5)"
      " UNION ALL SELECT * FROM (SELECT user_id, ?6, integration_id, credential_type,"
      " encrypted_value, key_id, token_expires_at, created_at, updated_at"
      " FROM custom_integration_credentials"
      " WHERE (user_id, ?6, integration_id, credential_type) > (?1, ?2, ?3, ?4)"
      " ORDER BY user_id, integration_id, credential_type LIMIT ?5)"
      " ORDER BY 1, 2, 3, 4 LIMIT ?5";
  Query rows = db.query(kSelect);
  rows.bind(after.user.text, after.provider, after.connection, after.type, limit,
            kCustomCredential);
  return read_all(rows);
}

Result<std::int64_t> reseal_all(Connection& db, const std::vector<Reseal>& batch) {
  static constexpr char kUpdate[] =
      "UPDATE provider_credentials SET encrypted_value = ?6, key_id = ?7 WHERE user_id = ?1"
      " AND provider = ?2 AND connection = ?3 AND type = ?4 AND encrypted_value = ?5";
  static constexpr char kUpdateCustom[] =
      "UPDATE custom_integration_credentials SET encrypted_value = ?5, key_id = ?6"
      " WHERE user_id = ?1 AND integration_id = ?2 AND credential_type = ?3"
      " AND encrypted_value = ?4";
  std::int64_t changed = 0;
  for (const Reseal& one : batch) {
    const bool custom = one.row.provider == kCustomCredential;
    Query query = db.query(custom ? kUpdateCustom : kUpdate);
    if (custom) {
      query.bind(one.row.user.text, one.row.connection, one.row.type, one.old_value, one.new_value,
                 one.new_key_id);
    } else {
      query.bind(one.row.user.text, one.row.provider, one.row.connection, one.row.type,
                 one.old_value, one.new_value, one.new_key_id);
    }
    if (Status done = query.run(); !done) return done.error();
    changed += db.changes();
  }
  return changed;
}

Result<std::vector<KeyUse>> usage(Connection& db) {
  static constexpr char kCount[] =
      "SELECT key_id, count(*) FROM (SELECT key_id FROM provider_credentials"
      " UNION ALL SELECT key_id FROM custom_integration_credentials)"
      " GROUP BY key_id ORDER BY key_id";
  Query rows = db.query(kCount);
  std::vector<KeyUse> found;
  while (rows.next()) {
    KeyUse& use = found.emplace_back();
    use.key_id = rows.text();
    use.rows = rows.integer();
  }
  if (!rows.status()) return rows.status().error();
  return found;
}

}  // namespace

// The generation is raised after the commit, so that nobody keeps an old value under the new
// number, and whatever came of it, since a failed commit may yet have happened.
awaitable<Status> SqliteStore::put_credential(SealedCredential credential) {
  auto work = [credential = std::move(credential)](Connection& db) { return put(db, credential); };
  Status done = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return done;
}

awaitable<Result<std::vector<SealedCredential>>> SqliteStore::connection_credentials(
    UserId user, std::string provider, std::string connection) {
  return readers_.run([user = std::move(user), provider = std::move(provider),
                       connection = std::move(connection)](Connection& db) {
    return of_connection(db, user, provider, connection);
  });
}

awaitable<Result<std::vector<SealedCredential>>> SqliteStore::list_credentials(
    UserId user, std::string provider) {
  return readers_.run([user = std::move(user), provider = std::move(provider)](Connection& db) {
    return list(db, user, provider);
  });
}

awaitable<Result<std::int64_t>> SqliteStore::remove_credentials(UserId user, std::string provider,
                                                                std::string connection,
                                                                std::string type) {
  auto work = [user = std::move(user), provider = std::move(provider),
               connection = std::move(connection), type = std::move(type)](Connection& db) {
    return remove(db, user, provider, connection, type);
  };
  Result<std::int64_t> removed = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return removed;
}

awaitable<Result<std::vector<SealedCredential>>> SqliteStore::sealed_page(CredentialKey after,
                                                                          std::int64_t limit) {
  return readers_.run(
      [after = std::move(after), limit](Connection& db) { return page(db, after, limit); });
}

awaitable<Result<std::int64_t>> SqliteStore::reseal(std::vector<Reseal> batch) {
  const std::size_t rows = batch.size();
  auto work = [batch = std::move(batch)](Connection& db) { return reseal_all(db, batch); };
  Result<std::int64_t> changed = co_await writer_.run(std::move(work), rows);
  ++credential_generation_;
  co_return changed;
}

awaitable<Result<std::vector<KeyUse>>> SqliteStore::key_usage() {
  return readers_.run([](Connection& db) { return usage(db); });
}

awaitable<Result<bool>> SqliteStore::any_encrypted_rows() {
  return readers_.run([](Connection& db) -> Result<bool> {
    static constexpr char kAny[] =
        "SELECT EXISTS (SELECT 1 FROM provider_credentials)"
        " OR EXISTS (SELECT 1 FROM custom_integration_credentials)";
    const Result<std::int64_t> any = db.number(kAny);
    if (!any) return any.error();
    return *any != 0;
  });
}

}  // namespace pilot::store::sqlite
