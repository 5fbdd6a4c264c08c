// The side threads on which calls that block are made (a database, a queue, SFTP), one for the
// process: at most limits::kTaskThreads at once, and of one user at most limits::kTasksOfUser, so
// that one user's slow database leaves threads to the others. Any thread.
//
// Order of destruction: the pool first, the io_contexts that await it after. The destructor cancels
// what is under way and waits for it; what has not begun is dropped.
#pragma once

#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/blocking_pool.h"
#include "base/interrupt.h"
#include "http/dialer.h"
#include "model/ids.h"

namespace pilot::engine {

class TaskPool {
 public:
  struct Options {
    http::AddressPolicy addresses;
    std::string files = {};                   // where users' database files may be; empty: nowhere
    unsigned threads = limits::kTaskThreads;  // 0: at once on the caller's thread (tests)
    unsigned of_user = limits::kTasksOfUser;
  };
  explicit TaskPool(Options options);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  // `work` may not throw; it heeds the interrupt.
  struct Task {
    UserId user;
    std::shared_ptr<Interrupt> interrupt;
    std::function<void()> work;
  };
  void post(Task task);

  const http::Dialer& dialer() const { return dialer_; }
  const std::string& files() const { return files_; }

 private:
  struct OfUser {
    unsigned running = 0;  // or given to a thread
    std::deque<Task> waiting;
  };
  void hand_out(Task task);
  void done(const UserId& user, const Interrupt* interrupt);

  const http::Dialer dialer_;
  const std::string files_;
  const unsigned of_user_;
  std::mutex mutex_;
  bool stopping_ = false;                                                     // under mutex_
  std::unordered_map<std::string, OfUser> users_;                             // under mutex_
  std::unordered_map<const Interrupt*, std::shared_ptr<Interrupt>> running_;  // under mutex_
  BlockingPool threads_;  // last: its threads use all of the above
};

}  // namespace pilot::engine
