// FaultyStore: another store with a fault at one call, for simulation tests: the call fails, or the
// process "crashes" in it, before or after the inner store did it. After a crash every further call
// fails with code `crashed`, as it would for code of a process that is gone; the inner store is
// then opened or used again by the next "process". One thread. Calls are numbered from 1.
#pragma once

#include <cstdint>

#include "store/store.h"

namespace pilot::store {

class FaultyStore final : public Store {
 public:
  enum When { Before, After };  // NOLINT: read as fail_at(3, FaultyStore::Before)

  explicit FaultyStore(Store& inner) : inner_(inner) {}

  // Call number n fails once, with unavailable/injected_fault.
  void fail_at(std::int64_t n, When when) { plan(n, when, false); }
  // Call number n fails, and every call after it: code `crashed`.
  void crash_at(std::int64_t n, When when) { plan(n, when, true); }
  void crash_now() { crashed_ = true; }
  std::int64_t calls() const { return calls_; }
  bool crashed() const { return crashed_; }

  awaitable<Result<StoreHealth>> check(bool deep) override { return pass(inner_.check(deep)); }

  awaitable<Status> create_plan(StoredPlan plan) override {
    return pass(inner_.create_plan(std::move(plan)));
  }
  awaitable<Result<int>> update_plan(StoredPlan plan, int expected_version) override {
    return pass(inner_.update_plan(std::move(plan), expected_version));
  }
  awaitable<Result<StoredPlan>> find_plan(UserId user, PlanId id) override {
    return pass(inner_.find_plan(std::move(user), std::move(id)));
  }
  awaitable<Result<Page<StoredPlan>>> list_plans(UserId user, std::string status,
                                                 PageRequest page) override {
    return pass(inner_.list_plans(std::move(user), std::move(status), std::move(page)));
  }
  awaitable<Status> remove_plan(UserId user, PlanId id) override {
    return pass(inner_.remove_plan(std::move(user), std::move(id)));
  }
  awaitable<Result<PlanVersion>> find_version(UserId user, PlanId id, int version) override {
    return pass(inner_.find_version(std::move(user), std::move(id), version));
  }
  awaitable<Result<std::vector<PlanVersion>>> list_versions(UserId user, PlanId id) override {
    return pass(inner_.list_versions(std::move(user), std::move(id)));
  }

  awaitable<Result<WriteReport>> write(std::vector<JournalWrite> batch) override {
    return pass(inner_.write(std::move(batch)));
  }
  awaitable<Result<std::vector<Run>>> claim(std::string node, WallTime now,
                                            std::int64_t limit) override {
    return pass(inner_.claim(std::move(node), now, limit));
  }
  awaitable<Result<std::vector<Run>>> owned_runs(std::string node) override {
    return pass(inner_.owned_runs(std::move(node)));
  }
  awaitable<Result<std::int64_t>> release_others(std::string node) override {
    return pass(inner_.release_others(std::move(node)));
  }
  awaitable<Result<std::optional<WallTime>>> next_wake() override {
    return pass(inner_.next_wake());
  }
  awaitable<Result<std::int64_t>> count_open() override { return pass(inner_.count_open()); }
  awaitable<Result<Run>> find_run(UserId user, RunId id) override {
    return pass(inner_.find_run(std::move(user), std::move(id)));
  }
  awaitable<Result<Page<Run>>> list_runs(UserId user, RunFilter filter, PageRequest page) override {
    return pass(inner_.list_runs(std::move(user), std::move(filter), std::move(page)));
  }
  awaitable<Result<std::vector<Attempt>>> run_attempts(UserId user, RunId id,
                                                       std::int64_t after_revision) override {
    return pass(inner_.run_attempts(std::move(user), std::move(id), after_revision));
  }
  awaitable<Result<Page<Attempt>>> list_attempts(UserId user, AttemptFilter filter,
                                                 PageRequest page) override {
    return pass(inner_.list_attempts(std::move(user), std::move(filter), std::move(page)));
  }
  awaitable<Result<bool>> cancel_idle_run(UserId user, RunId id, WallTime now) override {
    return pass(inner_.cancel_idle_run(std::move(user), std::move(id), now));
  }

  awaitable<Result<std::vector<DueSchedule>>> due_schedules(WallTime now,
                                                            std::int64_t limit) override {
    return pass(inner_.due_schedules(now, limit));
  }
  awaitable<Result<std::optional<WallTime>>> next_fire() override {
    return pass(inner_.next_fire());
  }
  awaitable<Result<FiringReport>> fire(std::vector<Firing> firings) override {
    return pass(inner_.fire(std::move(firings)));
  }
  awaitable<Status> put_schedule(Schedule schedule, Json trigger) override {
    return pass(inner_.put_schedule(std::move(schedule), std::move(trigger)));
  }
  awaitable<Status> remove_schedule(UserId user, PlanId plan, Json trigger, WallTime now) override {
    return pass(inner_.remove_schedule(std::move(user), std::move(plan), std::move(trigger), now));
  }
  awaitable<Result<Schedule>> find_schedule(UserId user, ScheduleId id) override {
    return pass(inner_.find_schedule(std::move(user), std::move(id)));
  }
  awaitable<Result<Page<Schedule>>> list_schedules(UserId user, PageRequest page) override {
    return pass(inner_.list_schedules(std::move(user), std::move(page)));
  }
  awaitable<Result<Page<Fire>>> list_fires(UserId user, FireFilter filter,
                                           PageRequest page) override {
    return pass(inner_.list_fires(std::move(user), std::move(filter), std::move(page)));
  }

  bool shared() const override { return inner_.shared(); }
  awaitable<Status> renew_lease(NodeLease lease) override {
    return pass(inner_.renew_lease(std::move(lease)));
  }
  awaitable<Status> forget_node(std::string node) override {
    return pass(inner_.forget_node(std::move(node)));
  }
  awaitable<Result<std::vector<NodeInfo>>> list_nodes() override {
    return pass(inner_.list_nodes());
  }
  awaitable<Result<bool>> request_cancel(UserId user, RunId run) override {
    return pass(inner_.request_cancel(std::move(user), std::move(run)));
  }
  awaitable<Result<std::vector<UserRun>>> cancel_requests(std::string node) override {
    return pass(inner_.cancel_requests(std::move(node)));
  }
  awaitable<Result<std::int64_t>> tidy(WallTime now,
                                       std::optional<std::chrono::days> keep) override {
    return pass(inner_.tidy(now, keep));
  }

  awaitable<Status> put_credential(SealedCredential credential) override {
    return pass(inner_.put_credential(std::move(credential)));
  }
  awaitable<Result<std::vector<SealedCredential>>> connection_credentials(
      UserId user, std::string provider, std::string connection) override {
    return pass(
        inner_.connection_credentials(std::move(user), std::move(provider), std::move(connection)));
  }
  awaitable<Result<std::vector<SealedCredential>>> list_credentials(UserId user,
                                                                    std::string provider) override {
    return pass(inner_.list_credentials(std::move(user), std::move(provider)));
  }
  awaitable<Result<std::int64_t>> remove_credentials(UserId user, std::string provider,
                                                     std::string connection,
                                                     std::string type) override {
    return pass(inner_.remove_credentials(std::move(user), std::move(provider),
                                          std::move(connection), std::move(type)));
  }
  awaitable<Result<bool>> any_encrypted_rows() override {
    return pass(inner_.any_encrypted_rows());
  }
  std::uint64_t credential_generation() const override { return inner_.credential_generation(); }

 private:
  void plan(std::int64_t n, When when, bool crash) {
    fault_at_ = n;
    when_ = when;
    crash_ = crash;
  }

  // `call` is a coroutine that has not begun: dropping it means that it never happened.
  template <class T>
  awaitable<T> pass(awaitable<T> call) {
    if (crashed_) co_return crashed_error();
    const bool faulty = ++calls_ == fault_at_;
    if (faulty && when_ == Before) co_return fault();
    T result = co_await std::move(call);
    if (faulty) co_return fault();
    if (crashed_) co_return crashed_error();  // in another call, while this one was under way
    co_return result;
  }

  Error fault() {
    if (crash_) crashed_ = true;
    return crash_ ? crashed_error()
                  : unavailable("injected_fault", "a fault that a test asked for");
  }
  static Error crashed_error() {
    return {ErrorKind::unavailable, "crashed", "the process has crashed (a test asked for it)", {}};
  }

  Store& inner_;
  std::int64_t calls_ = 0;
  std::int64_t fault_at_ = 0;  // 0: none
  When when_ = Before;
  bool crash_ = false;
  bool crashed_ = false;
};

}  // namespace pilot::store
