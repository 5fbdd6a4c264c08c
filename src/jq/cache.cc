#include "jq/cache.h"

namespace pilot::jq {

Result<ProgramPtr> ProgramCache::get(Use use, std::string_view text,
                                     const std::vector<std::string>& vars) {
  std::string key(use == Use::filter ? "f" : "p");
  for (const std::string& name : vars) key.append(name).append(1, '\0');
  key.append(1, '\n').append(text);
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->program;
    }
  }
  Result<ProgramPtr> made = use == Use::filter ? compile_filter(text, vars) : compile(text, vars);
  if (!made) return made;
  const std::scoped_lock lock(mutex_);
  if (by_key_.contains(key)) return made;  // another thread was faster
  entries_.push_front({std::move(key), *made});
  by_key_.emplace(entries_.front().key, entries_.begin());
  if (entries_.size() > capacity_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return made;
}

}  // namespace pilot::jq
