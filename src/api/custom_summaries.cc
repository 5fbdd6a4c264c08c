#include "api/custom_summaries.h"

#include "api/body.h"
#include "providers/custom_manifest.h"
#include "providers/custom_summary.h"

namespace pilot::api {
namespace {

constexpr std::size_t kSmall = 64u << 10;  // bytes of params that are loaded on a shard

bool is_small(const CustomIntegration& integration) {
  if (!integration.manifest.is_null()) return false;
  std::size_t bytes = 0;
  for (const CustomAction& action : integration.actions) {
    bytes += json_size(action.parameters) + action.endpoint.size();
  }
  return bytes < kSmall;
}

CustomIntegration with_summary(CustomIntegration integration) {
  integration.summary = providers::custom_summary(integration);
  return integration;
}

awaitable<Status> add_summary(ApiPtr api, CustomIntegration& listed) {
  store::Store& store = api->services.store;
  if (listed.manifest.is_null()) {
    listed = co_await summarised(api, std::move(listed));
  } else {  // the list has no documents
    auto whole = co_await store.find_integration(listed.user, listed.id);
    if (!whole) co_return whole.error();
    const CustomIntegration made = co_await summarised(api, std::move(*whole));
    listed.summary = made.summary;
    listed.updated_at = made.updated_at;
  }
  co_return co_await store.put_summary(listed.user, listed.id, listed.summary, listed.updated_at);
}

JsonArray texts_of(const Json& summary, std::string_view list, std::string_view key) {
  JsonArray out;
  const Json* all = find(summary, list);
  if (all == nullptr || !all->is_array()) return out;
  for (const Json& one : all->get_array()) {
    const Json* value = key.empty() ? &one : find(one, key);
    if (value != nullptr) out.push_back(*value);
  }
  return out;
}

}  // namespace

awaitable<CustomIntegration> summarised(ApiPtr api, CustomIntegration integration) {
  if (is_small(integration)) co_return with_summary(std::move(integration));
  auto work = [whole = std::move(integration)]() mutable { return with_summary(std::move(whole)); };
  co_return co_await api->imports.run(std::move(work));
}

awaitable<void> add_summaries(ApiPtr api, std::vector<CustomIntegration>& listed) {
  for (CustomIntegration& one : listed) {
    if (providers::has_summary(one)) continue;
    const Status added = co_await add_summary(api, one);
    if (!added) {
      api->services.log.warn("no summary of the custom integration {}: {}", one.id.text,
                             added.error().message);
    }
  }
}

Json own_provider_brief(const CustomIntegration& integration, bool name_is_taken) {
  const std::string name = name_is_taken ? providers::custom_alias(integration) : integration.name;
  return JsonObject{{"name", text(name)},
                    {"title", text(integration.display_name)},
                    {"kind", "custom"},
                    {"category", "custom"},
                    {"auth", texts_of(integration.summary, "auth", "type")},
                    {"actions", texts_of(integration.summary, "names", "")}};
}

}  // namespace pilot::api
