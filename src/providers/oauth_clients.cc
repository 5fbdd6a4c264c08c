#include "providers/oauth_clients.h"

namespace pilot::providers {
namespace {

constexpr std::string_view kId = "client_id";
constexpr std::string_view kSecret = "client_secret";

Error bad(std::string message, std::string pointer) {
  return invalid("invalid_oauth_clients", std::move(message), std::move(pointer));
}

Result<OAuthClient> read_client(const Json& value, const std::string& pointer) {
  if (!value.is_object()) {
    return bad("a client is {\"client_id\": \"...\", \"client_secret\": \"...\"}", pointer);
  }
  OAuthClient client;
  for (const auto& member : value.get_object()) {
    const std::string_view name{member.key().data(), member.key().size()};
    const bool known = name == kId || name == kSecret;
    if (!known || !member.value().is_string() || member.value().get_string().empty()) {
      return bad("a client has client_id and client_secret, both texts that are not empty",
                 pointer_join(pointer, name));
    }
    const std::string_view text = as_view(member.value().get_string());
    if (name == kId) client.id = text;
    if (name == kSecret) client.secret = Secret(std::string(text));
  }
  if (client.id.empty()) return bad("client_id is missing", pointer_join(pointer, kId));
  return client;
}

}  // namespace

Result<OAuthClients> OAuthClients::parse(const Json& document) {
  if (!document.is_object()) return bad("an object of clients by provider is wanted", "");
  OAuthClients out;
  for (const auto& member : document.get_object()) {
    const std::string name(member.key().data(), member.key().size());
    Result<OAuthClient> client = read_client(member.value(), pointer_join("", name));
    if (!client) return client.error();
    out.clients_.emplace(name, std::move(*client));
  }
  return out;
}

const OAuthClient* OAuthClients::find(std::string_view provider) const {
  const auto found = clients_.find(provider);
  return found == clients_.end() ? nullptr : &found->second;
}

Result<OAuthClient> oauth_client_of(const Provider& provider, const Connection& connection,
                                    const OAuthClients& deployment) {
  if (const auto id = connection.value(kId)) {
    return OAuthClient{std::string(*id),
                       Secret(std::string(connection.value(kSecret).value_or("")))};
  }
  if (provider.oauth2 && !provider.oauth2->client_id.empty()) {
    return OAuthClient{provider.oauth2->client_id,
                       Secret(std::string(connection.value(kSecret).value_or("")))};
  }
  const OAuthClient* shared = deployment.find(provider.name);
  const bool vendors =
      provider.kind != "custom" && provider.oauth2 && is_vendors_host(provider.oauth2->token) &&
      (provider.oauth2->refresh.empty() || is_vendors_host(provider.oauth2->refresh));
  if (shared != nullptr && vendors) return OAuthClient{shared->id, shared->secret.clone()};
  return invalid(
      "no_oauth_client",
      fmt::format(
          "there is no OAuth client for {0}: register one with the vendor and set client_id "
          "and client_secret of the {0} connection{1}",
          provider.name, vendors ? ", or start the server with --oauth-clients FILE" : ""));
}

bool is_vendors_host(std::string_view url_template) {
  const std::size_t scheme = url_template.find("://");
  if (scheme == std::string_view::npos ||
      url_template.substr(0, scheme).find("{{") != std::string_view::npos) {
    return false;
  }
  std::string_view host = url_template.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const std::size_t field = host.rfind("}}");
  if (field == std::string_view::npos) return true;
  // Behind the last field: a dot, and a domain with a dot of its own.
  const std::string_view fixed = host.substr(field + 2);
  return fixed.starts_with('.') && fixed.find('.', 1) != std::string_view::npos;
}

}  // namespace pilot::providers
