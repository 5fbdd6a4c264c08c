#include "store/faulty_store_for_test.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pilot::store {
namespace {

Error crashed_error() {
  return {ErrorKind::unavailable, "crashed", "the process has crashed (a test asked for it)", {}};
}

}  // namespace

Error FaultyStore::fault() {
  if (crash_) crashed_ = true;
  return crash_ ? crashed_error() : unavailable("injected_fault", "a fault that a test asked for");
}

// `call` is a coroutine that has not begun: dropping it means that it never happened.
template <class T>
awaitable<T> FaultyStore::pass(awaitable<T> call) {
  if (crashed_) co_return crashed_error();
  const bool faulty = ++calls_ == fault_at_;
  if (faulty && when_ == Before) co_return fault();
  T result = co_await std::move(call);
  if (faulty) co_return fault();
  if (crashed_) co_return crashed_error();  // in another call, while this one was under way
  co_return result;
}

awaitable<void> FaultyStore::let_go() {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [this](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        held_.push_back([shared] { (*shared)(); });
      },
      boost::asio::use_awaitable);
}

awaitable<Status> FaultyStore::refused() { co_return unavailable("database_away", "refused"); }

awaitable<Result<std::vector<UserRun>>> FaultyStore::wanted() { co_return wanted_; }

awaitable<Result<StoreHealth>> FaultyStore::check(bool deep) { return pass(inner_.check(deep)); }
awaitable<Status> FaultyStore::create_plan(StoredPlan plan) {
  return pass(inner_.create_plan(std::move(plan)));
}
awaitable<Result<int>> FaultyStore::update_plan(StoredPlan plan, int expected_version) {
  return pass(inner_.update_plan(std::move(plan), expected_version));
}
awaitable<Result<StoredPlan>> FaultyStore::find_plan(UserId user, PlanId id) {
  return pass(inner_.find_plan(std::move(user), std::move(id)));
}
awaitable<Result<Page<StoredPlan>>> FaultyStore::list_plans(UserId user, std::string status,
                                                            PageRequest page) {
  return pass(inner_.list_plans(std::move(user), std::move(status), std::move(page)));
}
awaitable<Status> FaultyStore::remove_plan(UserId user, PlanId id) {
  return pass(inner_.remove_plan(std::move(user), std::move(id)));
}
awaitable<Result<PlanVersion>> FaultyStore::find_version(UserId user, PlanId id, int version) {
  return pass(inner_.find_version(std::move(user), std::move(id), version));
}
awaitable<Result<std::vector<PlanVersion>>> FaultyStore::list_versions(UserId user, PlanId id) {
  return pass(inner_.list_versions(std::move(user), std::move(id)));
}
awaitable<Result<WriteReport>> FaultyStore::write(std::vector<JournalWrite> batch) {
  return pass(inner_.write(std::move(batch)));
}
awaitable<Result<std::vector<Run>>> FaultyStore::claim(std::string node, WallTime now,
                                                       std::int64_t limit) {
  return pass(inner_.claim(std::move(node), now, limit));
}
awaitable<Result<std::vector<Run>>> FaultyStore::owned_runs(std::string node) {
  return pass(inner_.owned_runs(std::move(node)));
}
awaitable<Result<std::int64_t>> FaultyStore::release_others(std::string node) {
  return pass(inner_.release_others(std::move(node)));
}
awaitable<Result<std::optional<WallTime>>> FaultyStore::next_wake() {
  return pass(inner_.next_wake());
}
awaitable<Result<std::int64_t>> FaultyStore::count_open(std::optional<UserId> user) {
  return pass(inner_.count_open(std::move(user)));
}
awaitable<Result<Run>> FaultyStore::find_run(UserId user, RunId id) {
  return pass(inner_.find_run(std::move(user), std::move(id)));
}
awaitable<Result<Page<Run>>> FaultyStore::list_runs(UserId user, RunFilter filter,
                                                    PageRequest page) {
  return pass(inner_.list_runs(std::move(user), std::move(filter), std::move(page)));
}
awaitable<Result<std::vector<Attempt>>> FaultyStore::run_attempts(UserId user, RunId id,
                                                                  std::int64_t after_revision) {
  if (holds_attempts_) co_await let_go();
  co_return co_await pass(inner_.run_attempts(std::move(user), std::move(id), after_revision));
}
awaitable<Result<Page<Attempt>>> FaultyStore::list_attempts(UserId user, AttemptFilter filter,
                                                            PageRequest page) {
  return pass(inner_.list_attempts(std::move(user), std::move(filter), std::move(page)));
}
awaitable<Result<bool>> FaultyStore::cancel_idle_run(UserId user, RunId id, WallTime now) {
  return pass(inner_.cancel_idle_run(std::move(user), std::move(id), now));
}
awaitable<Result<std::vector<DueSchedule>>> FaultyStore::due_schedules(WallTime now,
                                                                       std::int64_t limit) {
  return pass(inner_.due_schedules(now, limit));
}
awaitable<Result<std::optional<WallTime>>> FaultyStore::next_fire() {
  return pass(inner_.next_fire());
}
awaitable<Result<FiringReport>> FaultyStore::fire(std::vector<Firing> firings) {
  return pass(inner_.fire(std::move(firings)));
}
awaitable<Status> FaultyStore::put_schedule(Schedule schedule, Json trigger) {
  return pass(inner_.put_schedule(std::move(schedule), std::move(trigger)));
}
awaitable<Status> FaultyStore::remove_schedule(UserId user, PlanId plan, Json trigger,
                                               WallTime now) {
  return pass(inner_.remove_schedule(std::move(user), std::move(plan), std::move(trigger), now));
}
awaitable<Result<Schedule>> FaultyStore::find_schedule(UserId user, ScheduleId id) {
  return pass(inner_.find_schedule(std::move(user), std::move(id)));
}
awaitable<Result<Page<Schedule>>> FaultyStore::list_schedules(UserId user, PageRequest page) {
  return pass(inner_.list_schedules(std::move(user), std::move(page)));
}
awaitable<Result<Page<Fire>>> FaultyStore::list_fires(UserId user, FireFilter filter,
                                                      PageRequest page) {
  return pass(inner_.list_fires(std::move(user), std::move(filter), std::move(page)));
}
bool FaultyStore::shared() const { return pretends_shared_ || inner_.shared(); }
awaitable<Status> FaultyStore::renew_lease(NodeLease lease) {
  if (refuses_leases_) return pass(refused());
  return pass(inner_.renew_lease(std::move(lease)));
}
awaitable<Status> FaultyStore::forget_node(std::string node) {
  return pass(inner_.forget_node(std::move(node)));
}
awaitable<Result<std::vector<NodeInfo>>> FaultyStore::list_nodes() {
  return pass(inner_.list_nodes());
}
void FaultyStore::watch(std::function<void()> on_news) { inner_.watch(std::move(on_news)); }
awaitable<Result<bool>> FaultyStore::request_cancel(UserId user, RunId run) {
  return pass(inner_.request_cancel(std::move(user), std::move(run)));
}
awaitable<Result<std::vector<UserRun>>> FaultyStore::cancel_requests(std::string node) {
  if (pretends_shared_) return pass(wanted());
  return pass(inner_.cancel_requests(std::move(node)));
}
awaitable<Result<std::int64_t>> FaultyStore::tidy(WallTime now,
                                                  std::optional<std::chrono::days> keep) {
  return pass(inner_.tidy(now, keep));
}
awaitable<Status> FaultyStore::put_credential(SealedCredential credential) {
  return pass(inner_.put_credential(std::move(credential)));
}
awaitable<Result<std::vector<SealedCredential>>> FaultyStore::connection_credentials(
    UserId user, std::string provider, std::string connection) {
  return pass(
      inner_.connection_credentials(std::move(user), std::move(provider), std::move(connection)));
}
awaitable<Result<std::vector<SealedCredential>>> FaultyStore::list_credentials(
    UserId user, std::string provider) {
  return pass(inner_.list_credentials(std::move(user), std::move(provider)));
}
awaitable<Result<std::int64_t>> FaultyStore::remove_credentials(UserId user, std::string provider,
                                                                std::string connection,
                                                                std::string type) {
  return pass(inner_.remove_credentials(std::move(user), std::move(provider), std::move(connection),
                                        std::move(type)));
}
awaitable<Result<bool>> FaultyStore::any_encrypted_rows() {
  return pass(inner_.any_encrypted_rows());
}
awaitable<Result<std::vector<SealedCredential>>> FaultyStore::sealed_page(CredentialKey after,
                                                                          std::int64_t limit) {
  return pass(inner_.sealed_page(std::move(after), limit));
}
awaitable<Result<std::int64_t>> FaultyStore::reseal(std::vector<Reseal> batch) {
  return pass(inner_.reseal(std::move(batch)));
}
awaitable<Result<std::vector<KeyUse>>> FaultyStore::key_usage() { return pass(inner_.key_usage()); }
std::uint64_t FaultyStore::credential_generation() const { return inner_.credential_generation(); }
awaitable<Status> FaultyStore::create_integration(CustomIntegration integration) {
  return pass(inner_.create_integration(std::move(integration)));
}
awaitable<Status> FaultyStore::replace_integration(CustomIntegration integration) {
  return pass(inner_.replace_integration(std::move(integration)));
}
awaitable<Result<CustomIntegration>> FaultyStore::find_integration(UserId user,
                                                                   CustomIntegrationId id) {
  return pass(inner_.find_integration(std::move(user), std::move(id)));
}
awaitable<Result<std::optional<CustomIntegration>>> FaultyStore::find_integration_named(
    UserId user, std::string name) {
  return pass(inner_.find_integration_named(std::move(user), std::move(name)));
}
awaitable<Result<Page<CustomIntegration>>> FaultyStore::list_integrations(UserId user,
                                                                          PageRequest page) {
  return pass(inner_.list_integrations(std::move(user), std::move(page)));
}
awaitable<Result<std::int64_t>> FaultyStore::count_integrations(UserId user) {
  return pass(inner_.count_integrations(std::move(user)));
}
awaitable<Status> FaultyStore::put_summary(UserId user, CustomIntegrationId id, Json summary,
                                           WallTime updated_at) {
  return pass(inner_.put_summary(std::move(user), std::move(id), std::move(summary), updated_at));
}
awaitable<Status> FaultyStore::remove_integration(UserId user, CustomIntegrationId id) {
  return pass(inner_.remove_integration(std::move(user), std::move(id)));
}
awaitable<Status> FaultyStore::put_custom_credential(SealedCredential credential) {
  return pass(inner_.put_custom_credential(std::move(credential)));
}
awaitable<Result<std::vector<SealedCredential>>> FaultyStore::custom_credentials(
    UserId user, CustomIntegrationId id) {
  return pass(inner_.custom_credentials(std::move(user), std::move(id)));
}
awaitable<Status> FaultyStore::note_validation(UserId user, CustomIntegrationId id, bool valid,
                                               WallTime at) {
  return pass(inner_.note_validation(std::move(user), std::move(id), valid, at));
}
std::uint64_t FaultyStore::custom_generation() const { return inner_.custom_generation(); }
awaitable<Status> FaultyStore::put_oauth_state(OAuthState state, std::int64_t most) {
  return pass(inner_.put_oauth_state(std::move(state), most));
}
awaitable<Result<std::optional<UserId>>> FaultyStore::oauth_state_owner(std::string sha256) {
  return pass(inner_.oauth_state_owner(std::move(sha256)));
}
awaitable<Result<std::optional<OAuthState>>> FaultyStore::take_oauth_state(UserId user,
                                                                           std::string sha256) {
  return pass(inner_.take_oauth_state(std::move(user), std::move(sha256)));
}
awaitable<Result<ConnectionState>> FaultyStore::connection_state(ConnectionKey key) {
  return pass(inner_.connection_state(std::move(key)));
}
awaitable<Result<std::vector<ConnectionState>>> FaultyStore::connection_states(
    UserId user, std::string provider) {
  return pass(inner_.connection_states(std::move(user), std::move(provider)));
}
awaitable<Result<bool>> FaultyStore::claim_refresh(ConnectionKey key, std::string holder,
                                                   WallTime now, Millis lease) {
  return pass(inner_.claim_refresh(std::move(key), std::move(holder), now, lease));
}
awaitable<Status> FaultyStore::release_refresh(ConnectionKey key, std::string holder) {
  return pass(inner_.release_refresh(std::move(key), std::move(holder)));
}
awaitable<Result<bool>> FaultyStore::commit_grant(StoredGrant grant) {
  return pass(inner_.commit_grant(std::move(grant)));
}
awaitable<Result<bool>> FaultyStore::mark_connection(ConnectionKey key, std::string reason,
                                                     WallTime now, std::string token) {
  return pass(inner_.mark_connection(std::move(key), std::move(reason), now, std::move(token)));
}
awaitable<Status> FaultyStore::clear_connection_mark(ConnectionKey key) {
  return pass(inner_.clear_connection_mark(std::move(key)));
}
awaitable<Result<std::vector<ConnectionKey>>> FaultyStore::idle_grants(UserId user,
                                                                       WallTime before) {
  return pass(inner_.idle_grants(std::move(user), before));
}
awaitable<Result<std::vector<UserId>>> FaultyStore::users_with_idle_grants(WallTime before,
                                                                           UserId after,
                                                                           std::int64_t limit) {
  return pass(inner_.users_with_idle_grants(before, std::move(after), limit));
}
awaitable<Result<std::int64_t>> FaultyStore::wake_runs(UserId user, std::string reason,
                                                       WallTime now) {
  return pass(inner_.wake_runs(std::move(user), std::move(reason), now));
}
awaitable<Result<IdempotencyState>> FaultyStore::begin_idempotent(IdempotencyClaim claim) {
  return pass(inner_.begin_idempotent(std::move(claim)));
}
awaitable<Status> FaultyStore::finish_idempotent(IdempotencyKey key, std::string claim,
                                                 StoredAnswer answer) {
  return pass(inner_.finish_idempotent(std::move(key), std::move(claim), std::move(answer)));
}
awaitable<Status> FaultyStore::release_idempotent(IdempotencyKey key, std::string claim) {
  return pass(inner_.release_idempotent(std::move(key), std::move(claim)));
}
awaitable<Result<std::int64_t>> FaultyStore::purge_idempotency(WallTime before,
                                                               std::int64_t limit) {
  return pass(inner_.purge_idempotency(before, limit));
}
awaitable<Status> FaultyStore::append_audit(std::vector<AuditEntry> entries) {
  return pass(inner_.append_audit(std::move(entries)));
}
awaitable<Result<Page<AuditEntry>>> FaultyStore::list_audit(UserId user, PageRequest page) {
  return pass(inner_.list_audit(std::move(user), std::move(page)));
}
awaitable<Result<Page<AuditEntry>>> FaultyStore::list_all_audit(PageRequest page) {
  return pass(inner_.list_all_audit(std::move(page)));
}
awaitable<Result<std::int64_t>> FaultyStore::purge_audit(WallTime before, std::int64_t keep_nobodys,
                                                         std::int64_t limit) {
  return pass(inner_.purge_audit(before, keep_nobodys, limit));
}
awaitable<Status> FaultyStore::create_user(User user) {
  return pass(inner_.create_user(std::move(user)));
}
awaitable<Result<User>> FaultyStore::find_user(UserId id) {
  return pass(inner_.find_user(std::move(id)));
}
awaitable<Result<User>> FaultyStore::find_user_by_name(std::string name) {
  return pass(inner_.find_user_by_name(std::move(name)));
}
awaitable<Result<Page<User>>> FaultyStore::list_users(std::optional<UserId> owner,
                                                      PageRequest page) {
  return pass(inner_.list_users(std::move(owner), std::move(page)));
}
awaitable<Result<User>> FaultyStore::update_user(UserId id, UserChange change) {
  return pass(inner_.update_user(std::move(id), std::move(change)));
}
awaitable<Status> FaultyStore::remove_user(UserId id, WallTime now) {
  return pass(inner_.remove_user(std::move(id), now));
}
awaitable<Result<bool>> FaultyStore::owns_user(UserId owner, UserId user) {
  return pass(inner_.owns_user(std::move(owner), std::move(user)));
}
awaitable<Result<std::vector<std::string>>> FaultyStore::allowed_hosts(UserId user) {
  return pass(inner_.allowed_hosts(std::move(user)));
}
awaitable<Status> FaultyStore::create_key(ApiKey key) {
  return pass(inner_.create_key(std::move(key)));
}
awaitable<Result<std::optional<ApiKey>>> FaultyStore::find_key_by_hash(std::string sha256) {
  return pass(inner_.find_key_by_hash(std::move(sha256)));
}
awaitable<Result<Page<ApiKey>>> FaultyStore::list_keys(UserId user, PageRequest page) {
  return pass(inner_.list_keys(std::move(user), std::move(page)));
}
awaitable<Status> FaultyStore::revoke_key(UserId user, std::string id, WallTime now) {
  return pass(inner_.revoke_key(std::move(user), std::move(id), now));
}
awaitable<Status> FaultyStore::touch_key(UserId user, std::string id, WallTime now) {
  return pass(inner_.touch_key(std::move(user), std::move(id), now));
}
awaitable<Status> FaultyStore::create_session(LoginSession session) {
  return pass(inner_.create_session(std::move(session)));
}
awaitable<Result<std::optional<LoginSession>>> FaultyStore::find_session_by_hash(
    std::string sha256) {
  return pass(inner_.find_session_by_hash(std::move(sha256)));
}
awaitable<Status> FaultyStore::touch_session(UserId user, std::string id, WallTime now,
                                             WallTime expires_at) {
  return pass(inner_.touch_session(std::move(user), std::move(id), now, expires_at));
}
awaitable<Status> FaultyStore::remove_session(UserId user, std::string id) {
  return pass(inner_.remove_session(std::move(user), std::move(id)));
}
awaitable<Result<bool>> FaultyStore::any_sign_in() { return pass(inner_.any_sign_in()); }

}  // namespace pilot::store
