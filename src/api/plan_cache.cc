#include "api/plan_cache.h"

namespace pilot::api {

PlanCache::PlanCache(store::PlanStore& plans, engine::UserProviders& providers,
                     const PlanGeneration& generation, std::size_t capacity)
    : plans_(plans), providers_(providers), generation_(generation), capacity_(capacity) {}

bool PlanCache::holds(const Entry& entry) const {
  return providers_.holds(entry.plan.compiled->registry, entry.stamp);
}

std::uint64_t PlanGeneration::now() const {
  const std::uint64_t value = value_.load(std::memory_order_acquire);
  if (!shared_) return value;
  const auto running = std::chrono::steady_clock::now().time_since_epoch();
  return value + static_cast<std::uint64_t>(
                     std::chrono::duration_cast<std::chrono::seconds>(running).count());
}

awaitable<Result<ReadyPlan>> PlanCache::get(UserId user, PlanId id) {
  const Key key{user.text, id.text};
  // Read before the store is asked: a change that comes in between makes the entry stale at once.
  const std::uint64_t now = generation_.now();
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    if (found->second->generation == now && holds(*found->second)) co_return found->second->plan;
  }
  Result<store::StoredPlan> stored = co_await plans_.find_plan(user, id);
  if (!stored) co_return stored.error();
  if (stored->status == "archived") {
    co_return conflict("plan_archived", "this plan is archived; make it active to run it");
  }
  // Looked up again: other requests of this shard have run meanwhile.
  if (const auto found = by_key_.find(key); found != by_key_.end() &&
                                            found->second->plan.version == stored->version &&
                                            holds(*found->second)) {
    found->second->generation = now;
    co_return found->second->plan;
  }
  const Json document = named_document(stored->document, stored->name);
  const engine::UserProviders::Stamp stamp = providers_.stamp();
  auto registry = co_await providers_.of_document(user, document);
  if (!registry) co_return registry.error();
  plan::CompileOutcome outcome = plan::compile_plan(document, std::move(*registry));
  if (!outcome.plan) co_return plan::to_error(outcome.problems);
  ReadyPlan ready{std::move(id), stored->version, std::move(outcome.plan)};
  keep({key, ready, now, stamp});
  co_return ready;
}

void PlanCache::keep(Entry entry) {
  if (const auto old = by_key_.find(entry.key); old != by_key_.end()) {
    entries_.erase(old->second);
    by_key_.erase(old);
  }
  entries_.push_front(std::move(entry));
  by_key_[entries_.front().key] = entries_.begin();
  if (entries_.size() > capacity_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

Json named_document(const Json& document, std::string_view name) {
  if (document.is_array()) return JsonObject{{"name", name}, {"steps", document}};
  if (!document.is_object()) return document;
  JsonObject named = document.get_object();
  if (!name.empty()) named["name"] = name;
  return named;
}

}  // namespace pilot::api
