// Reading runs and their attempts. Lists go down the primary key, newest first, and filter on the
// way: an index per filter would cost every write, and a user's own rows stand together.
#include "store/cursor.h"
#include "store/sqlite/run_rows.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

Error no_run(const RunId& id) { return not_found("there is no run " + id.text); }

Result<Run> find(Connection& db, const UserId& user, const RunId& id) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kRunColumns + " FROM runs WHERE user_id = ?1 AND id = ?2";
  Query row = db.query(kFind.text);
  if (!row.bind(user.text, id.text).next()) {
    return row.status() ? no_run(id) : row.status().error();
  }
  Run run = read_run(row);
  if (!row.status()) return row.status().error();
  return run;
}

// More than 16 KiB is not for a list.
constexpr auto kListed =
    kRunListHead +
    ", CASE WHEN length(inputs) <= 16384 THEN inputs END,"
    " CASE WHEN length(\"trigger\") <= 16384 THEN \"trigger\" END, NULL,"
    " CASE WHEN length(output) <= 16384 THEN output END, coalesce(length(inputs) > 16384, 0),"
    " coalesce(length(\"trigger\") > 16384, 0), coalesce(length(output) > 16384, 0)";

Result<Page<Run>> list_runs_of(Connection& db, const UserId& user, const RunFilter& filter,
                               const PageRequest& request) {
  static constexpr auto kList =
      SqlText("SELECT ") + kListed +
      " FROM runs WHERE user_id = ?1 AND id < ?2 AND (?3 = '' OR plan_id = ?3)"
      " AND (?4 = '' OR state = ?4) ORDER BY id DESC LIMIT ?5";
  const auto before = read_id_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  const std::string_view state = filter.state ? to_string(*filter.state) : "";
  Query rows = db.query(kList.text);
  if (before->has_value()) {
    rows.bind(user.text, **before, filter.plan.text, state, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, filter.plan.text, state, limit + 1);
  }
  Page<Run> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
      page.next_cursor = id_cursor(page.items.back().id.text);
      break;
    }
    page.items.push_back(read_listed_run(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

Result<std::vector<Attempt>> attempts_of(Connection& db, const UserId& user, const RunId& id,
                                         std::int64_t after_revision) {
  static constexpr auto kAttempts =
      SqlText("SELECT ") + kAttemptColumns +
      " FROM execution_logs WHERE user_id = ?1 AND run_id = ?2 AND revision > ?3 ORDER BY seq";
  Query rows = db.query(kAttempts.text);
  rows.bind(user.text, id.text, after_revision);
  std::vector<Attempt> attempts;
  while (rows.next()) attempts.push_back(read_attempt(rows));
  if (!rows.status()) return rows.status().error();
  return attempts;
}

constexpr auto kSelectAttempts =
    SqlText("SELECT ") + kAttemptColumns + " FROM execution_logs WHERE user_id = ?1";
// A mark that a call is about to be made is the journal's business, not yet an attempt to show.
constexpr SqlText kNewestFirst =
    " AND NOT (status = 'running' AND finished_at IS NULL)"
    " ORDER BY run_id DESC, seq DESC LIMIT ?5";
constexpr auto kOfRun =
    kSelectAttempts + " AND run_id = ?2 AND seq < ?3 AND (?4 = '' OR plan_id = ?4)" + kNewestFirst;
constexpr auto kOfUser =
    kSelectAttempts + " AND (run_id, seq) < (?2, ?3) AND (?4 = '' OR plan_id = ?4)" + kNewestFirst;

Result<Page<Attempt>> list_attempts_of(Connection& db, const UserId& user,
                                       const AttemptFilter& filter, const PageRequest& request) {
  const auto before = read_attempt_cursor(request.cursor);
  if (!before) return before.error();
  const std::int64_t limit = page_limit(request);
  const bool one_run = !filter.run.empty();
  Query rows = db.query(one_run ? kOfRun.text : kOfUser.text);
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  if (one_run) {
    // A cursor of another run begins this one from its newest.
    const bool inside = before->has_value() && (*before)->run == filter.run.text;
    rows.bind(user.text, filter.run.text, inside ? (*before)->seq : kLast, filter.plan.text,
              limit + 1);
  } else if (before->has_value()) {
    rows.bind(user.text, (*before)->run, (*before)->seq, filter.plan.text, limit + 1);
  } else {
    rows.bind(user.text, Query::AfterAllText{}, kLast, filter.plan.text, limit + 1);
  }
  Page<Attempt> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
      const Attempt& last = page.items.back();
      page.next_cursor = attempt_cursor({last.run.text, last.seq});
      break;
    }
    page.items.push_back(read_attempt(rows));
  }
  if (!rows.status()) return rows.status().error();
  return page;
}

}  // namespace

awaitable<Result<std::optional<WallTime>>> SqliteStore::next_wake() {
  return readers_.run([](Connection& db) -> Result<std::optional<WallTime>> {
    static constexpr char kNext[] =
        "SELECT min(wake_at) FROM runs"
        " WHERE state = 'waiting' AND node = '' AND wake_at IS NOT NULL";
    Query row = db.query(kNext);
    std::optional<WallTime> next;
    if (row.next()) next = row.maybe_time();
    if (!row.status()) return row.status().error();
    return next;
  });
}

awaitable<Result<std::int64_t>> SqliteStore::count_open(std::optional<UserId> user) {
  return readers_.run([user = std::move(user)](Connection& db) -> Result<std::int64_t> {
    static constexpr char kAll[] =
        "SELECT (SELECT count(*) FROM runs WHERE state = 'queued')"
        " + (SELECT count(*) FROM runs WHERE state = 'running')";
    // The index of open runs, not the primary key: there are few, whatever the user has had.
    static constexpr char kOne[] =
        "SELECT (SELECT count(*) FROM runs INDEXED BY runs_open"
        " WHERE state = 'queued' AND user_id = ?1)"
        " + (SELECT count(*) FROM runs INDEXED BY runs_open"
        " WHERE state = 'running' AND user_id = ?1)";
    if (!user) return db.number(kAll);
    Query row = db.query(kOne);
    const std::int64_t count = row.bind(user->text).next() ? row.integer() : 0;
    if (!row.status()) return row.status().error();
    return count;
  });
}

awaitable<Result<Run>> SqliteStore::find_run(UserId user, RunId id) {
  return readers_.run(
      [user = std::move(user), id = std::move(id)](Connection& db) { return find(db, user, id); });
}

awaitable<Result<Page<Run>>> SqliteStore::list_runs(UserId user, RunFilter filter,
                                                    PageRequest page) {
  return readers_.run([user = std::move(user), filter = std::move(filter), page = std::move(page)](
                          Connection& db) { return list_runs_of(db, user, filter, page); });
}

awaitable<Result<std::vector<Attempt>>> SqliteStore::run_attempts(UserId user, RunId id,
                                                                  std::int64_t after_revision) {
  return readers_.run([user = std::move(user), id = std::move(id), after_revision](Connection& db) {
    return attempts_of(db, user, id, after_revision);
  });
}

awaitable<Result<Page<Attempt>>> SqliteStore::list_attempts(UserId user, AttemptFilter filter,
                                                            PageRequest page) {
  return readers_.run([user = std::move(user), filter = std::move(filter), page = std::move(page)](
                          Connection& db) { return list_attempts_of(db, user, filter, page); });
}

}  // namespace pilot::store::sqlite
