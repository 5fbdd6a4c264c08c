// Many writers at once, bad ones among them; odd texts; large values.
#include <thread>

#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;

std::string number(int i) { return fmt::format("run-{:05}", i); }

std::vector<JournalWrite> whole_run(const Run& run) {
  return {InsertRun{run}, put(run, make_attempt(run, 1)), put(run, make_attempt(run, 2)),
          update(ended(run))};
}

}  // namespace

TEST_P(StoreConformance, ManyWritersAtOnceAreAllRecorded) {
  std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> answers;
  for (int i = 0; i < 500; ++i) {
    answers.push_back(shard_.start(store().write(whole_run(make_run(number(i))))));
  }
  shard_.run();
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer->value()) << answer->value().error().message;
    EXPECT_TRUE(answer->value()->fenced.empty());
  }
  for (int i = 0; i < 500; i += 37) {
    EXPECT_EQ(stored(number(i)).state, RunState::success);
    EXPECT_EQ(attempts(number(i)).size(), 2u);
  }
  EXPECT_EQ(wait(store().list_runs(kAda, {}, {.limit = 500, .cursor = {}}))->items.size(), 500u);
}

TEST_P(StoreConformance, SeveralShardsWriteAtOnce) {
  std::vector<std::thread> shards;
  std::atomic<int> failures = 0;
  // Without threads of its own a store belongs to one shard; there they take turns.
  const bool together = GetParam().name.find("Threads") != std::string::npos;
  for (int s = 0; s < 3; ++s) {
    Shard& shard = more_shards_.emplace_back();
    shards.emplace_back([this, s, &shard, &failures] {
      for (int round = 0; round < 10; ++round) {
        std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> answers;
        for (int i = 0; i < 10; ++i) {
          const Run run = make_run(number(s * 1000 + round * 10 + i));
          answers.push_back(shard.start(store().write(whole_run(run))));
        }
        shard.run();
        for (const auto& answer : answers) failures += answer->value() ? 0 : 1;
      }
    });
    if (!together) shards.back().join();
  }
  for (std::thread& shard : shards) {
    if (shard.joinable()) shard.join();
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(wait(store().list_runs(kAda, {}, {.limit = 500, .cursor = {}}))->items.size(), 300u);
}

TEST_P(StoreConformance, TakenIdFailsAloneWhileItsNeighboursSucceed) {
  put_all(InsertRun{make_run("taken")});
  std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> answers;
  for (int i = 0; i < 40; ++i) {
    std::vector<JournalWrite> batch = whole_run(make_run(number(i)));
    // Half of the bad ones change something before they fail.
    if (i % 10 == 3) batch.emplace_back(InsertRun{make_run("taken")});
    if (i % 10 == 7) batch = {InsertRun{make_run("taken")}};
    answers.push_back(shard_.start(store().write(std::move(batch))));
  }
  shard_.run();
  for (int i = 0; i < 40; ++i) {
    const Result<WriteReport>& answer = answers[static_cast<std::size_t>(i)]->value();
    const bool bad = i % 10 == 3 || i % 10 == 7;
    ASSERT_EQ(answer.has_value(), !bad) << i;
    const auto run = wait(store().find_run(kAda, {number(i)}));
    EXPECT_EQ(run.has_value(), !bad) << i;
    EXPECT_EQ(attempts(number(i)).size(), bad ? 0u : 2u) << i;
    if (bad) EXPECT_EQ(answer.error().kind, ErrorKind::conflict);
    if (bad) EXPECT_EQ(answer.error().code, "duplicate_id");
  }
  expect_same(stored("taken"), make_run("taken"));
}

TEST_P(StoreConformance, BatchIsAllOrNothing) {
  put_all(InsertRun{make_run("taken")});
  const Run run = make_run("new");
  EXPECT_FALSE(write(InsertRun{run}, put(run, make_attempt(run, 1)), InsertRun{make_run("taken")}));
  EXPECT_FALSE(write(InsertRun{run}, InsertRun{run}));
  EXPECT_FALSE(wait(store().find_run(kAda, {"new"})));
  EXPECT_TRUE(attempts("new").empty());
}

TEST_P(StoreConformance, EmptyBatchIsAFlush) {
  const auto report = write();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->fenced.empty());
}

TEST_P(StoreConformance, LargeBatchIsOneTransaction) {
  std::vector<JournalWrite> batch;
  const Run run = make_run("r");
  batch.emplace_back(InsertRun{run});
  for (int i = 1; i <= 10'000; ++i) batch.emplace_back(put(run, make_attempt(run, i)));
  const auto report = wait(store().write(std::move(batch)));
  ASSERT_TRUE(report);
  EXPECT_EQ(attempts("r").size(), 10'000u);
}

TEST_P(StoreConformance, OddTextComesBackAsItWas) {
  static constexpr char kOdd[] = "\0a\xF0\x9F\x98\x80\xE2\x80\xAE'\";--\n\x1b[31m\xC3\xA9\0";
  const std::string odd(kOdd, sizeof(kOdd) - 1);
  const std::string text = GetParam().nul_in_text ? odd : odd.substr(1, odd.size() - 2);
  Run run = make_run("r");
  run.plan_name = text;
  run.reason = text;
  run.inputs = JsonObject{{odd, odd}};
  run.output = Json(odd);
  Attempt attempt = make_attempt(run, 1);
  attempt.message = text;
  attempt.step_id = text;
  attempt.item_path = text;
  attempt.output = Json(odd);
  attempt.error = JsonObject{{"code", odd}, {"message", odd}};
  put_all(InsertRun{run}, put(run, attempt));
  expect_same(stored("r"), run);
  expect_same(attempts("r").at(0), attempt);
}

TEST_P(StoreConformance, NulInTextIsKeptOrReplaced) {
  Run run = make_run("r");
  run.plan_name = std::string("a\0b", 3);
  put_all(InsertRun{run});
  if (!GetParam().nul_in_text)
    run.plan_name =
        "a\xEF\xBF\xBD"
        "b";
  expect_same(stored("r"), run);
}

// To their last byte, also behind a NUL, where a store has that.
TEST_P(StoreConformance, IdsAreComparedExactly) {
  const std::string longer = GetParam().nul_in_text ? std::string("r\0x", 3) : "r x";
  const Run run = make_run("r");
  const Run other = make_run(longer);
  put_all(InsertRun{run});
  put_all(InsertRun{other});
  expect_same(stored("r"), run);
  expect_same(stored(longer), other);
  for (const char* near : {"R", "r ", "", "r%", "_"}) {
    EXPECT_FALSE(wait(store().find_run(kAda, {near}))) << near;
  }
}

TEST_P(StoreConformance, NumbersComeBackExactly) {
  Run run = make_run("r");
  run.output = JsonArray{std::numeric_limits<std::int64_t>::min(),
                         std::numeric_limits<std::uint64_t>::max(), 0.1, 1e-320, 9007199254740993};
  run.created_at = from_unix_micros(1);
  run.deadline = from_unix_micros(253'402'300'799'999'999);
  put_all(InsertRun{run});
  expect_same(stored("r"), run);
}

TEST_P(StoreConformance, OutputOfFiveMegabytesIsKeptAndReplaced) {
  const Run run = make_run("r");
  Attempt attempt = make_attempt(run, 1);
  attempt.output = Json(std::string(5u << 20, 'x'));
  put_all(InsertRun{run}, put(run, attempt), put(run, make_attempt(run, 2)));
  expect_same(attempts("r").at(0), attempt);
  expect_same(attempts("r").at(1), make_attempt(run, 2));
  put_all(put(run, make_attempt(run, 1)));
  expect_same(attempts("r").at(0), make_attempt(run, 1));
}

TEST_P(StoreConformance, LargeOutputsInOneBatchAreOneTransaction) {
  const Run run = make_run("r");
  put_all(InsertRun{run});
  std::vector<JournalWrite> batch;
  for (int i = 1; i <= 12; ++i) {
    Attempt attempt = make_attempt(run, i);
    attempt.output = Json(std::string(3u << 20, static_cast<char>('a' + i)));
    batch.emplace_back(put(run, attempt));
    Run fresh = make_run("fresh-" + std::to_string(i));
    fresh.inputs = JsonObject{{"text", std::string(1u << 20, 'i')}};
    batch.emplace_back(InsertRun{fresh});
    batch.emplace_back(put(fresh, make_attempt(fresh, 1)));
  }
  const auto report = wait(store().write(std::move(batch)));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->fenced.empty());
  const auto rows = attempts("r");
  ASSERT_EQ(rows.size(), 12u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].output, Json(std::string(3u << 20, static_cast<char>('b' + i))));
  }
  EXPECT_EQ(stored("fresh-12").inputs.at("text").as_string().size(), 1u << 20);
  EXPECT_EQ(attempts("fresh-12").size(), 1u);
}

TEST_P(StoreConformance, PagesOfLargeRowsAreShortAndComplete) {
  const Run run = make_run("r");
  put_all(InsertRun{run});
  for (int i = 1; i <= 6; ++i) {
    Attempt attempt = make_attempt(run, i);
    attempt.output = Json(std::string(3u << 20, 'x'));
    put_all(put(run, attempt));
  }
  std::vector<std::int64_t> seqs;
  std::size_t longest = 0;
  PageRequest page{.limit = 100, .cursor = {}};
  do {
    const auto got = wait(store().list_attempts(kAda, {}, page));
    ASSERT_TRUE(got);
    longest = std::max(longest, got->items.size());
    for (const Attempt& attempt : got->items) seqs.push_back(attempt.seq);
    page.cursor = got->next_cursor;
  } while (!page.cursor.empty());
  EXPECT_THAT(seqs, testing::ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_LT(longest, 6u);
}

TEST_P(StoreConformance, DeepJsonIsReadBack) {
  Json deep = 1;
  for (int i = 0; i < 300; ++i) deep = JsonArray{deep};
  Run run = make_run("r");
  run.output = deep;
  put_all(InsertRun{run});
  EXPECT_EQ(to_json(*stored("r").output), to_json(deep));
}

TEST_P(StoreConformance, CheckTellsHealth) {
  const auto quick = wait(store().check(false));
  ASSERT_TRUE(quick);
  EXPECT_FALSE(quick->kind.empty());
  EXPECT_GT(quick->schema_version, 0);
  EXPECT_EQ(quick->integrity, "");
  const auto deep = wait(store().check(true));
  ASSERT_TRUE(deep);
  EXPECT_EQ(deep->integrity, "ok");
}

}  // namespace pilot::store
