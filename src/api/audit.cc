#include "api/audit.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <mutex>

#include "api/router.h"
#include "base/id.h"

namespace pilot::api {
namespace {

constexpr std::size_t kBatch = 500;
constexpr std::int64_t kPurgeBatch = 1'000;
constexpr std::chrono::hours kPurgeEvery{1};
constexpr std::string_view kNobody = "nobody";

}  // namespace

bool is_refusal(const Response& response) {
  return response.status == 401 || response.status == 403 || response.status == 429;
}

bool is_privileged(const Request& request) {
  if (request.route == nullptr || request.method == Method::head) return false;
  // A redirect of a vendor's is a GET; whose it is the handler has found out, or nobody knows.
  if (request.route->id == "oauth_start") return true;
  if (request.route->id == "oauth_callback") return !request.caller.user.empty();
  if (!changes_state(request.method)) return false;
  const auto& scope = request.route->scope;
  const bool acts_for = !request.principal.empty() && request.principal != request.caller.user;
  const bool password = request.route->id == "change_password";  // of one's own: no scope
  return acts_for || password || scope == Scope::admin || scope == Scope::credentials ||
         scope == Scope::act_as;
}

store::AuditEntry to_audit(const Request& request, const Response& response, WallTime now) {
  store::AuditEntry entry;
  entry.user = request.caller.user;
  entry.at = now;
  entry.caller =
      request.caller.kind == Principal::Kind::nobody ? kNobody : to_string(request.caller.kind);
  entry.caller_id = request.caller.credential;
  entry.method = to_string(request.method);
  if (request.route != nullptr) entry.route = request.route->pattern;
  entry.status = response.status;
  entry.code = response.code;
  entry.address = request.peer;
  entry.request_id = request.id;
  if (request.principal != request.caller.user) entry.acting_for = request.principal.text;
  return entry;
}

struct AuditTrail::State {
  State(AuditOptions o, store::Store& s, const Clock& c, Log& l, std::unique_ptr<Random> r,
        boost::asio::any_io_executor b)
      : options(o),
        store(s),
        clock(c),
        log(l),
        background(std::move(b)),
        strangers({.key = {}, .tenant = o.refusals_of_nobody}, c),
        users({.key = {}, .tenant = o.refusals_of_user}, c),
        random(std::move(r)),
        purged_at(c.steady()) {}

  const AuditOptions options;
  store::Store& store;
  const Clock& clock;
  Log& log;
  const boost::asio::any_io_executor background;
  RateLimits strangers;
  RateLimits users;
  std::atomic<std::uint64_t> dropped{0};

  std::mutex mutex;
  std::unique_ptr<Random> random;          // guarded by mutex
  std::vector<store::AuditEntry> waiting;  // guarded by mutex
  bool writing = false;                    // guarded by mutex
  bool told = false;                       // guarded by mutex; that rows are lost
  SteadyTime purged_at;                    // guarded by mutex

  bool too_many(const store::AuditEntry& entry) {
    RateLimits& limits = entry.user.empty() ? strangers : users;
    return limits.admit(entry.user.empty() ? kNobody : entry.user.text, "").refusal.has_value();
  }
  // Said once until it works again, so that a flood does not fill the log instead.
  void lose(std::size_t rows, std::string_view why) {
    dropped += rows;
    const std::lock_guard lock(mutex);
    if (std::exchange(told, true)) return;
    log.warn("rows of the audit log are lost: {}", why);
  }
  // True: somebody must write them.
  bool add(store::AuditEntry entry) {
    const std::lock_guard lock(mutex);
    entry.id = make_uuid7(entry.at, *random);
    waiting.push_back(std::move(entry));
    return background && !std::exchange(writing, true);
  }
  std::vector<store::AuditEntry> take() {
    const std::lock_guard lock(mutex);
    const auto end =
        waiting.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, waiting.size()));
    std::vector<store::AuditEntry> batch(std::make_move_iterator(waiting.begin()),
                                         std::make_move_iterator(end));
    waiting.erase(waiting.begin(), end);
    if (batch.empty()) writing = false;
    return batch;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return waiting.size();
  }
  void written() {
    const std::lock_guard lock(mutex);
    told = false;
  }
  bool purge_is_due() {
    const std::lock_guard lock(mutex);
    if (clock.steady() - purged_at < kPurgeEvery) return false;
    purged_at = clock.steady();
    return true;
  }
};

AuditTrail::AuditTrail(AuditOptions options, store::Store& store, const Clock& clock, Log& log,
                       std::unique_ptr<Random> random, boost::asio::any_io_executor background)
    : state_(std::make_shared<State>(options, store, clock, log, std::move(random),
                                     std::move(background))) {}
AuditTrail::~AuditTrail() = default;

void AuditTrail::note(const Request& request, const Response& response) {
  const bool privileged = is_privileged(request);
  if (!privileged && !is_refusal(response)) return;
  store::AuditEntry entry = to_audit(request, response, state_->clock.now());
  // A refusal of a privileged call is bounded as any other.
  if (is_refusal(response) && state_->too_many(entry)) {
    ++state_->dropped;
    return;
  }
  if (state_->count() >= state_->options.most_waiting) {
    return state_->lose(1, "they come faster than they can be written");
  }
  if (!state_->add(std::move(entry))) return;
  boost::asio::co_spawn(state_->background, write(state_), [](std::exception_ptr) {});
}

awaitable<void> AuditTrail::flush() { return write(state_); }

awaitable<void> AuditTrail::write(std::shared_ptr<State> state) {
  while (true) {
    std::vector<store::AuditEntry> batch = state->take();
    if (batch.empty()) break;
    const std::size_t rows = batch.size();
    const Status written = co_await state->store.append_audit(std::move(batch));
    if (written) {
      state->written();
    } else {
      state->lose(rows, written.error().message);
    }
  }
  if (!state->purge_is_due()) co_return;
  const WallTime before = state->clock.now() - state->options.kept;
  while (true) {
    const Result<std::int64_t> went =
        co_await state->store.purge_audit(before, state->options.kept_of_nobody, kPurgeBatch);
    if (!went || *went < kPurgeBatch) co_return;
  }
}

std::uint64_t AuditTrail::dropped() const { return state_->dropped.load(); }

}  // namespace pilot::api
