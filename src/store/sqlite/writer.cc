#include "store/sqlite/writer.h"

#include <pthread.h>

#include <boost/asio/post.hpp>

#include "base/log.h"

namespace pilot::store::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kGroupRows = 4'096;
// Texts bound in one group; beyond it the dirty pages no longer fit the cache anyway.
constexpr std::size_t kGroupBytes = std::size_t{32} << 20;
// 16 MB. Measured: the log is then overwritten in place, which syncs faster than one that grows,
// and no checkpoint is long enough to be felt as a stall.
constexpr int kCheckpointPages = 4'000;
constexpr auto kIdle = 1s;
constexpr auto kLongIdle = 30s;

}  // namespace

Writer::Writer(std::unique_ptr<Connection> db, ConnectionOptions reopen, bool threads, Log& log)
    : log_(log), reopen_(std::move(reopen)), db_(std::move(db)) {
  if (!threads) return;
  thread_ = std::thread([this] { loop(); });
  pthread_setname_np(thread_.native_handle(), "pilot-writer");
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::enqueue(std::unique_ptr<Job> job) {
  if (!thread_.joinable()) {
    Group group;
    group.push_back(std::move(job));
    return serve(std::move(group));
  }
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Writer::loop() {
  for (;;) {
    Group group;
    {
      std::unique_lock lock(mutex_);
      const auto called = [this] { return stopping_ || !queue_.empty(); };
      if (rested_) {
        wake_.wait(lock, called);
      } else {
        const bool log_waits = db_ != nullptr && db_->log_pages() > 0;
        wake_.wait_for(lock, log_waits ? kIdle : kLongIdle, called);
      }
      if (queue_.empty() && stopping_) return;
      group = take();
    }
    if (group.empty()) {
      tidy_up();
    } else {
      rested_ = false;
      serve(std::move(group));
    }
  }
}

// When nothing came for a while: the log into the file; then, after a longer while, the memory.
void Writer::tidy_up() {
  if (db_ != nullptr && !db_->broken() && db_->log_pages() > 0) return db_->checkpoint();
  if (db_ != nullptr) db_->release_memory();
  rested_ = true;
}

Writer::Group Writer::take() {
  Group group;
  std::size_t rows = 0;
  while (!queue_.empty() && (group.empty() || rows + queue_.front()->rows <= kGroupRows)) {
    rows += queue_.front()->rows;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::serve(Group group) {
  Jobs rest = group;
  while (!rest.empty()) rest = rest.subspan(commit_some(rest));
  deliver(std::move(group));
  if (db_ != nullptr && !db_->broken() && db_->log_pages() >= kCheckpointPages) db_->checkpoint();
}

Status Writer::ready() {
  if (db_ != nullptr && !db_->broken()) return ok();
  db_.reset();
  auto opened = Connection::open(reopen_);
  if (!opened) {
    note_failure(opened.error());
    return opened.error();
  }
  db_ = std::move(*opened);
  return ok();
}

// Settles jobs from the front, in one transaction if it can be; answers how many.
std::size_t Writer::commit_some(Jobs jobs) {
  if (Status open = ready(); !open) {
    fail_all(jobs, open.error());
    return jobs.size();
  }
  Outcome outcome = together(jobs, false);
  if (outcome.ended == Ended::a_job_failed) outcome = together(jobs, true);
  if (outcome.ended == Ended::committed) {
    note_success();
    return jobs.size();
  }
  note_failure(outcome.error);
  if (outcome.error.code == "database_full" && !db_->broken() && jobs.size() > 1) {
    one_by_one(jobs);
  } else {
    fail_all(jobs, outcome.error);
  }
  return jobs.size();
}

// `jobs` becomes shorter when the group is large enough without its end.
Writer::Outcome Writer::together(Jobs& jobs, bool savepoints) {
  static constexpr char kBegin[] = "BEGIN IMMEDIATE";
  static constexpr char kCommit[] = "COMMIT";
  if (Status begun = db_->query(kBegin).run(); !begun) return {Ended::lost, begun.error()};
  Outcome outcome = run_jobs(jobs, savepoints);
  if (outcome.ended == Ended::committed) {
    if (Status done = db_->query(kCommit).run(); !done) outcome = {Ended::lost, done.error()};
  }
  // Not when broken: such a transaction ends with its connection.
  if (db_->in_transaction() && !db_->broken()) {
    if (Status undone = db_->execute("ROLLBACK"); !undone) outcome = {Ended::lost, undone.error()};
  }
  return outcome;
}

Writer::Outcome Writer::run_jobs(Jobs& jobs, bool savepoints) {
  static constexpr char kSave[] = "SAVEPOINT job";
  static constexpr char kUndo[] = "ROLLBACK TO job";
  static constexpr char kKeep[] = "RELEASE job";
  const std::size_t bytes_before = db_->bytes_bound();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (savepoints) {
      if (Status saved = db_->query(kSave).run(); !saved) return {Ended::lost, saved.error()};
    }
    const std::int64_t before = db_->total_changes();
    const Status done = jobs[i]->run(*db_);
    if (!db_->in_transaction() || db_->broken()) {
      return {Ended::lost, done ? internal_error("a transaction ended by itself") : done.error()};
    }
    // A job that changed nothing ("not found", a stale version) has nothing to take back.
    const bool must_undo = !done && db_->total_changes() != before;
    if (must_undo && !savepoints) return {Ended::a_job_failed, {}};
    if (must_undo) {
      if (Status undone = db_->query(kUndo).run(); !undone) return {Ended::lost, undone.error()};
    }
    if (savepoints) {
      if (Status kept = db_->query(kKeep).run(); !kept) return {Ended::lost, kept.error()};
    }
    if (db_->bytes_bound() - bytes_before > kGroupBytes) jobs = jobs.first(i + 1);
  }
  return {};
}

// A full disk: one large job must not take the small ones with it. Two failures in a row tell that
// there is no room for anything, and the rest is not tried.
void Writer::one_by_one(Jobs jobs) {
  int failed_in_a_row = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Jobs one = jobs.subspan(i, 1);
    const Outcome outcome = together(one, true);
    if (outcome.ended == Ended::committed) {
      failed_in_a_row = 0;
    } else if (++failed_in_a_row == 2 || db_->broken()) {
      return fail_all(jobs.subspan(i), outcome.error);
    } else {
      fail_all(one, outcome.error);
    }
  }
}

// Once when it begins and once when it is over: a full disk fails a thousand groups a second.
void Writer::note_failure(const Error& error) {
  if (std::exchange(failing_with_, error.code) == error.code) return;
  log_.error("database {}: {}", reopen_.file.string(), error.message);
}

void Writer::note_success() {
  if (failing_with_.empty()) return;
  failing_with_.clear();
  log_.warn("database {}: it can be written again", reopen_.file.string());
}

void Writer::fail_all(Jobs jobs, const Error& error) {
  for (const std::unique_ptr<Job>& job : jobs) job->fail(error);
}

// One post per shard and group, not per job: fewer locks and wake-ups on the way back.
void Writer::deliver(Group group) {
  while (!group.empty()) {
    const boost::asio::any_io_executor executor = group.front()->executor();
    Group same;
    Group others;
    for (std::unique_ptr<Job>& job : group) {
      (job->executor() == executor ? same : others).push_back(std::move(job));
    }
    boost::asio::post(executor, [jobs = std::move(same)] {
      for (const std::unique_ptr<Job>& job : jobs) job->answer();
    });
    group = std::move(others);
  }
}

}  // namespace pilot::store::sqlite
