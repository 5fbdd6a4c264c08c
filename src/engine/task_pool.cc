#include "engine/task_pool.h"

namespace pilot::engine {

TaskPool::TaskPool(Options options)
    : dialer_(std::move(options.addresses)),
      files_(std::move(options.files)),
      of_user_(std::max(options.of_user, 1u)),
      threads_("pilot-task", options.threads) {}

TaskPool::~TaskPool() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (auto& [raw, interrupt] : running_) interrupt->cancel();
  users_.clear();
}

void TaskPool::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    OfUser& of_user = users_[task.user.text];
    if (of_user.running >= of_user_) {
      of_user.waiting.push_back(std::move(task));
      return;
    }
    ++of_user.running;
  }
  hand_out(std::move(task));
}

void TaskPool::hand_out(Task task) {
  threads_.post([this, task = std::make_shared<Task>(std::move(task))]() mutable {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      running_.emplace(task->interrupt.get(), task->interrupt);
    }
    task->work();
    const UserId user = task->user;
    const std::shared_ptr<Interrupt> interrupt = task->interrupt;
    task.reset();  // what it owns (a shard's handler, secrets) ends before the next begins
    done(user, interrupt.get());
  });
}

void TaskPool::done(const UserId& user, const Interrupt* interrupt) {
  Task next;
  {
    const std::lock_guard lock(mutex_);
    running_.erase(interrupt);
    const auto found = users_.find(user.text);
    if (stopping_ || found == users_.end()) return;
    if (found->second.waiting.empty()) {
      if (--found->second.running == 0) users_.erase(found);
      return;
    }
    next = std::move(found->second.waiting.front());
    found->second.waiting.pop_front();
  }
  hand_out(std::move(next));
}

}  // namespace pilot::engine
