#include "engine/rate_limits.h"

#include <algorithm>

namespace pilot::engine {
namespace {

using std::chrono::duration_cast;

constexpr std::size_t kGroups = 100;      // what is remembered of a window
constexpr Millis kLook{100};              // until a place may be free
constexpr std::chrono::minutes kLost{5};  // a turn that nobody came for
constexpr unsigned kSweepEvery = 4'096;   // asks

// The window that binds: fewer at once make it shorter.
struct Window {
  unsigned calls;
  SteadyTime::duration length;
};

Window window_of(const providers::RateLimit& limit) {
  const auto whole = duration_cast<SteadyTime::duration>(limit.per);
  const unsigned calls = std::max(limit.calls, 1u);
  if (limit.burst == 0 || limit.burst >= calls) return {calls, whole};
  return {limit.burst, whole * limit.burst / calls};
}

Millis up(SteadyTime::duration time) { return std::chrono::ceil<Millis>(time); }

}  // namespace

struct RateLimits::Shared {
  // Calls that were let through together; a window of many is remembered in parts.
  struct Group {
    SteadyTime last;
    unsigned calls = 0;
  };
  struct Caller {
    std::deque<Group> groups;  // by time, some of it to come
    std::unordered_map<std::string, SteadyTime> turns;
    unsigned under_way = 0;
    SteadyTime::duration window{};
    SteadyTime closed_until{};

    SteadyTime next(const Window& window, SteadyTime now);
    bool idle(SteadyTime now) const;
  };

  std::mutex mutex;
  std::unordered_map<std::string, Caller> callers;  // under mutex
  unsigned asks = 0;                                // under mutex

  void sweep(SteadyTime now);
};

// The first time at which one more is not one too many; it counts from now on.
SteadyTime RateLimits::Shared::Caller::next(const Window& of, SteadyTime now) {
  window = of.length;
  const auto kept = static_cast<unsigned>(std::min<std::size_t>(of.calls, kGroups));
  const unsigned in_group = of.calls / kept;
  SteadyTime when = groups.empty() ? now : std::max(now, groups.back().last);
  if (groups.empty() || groups.back().calls >= in_group) {
    if (groups.size() >= kept) {
      when = std::max(when, groups[groups.size() - kept].last + of.length);
      groups.pop_front();
    }
    groups.push_back({when, 0});
  }
  groups.back().last = when;
  ++groups.back().calls;
  return when;
}

bool RateLimits::Shared::Caller::idle(SteadyTime now) const {
  return under_way == 0 && closed_until < now &&
         (groups.empty() || groups.back().last + window + kLost < now);
}

void RateLimits::Shared::sweep(SteadyTime now) {
  std::erase_if(callers, [now](const auto& one) { return one.second.idle(now); });
  for (auto& [key, caller] : callers) {
    std::erase_if(caller.turns, [now](const auto& turn) { return turn.second + kLost < now; });
  }
}

RateLimits::RateLimits() : shared_(std::make_shared<Shared>()) {}

RateLimits::Turn RateLimits::ask(const std::string& key, const providers::RateLimit* given_limit,
                                 const std::string& ticket, SteadyTime now) {
  const std::lock_guard lock(shared_->mutex);
  if (++shared_->asks % kSweepEvery == 0) shared_->sweep(now);
  const auto known = shared_->callers.find(key);
  if (given_limit == nullptr && known == shared_->callers.end()) return {};
  Shared::Caller& caller = known != shared_->callers.end() ? known->second : shared_->callers[key];
  if (caller.closed_until > now) return {up(caller.closed_until - now), {}};
  if (given_limit == nullptr) return {};
  const providers::RateLimit& limit = *given_limit;
  if (limit.concurrency > 0 && !ticket.empty() && caller.under_way >= limit.concurrency) {
    return {kLook, {}};
  }
  const auto given = caller.turns.find(ticket);
  const SteadyTime when =
      given != caller.turns.end() ? given->second : caller.next(window_of(limit), now);
  if (when > now) {
    if (!ticket.empty()) caller.turns.insert_or_assign(ticket, when);
    return {up(when - now), {}};
  }
  if (given != caller.turns.end()) caller.turns.erase(given);
  if (limit.concurrency == 0 || ticket.empty()) return {};
  ++caller.under_way;
  return {Millis{0}, Place(shared_, key)};
}

void RateLimits::close(const std::string& key, SteadyTime until) {
  const std::lock_guard lock(shared_->mutex);
  Shared::Caller& caller = shared_->callers[key];
  caller.closed_until = std::max(caller.closed_until, until);
}

RateLimits::Place::Place(std::shared_ptr<Shared> shared, std::string key)
    : shared_(std::move(shared)), key_(std::move(key)) {}

RateLimits::Place& RateLimits::Place::operator=(Place&& other) noexcept {
  std::swap(shared_, other.shared_);
  std::swap(key_, other.key_);
  return *this;
}

RateLimits::Place::~Place() {
  if (!shared_) return;
  const std::lock_guard lock(shared_->mutex);
  const auto caller = shared_->callers.find(key_);
  if (caller != shared_->callers.end() && caller->second.under_way > 0) --caller->second.under_way;
}

}  // namespace pilot::engine
