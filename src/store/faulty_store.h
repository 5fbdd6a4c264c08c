// FaultyStore: another store with a fault at one call, for simulation tests: the call fails, or the
// process "crashes" in it, before or after the inner store did it. After a crash every further call
// fails with code `crashed`, as it would for code of a process that is gone; the inner store is
// then opened or used again by the next "process". One thread. Calls are numbered from 1.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <functional>

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
  awaitable<Result<std::int64_t>> count_open(std::optional<UserId> user) override {
    return pass(inner_.count_open(std::move(user)));
  }
  awaitable<Result<Run>> find_run(UserId user, RunId id) override {
    return pass(inner_.find_run(std::move(user), std::move(id)));
  }
  awaitable<Result<Page<Run>>> list_runs(UserId user, RunFilter filter, PageRequest page) override {
    return pass(inner_.list_runs(std::move(user), std::move(filter), std::move(page)));
  }
  awaitable<Result<std::vector<Attempt>>> run_attempts(UserId user, RunId id,
                                                       std::int64_t after_revision) override {
    if (holds_attempts_) co_await let_go();
    co_return co_await pass(inner_.run_attempts(std::move(user), std::move(id), after_revision));
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

  // Says that it is shared, and keeps what is told of leases and asked of cancels to itself.
  void pretend_shared() { pretends_shared_ = true; }
  void refuse_leases(bool refuse) { refuses_leases_ = refuse; }
  // Reading attempts takes until it is false again.
  void hold_attempts(bool hold) {
    holds_attempts_ = hold;
    if (hold) return;
    for (auto& go_on : std::exchange(held_, {})) go_on();
  }
  void ask_to_cancel(std::vector<UserRun> wanted) { wanted_ = std::move(wanted); }

  bool shared() const override { return pretends_shared_ || inner_.shared(); }
  awaitable<Status> renew_lease(NodeLease lease) override {
    if (refuses_leases_) return pass(refused());
    return pass(inner_.renew_lease(std::move(lease)));
  }
  awaitable<Status> forget_node(std::string node) override {
    return pass(inner_.forget_node(std::move(node)));
  }
  awaitable<Result<std::vector<NodeInfo>>> list_nodes() override {
    return pass(inner_.list_nodes());
  }
  void watch(std::function<void()> on_news) override { inner_.watch(std::move(on_news)); }
  awaitable<Result<bool>> request_cancel(UserId user, RunId run) override {
    return pass(inner_.request_cancel(std::move(user), std::move(run)));
  }
  awaitable<Result<std::vector<UserRun>>> cancel_requests(std::string node) override {
    if (pretends_shared_) return pass(wanted());
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
  awaitable<Result<std::vector<SealedCredential>>> sealed_page(CredentialKey after,
                                                               std::int64_t limit) override {
    return pass(inner_.sealed_page(std::move(after), limit));
  }
  awaitable<Result<std::int64_t>> reseal(std::vector<Reseal> batch) override {
    return pass(inner_.reseal(std::move(batch)));
  }
  awaitable<Result<std::vector<KeyUse>>> key_usage() override { return pass(inner_.key_usage()); }
  std::uint64_t credential_generation() const override { return inner_.credential_generation(); }

  awaitable<Status> create_integration(CustomIntegration integration) override {
    return pass(inner_.create_integration(std::move(integration)));
  }
  awaitable<Status> replace_integration(CustomIntegration integration) override {
    return pass(inner_.replace_integration(std::move(integration)));
  }
  awaitable<Result<CustomIntegration>> find_integration(UserId user,
                                                        CustomIntegrationId id) override {
    return pass(inner_.find_integration(std::move(user), std::move(id)));
  }
  awaitable<Result<std::optional<CustomIntegration>>> find_integration_named(
      UserId user, std::string name) override {
    return pass(inner_.find_integration_named(std::move(user), std::move(name)));
  }
  awaitable<Result<Page<CustomIntegration>>> list_integrations(UserId user,
                                                               PageRequest page) override {
    return pass(inner_.list_integrations(std::move(user), std::move(page)));
  }
  awaitable<Result<std::int64_t>> count_integrations(UserId user) override {
    return pass(inner_.count_integrations(std::move(user)));
  }
  awaitable<Status> put_summary(UserId user, CustomIntegrationId id, Json summary,
                                WallTime updated_at) override {
    return pass(inner_.put_summary(std::move(user), std::move(id), std::move(summary), updated_at));
  }
  awaitable<Status> remove_integration(UserId user, CustomIntegrationId id) override {
    return pass(inner_.remove_integration(std::move(user), std::move(id)));
  }
  awaitable<Status> put_custom_credential(SealedCredential credential) override {
    return pass(inner_.put_custom_credential(std::move(credential)));
  }
  awaitable<Result<std::vector<SealedCredential>>> custom_credentials(
      UserId user, CustomIntegrationId id) override {
    return pass(inner_.custom_credentials(std::move(user), std::move(id)));
  }
  awaitable<Status> note_validation(UserId user, CustomIntegrationId id, bool valid,
                                    WallTime at) override {
    return pass(inner_.note_validation(std::move(user), std::move(id), valid, at));
  }
  std::uint64_t custom_generation() const override { return inner_.custom_generation(); }

  awaitable<Status> put_oauth_state(OAuthState state, std::int64_t most) override {
    return pass(inner_.put_oauth_state(std::move(state), most));
  }
  awaitable<Result<std::optional<UserId>>> oauth_state_owner(std::string sha256) override {
    return pass(inner_.oauth_state_owner(std::move(sha256)));
  }
  awaitable<Result<std::optional<OAuthState>>> take_oauth_state(UserId user,
                                                                std::string sha256) override {
    return pass(inner_.take_oauth_state(std::move(user), std::move(sha256)));
  }
  awaitable<Result<ConnectionState>> connection_state(ConnectionKey key) override {
    return pass(inner_.connection_state(std::move(key)));
  }
  awaitable<Result<std::vector<ConnectionState>>> connection_states(UserId user,
                                                                    std::string provider) override {
    return pass(inner_.connection_states(std::move(user), std::move(provider)));
  }
  awaitable<Result<bool>> claim_refresh(ConnectionKey key, std::string holder, WallTime now,
                                        Millis lease) override {
    return pass(inner_.claim_refresh(std::move(key), std::move(holder), now, lease));
  }
  awaitable<Status> release_refresh(ConnectionKey key, std::string holder) override {
    return pass(inner_.release_refresh(std::move(key), std::move(holder)));
  }
  awaitable<Result<bool>> commit_grant(StoredGrant grant) override {
    return pass(inner_.commit_grant(std::move(grant)));
  }
  awaitable<Result<bool>> mark_connection(ConnectionKey key, std::string reason, WallTime now,
                                          std::string token) override {
    return pass(inner_.mark_connection(std::move(key), std::move(reason), now, std::move(token)));
  }
  awaitable<Status> clear_connection_mark(ConnectionKey key) override {
    return pass(inner_.clear_connection_mark(std::move(key)));
  }
  awaitable<Result<std::int64_t>> wake_runs(UserId user, std::string reason,
                                            WallTime now) override {
    return pass(inner_.wake_runs(std::move(user), std::move(reason), now));
  }

  awaitable<Result<IdempotencyState>> begin_idempotent(IdempotencyClaim claim) override {
    return pass(inner_.begin_idempotent(std::move(claim)));
  }
  awaitable<Status> finish_idempotent(IdempotencyKey key, std::string claim,
                                      StoredAnswer answer) override {
    return pass(inner_.finish_idempotent(std::move(key), std::move(claim), std::move(answer)));
  }
  awaitable<Status> release_idempotent(IdempotencyKey key, std::string claim) override {
    return pass(inner_.release_idempotent(std::move(key), std::move(claim)));
  }
  awaitable<Result<std::int64_t>> purge_idempotency(WallTime before, std::int64_t limit) override {
    return pass(inner_.purge_idempotency(before, limit));
  }
  awaitable<Status> append_audit(std::vector<AuditEntry> entries) override {
    return pass(inner_.append_audit(std::move(entries)));
  }
  awaitable<Result<Page<AuditEntry>>> list_audit(UserId user, PageRequest page) override {
    return pass(inner_.list_audit(std::move(user), std::move(page)));
  }
  awaitable<Result<Page<AuditEntry>>> list_all_audit(PageRequest page) override {
    return pass(inner_.list_all_audit(std::move(page)));
  }
  awaitable<Result<std::int64_t>> purge_audit(WallTime before, std::int64_t keep_nobodys,
                                              std::int64_t limit) override {
    return pass(inner_.purge_audit(before, keep_nobodys, limit));
  }

  awaitable<Status> create_user(User user) override {
    return pass(inner_.create_user(std::move(user)));
  }
  awaitable<Result<User>> find_user(UserId id) override {
    return pass(inner_.find_user(std::move(id)));
  }
  awaitable<Result<User>> find_user_by_name(std::string name) override {
    return pass(inner_.find_user_by_name(std::move(name)));
  }
  awaitable<Result<Page<User>>> list_users(std::optional<UserId> owner, PageRequest page) override {
    return pass(inner_.list_users(std::move(owner), std::move(page)));
  }
  awaitable<Result<User>> update_user(UserId id, UserChange change) override {
    return pass(inner_.update_user(std::move(id), std::move(change)));
  }
  awaitable<Status> remove_user(UserId id, WallTime now) override {
    return pass(inner_.remove_user(std::move(id), now));
  }
  awaitable<Result<bool>> owns_user(UserId owner, UserId user) override {
    return pass(inner_.owns_user(std::move(owner), std::move(user)));
  }
  awaitable<Result<std::vector<std::string>>> allowed_hosts(UserId user) override {
    return pass(inner_.allowed_hosts(std::move(user)));
  }
  awaitable<Status> create_key(ApiKey key) override {
    return pass(inner_.create_key(std::move(key)));
  }
  awaitable<Result<std::optional<ApiKey>>> find_key_by_hash(std::string sha256) override {
    return pass(inner_.find_key_by_hash(std::move(sha256)));
  }
  awaitable<Result<Page<ApiKey>>> list_keys(UserId user, PageRequest page) override {
    return pass(inner_.list_keys(std::move(user), std::move(page)));
  }
  awaitable<Status> revoke_key(UserId user, std::string id, WallTime now) override {
    return pass(inner_.revoke_key(std::move(user), std::move(id), now));
  }
  awaitable<Status> touch_key(UserId user, std::string id, WallTime now) override {
    return pass(inner_.touch_key(std::move(user), std::move(id), now));
  }
  awaitable<Status> create_session(LoginSession session) override {
    return pass(inner_.create_session(std::move(session)));
  }
  awaitable<Result<std::optional<LoginSession>>> find_session_by_hash(std::string sha256) override {
    return pass(inner_.find_session_by_hash(std::move(sha256)));
  }
  awaitable<Status> touch_session(UserId user, std::string id, WallTime now,
                                  WallTime expires_at) override {
    return pass(inner_.touch_session(std::move(user), std::move(id), now, expires_at));
  }
  awaitable<Status> remove_session(UserId user, std::string id) override {
    return pass(inner_.remove_session(std::move(user), std::move(id)));
  }
  awaitable<Result<bool>> any_sign_in() override { return pass(inner_.any_sign_in()); }

 private:
  awaitable<void> let_go() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          held_.push_back([shared] { (*shared)(); });
        },
        boost::asio::use_awaitable);
  }
  void plan(std::int64_t n, When when, bool crash) {
    fault_at_ = n;
    when_ = when;
    crash_ = crash;
  }

  static awaitable<Status> refused() { co_return unavailable("database_away", "refused"); }
  awaitable<Result<std::vector<UserRun>>> wanted() { co_return wanted_; }

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

  bool pretends_shared_ = false;
  bool refuses_leases_ = false;
  bool holds_attempts_ = false;
  std::vector<std::function<void()>> held_;
  std::vector<UserRun> wanted_;
  Store& inner_;
  std::int64_t calls_ = 0;
  std::int64_t fault_at_ = 0;  // 0: none
  When when_ = Before;
  bool crash_ = false;
  bool crashed_ = false;
};

}  // namespace pilot::store
