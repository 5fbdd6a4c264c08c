#include "providers/custom_summary.h"

#include <algorithm>

#include "providers/custom_manifest.h"
#include "providers/manifest/load.h"
#include "providers/provider_view.h"

namespace pilot::providers {
namespace {

constexpr int kVersion = 1;          // of what stands in it; one of another version is made anew
constexpr std::size_t kWords = 120;  // characters of a description
constexpr std::size_t kRoom = 32u << 10;      // bytes of the actions with all they say
constexpr std::size_t kMoreRoom = 64u << 10;  // and without descriptions; of more there are names

std::string time_of(const CustomIntegration& integration) {
  return to_rfc3339(integration.updated_at);
}

JsonObject action_entry(const std::string& name, const Json& action, bool with_words) {
  const std::string_view call = string_or(action, "do");
  const std::size_t blank = std::min(call.find(' '), call.size());
  JsonObject out{{"action_id", name},
                 {"action_name", string_or(action, "title", name)},
                 {"http_method", call.substr(0, blank)},
                 {"endpoint", call.substr(std::min(blank + 1, call.size()))}};
  const std::string_view words = string_or(action, "description");
  if (with_words && !words.empty()) {
    out["description"] = utf8_prefix_characters(words, kWords);
  }
  return out;
}

// Empty: there are too many of them.
JsonArray action_entries(const Json& manifest) {
  const Json* actions = find(manifest, "actions");
  if (actions == nullptr || !actions->is_object()) return {};
  for (const bool with_words : {true, false}) {
    const std::size_t room = with_words ? kRoom : kMoreRoom;
    JsonArray out;
    std::size_t bytes = 0;
    for (const auto& member : actions->get_object()) {
      out.push_back(action_entry(std::string(member.key()), member.value(), with_words));
      bytes += json_size(out.back());
      if (bytes > room) break;
    }
    if (bytes <= room) return out;
  }
  return {};
}

// One that does not load: what its rows say.
JsonObject bare(const CustomIntegration& integration) {
  JsonArray names;
  for (const CustomAction& action : integration.actions) names.emplace_back(action.action_id);
  return JsonObject{{"auth", JsonArray{}}, {"oauth2", false}, {"names", std::move(names)}};
}

}  // namespace

Json custom_summary(const CustomIntegration& integration) {
  Json manifest = manifest_of(integration);
  manifest.get_object()["id"] = "custom";  // any name will do here
  const manifest::Loaded loaded = manifest::load(manifest, "custom");
  JsonObject out = loaded.provider ? JsonObject{} : bare(integration);
  if (loaded.provider) {
    JsonArray names;
    for (const Action& action : loaded.provider->actions) names.emplace_back(action.name);
    out["auth"] = auth_json(*loaded.provider);
    out["oauth2"] = loaded.provider->oauth2 != nullptr;
    out["names"] = std::move(names);
  }
  out["version"] = kVersion;
  out["of"] = time_of(integration);
  if (!integration.manifest.is_null()) out["actions"] = action_entries(integration.manifest);
  return out;
}

bool has_summary(const CustomIntegration& integration) {
  const Json* version = find(integration.summary, "version");
  return version != nullptr && *version == Json(kVersion) &&
         string_or(integration.summary, "of") == time_of(integration);
}

std::vector<CustomAction> summarised_actions(const CustomIntegration& integration) {
  std::vector<CustomAction> out;
  const Json* actions = find(integration.summary, "actions");
  if (actions == nullptr || !actions->is_array()) return out;
  for (const Json& entry : actions->get_array()) {
    CustomAction& action = out.emplace_back();
    action.id = action.action_id = string_or(entry, "action_id");
    action.action_name = string_or(entry, "action_name", action.action_id);
    action.description = string_or(entry, "description");
    action.http_method = string_or(entry, "http_method");
    action.endpoint = string_or(entry, "endpoint");
    action.created_at = action.updated_at = integration.updated_at;
  }
  return out;
}

}  // namespace pilot::providers
