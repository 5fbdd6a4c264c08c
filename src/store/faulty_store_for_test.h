// FaultyStore: another store with a fault at one call, for simulation tests: the call fails, or the
// process "crashes" in it, before or after the inner store did it. After a crash every further call
// fails with code `crashed`, as it would for code of a process that is gone; the inner store is
// then opened or used again by the next "process". One thread. Calls are numbered from 1.
#pragma once

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

  awaitable<Result<StoreHealth>> check(bool deep) override;

  awaitable<Status> create_plan(StoredPlan plan) override;
  awaitable<Result<int>> update_plan(StoredPlan plan, int expected_version) override;
  awaitable<Result<StoredPlan>> find_plan(UserId user, PlanId id) override;
  awaitable<Result<Page<StoredPlan>>> list_plans(UserId user, std::string status,
                                                 PageRequest page) override;
  awaitable<Status> remove_plan(UserId user, PlanId id) override;
  awaitable<Result<PlanVersion>> find_version(UserId user, PlanId id, int version) override;
  awaitable<Result<std::vector<PlanVersion>>> list_versions(UserId user, PlanId id) override;

  awaitable<Result<WriteReport>> write(std::vector<JournalWrite> batch) override;
  awaitable<Result<std::vector<Run>>> claim(std::string node, WallTime now,
                                            std::int64_t limit) override;
  awaitable<Result<std::vector<Run>>> owned_runs(std::string node) override;
  awaitable<Result<std::int64_t>> release_others(std::string node) override;
  awaitable<Result<std::optional<WallTime>>> next_wake() override;
  awaitable<Result<std::int64_t>> count_open(std::optional<UserId> user) override;
  awaitable<Result<Run>> find_run(UserId user, RunId id) override;
  awaitable<Result<Page<Run>>> list_runs(UserId user, RunFilter filter, PageRequest page) override;
  awaitable<Result<std::vector<Attempt>>> run_attempts(UserId user, RunId id,
                                                       std::int64_t after_revision) override;
  awaitable<Result<Page<Attempt>>> list_attempts(UserId user, AttemptFilter filter,
                                                 PageRequest page) override;
  awaitable<Result<bool>> cancel_idle_run(UserId user, RunId id, WallTime now) override;

  awaitable<Result<std::vector<DueSchedule>>> due_schedules(WallTime now,
                                                            std::int64_t limit) override;
  awaitable<Result<std::optional<WallTime>>> next_fire() override;
  awaitable<Result<FiringReport>> fire(std::vector<Firing> firings) override;
  awaitable<Status> put_schedule(Schedule schedule, Json trigger) override;
  awaitable<Status> remove_schedule(UserId user, PlanId plan, Json trigger, WallTime now) override;
  awaitable<Result<Schedule>> find_schedule(UserId user, ScheduleId id) override;
  awaitable<Result<Page<Schedule>>> list_schedules(UserId user, PageRequest page) override;
  awaitable<Result<Page<Fire>>> list_fires(UserId user, FireFilter filter,
                                           PageRequest page) override;

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

  bool shared() const override;
  awaitable<Status> renew_lease(NodeLease lease) override;
  awaitable<Status> forget_node(std::string node) override;
  awaitable<Result<std::vector<NodeInfo>>> list_nodes() override;
  void watch(std::function<void()> on_news) override;
  awaitable<Result<bool>> request_cancel(UserId user, RunId run) override;
  awaitable<Result<std::vector<UserRun>>> cancel_requests(std::string node) override;
  awaitable<Result<std::int64_t>> tidy(WallTime now,
                                       std::optional<std::chrono::days> keep) override;

  awaitable<Status> put_credential(SealedCredential credential) override;
  awaitable<Result<std::vector<SealedCredential>>> connection_credentials(
      UserId user, std::string provider, std::string connection) override;
  awaitable<Result<std::vector<SealedCredential>>> list_credentials(UserId user,
                                                                    std::string provider) override;
  awaitable<Result<std::int64_t>> remove_credentials(UserId user, std::string provider,
                                                     std::string connection,
                                                     std::string type) override;
  awaitable<Result<bool>> any_encrypted_rows() override;
  awaitable<Result<std::vector<SealedCredential>>> sealed_page(CredentialKey after,
                                                               std::int64_t limit) override;
  awaitable<Result<std::int64_t>> reseal(std::vector<Reseal> batch) override;
  awaitable<Result<std::vector<KeyUse>>> key_usage() override;
  std::uint64_t credential_generation() const override;

  awaitable<Status> create_integration(CustomIntegration integration) override;
  awaitable<Status> replace_integration(CustomIntegration integration) override;
  awaitable<Result<CustomIntegration>> find_integration(UserId user,
                                                        CustomIntegrationId id) override;
  awaitable<Result<std::optional<CustomIntegration>>> find_integration_named(
      UserId user, std::string name) override;
  awaitable<Result<Page<CustomIntegration>>> list_integrations(UserId user,
                                                               PageRequest page) override;
  awaitable<Result<std::int64_t>> count_integrations(UserId user) override;
  awaitable<Status> put_summary(UserId user, CustomIntegrationId id, Json summary,
                                WallTime updated_at) override;
  awaitable<Status> remove_integration(UserId user, CustomIntegrationId id) override;
  awaitable<Status> put_custom_credential(SealedCredential credential) override;
  awaitable<Result<std::vector<SealedCredential>>> custom_credentials(
      UserId user, CustomIntegrationId id) override;
  awaitable<Status> note_validation(UserId user, CustomIntegrationId id, bool valid,
                                    WallTime at) override;
  std::uint64_t custom_generation() const override;

  awaitable<Status> put_oauth_state(OAuthState state, std::int64_t most) override;
  awaitable<Result<std::optional<UserId>>> oauth_state_owner(std::string sha256) override;
  awaitable<Result<std::optional<OAuthState>>> take_oauth_state(UserId user,
                                                                std::string sha256) override;
  awaitable<Result<ConnectionState>> connection_state(ConnectionKey key) override;
  awaitable<Result<std::vector<ConnectionState>>> connection_states(UserId user,
                                                                    std::string provider) override;
  awaitable<Result<bool>> claim_refresh(ConnectionKey key, std::string holder, WallTime now,
                                        Millis lease) override;
  awaitable<Status> release_refresh(ConnectionKey key, std::string holder) override;
  awaitable<Result<bool>> commit_grant(StoredGrant grant) override;
  awaitable<Result<bool>> mark_connection(ConnectionKey key, std::string reason, WallTime now,
                                          std::string token) override;
  awaitable<Status> clear_connection_mark(ConnectionKey key) override;
  awaitable<Result<std::vector<ConnectionKey>>> idle_grants(UserId user, WallTime before) override;
  awaitable<Result<std::vector<UserId>>> users_with_idle_grants(WallTime before, UserId after,
                                                                std::int64_t limit) override;
  awaitable<Result<std::int64_t>> wake_runs(UserId user, std::string reason, WallTime now) override;

  awaitable<Result<IdempotencyState>> begin_idempotent(IdempotencyClaim claim) override;
  awaitable<Status> finish_idempotent(IdempotencyKey key, std::string claim,
                                      StoredAnswer answer) override;
  awaitable<Status> release_idempotent(IdempotencyKey key, std::string claim) override;
  awaitable<Result<std::int64_t>> purge_idempotency(WallTime before, std::int64_t limit) override;
  awaitable<Status> append_audit(std::vector<AuditEntry> entries) override;
  awaitable<Result<Page<AuditEntry>>> list_audit(UserId user, PageRequest page) override;
  awaitable<Result<Page<AuditEntry>>> list_all_audit(PageRequest page) override;
  awaitable<Result<std::int64_t>> purge_audit(WallTime before, std::int64_t keep_nobodys,
                                              std::int64_t limit) override;

  awaitable<Status> create_user(User user) override;
  awaitable<Result<User>> find_user(UserId id) override;
  awaitable<Result<User>> find_user_by_name(std::string name) override;
  awaitable<Result<Page<User>>> list_users(std::optional<UserId> owner, PageRequest page) override;
  awaitable<Result<User>> update_user(UserId id, UserChange change) override;
  awaitable<Status> remove_user(UserId id, WallTime now) override;
  awaitable<Result<bool>> owns_user(UserId owner, UserId user) override;
  awaitable<Result<std::vector<std::string>>> allowed_hosts(UserId user) override;
  awaitable<Status> create_key(ApiKey key) override;
  awaitable<Result<std::optional<ApiKey>>> find_key_by_hash(std::string sha256) override;
  awaitable<Result<Page<ApiKey>>> list_keys(UserId user, PageRequest page) override;
  awaitable<Status> revoke_key(UserId user, std::string id, WallTime now) override;
  awaitable<Status> touch_key(UserId user, std::string id, WallTime now) override;
  awaitable<Status> create_session(LoginSession session) override;
  awaitable<Result<std::optional<LoginSession>>> find_session_by_hash(std::string sha256) override;
  awaitable<Status> touch_session(UserId user, std::string id, WallTime now,
                                  WallTime expires_at) override;
  awaitable<Status> remove_session(UserId user, std::string id) override;
  awaitable<Result<bool>> any_sign_in() override;

 private:
  awaitable<void> let_go();
  void plan(std::int64_t n, When when, bool crash) {
    fault_at_ = n;
    when_ = when;
    crash_ = crash;
  }

  static awaitable<Status> refused();
  awaitable<Result<std::vector<UserRun>>> wanted();
  template <class T>
  awaitable<T> pass(awaitable<T> call);
  Error fault();

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
