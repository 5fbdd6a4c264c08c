// audit_log.
#include "store/cursor.h"
#include "store/read_rows.h"
#include "store/sql_text.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

constexpr auto kSelect = SqlText(
    "SELECT user_id, id, at, caller, caller_id, method, route, status,"
    " code, address, request_id, acting_for FROM audit_log WHERE ");
constexpr auto kOfUser = kSelect + "user_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
constexpr auto kOfAll = kSelect + "id < ?1 ORDER BY id DESC LIMIT ?2";

Status append(Connection& db, const std::vector<AuditEntry>& entries) {
  static constexpr char kInsert[] =
      "INSERT INTO audit_log (user_id, id, at, caller, caller_id, method, route, status, code,"
      " address, request_id, acting_for)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
      " ON CONFLICT (user_id, id) DO NOTHING";
  for (const AuditEntry& e : entries) {
    Query query = db.query(kInsert);
    query.bind(e.user.text, e.id, e.at, e.caller, e.caller_id, e.method, e.route, e.status, e.code,
               e.address, e.request_id, e.acting_for);
    if (Status done = query.run(); !done) return done.error();
  }
  return ok();
}

Result<Page<AuditEntry>> read_page(Query& rows, std::int64_t limit) {
  Page<AuditEntry> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit) {
      page.next_cursor = id_cursor(page.items.back().id);
      break;
    }
    page.items.push_back(read_entry(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

Result<Page<AuditEntry>> list(Connection& db, const UserId& user, const PageRequest& request) {
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(kOfUser.text);
  if (before->has_value()) {
    rows.bind(user.text, **before, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, limit + 1);
  }
  return read_page(rows, limit);
}

Result<Page<AuditEntry>> list_all(Connection& db, const PageRequest& request) {
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  Query rows = db.query(kOfAll.text);
  if (before->has_value()) {
    rows.bind(**before, limit + 1);
  } else {
    rows.bind(Query::AfterAllText{}, limit + 1);
  }
  return read_page(rows, limit);
}

Result<std::int64_t> purge(Connection& db, WallTime before, std::int64_t keep_nobodys,
                           std::int64_t limit) {
  static constexpr char kOld[] =
      "DELETE FROM audit_log WHERE rowid IN (SELECT rowid FROM audit_log"
      " WHERE at < ?1 ORDER BY id LIMIT ?2)";
  static constexpr char kNobodys[] =
      "DELETE FROM audit_log WHERE rowid IN (SELECT rowid FROM audit_log"
      " WHERE user_id = '' ORDER BY id DESC LIMIT ?1 OFFSET ?2)";
  Query old = db.query(kOld);
  if (Status done = old.bind(before, limit).run(); !done) return done.error();
  const std::int64_t went = db.changes();
  if (went >= limit) return went;
  Query nobodys = db.query(kNobodys);
  if (Status done = nobodys.bind(limit - went, keep_nobodys).run(); !done) return done.error();
  return went + db.changes();
}

}  // namespace

awaitable<Status> SqliteStore::append_audit(std::vector<AuditEntry> entries) {
  const std::size_t rows = entries.size();
  return writer_.run([entries = std::move(entries)](Connection& db) { return append(db, entries); },
                     rows);
}

awaitable<Result<Page<AuditEntry>>> SqliteStore::list_audit(UserId user, PageRequest page) {
  return readers_.run([user = std::move(user), page = std::move(page)](Connection& db) {
    return list(db, user, page);
  });
}

awaitable<Result<Page<AuditEntry>>> SqliteStore::list_all_audit(PageRequest page) {
  return readers_.run([page = std::move(page)](Connection& db) { return list_all(db, page); });
}

awaitable<Result<std::int64_t>> SqliteStore::purge_audit(WallTime before, std::int64_t keep_nobodys,
                                                         std::int64_t limit) {
  return writer_.run([before, keep_nobodys, limit](Connection& db) {
    return purge(db, before, keep_nobodys, limit);
  });
}

}  // namespace pilot::store::sqlite
