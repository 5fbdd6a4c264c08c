// Compiled plans by user and id, so that executing one costs no parsing and, while no plan changes,
// no look into the store. One per shard; the generation is shared by all.
#pragma once

#include <atomic>
#include <list>

#include "engine/user_providers.h"
#include "plan/compiled_plan.h"
#include "store/plan_store.h"

namespace pilot::api {

using boost::asio::awaitable;

// Raised after every committed change of any plan by this process. Where other processes may change
// plans, too (`shared`), it also rises by itself, every second.
class PlanGeneration {
 public:
  explicit PlanGeneration(bool shared = false) : shared_(shared) {}
  void raise() { value_.fetch_add(1, std::memory_order_release); }
  std::uint64_t now() const;

 private:
  const bool shared_;
  std::atomic<std::uint64_t> value_{1};
};

// A plan ready to run.
struct ReadyPlan {
  PlanId id;
  int version = 0;
  std::shared_ptr<const plan::CompiledPlan> compiled;
};

class PlanCache {
 public:
  PlanCache(store::PlanStore& plans, engine::UserProviders& providers,
            const PlanGeneration& generation, std::size_t capacity = 1'000);

  // The plan as it stands now. Errors: not_found, conflict/plan_archived, those of the compiler (a
  // draft may be wrong) and of the store.
  awaitable<Result<ReadyPlan>> get(UserId user, PlanId id);
  std::size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;  // user, plan
  struct Entry {
    Key key;
    ReadyPlan plan;
    std::uint64_t generation = 0;  // when the store was last asked
    engine::UserProviders::Stamp stamp;
  };
  using Entries = std::list<Entry>;  // the one used last in front

  bool holds(const Entry& entry) const;
  void keep(Entry entry);

  store::PlanStore& plans_;
  engine::UserProviders& providers_;
  const PlanGeneration& generation_;
  std::size_t capacity_;
  Entries entries_;
  std::map<Key, Entries::iterator> by_key_;
};

// The document as it is compiled: with the stored plan's name put in, so that runs and logs carry
// it. A bare list of steps becomes {name, steps}.
Json named_document(const Json& document, std::string_view name);

}  // namespace pilot::api
