#include "providers/custom_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "http/host_rules.h"
#include "http/url.h"

namespace pilot::providers {
namespace {

// None: it is no URL, or a setting says where it is.
std::optional<http::Url> server_of(std::string_view url) {
  const std::string_view server = server_part(url);
  if (server.find("://") == std::string_view::npos || server.find('{') != std::string_view::npos) {
    return std::nullopt;
  }
  const Result<http::Url> parsed = http::parse_url(server);
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::string place_of(const http::Url& url) { return fmt::format("{}:{}", url.host, url.port); }

// What an action calls: a path behind the base, or a URL.
std::string_view target_of(const Json& action) {
  const std::string_view text = string_or(action, "do");
  return text.substr(std::min(text.find(' '), text.size() - 1) + 1);
}

// Those whose host nobody can write a rule for are called by no one.
bool is_rule(const http::Url& url) { return http::HostRule::parse(place_of(url)).has_value(); }

template <class Take>
void each_own_server(const Json& manifest, Take take) {
  const Json* actions = find(manifest, "actions");
  if (actions == nullptr || !actions->is_object()) return;
  for (const auto& member : actions->get_object()) {
    const std::string_view target = target_of(member.value());
    if (!target.starts_with("https://") && !target.starts_with("http://")) continue;
    const std::optional<http::Url> server = server_of(target);
    if (server && is_rule(*server)) take(*server);
  }
}

// A client's secret and a refresh token go to token endpoints.
void collect_sign_ins(const Json& auth, std::vector<std::string>& hosts) {
  if (auth.is_array()) {
    for (const Json& way : auth.get_array()) collect_sign_ins(way, hosts);
    return;
  }
  const Json* oauth = find(auth, "oauth2");
  if (oauth == nullptr) return;
  for (const std::string_view key : {"token", "refresh"}) {
    const std::string_view url = string_or(*oauth, key);
    if (url.empty()) continue;
    const std::optional<http::Url> server = server_of(url);
    std::string host = server ? server->authority() : std::string(server_part(url));
    if (std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(std::move(host));
  }
}

// Of {{server}}, the choices; of other settings, the template.
std::vector<std::string> base_hosts(const Json& manifest) {
  const std::string_view base = string_or(manifest, "base");
  if (const auto server = server_of(base)) return {server->authority()};
  std::vector<std::string> hosts;
  const Json* fields = find(manifest, "fields");
  const Json* field = fields != nullptr && base == "{{server}}" ? find(*fields, "server") : nullptr;
  const Json* choices = field == nullptr ? nullptr : find(*field, "enum");
  if (choices != nullptr && choices->is_array()) {
    for (const Json& choice : choices->get_array()) {
      if (!choice.is_string()) continue;
      const auto server = server_of(as_view(choice.get_string()));
      if (server && std::ranges::find(hosts, server->authority()) == hosts.end()) {
        hosts.push_back(server->authority());
      }
    }
  }
  if (!hosts.empty() || base.empty()) return hosts;
  const std::string_view server = server_part(base);
  const std::size_t scheme = server.find("://");
  hosts.emplace_back(scheme == std::string_view::npos ? server : server.substr(scheme + 3));
  return hosts;
}

}  // namespace

std::string_view server_part(std::string_view url) {
  const std::size_t host = url.find("://");
  return host == std::string_view::npos ? url : url.substr(0, url.find('/', host + 3));
}

std::string base_place(const Json& manifest) {
  const std::optional<http::Url> server = server_of(string_or(manifest, "base"));
  return server ? place_of(*server) : std::string();
}

std::vector<std::string> own_places(const Json& manifest) {
  std::set<std::string> places;
  each_own_server(manifest, [&](const http::Url& server) { places.insert(place_of(server)); });
  places.erase(base_place(manifest));
  return {places.begin(), places.end()};
}

Json hosts_json(const Json& manifest) {
  JsonArray out;
  const std::vector<std::string> base = base_hosts(manifest);
  for (const std::string& host : base) out.push_back(JsonObject{{"host", host}, {"for", "base"}});
  std::map<std::string, std::size_t> own;
  each_own_server(manifest, [&](const http::Url& server) {
    if (std::ranges::find(base, server.authority()) == base.end()) ++own[server.authority()];
  });
  for (const auto& [host, operations] : own) {
    out.push_back(JsonObject{{"host", host}, {"for", "operations"}, {"operations", operations}});
  }
  std::vector<std::string> sign_ins;
  if (const Json* auth = find(manifest, "auth")) collect_sign_ins(*auth, sign_ins);
  if (const Json* actions = find(manifest, "actions"); actions && actions->is_object()) {
    for (const auto& member : actions->get_object()) {
      if (const Json* auth = find(member.value(), "auth")) collect_sign_ins(*auth, sign_ins);
    }
  }
  for (const std::string& host : sign_ins) {
    out.push_back(JsonObject{{"host", host}, {"for", "sign_in"}});
  }
  return out;
}

}  // namespace pilot::providers
