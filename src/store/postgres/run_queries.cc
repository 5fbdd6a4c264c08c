// Reading runs and their attempts. Lists go down the primary key, newest first, and filter on the
// way: an index per filter would cost every write.
#include "store/postgres/pages.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/run_rows.h"

namespace pilot::store::postgres {
namespace {

Error no_run(const RunId& id) { return not_found("there is no run " + id.text); }

constexpr auto kSelectAttempts =
    SqlText("SELECT ") + kAttemptColumns + " FROM execution_logs WHERE user_id = $1";
// A mark that a call is about to be made is the journal's business, not yet an attempt to show.
constexpr SqlText kNewestFirst =
    " AND NOT (status = 'running' AND finished_at IS NULL)"
    " ORDER BY run_id DESC, seq DESC LIMIT $5";
constexpr auto kOfRun =
    kSelectAttempts + " AND run_id = $2 AND seq < $3 AND ($4 = '' OR plan_id = $4)" + kNewestFirst;
// The first comparison is what the months are chosen by.
constexpr auto kOfUser = kSelectAttempts +
                         " AND run_id <= $2 AND (run_id, seq) < ($2, $3)"
                         " AND ($4 = '' OR plan_id = $4)" +
                         kNewestFirst;
// After every text that an id can be.
constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";
constexpr std::int64_t kLastNumber = std::numeric_limits<std::int64_t>::max();

}  // namespace

awaitable<Result<Run>> PostgresStore::find_run(UserId user, RunId id) {
  static constexpr auto kFind =
      SqlText("SELECT ") + kRunColumns + " FROM runs WHERE user_id = $1 AND id = $2";
  Command command{kFind.text, {}};
  command.params.text(user.text).text(id.text);
  auto read = [id](Answers answers) -> Result<Run> {
    if (!answers[0].next()) return no_run(id);
    return read_run(answers[0]);
  };
  return reading(one_step(user, std::move(command)), std::move(read));
}

// More than 16 KiB, as it is stored (nothing is unpacked to tell), is not for a list.
constexpr auto kListed =
    kRunListHead +
    ", CASE WHEN pg_column_size(inputs) <= 16384 THEN inputs END,"
    " CASE WHEN pg_column_size(\"trigger\") <= 16384 THEN \"trigger\" END, NULL,"
    " CASE WHEN pg_column_size(output) <= 16384 THEN output END,"
    " coalesce(pg_column_size(inputs) > 16384, false)::int,"
    " coalesce(pg_column_size(\"trigger\") > 16384, false)::int,"
    " coalesce(pg_column_size(output) > 16384, false)::int";

awaitable<Result<Page<Run>>> PostgresStore::list_runs(UserId user, RunFilter filter,
                                                      PageRequest page) {
  static constexpr auto kList = SqlText("SELECT ") + kListed +
                                " FROM runs WHERE user_id = $1 AND id < $2"
                                " AND ($3 = '' OR plan_id = $3) AND ($4 = '' OR state = $4)"
                                " ORDER BY id DESC LIMIT $5";
  const auto before = read_id_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  Command command{kList.text, {}};
  command.params.text(user.text)
      .text(before->value_or(kLastText))
      .text(filter.plan.text)
      .text(filter.state ? to_string(*filter.state) : "")
      .integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<Run>> {
    return read_page<Run>(answers[0], limit, &read_listed_run<Rows>,
                          [](const Run& run) { return id_cursor(run.id.text); });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

awaitable<Result<std::vector<Attempt>>> PostgresStore::run_attempts(UserId user, RunId id,
                                                                    std::int64_t after_revision) {
  static constexpr auto kAttempts =
      kSelectAttempts + " AND run_id = $2 AND revision > $3 ORDER BY seq";
  Command command{kAttempts.text, {}};
  command.params.text(user.text).text(id.text).integer(after_revision);
  return reading(one_step(user, std::move(command)),
                 [](Answers answers) -> Result<std::vector<Attempt>> {
                   std::vector<Attempt> attempts;
                   while (answers[0].next()) attempts.push_back(read_attempt(answers[0]));
                   return attempts;
                 });
}

awaitable<Result<Page<Attempt>>> PostgresStore::list_attempts(UserId user, AttemptFilter filter,
                                                              PageRequest page) {
  const auto before = read_attempt_cursor(page.cursor);
  if (!before) co_return before.error();
  const std::int64_t limit = page_limit(page);
  const bool one_run = !filter.run.empty();
  std::string run = one_run ? filter.run.text : kLastText;
  std::int64_t seq = kLastNumber;
  // A cursor of another run begins this one from its newest.
  if (before->has_value() && (!one_run || (*before)->run == filter.run.text)) {
    run = (*before)->run;
    seq = (*before)->seq;
  }
  Command command{one_run ? kOfRun.text : kOfUser.text, {}};
  command.params.text(user.text).text(run).integer(seq).text(filter.plan.text).integer(limit + 1);
  auto read = [limit](Answers answers) -> Result<Page<Attempt>> {
    return read_page<Attempt>(answers[0], limit, &read_attempt<Rows>, [](const Attempt& last) {
      return attempt_cursor({last.run.text, last.seq});
    });
  };
  co_return co_await reading(one_step(user, std::move(command)), std::move(read));
}

}  // namespace pilot::store::postgres
