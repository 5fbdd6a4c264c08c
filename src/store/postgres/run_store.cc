// Writing runs: the journal's batches, claiming, handing back, cancelling.
#include "store/postgres/journal_batch.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/run_rows.h"

#include <map>

namespace pilot::store::postgres {
namespace {

Error no_run(const RunId& id) { return not_found("there is no run " + id.text); }

Result<std::int64_t> number(Answers answers) {
  return answers[0].next() ? answers[0].integer() : std::int64_t{0};
}

}  // namespace

awaitable<Result<WriteReport>> PostgresStore::write(std::vector<JournalWrite> batch) {
  const std::size_t weight = batch.size();
  Result<JournalBatch> made = JournalBatch::make(std::move(batch));
  if (!made) co_return made.error();
  Steps steps = made->take_steps();
  if (steps.empty()) co_return WriteReport{};
  const bool news = made->leaves_work();
  auto read = [journal = std::move(*made)](Answers answers) { return journal.read(answers); };
  co_return co_await writing(std::move(steps), std::move(read), weight, news);
}

Result<std::vector<PostgresStore::Key>> PostgresStore::read_keys(Answers answers) {
  std::vector<Key> keys;
  while (answers[0].next()) {
    Key& key = keys.emplace_back();
    key.user = answers[0].text();
    key.id = answers[0].text();
  }
  return keys;
}

// Whose they are is known: each is read as its tenant, by its key (run_rows.cc says why so). In the
// order of the keys.
awaitable<Result<std::vector<Run>>> PostgresStore::runs_of(std::vector<Key> keys) {
  static constexpr auto kRuns =
      SqlText("SELECT ") + kRunColumns +
      " FROM unnest($2::text[]) AS k(wanted), LATERAL (SELECT * FROM runs WHERE user_id = $1"
      " AND id = k.wanted OFFSET 0) r";
  if (keys.empty()) co_return std::vector<Run>{};
  std::map<std::string, std::vector<std::string>> tenants;
  for (const Key& key : keys) tenants[key.user].push_back(key.id);
  Steps steps;
  for (const auto& [user, ids] : tenants) {
    Command command{kRuns.text, {}};
    command.params.text(user).texts(ids);
    steps.push_back({user, {}});
    steps.back().commands.push_back(std::move(command));
  }
  auto read = [keys = std::move(keys)](Answers answers) -> Result<std::vector<Run>> {
    std::map<std::string, Run> found;
    for (Rows& rows : answers) {
      while (rows.next()) {
        Run run = read_run(rows);
        found.emplace(run.user.text + '\0' + run.id.text, std::move(run));
      }
    }
    std::vector<Run> runs;
    for (const Key& key : keys) {
      const auto at = found.find(key.user + '\0' + key.id);
      if (at != found.end()) runs.push_back(std::move(at->second));
    }
    return runs;
  };
  co_return co_await reading(std::move(steps), std::move(read));
}

awaitable<Result<std::vector<Run>>> PostgresStore::claim(std::string node, WallTime now,
                                                         std::int64_t limit) {
  static constexpr char kClaim[] = "SELECT user_id, id FROM claim_runs($1, $2, $3)";
  Command command{kClaim, {}};
  command.params.text(node).time(now).integer(limit);
  auto keys = co_await writing(system_step(std::move(command)), &read_keys,
                               static_cast<std::size_t>(std::max<std::int64_t>(limit, 1)));
  if (!keys) co_return keys.error();
  co_return co_await runs_of(std::move(*keys));
}

// By the writer: it must see what the lost claim did.
awaitable<Result<std::vector<Run>>> PostgresStore::owned_runs(std::string node) {
  static constexpr char kOwned[] = "SELECT user_id, id FROM owned_runs($1)";
  Command command{kOwned, {}};
  command.params.text(node);
  auto keys = co_await writing(system_step(std::move(command)), &read_keys);
  if (!keys) co_return keys.error();
  co_return co_await runs_of(std::move(*keys));
}

awaitable<Result<std::int64_t>> PostgresStore::release_others(std::string node) {
  static constexpr char kRelease[] = "SELECT release_dead_runs($1)";
  Command command{kRelease, {}};
  command.params.text(node);
  return writing(system_step(std::move(command)), &number);
}

awaitable<Result<std::optional<WallTime>>> PostgresStore::next_wake() {
  static constexpr char kNext[] = "SELECT next_wake()";
  return reading(system_step({kNext, {}}), [](Answers answers) -> Result<std::optional<WallTime>> {
    return answers[0].next() ? answers[0].maybe_time() : std::nullopt;
  });
}

awaitable<Result<std::int64_t>> PostgresStore::count_open(std::optional<UserId> user) {
  static constexpr char kAll[] = "SELECT count_open_runs()";
  // As count_open_runs() does it, by the same small indexes.
  static constexpr char kOne[] =
      "SELECT (SELECT count(*) FROM runs WHERE user_id = $1 AND state = 'queued' AND node = '')"
      " + (SELECT count(*) FILTER (WHERE state <> 'waiting') FROM runs"
      " WHERE user_id = $1 AND node <> '' AND state IN ('queued', 'running', 'waiting'))";
  if (!user) return reading(system_step({kAll, {}}), &number);
  Command command{kOne, {}};
  command.params.text(user->text);
  return reading(one_step(*user, std::move(command)), &number);
}

// The wait that it slept in does not stay open.
awaitable<Result<bool>> PostgresStore::cancel_idle_run(UserId user, RunId id, WallTime now) {
  static constexpr char kCancel[] =
      "WITH run AS (SELECT state, node FROM runs WHERE user_id = $1 AND id = $2 FOR UPDATE),"
      " cancelled AS (UPDATE runs SET state = 'cancelled', reason = '', wake_at = NULL,"
      " finished_at = $3, revision = revision + 1 WHERE user_id = $1 AND id = $2 AND node = ''"
      " AND state IN ('queued', 'waiting') AND EXISTS (SELECT FROM run) RETURNING revision),"
      " closed AS (UPDATE execution_logs SET status = 'error',"
      " message = 'the run was cancelled', wake_at = NULL, finished_at = $3,"
      " revision = c.revision FROM cancelled c WHERE user_id = $1 AND run_id = $2"
      " AND status = 'running' AND execution_logs.finished_at IS NULL)"
      " SELECT state, EXISTS (SELECT FROM cancelled) FROM run";
  Command command{kCancel, {}};
  command.params.text(user.text).text(id.text).time(now);
  auto read = [id](Answers answers) -> Result<bool> {
    if (!answers[0].next()) return no_run(id);
    const std::string state = answers[0].text();
    if (is_terminal(run_state_from(state).value_or(RunState::error))) {
      return conflict("run_finished", "run " + id.text + " has already ended with " + state);
    }
    return answers[0].boolean();
  };
  return writing(one_step(user, std::move(command)), std::move(read));
}

}  // namespace pilot::store::postgres
