// One process has the file: there is nobody to lease from, and nobody else to ask.
#include "base/id.h"
#include "store/sqlite/sqlite_store.h"

namespace pilot::store::sqlite {
namespace {

constexpr std::int64_t kAtOnce = 1'000;

// What ended before that id was made; oldest first, a part at a time. Answers how many went.
Result<std::int64_t> forget_finished(Connection& db, const std::string& before) {
  static constexpr char kLogs[] =
      "DELETE FROM execution_logs WHERE (user_id, run_id) IN (SELECT user_id, id FROM runs"
      " WHERE id < ?1 AND state IN ('success', 'error', 'cancelled') LIMIT ?2)";
  static constexpr char kRuns[] =
      "DELETE FROM runs WHERE (user_id, id) IN (SELECT user_id, id FROM runs"
      " WHERE id < ?1 AND state IN ('success', 'error', 'cancelled') LIMIT ?2)";
  if (Status done = db.query(kLogs).bind(before, kAtOnce).run(); !done) return done.error();
  if (Status done = db.query(kRuns).bind(before, kAtOnce).run(); !done) return done.error();
  return db.changes();
}

}  // namespace

awaitable<Status> SqliteStore::renew_lease(NodeLease) { co_return ok(); }

awaitable<Status> SqliteStore::forget_node(std::string) { co_return ok(); }

awaitable<Result<std::vector<NodeInfo>>> SqliteStore::list_nodes() {
  co_return std::vector<NodeInfo>{};
}

awaitable<Result<bool>> SqliteStore::request_cancel(UserId, RunId) { co_return false; }

awaitable<Result<std::vector<UserRun>>> SqliteStore::cancel_requests(std::string) {
  co_return std::vector<UserRun>{};
}

awaitable<Result<std::int64_t>> SqliteStore::tidy(WallTime now,
                                                  std::optional<std::chrono::days> keep) {
  std::int64_t gone = 0;
  if (!keep) co_return gone;
  const std::string before = first_uuid7(now - *keep);
  for (std::int64_t part = kAtOnce; part == kAtOnce;) {
    auto work = [before](Connection& db) { return forget_finished(db, before); };
    const Result<std::int64_t> done = co_await writer_.run(std::move(work), kAtOnce);
    if (!done) co_return done.error();
    part = *done;
    gone += part;
  }
  co_return gone;
}

}  // namespace pilot::store::sqlite
