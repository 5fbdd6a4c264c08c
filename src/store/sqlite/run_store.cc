// Writing runs: the journal's batches, claiming, handing back, cancelling.
#include "store/sqlite/journal_batch.h"
#include "store/sqlite/run_rows.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

struct Candidate {
  WallTime ready;  // since when it could have been taken
  UserId user;
  RunId id;
};

Status add_candidates(Query& rows, std::vector<Candidate>& found) {
  while (rows.next()) {
    Candidate& one = found.emplace_back();
    one.user = {rows.text()};
    one.id = {rows.text()};
    one.ready = rows.time();
  }
  return rows.status();
}

// Both kinds, each from its stretch of the index runs_open; `limit` of either is enough.
Result<std::vector<Candidate>> candidates(Connection& db, WallTime now, std::int64_t limit) {
  static constexpr char kQueued[] =
      "SELECT user_id, id, created_at FROM runs"
      " WHERE state = 'queued' AND node = '' ORDER BY wake_at, id LIMIT ?1";
  static constexpr char kDue[] =
      "SELECT user_id, id, wake_at FROM runs WHERE state = 'waiting' AND node = ''"
      " AND wake_at <= ?1 ORDER BY wake_at LIMIT ?2";
  std::vector<Candidate> found;
  {
    Query queued = db.query(kQueued);
    queued.bind(limit);
    if (Status read = add_candidates(queued, found); !read) return read.error();
  }
  Query due = db.query(kDue);
  due.bind(now, limit);
  if (Status read = add_candidates(due, found); !read) return read.error();
  std::stable_sort(found.begin(), found.end(),
                   [](const Candidate& a, const Candidate& b) { return a.ready < b.ready; });
  if (std::ssize(found) > limit) found.resize(static_cast<std::size_t>(limit));
  return found;
}

Result<std::vector<Run>> claim_runs(Connection& db, const std::string& node, WallTime now,
                                    std::int64_t limit) {
  static constexpr auto kTake =
      SqlText(
          "UPDATE runs SET node = ?3, epoch = epoch + 1, reason = '', wake_at = NULL,"
          " state = CASE state WHEN 'waiting' THEN 'running' ELSE state END"
          " WHERE user_id = ?1 AND id = ?2 RETURNING ") +
      kRunColumns;
  Result<std::vector<Candidate>> found = candidates(db, now, limit);
  if (!found) return found.error();
  std::vector<Run> taken;
  taken.reserve(found->size());
  for (const Candidate& one : *found) {
    Query row = db.query(kTake.text);
    row.bind(one.user.text, one.id.text, node);
    if (row.next()) taken.push_back(read_run(row));
    if (Status done = row.run(); !done) return done.error();
  }
  return taken;
}

Result<std::vector<Run>> owned_by(Connection& db, const std::string& node) {
  static constexpr auto kOwned =
      SqlText("SELECT ") + kRunColumns +
      " FROM runs WHERE (state = 'queued' OR state = 'running' OR state = 'waiting')"
      " AND node = ?1";
  std::vector<Run> runs;
  Query rows = db.query(kOwned.text);
  rows.bind(node);
  while (rows.next()) runs.push_back(read_run(rows));
  if (Status read = rows.status(); !read) return read.error();
  return runs;
}

Result<std::int64_t> hand_back(Connection& db, const std::string& node) {
  static constexpr char kHandBack[] =
      "UPDATE runs SET node = '', state = CASE state WHEN 'running' THEN 'queued' ELSE state END,"
      " wake_at = CASE state WHEN 'waiting' THEN wake_at END"
      " WHERE (state = 'queued' OR state = 'running' OR state = 'waiting')"
      " AND node <> '' AND node <> ?1";
  Query query = db.query(kHandBack);
  if (Status done = query.bind(node).run(); !done) return done.error();
  return db.changes();
}

Result<bool> cancel_idle(Connection& db, const UserId& user, const RunId& id, WallTime now) {
  static constexpr char kCancel[] =
      "UPDATE runs SET state = 'cancelled', reason = '', wake_at = NULL, finished_at = ?3,"
      " revision = revision + 1 WHERE user_id = ?1 AND id = ?2 AND node = ''"
      " AND (state = 'queued' OR state = 'waiting')";
  // The wait it slept in does not stay open.
  static constexpr char kClose[] =
      "UPDATE execution_logs SET status = 'error', message = 'the run was cancelled',"
      " wake_at = NULL, finished_at = ?3,"
      " revision = (SELECT revision FROM runs WHERE user_id = ?1 AND id = ?2)"
      " WHERE user_id = ?1 AND run_id = ?2 AND status = 'running' AND finished_at IS NULL";
  static constexpr char kState[] = "SELECT state FROM runs WHERE user_id = ?1 AND id = ?2";
  {
    Query query = db.query(kCancel);
    if (Status done = query.bind(user.text, id.text, now).run(); !done) return done.error();
    if (db.changes() == 1) {
      Query close = db.query(kClose);
      if (Status done = close.bind(user.text, id.text, now).run(); !done) return done.error();
      return true;
    }
  }
  Query row = db.query(kState);
  if (!row.bind(user.text, id.text).next()) {
    return row.status() ? not_found("there is no run " + id.text) : row.status().error();
  }
  const std::string state = row.text();
  if (is_terminal(run_state_from(state).value_or(RunState::error))) {
    return conflict("run_finished", "run " + id.text + " has already ended with " + state);
  }
  return false;
}

}  // namespace

awaitable<Result<WriteReport>> SqliteStore::write(std::vector<JournalWrite> batch) {
  const std::size_t rows = batch.size();
  // In one place: the batch points into itself, and a job is moved and may be copied.
  auto journal = std::make_shared<JournalBatch>(std::move(batch));
  return writer_.run([journal = std::move(journal)](Connection& db) { return (*journal)(db); },
                     rows);
}

awaitable<Result<std::vector<Run>>> SqliteStore::claim(std::string node, WallTime now,
                                                       std::int64_t limit) {
  return writer_.run([node = std::move(node), now,
                      limit](Connection& db) { return claim_runs(db, node, now, limit); },
                     static_cast<std::size_t>(std::max<std::int64_t>(limit, 1)));
}

// By the writer: it must see what the lost claim did.
awaitable<Result<std::vector<Run>>> SqliteStore::owned_runs(std::string node) {
  return writer_.run([node = std::move(node)](Connection& db) { return owned_by(db, node); });
}

awaitable<Result<std::int64_t>> SqliteStore::release_others(std::string node) {
  return writer_.run([node = std::move(node)](Connection& db) { return hand_back(db, node); });
}

awaitable<Result<bool>> SqliteStore::cancel_idle_run(UserId user, RunId id, WallTime now) {
  return writer_.run([user = std::move(user), id = std::move(id), now](Connection& db) {
    return cancel_idle(db, user, id, now);
  });
}

}  // namespace pilot::store::sqlite
