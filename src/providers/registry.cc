// Providers by name and alias. Filled at start on one thread, read by any afterwards. Mistakes in a
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
  if (action.params.is_null()) {
    action.params = JsonObject{{"type", "object"}, {"additionalProperties", false}};
  }
  Result<schema::Schema> compiled = schema::Schema::compile(action.params);
  if (!compiled) {
    throw std::logic_error("schema of " + what + ", " + compiled.error().pointer + ": " +
                           compiled.error().message);
  }
  action.schema = std::move(*compiled);
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

Provider& Registry::add(Provider provider) {
  if (provider.name.empty()) throw std::logic_error("a provider has no name");
  if (find(provider.name) != nullptr) {
    throw std::logic_error("provider " + provider.name + " is there twice");
  }
  for (const std::string& alias : provider.aliases) {
    if (alias == provider.name || find(alias) != nullptr) {
      throw std::logic_error("provider alias " + alias + " is there twice");
    }
  }
  auto owned = std::make_unique<Provider>(std::move(provider));
  Provider& added = *owned;
  for (const std::string& alias : added.aliases) {
    if (!aliases_.emplace(alias, &added).second) {
      throw std::logic_error("provider alias " + alias + " is there twice");
    }
  }
  providers_.emplace(added.name, std::move(owned));
  return added;
}

const Provider* Registry::find(std::string_view name_or_alias) const {
  if (const auto found = providers_.find(name_or_alias); found != providers_.end()) {
    return found->second.get();
  }
  const auto alias = aliases_.find(name_or_alias);
  return alias == aliases_.end() ? nullptr : alias->second;
}

std::vector<const Provider*> Registry::all() const {
  std::vector<const Provider*> out;
  out.reserve(providers_.size());
  for (const auto& [name, provider] : providers_) out.push_back(provider.get());
  return out;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> out;
  out.reserve(providers_.size() + aliases_.size());
  for (const auto& [name, provider] : providers_) out.push_back(name);
  for (const auto& [alias, provider] : aliases_) out.push_back(alias);
  return out;
}

}  // namespace pilot::providers
