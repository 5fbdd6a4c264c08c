#include "engine/user_providers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "base/id.h"
#include "model/limits.h"
#include "providers/custom_hosts.h"
#include "providers/custom_manifest.h"
#include "providers/manifest/load.h"
#include "providers/manifest/reader.h"

namespace pilot::engine {
namespace {

using boost::asio::awaitable;

// In memory; with more of them all are read again.
constexpr std::size_t kKept = 500;
constexpr std::size_t kKeptBytes = 64u << 20;
constexpr std::size_t kLarge = 64u << 10;  // bytes of an integration that is not loaded on a shard
constexpr std::size_t kActionBytes = 1'000;
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

std::size_t weight_of(const CustomIntegration& integration) {
  std::size_t weight = json_size(integration.manifest) + kActionBytes;
  for (const CustomAction& action : integration.actions) {
    weight += kActionBytes + json_size(action.parameters);
  }
  return weight;
}

providers::Unusable inactive(const CustomIntegration& integration) {
  return {"integration_inactive",
          fmt::format("the custom integration {} is switched off: set is_active to use it",
                      integration.name)};
}

providers::Unusable faulty(const CustomIntegration& integration, const Problem& first) {
  return {"integration_invalid", fmt::format("the custom integration {} cannot be used: {} ({})",
                                             integration.name, first.message, first.pointer)};
}

providers::Unusable too_many() {
  return {"too_many_integrations",
          fmt::format("a plan may call {} custom integrations", kOfOnePlan)};
}

// All its servers: that of the base URL, and those of operations that have their own. The user has
// imported the document, so they are what the user allowed. Null when the connection says the base.
Result<http::HostListPtr> servers_of(const Json& manifest) {
  const std::string base = providers::base_place(manifest);
  if (base.empty()) return http::HostListPtr{};
  Result<http::HostList> list = http::HostList::parse(
      fmt::format("{} {}", base, fmt::join(providers::own_places(manifest), " ")));
  if (!list) return list.error();
  return std::make_shared<const http::HostList>(std::move(*list));
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
  std::shared_ptr<providers::Registry> all;
  std::set<std::string> added;
  for (const std::string& name : names) {
    const Result<OwnPtr> found = co_await own(user, name);
    if (!found) co_return found.error();
    const OwnPtr& mine = *found;
    if (mine == nullptr) continue;
    if (!all) all = std::make_shared<providers::Registry>(base_);
    if (mine->provider == nullptr) {
      all->add_unusable(name, mine->fault);
    } else if (added.contains(mine->provider->credentials)) {
      continue;  // by its other name
    } else if (added.size() == kOfOnePlan) {
      all->add_unusable(name, too_many());
    } else {
      added.insert(mine->provider->credentials);
      all->add(mine->provider);
    }
  }
  co_return all ? RegistryPtr(all) : base_;
}

awaitable<Result<UserProviders::OwnPtr>> UserProviders::own(UserId user, std::string name) {
  const std::string key = user.text + '\0' + name;
  const Stamp now = stamp();
  OwnPtr before;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(key);
    if (kept != kept_.end() && kept->second.stamp == now) co_return kept->second.own;
    if (kept != kept_.end()) before = kept->second.own;
  }
  Result<std::optional<CustomIntegration>> found = co_await read(std::move(user), std::move(name));
  if (!found) co_return found.error();
  OwnPtr out;
  if (*found) out = co_await made(std::move(**found), std::move(before));
  keep(key, {now, out});
  co_return out;
}

awaitable<Result<std::optional<CustomIntegration>>> UserProviders::read(UserId user,
                                                                        std::string name) {
  auto id = custom_id_of(name);
  if (!id) co_return co_await store_.find_integration_named(std::move(user), std::move(name));
  auto found = co_await store_.find_integration(std::move(user), std::move(*id));
  if (found) co_return std::optional<CustomIntegration>(std::move(*found));
  if (found.error().kind != ErrorKind::not_found) co_return found.error();
  co_return std::nullopt;
}

void UserProviders::keep(const std::string& key, Kept kept) {
  const auto weight_of = [](const Kept& one) { return one.own ? one.own->weight : 0; };
  const std::lock_guard lock(mutex_);
  const auto old = kept_.find(key);
  if (old != kept_.end()) {
    weight_ -= weight_of(old->second);
    kept_.erase(old);
  }
  if (kept_.size() >= kKept || weight_ + weight_of(kept) > kKeptBytes) {
    kept_.clear();
    weight_ = 0;
  }
  weight_ += weight_of(kept);
  kept_.emplace(key, std::move(kept));
}

BlockingPool& UserProviders::pool() {
  const std::lock_guard lock(mutex_);
  if (!pool_) pool_ = std::make_unique<BlockingPool>("pilot-custom", 1);
  return *pool_;
}

// Half a second of work for the largest manifests: not on a shard.
awaitable<UserProviders::OwnPtr> UserProviders::made(CustomIntegration integration, OwnPtr before) {
  if (weight_of(integration) < kLarge) co_return make(integration, before);
  auto work = [this, integration = std::move(integration), before = std::move(before)] {
    return make(integration, before);
  };
  co_return co_await pool().run(std::move(work));
}

UserProviders::OwnPtr UserProviders::make(const CustomIntegration& integration,
                                          const OwnPtr& before) const {
  auto out = std::make_shared<Own>();
  const bool taken = base_->has(integration.name);
  const Json manifest = providers::manifest_of(integration);
  const JsonArray parts{Json(integration.id.text), Json(integration.is_active), Json(taken),
                        manifest};
  out->print = crypto::hex(crypto::sha256(to_json(Json(parts))));
  out->weight = weight_of(integration);
  if (before != nullptr && before->print == out->print) return before;
  if (!integration.is_active) {
    out->fault = inactive(integration);
    return out;
  }
  // The old service took any name; the format of manifests does not.
  Json named = manifest;
  if (!providers::manifest::is_snake_case(integration.name)) named.get_object()["id"] = "custom";
  providers::manifest::Loaded loaded = providers::manifest::load(named, "custom");
  if (!loaded.provider) {
    out->fault = faulty(integration, loaded.problems.front());
    return out;
  }
  providers::Provider& provider = *loaded.provider;
  provider.name = integration.name;
  provider.credentials = providers::custom_alias(integration);
  if (taken) {  // Pilot has learnt that name since; custom_<id> still works
    provider.name = provider.credentials;
    provider.aliases.clear();
  }
  if (find(manifest, "category") == nullptr) provider.category = "custom";
  Result<http::HostListPtr> servers = servers_of(manifest);
  if (!servers) {
    out->fault = faulty(integration, {"/base", servers.error().code, servers.error().message});
    return out;
  }
  provider.hosts = std::move(*servers);
  out->provider = std::move(loaded.provider);
  return out;
}

}  // namespace pilot::engine
