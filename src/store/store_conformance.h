// The suite that every store must pass. A driver's test adds one line:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(...factories...), name_of);
//
// The tests themselves are in conformance_*_test.cc. For tests only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "base/random.h"
#include "store/store.h"

namespace boost::asio {
class io_context;
}

namespace pilot::store {

// A store that is open, and all that has to live as long.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;  // a new, empty one
  bool nul_in_text = true;  // false: U+0000 comes back from text columns (not JSON) as U+FFFD
};

inline std::string name_of(const testing::TestParamInfo<StoreFactory>& info) {
  return info.param.name;
}
inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

// Runs coroutines on a shard of the test's own thread.
class Shard {
 public:
  Shard();
  ~Shard();
  // Starts it; the answer is there after run().
  template <class T>
  std::shared_ptr<std::optional<T>> start(awaitable<T> call) {
    auto answer = std::make_shared<std::optional<T>>();
    ++open_;
    begin(keep(std::move(call), answer, open_));
    return answer;
  }
  void run();
  template <class T>
  T wait(awaitable<T> call) {
    auto answer = start(std::move(call));
    run();
    return std::move(answer->value());
  }

 private:
  template <class T>
  static awaitable<void> keep(awaitable<T> call, std::shared_ptr<std::optional<T>> answer,
                              int& open) {
    answer->emplace(co_await std::move(call));
    --open;
  }
  void begin(awaitable<void> call);
  std::unique_ptr<boost::asio::io_context> context_;
  int open_ = 0;
};

inline const UserId kAda{"ada"};
inline const UserId kBob{"bob"};
inline const WallTime kStart{std::chrono::seconds{1'800'000'000}};

inline Run make_run(const std::string& id, const UserId& user = kAda) {
  Run run;
  run.user = user;
  run.id = {id};
  run.plan = {"plan-1"};
  run.plan_version = 1;
  run.plan_name = "Nightly report";
  run.state = RunState::running;
  run.inputs = JsonObject{{"x", 1}};
  run.trigger = JsonObject{{"type", "manual"}};
  run.created_at = kStart;
  run.started_at = kStart;
  run.node = "node-a";
  run.epoch = 1;
  run.revision = 1;
  run.total_steps = 3;
  return run;
}

inline Run make_idle_run(const std::string& id, RunState state = RunState::queued,
                         std::optional<WallTime> wake_at = {}, const UserId& user = kAda) {
  Run run = make_run(id, user);
  run.state = state;
  run.wake_at = wake_at;
  run.reason = state == RunState::waiting ? "timer" : "";
  run.node.clear();
  run.epoch = 0;
  return run;
}

inline Run ended(Run run, RunState state = RunState::success) {
  run.state = state;
  run.output = "done";
  run.finished_at = kStart + std::chrono::seconds{1};
  run.revision += 1;
  return run;
}

inline Attempt make_attempt(const Run& run, std::int64_t seq) {
  Attempt attempt;
  attempt.user = run.user;
  attempt.run = run.id;
  attempt.seq = seq;
  attempt.revision = seq;
  attempt.plan = run.plan;
  attempt.plan_name = run.plan_name;
  attempt.step_number = static_cast<std::int32_t>(seq);
  attempt.step_id = "step_" + std::to_string(seq);
  attempt.provider = "logic";
  attempt.action = "set";
  attempt.status = AttemptStatus::success;
  attempt.output = JsonObject{{"n", seq}};
  attempt.metadata = JsonObject{};
  attempt.started_at = kStart;
  attempt.finished_at = kStart + std::chrono::milliseconds{3};
  attempt.latency_ms = 3;
  return attempt;
}

inline PutAttempt put(const Run& run, const Attempt& attempt) {
  return {attempt, run.node, run.epoch};
}
inline UpdateRun update(const Run& run) { return {run, run.node}; }

class StoreConformance : public testing::TestWithParam<StoreFactory> {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  void SetUp() override {
    under_test_ = GetParam().make();
    ASSERT_NE(under_test_, nullptr);
  }
  Store& store() { return under_test_->store(); }

  template <class T>
  T wait(awaitable<T> call) {
    return shard_.wait(std::move(call));
  }
  template <class... Writes>
  Result<WriteReport> write(Writes... writes) {
    std::vector<JournalWrite> batch;
    (batch.emplace_back(std::move(writes)), ...);
    return wait(store().write(std::move(batch)));
  }
  // Writes what must work, and whose writes were not fenced.
  template <class... Writes>
  void put_all(Writes... writes) {
    const Result<WriteReport> report = write(std::move(writes)...);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->fenced.empty());
  }
  std::vector<RunId> fenced_by(const Result<WriteReport>& report) {
    return report ? report->fenced : std::vector<RunId>{{report.error().message}};
  }
  Run stored(const std::string& id, const UserId& user = kAda) {
    Result<Run> run = wait(store().find_run(user, {id}));
    EXPECT_TRUE(run) << id;
    return run ? *run : Run{};
  }
  std::vector<Attempt> attempts(const std::string& id, std::int64_t after = 0) {
    Result<std::vector<Attempt>> found = wait(store().run_attempts(kAda, {id}, after));
    EXPECT_TRUE(found);
    return found ? *found : std::vector<Attempt>{};
  }

  // Shards outlive the store: its threads may still be posting to them.
  Shard shard_;
  std::list<Shard> more_shards_;

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
};

// Of stores that several processes may have open at once.
class SharedStoreConformance : public StoreConformance {};

// Equal in every column that a store keeps.
void expect_same(const Run& stored, const Run& wanted);
void expect_same(const Attempt& stored, const Attempt& wanted);

}  // namespace pilot::store
