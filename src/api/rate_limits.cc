#include "api/rate_limits.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

#include "api/problem.h"

namespace pilot::api {
namespace {

using std::chrono::nanoseconds;

// What one key or one tenant has used. A bucket that leaks: `empty_at` is when all that was asked
// for will have drained at the allowed rate.
struct Bucket {
  SteadyTime empty_at = SteadyTime::min();
  std::int64_t in_flight = 0;

  bool idle(SteadyTime now) const { return in_flight == 0 && empty_at <= now; }
};

struct Names {
  std::string_view rate;
  std::string_view in_flight;
};
constexpr Names kKeyNames{"requests_per_second_of_key", "requests_in_flight_of_key"};
constexpr Names kTenantNames{"requests_per_second_of_tenant", "requests_in_flight_of_tenant"};

bool is_on(const RateLimit& limit) { return limit.per_second > 0 || limit.in_flight > 0; }

nanoseconds interval(const RateLimit& limit) {
  return nanoseconds{1'000'000'000} / limit.per_second;
}

std::optional<RateLimits::Refusal> judge(const RateLimit& limit, const Names& names,
                                         const Bucket& bucket, SteadyTime now) {
  using std::chrono::seconds;
  if (limit.in_flight > 0 && bucket.in_flight >= limit.in_flight) {
    return RateLimits::Refusal{names.in_flight, limit.in_flight, seconds{1}};
  }
  if (limit.per_second <= 0) return std::nullopt;
  const nanoseconds room = interval(limit) * std::max<std::int64_t>(1, limit.burst);
  const nanoseconds wanted = std::max(bucket.empty_at, now) - now + interval(limit);
  if (wanted <= room) return std::nullopt;
  const auto wait = std::chrono::ceil<seconds>(wanted - room);
  return RateLimits::Refusal{names.rate, limit.per_second,
                             std::clamp(wait, seconds{1}, seconds{60})};
}

void take(const RateLimit& limit, Bucket& bucket, SteadyTime now) {
  ++bucket.in_flight;
  if (limit.per_second > 0) bucket.empty_at = std::max(bucket.empty_at, now) + interval(limit);
}

}  // namespace

struct RateLimits::State {
  State(RateLimitOptions o, const Clock& c) : options(o), clock(c) {}
  const RateLimitOptions options;
  const Clock& clock;
  std::mutex mutex;
  std::unordered_map<std::string, Bucket> buckets;  // guarded by mutex; "k" + key, "t" + tenant
  SteadyTime swept = SteadyTime::min();             // guarded by mutex

  // Looking at all of them is dear, so it is done once a second at most; in between one that can go
  // makes room, whichever it is.
  void make_room(SteadyTime now) {
    if (buckets.size() + 2 <= options.most_buckets) return;
    if (swept == SteadyTime::min() || now - swept >= std::chrono::seconds{1}) {
      swept = now;
      std::erase_if(buckets, [now](const auto& entry) { return entry.second.idle(now); });
    }
    for (auto it = buckets.begin();
         it != buckets.end() && buckets.size() + 2 > options.most_buckets;) {
      it = it->second.in_flight == 0 ? buckets.erase(it) : std::next(it);
    }
  }
  void release(const std::string& name) {
    const auto it = buckets.find(name);
    if (it != buckets.end()) --it->second.in_flight;
  }
};

namespace {

// Gives back what a request in flight held.
template <class State>
class Slot {
 public:
  Slot(std::shared_ptr<State> state, std::string key, std::string tenant)
      : state_(std::move(state)), key_(std::move(key)), tenant_(std::move(tenant)) {}
  ~Slot() {
    const std::lock_guard lock(state_->mutex);
    if (!key_.empty()) state_->release(key_);
    if (!tenant_.empty()) state_->release(tenant_);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::shared_ptr<State> state_;
  std::string key_;
  std::string tenant_;
};

std::string name_of(const RateLimit& limit, char kind, std::string_view id) {
  if (id.empty() || !is_on(limit)) return "";
  return std::string(1, kind).append(id);
}

}  // namespace

RateLimits::RateLimits(RateLimitOptions options, const Clock& clock)
    : state_(std::make_shared<State>(options, clock)) {}
RateLimits::~RateLimits() = default;

RateLimits::Admission RateLimits::admit(std::string_view tenant, std::string_view key) {
  State& state = *state_;
  std::string key_name = name_of(state.options.key, 'k', key);
  std::string tenant_name = name_of(state.options.tenant, 't', tenant);
  if (key_name.empty() && tenant_name.empty()) return {};
  const SteadyTime now = state.clock.steady();
  const std::lock_guard lock(state.mutex);
  state.make_room(now);
  Bucket* of_key = key_name.empty() ? nullptr : &state.buckets[key_name];
  Bucket* of_tenant = tenant_name.empty() ? nullptr : &state.buckets[tenant_name];
  // Both are asked before either is charged.
  if (of_key != nullptr) {
    if (auto refusal = judge(state.options.key, kKeyNames, *of_key, now)) return {refusal, {}};
  }
  if (of_tenant != nullptr) {
    if (auto refusal = judge(state.options.tenant, kTenantNames, *of_tenant, now)) {
      return {refusal, {}};
    }
  }
  if (of_key != nullptr) take(state.options.key, *of_key, now);
  if (of_tenant != nullptr) take(state.options.tenant, *of_tenant, now);
  return {std::nullopt,
          std::make_shared<Slot<State>>(state_, std::move(key_name), std::move(tenant_name))};
}

Limiter make_limiter(std::shared_ptr<RateLimits> limits) {
  return [limits = std::move(limits)](Request& request) -> std::optional<Response> {
    const Principal& caller = request.caller;
    if (caller.kind != Principal::Kind::key && caller.kind != Principal::Kind::session) {
      return std::nullopt;
    }
    // Whoever acts for another uses up that one's share as well as their own key's.
    RateLimits::Admission admission = limits->admit(request.principal.text, caller.credential);
    if (admission.refusal) {
      const RateLimits::Refusal& refusal = *admission.refusal;
      return limit_reached(refusal.limit, refusal.value, refusal.retry_after);
    }
    request.slot = std::move(admission.slot);
    return std::nullopt;
  };
}

std::size_t RateLimits::buckets() const {
  const std::lock_guard lock(state_->mutex);
  return state_->buckets.size();
}

}  // namespace pilot::api
