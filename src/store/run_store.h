// Runs and their journal (`runs`, `execution_logs`). Writes come in batches and are
// group-committed; each carries (node, epoch) and does nothing when the run has another owner.
// Called on a shard; the answer comes back on the same shard, after the commit.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <variant>

#include "model/run.h"
#include "store/page.h"

namespace pilot::store {

using boost::asio::awaitable;

struct InsertRun {
  Run run;
};
// Sets state, reason, wake_at, output, error, started_at, finished_at, deadline, revision, node and
// epoch of the run (node may become empty: handed back), if it is still owned by (owner, epoch) and
// its state is not terminal.
struct UpdateRun {
  Run run;
  std::string owner;  // who we are; run.node is what it becomes
};
// Inserts the attempt, or replaces the row of the same (user, run, seq) as a whole; only while the
// run is owned by (owner, epoch).
struct PutAttempt {
  Attempt attempt;
  std::string owner;
  std::int64_t epoch = 0;
};
using JournalWrite = std::variant<InsertRun, UpdateRun, PutAttempt>;

struct WriteReport {
  std::vector<RunId> fenced;  // runs whose writes did nothing: stop working on them
};

struct RunFilter {
  PlanId plan;  // empty: all
  std::optional<RunState> state;
};

struct AttemptFilter {
  PlanId plan;  // empty: all
  RunId run;    // empty: all
};

class RunStore {
 public:
  virtual ~RunStore() = default;

  // All of the batch in one transaction (with other batches), or none of it.
  virtual awaitable<Result<WriteReport>> write(std::vector<JournalWrite> batch) = 0;

  // Takes runs that need somebody: queued without an owner, waiting with wake_at <= now without an
  // owner; oldest first, at most `limit`. Each becomes owned by `node` with epoch + 1; a waiting
  // one becomes running. One transaction.
  virtual awaitable<Result<std::vector<Run>>> claim(std::string node, WallTime now,
                                                    std::int64_t limit) = 0;
  // Runs that `node` owns and that are not terminal: after a claim whose answer was lost, those
  // that nobody works on are among them.
  virtual awaitable<Result<std::vector<Run>>> owned_runs(std::string node) = 0;
  // Start of a process that holds the data directory: whatever another node still owned is handed
  // back (running -> queued; waiting stays waiting). Answers how many.
  virtual awaitable<Result<std::int64_t>> release_others(std::string node) = 0;
  // When the next waiting run without an owner is due; none: no such run.
  virtual awaitable<Result<std::optional<WallTime>>> next_wake() = 0;
  // Runs of a user, or of all when empty, by state; for limits and health. From an index.
  // Queued or running: of one user, or of all.
  virtual awaitable<Result<std::int64_t>> count_open(std::optional<UserId> user) = 0;

  virtual awaitable<Result<Run>> find_run(UserId user, RunId id) = 0;
  // Without documents, and without inputs, triggers and outputs that are large (`*_cut`): a page of
  // runs is to be looked through, and each of these may have megabytes.
  virtual awaitable<Result<Page<Run>>> list_runs(UserId user, RunFilter filter,
                                                 PageRequest page) = 0;
  // In order of seq; only those whose revision is greater than `after_revision`.
  virtual awaitable<Result<std::vector<Attempt>>> run_attempts(UserId user, RunId id,
                                                               std::int64_t after_revision) = 0;
  // Newest first over all runs (the old execution-logs list).
  virtual awaitable<Result<Page<Attempt>>> list_attempts(UserId user, AttemptFilter filter,
                                                         PageRequest page) = 0;
  // A run that nobody owns (queued or waiting) becomes cancelled; answers whether it did.
  // conflict/run_finished when it is terminal; not_found when it is not theirs.
  virtual awaitable<Result<bool>> cancel_idle_run(UserId user, RunId id, WallTime now) = 0;
};

}  // namespace pilot::store
