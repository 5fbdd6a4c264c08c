#include "engine/user_providers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/id.h"
#include "model/limits.h"
#include "providers/custom_manifest.h"
#include "providers/manifest/load.h"

namespace pilot::engine {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kKept = 500;  // integrations in memory; then all are read again
constexpr std::size_t kOfOnePlan = 50;
constexpr std::string_view kPrefix = "custom_";

void collect(const Json& value, std::set<std::string, std::less<>>& names) {
  if (const JsonArray* array = value.if_array()) {
    for (const Json& item : *array) collect(item, names);
    return;
  }
  const JsonObject* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& member : *object) {
    const bool names_one = member.key() == "provider" && member.value().is_string();
    if (names_one && member.value().get_string().size() <= limits::kNameLength) {
      names.emplace(as_view(member.value().get_string()));
    }
    collect(member.value(), names);
  }
}

Error inactive(const CustomIntegration& integration) {
  return invalid("integration_inactive",
                 fmt::format("the custom integration {} is switched off: set is_active to use it",
                             integration.name));
}

}  // namespace

std::vector<std::string> provider_names(const Json& document) {
  std::set<std::string, std::less<>> names;
  collect(document, names);
  return {names.begin(), names.end()};
}

std::optional<CustomIntegrationId> custom_id_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !is_uuid(name.substr(kPrefix.size()))) return std::nullopt;
  return CustomIntegrationId{std::string(name.substr(kPrefix.size()))};
}

awaitable<Result<RegistryPtr>> UserProviders::of_document(const UserId& user,
                                                          const Json& document) {
  return named(user, provider_names(document));
}

awaitable<Result<RegistryPtr>> UserProviders::named(UserId user, std::vector<std::string> names) {
  std::erase_if(names, [this](const std::string& name) { return base_->has(name); });
  if (names.empty()) co_return base_;
  if (names.size() > kOfOnePlan) names.resize(kOfOnePlan);  // the rest is unknown to the compiler
  std::shared_ptr<providers::Registry> all;
  std::set<std::string> added;
  for (const std::string& name : names) {
    const Result<Own> found = co_await own(user, name);
    if (!found) co_return found.error();
    if (found->fault) co_return *found->fault;
    if (found->provider == nullptr || !added.insert(found->provider->credentials).second) continue;
    if (!all) all = std::make_shared<providers::Registry>(base_);
    all->add(found->provider);
  }
  co_return all ? RegistryPtr(all) : base_;
}

awaitable<Result<UserProviders::Own>> UserProviders::own(UserId user, std::string name) {
  const std::string key = user.text + '\0' + name;
  const Stamp now = stamp();
  {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(key);
    if (kept != kept_.end() && kept->second.stamp == now) co_return kept->second;
  }
  std::optional<CustomIntegration> integration;
  if (auto id = custom_id_of(name)) {
    auto found = co_await store_.find_integration(std::move(user), std::move(*id));
    if (!found && found.error().kind != ErrorKind::not_found) co_return found.error();
    if (found) integration = std::move(*found);
  } else {
    auto found = co_await store_.find_integration_named(std::move(user), std::move(name));
    if (!found) co_return found.error();
    integration = std::move(*found);
  }
  Own out;
  if (integration) out = made(*integration);
  out.stamp = now;
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kKept) kept_.clear();
  kept_.insert_or_assign(key, out);
  co_return out;
}

UserProviders::Own UserProviders::made(const CustomIntegration& integration) const {
  Own out;
  if (!integration.is_active) {
    out.fault = inactive(integration);
    return out;
  }
  providers::manifest::Loaded loaded =
      providers::manifest::load(providers::manifest_of(integration), "custom");
  if (!loaded.provider) {
    const Problem& first = loaded.problems.front();
    out.fault = invalid("integration_invalid",
                        fmt::format("the custom integration {} cannot be used: {} ({})",
                                    integration.name, first.message, first.pointer));
    return out;
  }
  providers::Provider& provider = *loaded.provider;
  provider.credentials = providers::custom_alias(integration);
  if (base_->has(provider.name)) {  // Pilot has learnt that name since; custom_<id> still works
    provider.name = provider.credentials;
    provider.aliases.clear();
  }
  if (const std::string host = providers::custom_host(integration); !host.empty()) {
    Result<http::HostList> only = http::HostList::parse(host);
    if (!only) {
      out.fault = only.error();
      return out;
    }
    provider.hosts = std::make_shared<const http::HostList>(std::move(*only));
  }
  out.provider = std::move(loaded.provider);
  return out;
}

}  // namespace pilot::engine
