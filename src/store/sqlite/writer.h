// The one writer of a database file: a thread that takes every job that is queued, runs them in one
// transaction, commits once, and posts each answer to the shard that asked (group commit). While a
// commit is under way the next group gathers; nothing waits for a timer.
//
// run() is called on a shard and answers there, after the commit. A job that fails leaves its
// neighbours of the same group alone: the group is rolled back and done again with a savepoint
// around each. So a job may run more than once; it must not use up what it captured.
//
// After an I/O error (a write or fsync that failed) the group fails and is not tried again; the
// connection is thrown away with its cache and the next group begins on a new one. A full disk
// fails the group, too; the next group simply tries again. The queue is bounded by its callers:
// each waits for its answer.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "store/sqlite/connection.h"

namespace pilot {
class Log;
}

namespace pilot::store::sqlite {

// Work that waits for the writer, and where its answer goes.
class Job {
 public:
  Job(boost::asio::any_io_executor executor, std::size_t rows)
      : rows(rows), guard_(std::move(executor)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  virtual Status run(Connection& db) = 0;     // writer; inside a transaction
  virtual void fail(const Error& error) = 0;  // writer; replaces what run() gave
  virtual void answer() = 0;                  // on the executor; once
  boost::asio::any_io_executor executor() const { return guard_.get_executor(); }

  const std::size_t rows;  // roughly; bounds a group

 protected:
  // The caller's shard must not run out of work while it waits.
  boost::asio::executor_work_guard<boost::asio::any_io_executor> guard_;
};

// Value: a Result.
template <class Value, class Handler>
class WorkJob final : public Job {
 public:
  using Work = std::function<Value(Connection&)>;

  WorkJob(Handler handler, Work work, std::size_t rows)
      : Job(boost::asio::get_associated_executor(handler), rows),
        handler_(std::move(handler)),
        work_(std::move(work)) {}

  Status run(Connection& db) override {
    try {
      value_.emplace(work_(db));
    } catch (const std::exception& bug) {
      value_.emplace(internal_error(std::string("writing to the database: ") + bug.what()));
    }
    if (!*value_) return value_->error();
    return ok();
  }
  void fail(const Error& error) override { value_.emplace(error); }
  void answer() override {
    Handler handler = std::move(handler_);
    Value value = std::move(*value_);
    guard_.reset();
    std::move(handler)(std::move(value));
  }

 private:
  Handler handler_;
  Work work_;
  std::optional<Value> value_;
};

class Writer {
 public:
  // `threads` false: every job at once on the caller's thread.
  Writer(std::unique_ptr<Connection> db, ConnectionOptions reopen, bool threads, Log& log);
  ~Writer();  // does what is queued first
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // `work`: Result<T>(Connection&).
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&, Connection&>> run(Work work,
                                                                       std::size_t rows = 1) {
    return run_for<std::invoke_result_t<Work&, Connection&>>(std::move(work), rows);
  }

  // The connection itself, where there is no thread (an in-memory database has only this one).
  Connection& connection() { return *db_; }

 private:
  using Group = std::vector<std::unique_ptr<Job>>;
  using Jobs = std::span<const std::unique_ptr<Job>>;
  enum class Ended { committed, a_job_failed, lost };
  struct Outcome {
    Ended ended = Ended::committed;
    Error error;  // when lost: why
  };

  // A plain function, not a coroutine: no frame holds a lambda. Asio's share is compiled for each
  // kind of value, not for each `work`.
  template <class Value>
  boost::asio::awaitable<Value> run_for(std::function<Value(Connection&)> work, std::size_t rows) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Value)>(
        [this, rows](auto handler, std::function<Value(Connection&)> job) {
          using Handler = decltype(handler);
          enqueue(
              std::make_unique<WorkJob<Value, Handler>>(std::move(handler), std::move(job), rows));
        },
        boost::asio::use_awaitable, std::move(work));
  }
  void enqueue(std::unique_ptr<Job> job);
  void loop();
  Group take();  // with mutex_ held
  void tidy_up();
  void serve(Group group);
  std::size_t commit_some(Jobs jobs);
  Status ready();
  Outcome together(Jobs& jobs, bool savepoints);
  Outcome run_jobs(Jobs& jobs, bool savepoints);
  void one_by_one(Jobs jobs);
  static void fail_all(Jobs jobs, const Error& error);
  void note_failure(const Error& error);
  void note_success();
  static void deliver(Group group);

  Log& log_;
  const ConnectionOptions reopen_;
  std::unique_ptr<Connection> db_;  // writer thread only; null after an I/O error
  std::string failing_with_;        // writer thread only; the code last logged, until it works
  bool rested_ = true;              // writer thread only; nothing left to tidy up

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;
};

}  // namespace pilot::store::sqlite
