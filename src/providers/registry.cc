// Providers by name and alias. Filled at start on one thread, read by any afterwards; made when
// they are first asked for. Mistakes in a
// provider's file (a bad schema, a name twice) are bugs and throw std::logic_error.
#include "providers/registry.h"

#include <algorithm>
#include <stdexcept>

namespace pilot::providers {

Provider& Provider::add(Action action) {
  const std::string what = name + "." + action.name;
  if (action.name.empty()) throw std::logic_error("provider " + name + ": an action has no name");
  if (find(action.name) != nullptr) throw std::logic_error("action " + what + " is there twice");
  for (const std::string& alias : action.aliases) {
    if (alias == action.name || find(alias) != nullptr) {
      throw std::logic_error("alias " + name + "." + alias + " is there twice");
    }
  }
  if (!action.schema.compiled()) {
    if (action.params.is_null()) {
      action.params = JsonObject{{"type", "object"}, {"additionalProperties", false}};
    }
    Result<schema::Schema> compiled =
        schema::Schema::compile(std::exchange(action.params, nullptr));
    if (!compiled) {
      throw std::logic_error("schema of " + what + ", " + compiled.error().pointer + ": " +
                             compiled.error().message);
    }
    action.schema = std::move(*compiled);
  }
  if (action.is_logic()) action.effect = EffectClass::pure;
  actions.push_back(std::move(action));
  return *this;
}

const Action* Provider::find(std::string_view action_or_alias) const {
  for (const Action& action : actions) {
    if (action.name == action_or_alias) return &action;
  }
  for (const Action& action : actions) {
    if (std::ranges::find(action.aliases, action_or_alias) != action.aliases.end()) return &action;
  }
  return nullptr;
}

std::vector<std::string> Provider::action_names() const {
  std::vector<std::string> out;
  out.reserve(actions.size());
  for (const Action& action : actions) out.push_back(action.name);
  return out;
}

const Provider& Registry::Entry::get() const {
  std::call_once(once, [this] {
    if (!provider) provider = source.make();
  });
  return *provider;
}

Registry::Entry& Registry::take(std::string name, std::vector<std::string> aliases) {
  if (name.empty()) throw std::logic_error("a provider has no name");
  if (entry(name) != nullptr) throw std::logic_error("provider " + name + " is there twice");
  for (const std::string& alias : aliases) {
    if (alias == name || entry(alias) != nullptr) {
      throw std::logic_error("provider alias " + alias + " is there twice");
    }
  }
  auto made = std::make_unique<Entry>();
  Entry& added = *made;
  for (const std::string& alias : aliases) {
    if (!aliases_.emplace(alias, &added).second) {
      throw std::logic_error("provider alias " + alias + " is there twice");
    }
  }
  added.source.name = name;
  added.source.aliases = std::move(aliases);
  entries_.emplace(std::move(name), std::move(made));
  return added;
}

Provider& Registry::add(Provider provider) {
  auto owned = std::make_shared<Provider>(std::move(provider));
  Provider& added = *owned;
  add(std::move(owned));
  return added;
}

void Registry::add(std::shared_ptr<const Provider> provider) {
  Entry& added = take(provider->name, provider->aliases);
  added.provider = std::move(provider);
}

void Registry::add_lazy(LazyProvider provider) {
  Entry& added = take(provider.name, provider.aliases);
  added.source.make = std::move(provider.make);
}

void Registry::add_unusable(std::string name, Unusable why) {
  unusable_.insert_or_assign(std::move(name), std::move(why));
}

const Unusable* Registry::why_not(std::string_view name) const {
  const auto found = unusable_.find(name);
  return found == unusable_.end() ? nullptr : &found->second;
}

const Registry::Entry* Registry::entry(std::string_view name_or_alias) const {
  if (const auto found = entries_.find(name_or_alias); found != entries_.end()) {
    return found->second.get();
  }
  const auto alias = aliases_.find(name_or_alias);
  return alias == aliases_.end() ? nullptr : alias->second;
}

std::shared_ptr<const Registry> Registry::top() const {
  const std::lock_guard lock(top_mutex_);
  return tops_.empty() ? nullptr : tops_.back();
}

void Registry::lay_over(std::shared_ptr<const Registry> top) {
  const std::lock_guard lock(top_mutex_);
  tops_.push_back(std::move(top));
  generation_.fetch_add(1, std::memory_order_release);
}

const Provider* Registry::find(std::string_view name_or_alias) const {
  if (const auto over = top()) {
    if (const Provider* found = over->find(name_or_alias)) return found;
  }
  if (const Entry* here = entry(name_or_alias)) return &here->get();
  return below_ ? below_->find(name_or_alias) : nullptr;
}

bool Registry::has(std::string_view name_or_alias) const {
  if (const auto over = top(); over && over->has(name_or_alias)) return true;
  return entry(name_or_alias) != nullptr || (below_ && below_->has(name_or_alias));
}

void Registry::collect(std::map<std::string, const Provider*, std::less<>>& into) const {
  if (below_) below_->collect(into);
  for (const auto& [name, one] : entries_) into[name] = &one->get();
  if (const auto over = top()) over->collect(into);
}

std::vector<const Provider*> Registry::all() const {
  std::map<std::string, const Provider*, std::less<>> by_name;
  collect(by_name);
  std::vector<const Provider*> out;
  out.reserve(by_name.size());
  for (const auto& [name, provider] : by_name) out.push_back(provider);
  return out;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> out = below_ ? below_->names() : std::vector<std::string>{};
  for (const auto& [name, one] : entries_) out.push_back(name);
  for (const auto& [alias, one] : aliases_) out.push_back(alias);
  if (const auto over = top()) {
    for (std::string& name : over->names()) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace pilot::providers
