#include "providers/custom_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "http/url.h"
#include "providers/custom_action.h"
#include "providers/custom_hosts.h"
#include "providers/openapi/draft.h"

namespace pilot::providers {
namespace {

using openapi::snake_case;

constexpr std::size_t kName = 64;
constexpr std::size_t kHeaderName = 100;
constexpr std::size_t kPrefix = 100;

bool is_snake(std::string_view name) {
  return !name.empty() && name.size() <= kName && !name.starts_with('_') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kHeaderName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
         });
}

// The first of these members that is a text.
std::string_view one_of(const Json& map, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const std::string_view text = string_or(map, key);
    if (!text.empty()) return text;
  }
  return {};
}

JsonArray scopes_of(const Json& config) {
  JsonArray out;
  const Json* scopes = find(config, "scopes");
  if (scopes == nullptr) scopes = find(config, "scope");
  if (scopes == nullptr) return out;
  if (scopes->is_array()) {
    for (const Json& scope : scopes->get_array()) {
      if (scope.is_string()) out.push_back(scope);
    }
  } else if (scopes->is_string()) {
    std::string_view text = as_view(scopes->get_string());
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
      if (end > 0) out.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  return out;
}

// The old service's names for OAuth's URLs; without a token URL the connection takes a token.
Json oauth_of(const CustomIntegration& integration) {
  const Json& config = integration.oauth_config;
  const std::string_view token = one_of(config, {"token_url", "token", "access_token_url"});
  const std::string_view authorize =
      one_of(config, {"authorization_url", "authorize_url", "auth_url", "authorize"});
  const std::string_view grant = one_of(config, {"grant_type", "grant"});
  const bool client = grant == "client_credentials" || grant == "client";
  if (!token.starts_with("https://") || (!client && !authorize.starts_with("https://"))) {
    return JsonObject{{"bearer", "access_token"}};
  }
  JsonObject out;
  if (client) out["grant"] = "client";
  if (!client) out["authorize"] = authorize;
  out["token"] = token;
  const std::string_view refresh = one_of(config, {"refresh_url", "refresh"});
  if (refresh.starts_with("https://")) out["refresh"] = refresh;
  JsonArray scopes = scopes_of(config);
  if (!scopes.empty()) out["scopes"] = std::move(scopes);
  if (!integration.auth_header.empty()) out["header"] = integration.auth_header;
  if (integration.auth_prefix) out["prefix"] = *integration.auth_prefix;
  return JsonObject{{"oauth2", std::move(out)}};
}

Json auth_of(const CustomIntegration& integration) {
  if (integration.auth_type == "oauth") return oauth_of(integration);
  std::string prefix = integration.auth_prefix.value_or("Bearer");
  while (prefix.ends_with(' ')) prefix.pop_back();
  JsonObject key{
      {"header", integration.auth_header.empty() ? "Authorization" : integration.auth_header}};
  if (!prefix.empty()) key["prefix"] = prefix;
  key["field"] = "api_key";
  return JsonObject{{"key", std::move(key)}};
}

std::string without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

Status check_base(const std::string& url) {
  if (url.find_first_of("{}") != std::string::npos) {
    return invalid("invalid_url", "a base URL has no { or }; params belong into the endpoints");
  }
  const Result<http::Url> parsed = http::parse_url(url);
  if (!parsed) return parsed.error();
  if (parsed->target.find('?') != std::string::npos) {
    return invalid("invalid_url", "a base URL has no query; put it into the endpoints");
  }
  return ok();
}

}  // namespace

std::string custom_alias(const CustomIntegration& integration) {
  return "custom_" + integration.id.text;
}

std::string_view custom_server(const CustomIntegration& integration) {
  return server_part(integration.manifest.is_object() ? string_or(integration.manifest, "base")
                                                      : std::string_view(integration.base_url));
}

Json manifest_of(const CustomIntegration& integration) {
  JsonArray aliases{Json(custom_alias(integration))};
  if (integration.manifest.is_object()) {
    JsonObject out = integration.manifest.get_object();
    out["id"] = integration.name;
    if (!integration.display_name.empty()) out["name"] = integration.display_name;
    out["aliases"] = std::move(aliases);
    return out;
  }
  JsonObject out{
      {"id", integration.name},
      {"name", integration.display_name.empty() ? integration.name : integration.display_name},
      {"aliases", std::move(aliases)}};
  if (!integration.description.empty()) out["description"] = integration.description;
  out["base"] = without_slash(integration.base_url);
  out["auth"] = auth_of(integration);
  const std::string_view client = string_or(integration.oauth_config, "client_id");
  if (integration.auth_type == "oauth" && !client.empty()) {
    out["fields"] =
        JsonObject{{"client_id", JsonObject{{"title", "Client ID"}, {"default", client}}}};
  }
  JsonObject actions;
  openapi::NameSet names;
  for (const CustomAction& action : integration.actions) {
    if (check_action(action, integration.base_url)) continue;
    std::string name = snake_case(action.action_id, kName - 4);
    if (name.empty()) name = "action";
    name = names.unique(name, kName);
    JsonObject made = action_of(action, integration.base_url);
    if (name != action.action_id) made["aliases"] = JsonArray{Json(action.action_id)};
    actions[name] = std::move(made);
  }
  out["actions"] = std::move(actions);
  return out;
}

Problems check_custom(const CustomIntegration& integration) {
  Problems out;
  if (!is_snake(integration.name)) {
    out.push_back(
        {"/name", "invalid_name", "a name is snake_case: a-z, 0-9 and _, at most 64 characters"});
  }
  if (integration.auth_type != "api_key" && integration.auth_type != "oauth") {
    out.push_back({"/auth_type", "invalid_value", "auth_type is api_key or oauth"});
  }
  if (!integration.auth_header.empty() && !is_token(integration.auth_header)) {
    out.push_back({"/auth_header", "invalid_header", "no HTTP header can have this name"});
  }
  const std::string prefix = integration.auth_prefix.value_or("");
  if (prefix.size() > kPrefix || std::any_of(prefix.begin(), prefix.end(), [](char c) {
        return c < ' ' || c >= '\x7f' || c == '{' || c == '}';
      })) {
    out.push_back({"/auth_prefix", "invalid_header",
                   "a prefix is at most 100 plain ASCII characters, without braces"});
  }
  if (integration.manifest.is_object()) return out;
  if (Status base = check_base(integration.base_url); !base) {
    out.push_back({"/base_url", "invalid_url", base.error().message});
  }
  std::set<std::string_view> known;
  for (std::size_t i = 0; i < integration.actions.size(); ++i) {
    const CustomAction& action = integration.actions[i];
    const std::string pointer = pointer_join("/actions", i);
    if (!known.insert(action.action_id).second) {
      out.push_back({pointer_join(pointer, "action_id"), "duplicate_name",
                     "two actions have this action_id"});
    }
    if (const auto wrong = check_action(action, integration.base_url)) {
      out.push_back({pointer_join(pointer, wrong->pointer), wrong->code, wrong->message});
    }
  }
  return out;
}

}  // namespace pilot::providers
