// Users, API keys, sessions. Every write is a job of the one writer, so what a job reads first is
// still so when it writes.
#include "store/cursor.h"
#include "store/read_rows.h"
#include "store/sql_text.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

constexpr SqlText kUserColumns =
    "id, owner_id, name, email, password_hash, created_at, disabled, allowed_hosts IS NOT NULL,"
    " coalesce(allowed_hosts, '') FROM users";
constexpr SqlText kKeyColumns =
    "user_id, id, name, prefix, sha256, scopes, expires_at, created_at, last_used_at, revoked_at"
    " FROM api_keys";
// A user without a row is fine: "local", and those that a key was made for.
constexpr SqlText kUserMayCall =
    " AND NOT EXISTS (SELECT 1 FROM users AS u WHERE u.id = user_id AND"
    " (u.disabled <> 0 OR u.removed_at IS NOT NULL))";
constexpr std::chrono::minutes kTouchInterval{1};

Error no_user() { return not_found("there is no such user"); }

Result<User> one_user(Query& row) {
  if (!row.next()) return row.status() ? no_user() : row.status().error();
  User user = read_user(row);
  if (!row.status()) return row.status().error();
  return user;
}

Result<User> find_one(Connection& db, const UserId& id) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kUserColumns + " WHERE id = ?1 AND removed_at IS NULL";
  Query row = db.query(kFind.text);
  row.bind(id.text);
  return one_user(row);
}

Result<User> find_named(Connection& db, const std::string& name) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kUserColumns + " WHERE name = ?1 AND removed_at IS NULL";
  Query row = db.query(kFind.text);
  row.bind(name);
  return one_user(row);
}

Status check_name(Connection& db, const User& user) {
  const Result<User> other = find_named(db, user.name);
  if (other && other->id != user.id) {
    return conflict("name_taken", "another user has this name; choose another");
  }
  if (!other && other.error().kind != ErrorKind::not_found) return other.error();
  return ok();
}

Status create(Connection& db, const User& user) {
  static constexpr char kTaken[] = "SELECT 1 FROM users WHERE id = ?1";
  static constexpr char kInsert[] =
      "INSERT INTO users (id, owner_id, name, email, password_hash, created_at, disabled,"
      " allowed_hosts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
  Query taken = db.query(kTaken);
  if (taken.bind(user.id.text).next()) {
    return conflict("duplicate_id", "there is (or was) a user with this id; choose another");
  }
  if (!taken.status()) return taken.status();
  if (Status free = check_name(db, user); !free) return free;
  return db.query(kInsert)
      .bind(user.id.text, user.owner.text, user.name, user.email, user.password_hash,
            user.created_at, int{user.disabled}, user.allowed_hosts)
      .run();
}

Status end_sessions(Connection& db, const UserId& user) {
  static constexpr char kDelete[] = "DELETE FROM sessions WHERE user_id = ?1";
  return db.query(kDelete).bind(user.text).run();
}

Result<User> update(Connection& db, const UserId& id, const UserChange& change) {
  static constexpr char kUpdate[] =
      "UPDATE users SET name = ?2, email = ?3, password_hash = ?4, disabled = ?5,"
      " allowed_hosts = ?6 WHERE id = ?1";
  Result<User> user = find_one(db, id);
  if (!user) return user;
  if (change.name) user->name = *change.name;
  if (change.email) user->email = *change.email;
  if (change.password_hash) user->password_hash = *change.password_hash;
  if (change.disabled) user->disabled = *change.disabled;
  if (change.allowed_hosts) user->allowed_hosts = *change.allowed_hosts;
  if (Status free = check_name(db, *user); !free) return free.error();
  Query query = db.query(kUpdate);
  query.bind(id.text, user->name, user->email, user->password_hash, int{user->disabled},
             user->allowed_hosts);
  if (Status done = query.run(); !done) return done.error();
  if (user->disabled || change.password_hash) {
    if (Status ended = end_sessions(db, id); !ended) return ended.error();
  }
  return user;
}

Status remove(Connection& db, const UserId& user, WallTime now) {
  static constexpr char kRemove[] =
      "UPDATE users SET name = '', email = '', password_hash = '', disabled = 1, removed_at = ?2"
      " WHERE id = ?1 AND removed_at IS NULL";
  static constexpr char kRevoke[] =
      "UPDATE api_keys SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL";
  if (const Result<User> there = find_one(db, user); !there) return there.error();
  if (Status done = db.query(kRemove).bind(user.text, now).run(); !done) return done;
  if (Status done = db.query(kRevoke).bind(user.text, now).run(); !done) return done;
  return end_sessions(db, user);
}

Result<Page<User>> list(Connection& db, const std::optional<UserId>& owner,
                        const PageRequest& request) {
  static constexpr auto kAll =
      SqlText("SELECT ") + kUserColumns +
      " WHERE id > ?2 AND removed_at IS NULL AND ?1 = '' ORDER BY id LIMIT ?3";
  static constexpr auto kOwned =
      SqlText("SELECT ") + kUserColumns +
      " WHERE owner_id = ?1 AND id > ?2 AND removed_at IS NULL ORDER BY id LIMIT ?3";
  const auto after = read_id_cursor(request.cursor);
  if (!after) return after.error();
  const std::string from = after->value_or("");
  const std::string of = owner ? owner->text : "";
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(owner ? kOwned.text : kAll.text);
  rows.bind(of, from, limit + 1);
  Page<User> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit) {
      page.next_cursor = id_cursor(page.items.back().id.text);
      break;
    }
    page.items.push_back(read_user(rows));
    page.items.back().password_hash.clear();
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

Result<bool> owns(Connection& db, const UserId& owner, const UserId& user) {
  static constexpr char kOwns[] =
      "SELECT 1 FROM users WHERE id = ?1 AND owner_id = ?2 AND disabled = 0"
      " AND removed_at IS NULL";
  Query row = db.query(kOwns);
  const bool found = row.bind(user.text, owner.text).next();
  if (!row.status()) return row.status().error();
  return found;
}

// UNION, not UNION ALL: two who own each other are no endless loop.
Result<std::vector<std::string>> hosts(Connection& db, const UserId& user) {
  static constexpr char kHosts[] =
      "WITH RECURSIVE above(id, owner_id, allowed_hosts) AS ("
      " SELECT id, owner_id, allowed_hosts FROM users WHERE id = ?1 UNION"
      " SELECT o.id, o.owner_id, o.allowed_hosts FROM users AS o"
      " JOIN above AS a ON o.id = a.owner_id)"
      " SELECT allowed_hosts FROM above WHERE allowed_hosts IS NOT NULL";
  std::vector<std::string> found;
  Query rows = db.query(kHosts);
  rows.bind(user.text);
  while (rows.next()) found.push_back(rows.text());
  if (!rows.status()) return rows.status().error();
  return found;
}

Status insert_key(Connection& db, const ApiKey& key) {
  static constexpr char kCount[] =
      "SELECT count(*) FROM api_keys WHERE user_id = ?1 AND revoked_at IS NULL";
  static constexpr char kTidy[] =
      "DELETE FROM api_keys WHERE user_id = ?1 AND id IN (SELECT id FROM api_keys"
      " WHERE user_id = ?1 AND revoked_at IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?2)";
  static constexpr char kInsert[] =
      "INSERT INTO api_keys (user_id, id, name, prefix, sha256, scopes, expires_at, created_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
  Query count = db.query(kCount);
  const bool full = count.bind(key.user.text).next() && count.integer() >= limits::kKeys;
  if (!count.status()) return count.status();
  if (full) {
    return Error{
        ErrorKind::rate_limited,
        "quota_exceeded",
        fmt::format("a user may have {} API keys; revoke those that are not used", limits::kKeys),
        {}};
  }
  if (Status tidy = db.query(kTidy).bind(key.user.text, limits::kKeys).run(); !tidy) return tidy;
  const std::string scopes = to_string(key.scopes);
  return db.query(kInsert)
      .bind(key.user.text, key.id, key.name, key.prefix, key.sha256, scopes, key.expires_at,
            key.created_at)
      .run();
}

Result<std::optional<ApiKey>> key_of_hash(Connection& db, const std::string& sha256) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kKeyColumns + " WHERE sha256 = ?1 AND revoked_at IS NULL" + kUserMayCall;
  Query row = db.query(kFind.text);
  std::optional<ApiKey> found;
  if (row.bind(sha256).next()) found = read_key(row);
  if (!row.status()) return row.status().error();
  return found;
}

Result<Page<ApiKey>> keys(Connection& db, const UserId& user, const PageRequest& request) {
  static constexpr auto kList = SqlText("SELECT ") + kKeyColumns +
                                " WHERE user_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(kList.text);
  if (before->has_value()) {
    rows.bind(user.text, **before, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, limit + 1);
  }
  Page<ApiKey> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit) {
      page.next_cursor = id_cursor(page.items.back().id);
      break;
    }
    page.items.push_back(read_key(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

Status revoke(Connection& db, const UserId& user, const std::string& id, WallTime now) {
  static constexpr char kRevoke[] =
      "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE user_id = ?1 AND id = ?2";
  if (Status done = db.query(kRevoke).bind(user.text, id, now).run(); !done) return done;
  return db.changes() == 1 ? ok() : not_found("there is no such API key");
}

Status insert_session(Connection& db, const LoginSession& s) {
  static constexpr char kTidy[] =
      "DELETE FROM sessions WHERE user_id = ?1 AND (expires_at <= ?2 OR id IN (SELECT id FROM"
      " sessions WHERE user_id = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?3))";
  static constexpr char kInsert[] =
      "INSERT INTO sessions (user_id, id, sha256, created_at, expires_at, last_seen_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
  Query tidy = db.query(kTidy);
  if (Status done = tidy.bind(s.user.text, s.created_at, limits::kSessions - 1).run(); !done) {
    return done;
  }
  return db.query(kInsert)
      .bind(s.user.text, s.id, s.sha256, s.created_at, s.expires_at, s.last_seen_at)
      .run();
}

Result<std::optional<LoginSession>> session_of_hash(Connection& db, const std::string& sha256) {
  static constexpr auto kFind =
      SqlText(
          "SELECT user_id, id, sha256, created_at, expires_at, last_seen_at FROM sessions"
          " WHERE sha256 = ?1") +
      kUserMayCall;
  Query row = db.query(kFind.text);
  std::optional<LoginSession> found;
  if (row.bind(sha256).next()) {
    LoginSession& session = found.emplace();
    session.user.text = row.text();
    session.id = row.text();
    session.sha256 = row.text();
    session.created_at = row.time();
    session.expires_at = row.time();
    session.last_seen_at = row.time();
  }
  if (!row.status()) return row.status().error();
  return found;
}

}  // namespace

awaitable<Status> SqliteStore::create_user(User user) {
  auto work = [user = std::move(user)](Connection& db) { return create(db, user); };
  Status done = co_await writer_.run(std::move(work));
  ++credential_generation_;  // after the commit, and whatever came of it
  co_return done;
}

awaitable<Result<User>> SqliteStore::find_user(UserId id) {
  return readers_.run([id = std::move(id)](Connection& db) { return find_one(db, id); });
}

awaitable<Result<User>> SqliteStore::find_user_by_name(std::string name) {
  return readers_.run([name = std::move(name)](Connection& db) { return find_named(db, name); });
}

awaitable<Result<Page<User>>> SqliteStore::list_users(std::optional<UserId> owner,
                                                      PageRequest page) {
  return readers_.run([owner = std::move(owner), page = std::move(page)](Connection& db) {
    return list(db, owner, page);
  });
}

awaitable<Result<User>> SqliteStore::update_user(UserId id, UserChange change) {
  auto work = [id = std::move(id), change = std::move(change)](Connection& db) {
    return update(db, id, change);
  };
  Result<User> user = co_await writer_.run(std::move(work));
  ++credential_generation_;
  co_return user;
}

awaitable<Status> SqliteStore::remove_user(UserId id, WallTime now) {
  return writer_.run([id = std::move(id), now](Connection& db) { return remove(db, id, now); });
}

awaitable<Result<bool>> SqliteStore::owns_user(UserId owner, UserId user) {
  return readers_.run([owner = std::move(owner), user = std::move(user)](Connection& db) {
    return owns(db, owner, user);
  });
}

awaitable<Result<std::vector<std::string>>> SqliteStore::allowed_hosts(UserId user) {
  return readers_.run([user = std::move(user)](Connection& db) { return hosts(db, user); });
}

awaitable<Status> SqliteStore::create_key(ApiKey key) {
  return writer_.run([key = std::move(key)](Connection& db) { return insert_key(db, key); });
}

awaitable<Result<std::optional<ApiKey>>> SqliteStore::find_key_by_hash(std::string sha256) {
  return readers_.run(
      [sha256 = std::move(sha256)](Connection& db) { return key_of_hash(db, sha256); });
}

awaitable<Result<Page<ApiKey>>> SqliteStore::list_keys(UserId user, PageRequest page) {
  return readers_.run([user = std::move(user), page = std::move(page)](Connection& db) {
    return keys(db, user, page);
  });
}

awaitable<Status> SqliteStore::revoke_key(UserId user, std::string id, WallTime now) {
  return writer_.run([user = std::move(user), id = std::move(id), now](Connection& db) {
    return revoke(db, user, id, now);
  });
}

awaitable<Status> SqliteStore::touch_key(UserId user, std::string id, WallTime now) {
  return writer_.run([user = std::move(user), id = std::move(id), now](Connection& db) {
    static constexpr char kTouch[] =
        "UPDATE api_keys SET last_used_at = ?3 WHERE user_id = ?1 AND id = ?2"
        " AND coalesce(last_used_at, 0) <= ?4";
    return db.query(kTouch).bind(user.text, id, now, now - kTouchInterval).run();
  });
}

awaitable<Status> SqliteStore::create_session(LoginSession session) {
  return writer_.run(
      [session = std::move(session)](Connection& db) { return insert_session(db, session); });
}

awaitable<Result<std::optional<LoginSession>>> SqliteStore::find_session_by_hash(
    std::string sha256) {
  return readers_.run(
      [sha256 = std::move(sha256)](Connection& db) { return session_of_hash(db, sha256); });
}

awaitable<Status> SqliteStore::touch_session(UserId user, std::string id, WallTime now,
                                             WallTime expires_at) {
  return writer_.run([user = std::move(user), id = std::move(id), now, expires_at](Connection& db) {
    static constexpr char kTouch[] =
        "UPDATE sessions SET last_seen_at = ?3, expires_at = ?4 WHERE user_id = ?1 AND id = ?2"
        " AND last_seen_at <= ?5";
    return db.query(kTouch).bind(user.text, id, now, expires_at, now - kTouchInterval).run();
  });
}

awaitable<Status> SqliteStore::remove_session(UserId user, std::string id) {
  return writer_.run([user = std::move(user), id = std::move(id)](Connection& db) {
    static constexpr char kDelete[] = "DELETE FROM sessions WHERE user_id = ?1 AND id = ?2";
    return db.query(kDelete).bind(user.text, id).run();
  });
}

awaitable<Result<bool>> SqliteStore::any_sign_in() {
  return readers_.run([](Connection& db) -> Result<bool> {
    static constexpr char kAny[] =
        "SELECT EXISTS (SELECT 1 FROM api_keys)"
        " OR EXISTS (SELECT 1 FROM users WHERE password_hash <> '')";
    const Result<std::int64_t> any = db.number(kAny);
    if (!any) return any.error();
    return *any != 0;
  });
}

}  // namespace pilot::store::sqlite
