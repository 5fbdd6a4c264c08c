// Calls that block: where they run, what they own, and how they end. Real threads, a fake clock;
// each test waits for what happens, not for time.
#include "engine/task_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <latch>
#include <thread>

#include "base/fake_clock.h"

namespace pilot::engine {
namespace {

using providers::Call;
using providers::TaskContext;
using providers::TaskOutcome;

class TaskRunnerTest : public testing::Test {
 protected:
  using Work = decltype(TaskCall::run);
  using Answer = std::shared_ptr<std::optional<TaskOutcome>>;

  static TaskCall call_of(Work work, std::string user = "ada") {
    TaskCall call;
    call.run = std::move(work);
    call.provider = "db";
    call.action = "query";
    call.params = JsonObject{{"sql", "select 1"}};
    call.connection.values.emplace("password", Secret{"obviously-fake"});
    call.user = UserId{std::move(user)};
    call.timeout = Millis{60'000};
    return call;
  }
  Answer start(TaskPool& pool, TaskCall call, CancelToken token = {}) {
    auto slot = std::make_shared<std::optional<TaskOutcome>>();
    runners_.push_back(std::make_unique<TaskRunner>(&pool, clock, &clock));
    boost::asio::co_spawn(io, fill(runners_.back()->run(std::move(call), std::move(token)), slot),
                          [](const std::exception_ptr& error) {
                            if (error) std::rethrow_exception(error);
                          });
    poll();
    return slot;
  }
  void poll() {
    io.restart();
    io.poll();
  }
  // Runs the shard until it has its answer.
  TaskOutcome take(const Answer& answer) {
    io.restart();
    while (!*answer) {
      if (io.run_one_for(std::chrono::seconds{20}) == 0) throw std::runtime_error("no answer");
    }
    return **answer;
  }

  boost::asio::io_context io;
  FakeClock clock;  // ends before io: a timer that was not cancelled holds a handler of io

 private:
  static boost::asio::awaitable<void> fill(boost::asio::awaitable<TaskOutcome> work, Answer slot) {
    slot->emplace(co_await std::move(work));
  }
  std::vector<std::unique_ptr<TaskRunner>> runners_;
};

TaskOutcome done(const Call& call, const TaskContext&) {
  return TaskOutcome::ok(JsonObject{{"password", call.connection.value("password").value()},
                                    {"sql", call.params.at("sql")}});
}

// Holds its thread until it is told to end.
struct Gate {
  std::latch entered{1};
  std::latch open{1};
  auto work() {
    return [this](const Call& call, const TaskContext& context) {
      entered.count_down();
      open.wait();
      return done(call, context);
    };
  }
};

// Ends when its interrupt is set, as every provider does.
TaskOutcome obedient(const Call&, const TaskContext& context) {
  const auto wake = context.interrupt.wait(-1, 0);
  const bool cancelled = wake == Interrupt::Wake::cancelled;
  return TaskOutcome::fail({.code = cancelled ? "cancelled" : "timeout", .message = "ended"},
                           CallStage::not_sent);
}

TEST_F(TaskRunnerTest, RunsOnAnotherThreadWithWhatTheCallOwns) {
  TaskPool pool({.addresses = {}, .threads = 1});
  const auto shard = std::this_thread::get_id();
  std::thread::id ran;
  const Answer answer = start(pool, call_of([&](const Call& call, const TaskContext& context) {
                                ran = std::this_thread::get_id();
                                return done(call, context);
                              }));
  const TaskOutcome outcome = take(answer);
  EXPECT_NE(ran, shard);
  EXPECT_EQ(to_json(outcome.result.output), R"({"password":"obviously-fake","sql":"select 1"})");
  EXPECT_EQ(outcome.stage, CallStage::answered);
  EXPECT_FALSE(clock.has_timers());
}

TEST_F(TaskRunnerTest, WaitingForAThreadCountsAgainstTheTimeout) {
  Gate gate;
  TaskPool pool({.addresses = {}, .threads = 1});
  const Answer first = start(pool, call_of(gate.work()));
  gate.entered.wait();
  bool ran = false;
  const Answer second = start(pool, call_of([&](const Call& call, const TaskContext& context) {
                                ran = true;
                                return done(call, context);
                              }));
  clock.advance(std::chrono::seconds{60});
  const TaskOutcome outcome = take(second);
  EXPECT_EQ(outcome.result.error->code, "timeout");
  EXPECT_TRUE(outcome.result.error->retryable);
  EXPECT_EQ(outcome.stage, CallStage::not_sent);
  gate.open.count_down();
  EXPECT_TRUE(take(first).result.success);
  EXPECT_FALSE(ran);
}

TEST_F(TaskRunnerTest, IsCancelledWhileItWaitsForAThread) {
  Gate gate;
  TaskPool pool({.addresses = {}, .threads = 1});
  const Answer first = start(pool, call_of(gate.work()));
  gate.entered.wait();
  CancelSource cancel;
  const Answer second = start(pool, call_of(done), cancel.token());
  cancel.cancel();
  clock.advance(Millis{0});
  const TaskOutcome outcome = take(second);
  EXPECT_EQ(outcome.result.error->code, "cancelled");
  EXPECT_EQ(outcome.stage, CallStage::not_sent);
  gate.open.count_down();
  EXPECT_TRUE(take(first).result.success);
}

TEST_F(TaskRunnerTest, TheCallHearsOfACancellation) {
  TaskPool pool({.addresses = {}, .threads = 1});
  CancelSource cancel;
  std::latch entered{1};
  const Answer answer = start(pool, call_of([&](const Call& call, const TaskContext& context) {
                                entered.count_down();
                                return obedient(call, context);
                              }),
                              cancel.token());
  entered.wait();
  cancel.cancel();
  const TaskOutcome outcome = take(answer);
  EXPECT_EQ(outcome.result.error->code, "cancelled");
  EXPECT_EQ(outcome.stage, CallStage::not_sent);
}

TEST_F(TaskRunnerTest, ACallThatDoesNotEndIsLeftAloneAndItsOutcomeUnknown) {
  Gate gate;
  TaskPool pool({.addresses = {}, .threads = 1});
  CancelSource cancel;
  const Answer answer = start(pool, call_of(gate.work()), cancel.token());
  gate.entered.wait();
  clock.advance(std::chrono::seconds{60});
  poll();
  EXPECT_FALSE(*answer) << "it has a moment to say how far it came";
  clock.advance(limits::kTaskGrace);
  const TaskOutcome outcome = take(answer);
  EXPECT_EQ(outcome.result.error->code, "timeout");
  EXPECT_EQ(outcome.stage, CallStage::sent);
  gate.open.count_down();
  cancel.cancel();
  poll();
}

TEST_F(TaskRunnerTest, OneUserLeavesThreadsToTheOthers) {
  Gate gate;
  TaskPool pool({.addresses = {}, .threads = 2, .of_user = 1});
  const Answer slow = start(pool, call_of(gate.work(), "ada"));
  gate.entered.wait();
  const Answer queued = start(pool, call_of(done, "ada"));
  EXPECT_TRUE(take(start(pool, call_of(done, "bob"))).result.success);
  EXPECT_FALSE(*queued);
  gate.open.count_down();
  EXPECT_TRUE(take(slow).result.success);
  EXPECT_TRUE(take(queued).result.success);
}

TEST_F(TaskRunnerTest, AnExceptionIsAnInternalErrorOfThisCall) {
  TaskPool pool({.addresses = {}, .threads = 1});
  const TaskOutcome outcome =
      take(start(pool, call_of([](const Call&, const TaskContext&) -> TaskOutcome {
                   throw std::runtime_error("bug");
                 })));
  EXPECT_EQ(outcome.result.error->code, "internal");
  EXPECT_EQ(outcome.stage, CallStage::sent);
}

TEST_F(TaskRunnerTest, ThePoolCancelsWhatIsUnderWayWhenItEnds) {
  std::atomic<bool> heard{false};
  {
    std::latch entered{1};
    TaskPool pool({.addresses = {}, .threads = 1});
    start(pool, call_of([&](const Call& call, const TaskContext& context) {
            entered.count_down();
            TaskOutcome outcome = obedient(call, context);
            heard = context.interrupt.cancelled();
            return outcome;
          }));
    entered.wait();
  }
  EXPECT_TRUE(heard);
}

}  // namespace
}  // namespace pilot::engine
