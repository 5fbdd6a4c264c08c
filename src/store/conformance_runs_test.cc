// Runs and attempts: what is written is what is read; lists, pages, cancelling.
#include "store/store_conformance.h"

namespace pilot::store {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

using namespace std::chrono_literals;

Run full_run() {
  Run run = make_run("run-full");
  run.document = JsonObject{{"steps", JsonArray{1, 2.5, "x"}}};
  run.state = RunState::waiting;
  run.reason = "retry";
  run.output = JsonArray{nullptr, true};
  run.error = JsonObject{{"code", "timeout"}, {"message", "slow"}};
  run.wake_at = kStart + 5s;
  run.finished_at = kStart + 6s + 7us;
  run.deadline = kStart + 24h;
  run.retry_of = {"run-before"};
  run.epoch = 7;
  run.revision = 12;
  return run;
}

Attempt full_attempt(const Run& run, std::int64_t seq) {
  Attempt attempt = make_attempt(run, seq);
  attempt.item_path = "2.0";
  attempt.visit = 3;
  attempt.attempt = 2;
  attempt.status = AttemptStatus::retrying;
  attempt.message = "tried again";
  attempt.error = JsonObject{{"code", "http_503"}, {"message", "busy"}, {"retryable", true}};
  attempt.metadata = JsonObject{{"tokens", 17}};
  attempt.idempotency_key = "0190-8";
  attempt.http_status = 503;
  attempt.wake_at = kStart + 2s;
  attempt.latency_ms = 1'234'567'890'123;
  return attempt;
}

}  // namespace

// Whoever looks through a list of runs does not fetch megabytes.
TEST_P(StoreConformance, AListLeavesOutWhatIsLarge) {
  Run large = make_run("run-large");
  std::string noise;  // that no database packs into less
  for (std::uint64_t x = 1; noise.size() < 40'000; x = x * 6'364'136'223'846'793'005u + 1) {
    noise += std::to_string(x);
  }
  large.output = Json(noise);
  large.inputs = JsonObject{{"text", noise}};
  large.document = JsonObject{{"steps", JsonArray{}}};
  put_all(InsertRun{large});
  const auto page = wait(store().list_runs(kAda, {}, {}));
  ASSERT_EQ(page->items.size(), 1u);
  const Run& listed = page->items.front();
  EXPECT_TRUE(listed.output.is_null());
  EXPECT_TRUE(listed.output_cut);
  EXPECT_TRUE(listed.inputs.is_null());
  EXPECT_TRUE(listed.inputs_cut);
  EXPECT_TRUE(listed.document.is_null());
  EXPECT_EQ(listed.trigger, large.trigger);
  EXPECT_FALSE(listed.trigger_cut);
  EXPECT_EQ(wait(store().find_run(kAda, large.id))->output, large.output);
}

TEST_P(StoreConformance, RunComesBackAsWritten) {
  const Run run = full_run();
  put_all(InsertRun{run});
  expect_same(stored("run-full"), run);
}

TEST_P(StoreConformance, UpdateChangesWhatItMayAndNothingElse) {
  const Run run = make_run("r");
  put_all(InsertRun{run});
  Run changed = full_run();
  changed.id = run.id;
  changed.epoch = run.epoch;
  changed.node = "node-b";
  put_all(UpdateRun{changed, "node-a"});

  changed.plan_version = run.plan_version;
  changed.document = run.document;
  changed.inputs = run.inputs;
  changed.trigger = run.trigger;
  changed.retry_of = run.retry_of;
  expect_same(stored("r"), changed);
}

TEST_P(StoreConformance, AttemptComesBackAsWritten) {
  const Run run = make_run("r");
  const Attempt attempt = full_attempt(run, 1);
  put_all(InsertRun{run}, put(run, attempt));
  const auto found = attempts("r");
  ASSERT_EQ(found.size(), 1u);
  expect_same(found[0], attempt);
}

TEST_P(StoreConformance, AttemptIsReplacedAsAWhole) {
  const Run run = make_run("r");
  put_all(InsertRun{run}, put(run, full_attempt(run, 1)), put(run, make_attempt(run, 2)));
  Attempt later = make_attempt(run, 1);
  later.revision = 9;
  later.plan_name = "renamed";
  put_all(put(run, later));
  const auto found = attempts("r");
  ASSERT_EQ(found.size(), 2u);
  expect_same(found[0], later);
  expect_same(found[1], make_attempt(run, 2));
}

TEST_P(StoreConformance, LastOfSeveralWritesInABatchCounts) {
  const Run run = make_run("r");
  Run second = run;
  second.state = RunState::waiting;
  second.revision = 2;
  Run third = ended(run);
  third.revision = 3;
  Attempt mark = make_attempt(run, 1);
  mark.status = AttemptStatus::running;
  mark.finished_at.reset();
  put_all(InsertRun{run}, put(run, mark), update(second), put(run, make_attempt(run, 1)),
          update(third));
  expect_same(stored("r"), third);
  ASSERT_EQ(attempts("r").size(), 1u);
  expect_same(attempts("r")[0], make_attempt(run, 1));
}

TEST_P(StoreConformance, AttemptsComeInOrderAndAfterARevision) {
  const Run run = make_run("r");
  put_all(InsertRun{run}, put(run, make_attempt(run, 3)), put(run, make_attempt(run, 1)));
  put_all(put(run, make_attempt(run, 2)));
  Attempt changed = make_attempt(run, 1);
  changed.revision = 10;
  put_all(put(run, changed));

  const auto seqs = [](const std::vector<Attempt>& found) {
    std::vector<std::int64_t> list;
    for (const Attempt& attempt : found) list.push_back(attempt.seq);
    return list;
  };
  EXPECT_THAT(seqs(attempts("r")), ElementsAre(1, 2, 3));
  EXPECT_THAT(seqs(attempts("r", 2)), ElementsAre(1, 3));
  EXPECT_THAT(seqs(attempts("r", 10)), IsEmpty());
}

TEST_P(StoreConformance, RunsAreListedNewestFirstInPages) {
  for (int i = 0; i < 7; ++i) {
    Run run = make_run("run-" + std::to_string(i));
    if (i % 2 == 1) run.plan = {"plan-odd"};
    put_all(InsertRun{i == 4 ? ended(run) : run});
  }
  const auto pages = [&](RunFilter filter, std::int64_t limit) {
    std::vector<std::string> ids;
    PageRequest page{.limit = limit, .cursor = {}};
    do {
      const auto got = wait(store().list_runs(kAda, filter, page));
      EXPECT_TRUE(got);
      if (!got) break;
      EXPECT_LE(std::ssize(got->items), limit);
      for (const Run& run : got->items) ids.push_back(run.id.text);
      page.cursor = got->next_cursor;
    } while (!page.cursor.empty());
    return ids;
  };
  EXPECT_THAT(pages({}, 3),
              ElementsAre("run-6", "run-5", "run-4", "run-3", "run-2", "run-1", "run-0"));
  EXPECT_THAT(pages({}, 7).size(), 7u);
  EXPECT_THAT(pages({.plan = {"plan-odd"}, .state = {}}, 2),
              ElementsAre("run-5", "run-3", "run-1"));
  EXPECT_THAT(pages({.plan = {}, .state = RunState::success}, 2), ElementsAre("run-4"));
  EXPECT_THAT(pages({.plan = {"plan-odd"}, .state = RunState::success}, 2), IsEmpty());
  EXPECT_THAT(pages({.plan = {"no such"}, .state = {}}, 2), IsEmpty());
}

TEST_P(StoreConformance, AttemptsAreListedNewestFirstInPagesWithoutMarks) {
  for (const char* id : {"run-1", "run-2", "run-3"}) {
    Run run = make_run(id);
    if (run.id.text == "run-2") run.plan = {"plan-2"};
    Attempt mark = make_attempt(run, 3);
    mark.status = AttemptStatus::running;
    mark.finished_at.reset();
    put_all(InsertRun{run}, put(run, make_attempt(run, 1)), put(run, make_attempt(run, 2)),
            put(run, mark));
  }
  const auto pages = [&](AttemptFilter filter, std::int64_t limit) {
    std::vector<std::string> ids;
    PageRequest page{.limit = limit, .cursor = {}};
    do {
      const auto got = wait(store().list_attempts(kAda, filter, page));
      EXPECT_TRUE(got);
      if (!got) break;
      EXPECT_LE(std::ssize(got->items), limit);
      for (const Attempt& a : got->items) ids.push_back(a.run.text + "/" + std::to_string(a.seq));
      page.cursor = got->next_cursor;
    } while (!page.cursor.empty());
    return ids;
  };
  EXPECT_THAT(pages({}, 4),
              ElementsAre("run-3/2", "run-3/1", "run-2/2", "run-2/1", "run-1/2", "run-1/1"));
  EXPECT_THAT(pages({}, 1).size(), 6u);
  EXPECT_THAT(pages({.plan = {"plan-2"}, .run = {}}, 1), ElementsAre("run-2/2", "run-2/1"));
  EXPECT_THAT(pages({.plan = {}, .run = {"run-1"}}, 1), ElementsAre("run-1/2", "run-1/1"));
  EXPECT_THAT(pages({.plan = {"plan-2"}, .run = {"run-1"}}, 1), IsEmpty());
}

TEST_P(StoreConformance, LimitsOfPagesAreKeptWithinBounds) {
  for (int i = 0; i < 3; ++i) put_all(InsertRun{make_run("run-" + std::to_string(i))});
  const auto of = [&](std::int64_t limit) {
    const auto page = wait(store().list_runs(kAda, {}, {.limit = limit, .cursor = {}}));
    return page ? page->items.size() : 999u;
  };
  EXPECT_EQ(of(0), 1u);
  EXPECT_EQ(of(-5), 1u);
  EXPECT_EQ(of(std::numeric_limits<std::int64_t>::max()), 3u);
}

TEST_P(StoreConformance, CursorThatNobodyGaveIsRefused) {
  put_all(InsertRun{make_run("r")});
  const auto good = wait(store().list_attempts(kAda, {}, {}));
  for (const std::string bad : {"?", "AAAA", "not base64!", "aXg", "YTE6", "aQB4", "YTE6AA"}) {
    const PageRequest page{.limit = 5, .cursor = bad};
    const auto runs = wait(store().list_runs(kAda, {}, page));
    const auto logs = wait(store().list_attempts(kAda, {}, page));
    const auto plans = wait(store().list_plans(kAda, "", page));
    EXPECT_TRUE(runs || runs.error().code == "invalid_cursor") << bad;
    EXPECT_TRUE(logs || logs.error().code == "invalid_cursor") << bad;
    EXPECT_TRUE(plans || plans.error().code == "invalid_cursor") << bad;
  }
  const auto runs = wait(store().list_runs(kAda, {}, {.limit = 5, .cursor = "?"}));
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().kind, ErrorKind::invalid_argument);
}

TEST_P(StoreConformance, UnknownRunIsNotFound) {
  const auto run = wait(store().find_run(kAda, {"nothing"}));
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().kind, ErrorKind::not_found);
  EXPECT_THAT(attempts("nothing"), IsEmpty());
}

TEST_P(StoreConformance, IdleRunIsCancelled) {
  put_all(InsertRun{make_idle_run("queued")},
          InsertRun{make_idle_run("asleep", RunState::waiting, kStart + 1h)});
  for (const char* id : {"queued", "asleep"}) {
    const auto done = wait(store().cancel_idle_run(kAda, {id}, kStart + 5s));
    ASSERT_TRUE(done);
    EXPECT_TRUE(*done);
    const Run run = stored(id);
    EXPECT_EQ(run.state, RunState::cancelled);
    EXPECT_EQ(run.finished_at, kStart + 5s);
    EXPECT_EQ(run.wake_at, std::nullopt);
    EXPECT_EQ(run.reason, "");
    EXPECT_EQ(run.revision, 2);
    const auto again = wait(store().cancel_idle_run(kAda, {id}, kStart + 6s));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::conflict);
    EXPECT_EQ(again.error().code, "run_finished");
    EXPECT_EQ(stored(id).finished_at, kStart + 5s);
  }
}

TEST_P(StoreConformance, RunWithAnOwnerIsNotCancelledByTheStore) {
  put_all(InsertRun{make_run("owned")});
  const auto done = wait(store().cancel_idle_run(kAda, {"owned"}, kStart));
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
  expect_same(stored("owned"), make_run("owned"));
  const auto missing = wait(store().cancel_idle_run(kAda, {"missing"}, kStart));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

}  // namespace pilot::store
