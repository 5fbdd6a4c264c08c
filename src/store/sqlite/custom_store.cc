// custom_integrations, their actions and their credentials. Credentials are ciphertext here; no
// message names one.
#include "store/cursor.h"
#include "store/read_custom.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

std::optional<std::string> json_or_null(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return to_json(value);
}

std::optional<std::string> text_or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

Status put_actions(Connection& db, const CustomIntegration& owner) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integration_actions (user_id, integration_id, action_id, id, action_name,"
      " description, http_method, endpoint, created_at, updated_at, parameters)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
  for (const CustomAction& action : owner.actions) {
    const auto parameters = json_or_null(action.parameters);
    const Status done = db.query(kPut)
                            .bind(owner.user.text, owner.id.text, action.action_id, action.id,
                                  action.action_name, action.description, action.http_method,
                                  action.endpoint, action.created_at, action.updated_at, parameters)
                            .run();
    if (!done) return done;
  }
  return ok();
}

Status create(Connection& db, const CustomIntegration& given) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integrations (user_id, id, name, display_name, description, auth_type,"
      " base_url, auth_header, auth_prefix, is_active, created_at, updated_at, created_by,"
      " updated_by, oauth_config, manifest, summary)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
  const auto header = text_or_null(given.auth_header);
  const auto oauth = json_or_null(given.oauth_config);
  const auto manifest = json_or_null(given.manifest);
  const auto summary = json_or_null(given.summary);
  const Status done =
      db.query(kPut)
          .bind(given.user.text, given.id.text, given.name, given.display_name, given.description,
                given.auth_type, given.base_url, header, given.auth_prefix, given.is_active ? 1 : 0,
                given.created_at, given.updated_at, given.created_by, given.updated_by, oauth,
                manifest, summary)
          .run();
  return done ? put_actions(db, given) : name_taken(done, given.name);
}

Status remove_rows(Connection& db, const char* sql, const UserId& user,
                   const CustomIntegrationId& id) {
  return db.query(sql).bind(user.text, id.text).run();
}

constexpr char kRemoveActions[] =
    "DELETE FROM custom_integration_actions WHERE user_id = ?1 AND integration_id = ?2";

Status replace(Connection& db, const CustomIntegration& given) {
  static constexpr char kUpdate[] =
      "UPDATE custom_integrations SET name = ?3, display_name = ?4, description = ?5,"
      " auth_type = ?6, base_url = ?7, auth_header = ?8, auth_prefix = ?9, is_active = ?10,"
      " updated_at = ?11, updated_by = ?12, oauth_config = ?13, manifest = ?14,"
      " summary = ?15"
      " WHERE user_id = ?1 AND id = ?2";
  const auto header = text_or_null(given.auth_header);
  const auto oauth = json_or_null(given.oauth_config);
  const auto manifest = json_or_null(given.manifest);
  const auto summary = json_or_null(given.summary);
  const Status done =
      db.query(kUpdate)
          .bind(given.user.text, given.id.text, given.name, given.display_name, given.description,
                given.auth_type, given.base_url, header, given.auth_prefix, given.is_active ? 1 : 0,
                given.updated_at, given.updated_by, oauth, manifest, summary)
          .run();
  if (!done) return name_taken(done, given.name);
  if (db.changes() == 0) return no_integration(given.id);
  if (Status gone = remove_rows(db, kRemoveActions, given.user, given.id); !gone) return gone;
  return put_actions(db, given);
}

Status read_actions(Connection& db, CustomIntegration& owner) {
  static constexpr auto kSelect = SqlText("SELECT ") + kCustomActionColumns +
                                  " FROM custom_integration_actions"
                                  " WHERE user_id = ?1 AND integration_id = ?2 ORDER BY action_id";
  Query rows = db.query(kSelect.text);
  rows.bind(owner.user.text, owner.id.text);
  while (rows.next()) owner.actions.push_back(read_custom_action(rows));
  return rows.status();
}

Result<std::optional<CustomIntegration>> find_by(Connection& db, const char* sql,
                                                 const UserId& user, const std::string& key) {
  std::optional<CustomIntegration> found;
  {
    Query row = db.query(sql);
    if (row.bind(user.text, key).next()) found = read_custom_integration(row);
    if (!row.status()) return row.status().error();
  }
  if (!found) return found;
  if (Status done = read_actions(db, *found); !done) return done.error();
  return found;
}

Result<Page<CustomIntegration>> list(Connection& db, const UserId& user,
                                     const PageRequest& request) {
  // IS NOT NULL would read all of a manifest, megabytes; its type stands in front of the row.
  static constexpr auto kList =
      SqlText("SELECT ") + kListedCustomColumns +
      "typeof(manifest) <> 'null' FROM custom_integrations WHERE user_id = ?1 AND id < ?2"
      " ORDER BY id DESC LIMIT ?3";
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Page<CustomIntegration> page;
  {
    Query rows = db.query(kList.text);
    if (before->has_value()) {
      rows.bind(user.text, **before, limit + 1);
    } else {
      rows.bind(user.text, Query::AfterAllText{}, limit + 1);
    }
    while (rows.next()) {
      if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
        page.next_cursor = id_cursor(page.items.back().id.text);
        break;
      }
      page.items.push_back(read_listed_custom(rows));
    }
    if (!rows.status()) return rows.status().error();
  }
  for (CustomIntegration& one : page.items) {
    if (Status done = read_actions(db, one); !done) return done.error();
  }
  return page;
}

Status remove(Connection& db, const UserId& user, const CustomIntegrationId& id) {
  static constexpr char kRemove[] =
      "DELETE FROM custom_integrations WHERE user_id = ?1 AND id = ?2";
  static constexpr char kRemoveCredentials[] =
      "DELETE FROM custom_integration_credentials WHERE user_id = ?1 AND integration_id = ?2";
  if (Status done = remove_rows(db, kRemove, user, id); !done) return done;
  if (db.changes() == 0) return no_integration(id);
  if (Status done = remove_rows(db, kRemoveActions, user, id); !done) return done;
  return remove_rows(db, kRemoveCredentials, user, id);
}

Status put_credential_row(Connection& db, const SealedCredential& c) {
  static constexpr char kPut[] =
      "INSERT INTO custom_integration_credentials (user_id, integration_id, credential_type, id,"
      " token_expires_at, is_valid, created_at, updated_at, key_id, encrypted_value)"
      " SELECT ?1, ?2, ?3, lower(hex(randomblob(16))), ?4, 1, ?5, ?6, ?7, ?8"
      " WHERE EXISTS (SELECT 1 FROM custom_integrations WHERE user_id = ?1 AND id = ?2)"
      " ON CONFLICT (user_id, integration_id, credential_type) DO UPDATE SET"
      " token_expires_at = excluded.token_expires_at, is_valid = 1, last_validated_at = NULL,"
      " updated_at = excluded.updated_at, key_id = excluded.key_id,"
      " encrypted_value = excluded.encrypted_value";
  const Status done = db.query(kPut)
                          .bind(c.user.text, c.connection, c.type, c.expires_at, c.created_at,
                                c.updated_at, c.key_id, c.encrypted_value)
                          .run();
  if (!done) return done;
  return db.changes() == 0 ? Status(no_integration({c.connection})) : ok();
}

Result<std::vector<SealedCredential>> credentials(Connection& db, const UserId& user,
                                                  const CustomIntegrationId& id) {
  static constexpr auto kSelect = SqlText("SELECT ") + kCustomCredentialColumns +
                                  " FROM custom_integration_credentials WHERE user_id = ?1"
                                  " AND integration_id = ?2 ORDER BY credential_type";
  Query rows = db.query(kSelect.text);
  rows.bind(user.text, id.text);
  std::vector<SealedCredential> found;
  while (rows.next()) found.push_back(read_custom_credential(rows));
  if (!rows.status()) return rows.status().error();
  return found;
}

constexpr auto kFind = SqlText("SELECT ") + kCustomColumns +
                       " FROM custom_integrations WHERE user_id = ?1 AND id = ?2";
constexpr auto kFindNamed = SqlText("SELECT ") + kCustomColumns +
                            " FROM custom_integrations WHERE user_id = ?1 AND name = ?2";

}  // namespace

// Generations are raised after the commit, whatever came of it (see credential_store.cc).
awaitable<Status> SqliteStore::create_integration(CustomIntegration integration) {
  auto work = [given = std::move(integration)](Connection& db) { return create(db, given); };
  Status done = co_await writer_.run(std::move(work));
  ++custom_generation_;
  co_return done;
}

awaitable<Status> SqliteStore::replace_integration(CustomIntegration integration) {
  auto work = [given = std::move(integration)](Connection& db) { return replace(db, given); };
  Status done = co_await writer_.run(std::move(work));
  ++custom_generation_;
  co_return done;
}

awaitable<Result<CustomIntegration>> SqliteStore::find_integration(UserId user,
                                                                   CustomIntegrationId id) {
  return readers_.run(
      [user = std::move(user), id = std::move(id)](Connection& db) -> Result<CustomIntegration> {
        Result<std::optional<CustomIntegration>> found = find_by(db, kFind.text, user, id.text);
        if (!found) return found.error();
        if (!*found) return no_integration(id);
        return std::move(**found);
      });
}

awaitable<Result<std::optional<CustomIntegration>>> SqliteStore::find_integration_named(
    UserId user, std::string name) {
  return readers_.run([user = std::move(user), name = std::move(name)](Connection& db) {
    return find_by(db, kFindNamed.text, user, name);
  });
}

awaitable<Result<Page<CustomIntegration>>> SqliteStore::list_integrations(UserId user,
                                                                          PageRequest page) {
  return readers_.run([user = std::move(user), page = std::move(page)](Connection& db) {
    return list(db, user, page);
  });
}

awaitable<Result<std::int64_t>> SqliteStore::count_integrations(UserId user) {
  return readers_.run([user = std::move(user)](Connection& db) -> Result<std::int64_t> {
    static constexpr char kCount[] = "SELECT count(*) FROM custom_integrations WHERE user_id = ?1";
    Query row = db.query(kCount);
    if (!row.bind(user.text).next()) return row.status().error();
    return row.integer();
  });
}

awaitable<Status> SqliteStore::put_summary(UserId user, CustomIntegrationId id, Json summary,
                                           WallTime updated_at) {
  auto work = [user = std::move(user), id = std::move(id), summary = to_json(summary),
               updated_at](Connection& db) {
    static constexpr char kPut[] =
        "UPDATE custom_integrations SET summary = ?3"
        " WHERE user_id = ?1 AND id = ?2 AND updated_at = ?4";
    return db.query(kPut).bind(user.text, id.text, summary, updated_at).run();
  };
  return writer_.run(std::move(work));
}

awaitable<Status> SqliteStore::remove_integration(UserId user, CustomIntegrationId id) {
  auto work = [user = std::move(user), id = std::move(id)](Connection& db) {
    return remove(db, user, id);
  };
  Status done = co_await writer_.run(std::move(work));
  ++custom_generation_;
  ++credential_generation_;
  co_return done;
}

awaitable<Status> SqliteStore::put_custom_credential(SealedCredential credential) {
  auto work = [credential = std::move(credential)](Connection& db) {
    return put_credential_row(db, credential);
  };
  Status done = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return done;
}

awaitable<Status> SqliteStore::note_validation(UserId user, CustomIntegrationId id, bool valid,
                                               WallTime at) {
  auto work = [user = std::move(user), id = std::move(id), valid, at](Connection& db) {
    static constexpr char kNote[] =
        "UPDATE custom_integration_credentials SET is_valid = ?3, last_validated_at = ?4"
        " WHERE user_id = ?1 AND integration_id = ?2";
    return db.query(kNote).bind(user.text, id.text, valid, at).run();
  };
  return writer_.run(std::move(work));
}

awaitable<Result<std::vector<SealedCredential>>> SqliteStore::custom_credentials(
    UserId user, CustomIntegrationId id) {
  return readers_.run([user = std::move(user), id = std::move(id)](Connection& db) {
    return credentials(db, user, id);
  });
}

}  // namespace pilot::store::sqlite
