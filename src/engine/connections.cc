#include "engine/connections.h"

#include <fmt/format.h>

#include "http/url.h"

namespace pilot::engine {
namespace {

constexpr std::size_t kKept = 1'000;  // connections; then all are forgotten and read again

constexpr std::string_view kAllowedHosts = "allowed_hosts";

// What the connection says itself, else the host of its own base_url: a step that names another
// place does not get the credentials sent there.
Result<http::HostListPtr> hosts_of(const providers::Connection& connection) {
  std::string text;
  if (const auto given = connection.value(kAllowedHosts)) {
    text = *given;
  } else if (const auto base = connection.value("base_url")) {
    const Result<http::Url> url = http::parse_url(*base);
    if (!url) return http::HostListPtr{};  // its provider says what is wrong with it
    text = fmt::format("{}:{}", url->host, url->port);
  } else {
    return http::HostListPtr{};
  }
  Result<http::HostList> list = http::HostList::parse(text);
  if (!list) return list.error();
  return std::make_shared<const http::HostList>(std::move(*list));
}

}  // namespace

boost::asio::awaitable<Result<OpenConnection>> Connections::open(UserId user, std::string provider,
                                                                 std::string connection) {
  const std::uint64_t generation = store_.credential_generation();
  if (generation != generation_ || kept_.size() > kKept) kept_.clear();
  generation_ = generation;
  const std::string key = user.text + '\0' + provider + '\0' + connection;
  if (const auto it = kept_.find(key); it != kept_.end()) {
    // Another node may have sealed the rows anew since, and dropped their key: then read again.
    Result<OpenConnection> opened = unseal(connection, it->second);
    if (opened) co_return opened;
    kept_.erase(it);
  }
  auto sealed =
      co_await store_.connection_credentials(std::move(user), std::move(provider), connection);
  if (!sealed) co_return sealed.error();
  // Written meanwhile: what was read may be old already.
  if (generation == store_.credential_generation()) kept_[key] = *sealed;
  co_return unseal(connection, *sealed);
}

Result<OpenConnection> Connections::unseal(
    const std::string& name, const std::vector<store::SealedCredential>& sealed) const {
  OpenConnection result;
  providers::Connection& opened = result.connection;
  opened.name = name;
  for (const auto& credential : sealed) {
    Result<Secret> value = keys_.open(credential.encrypted_value, credential.key_id);
    if (!value) {
      return value.error().prefixed(
          fmt::format("credential {} of {}", credential.type, credential.provider));
    }
    opened.values.emplace(credential.type, std::move(*value));
  }
  const bool named = opened.value(kAllowedHosts).has_value();
  Result<http::HostListPtr> hosts = hosts_of(opened);
  if (!hosts) {
    return hosts.error().prefixed(fmt::format("{} of connection {}", kAllowedHosts, name));
  }
  opened.hosts = std::move(*hosts);
  if (named) result.named_hosts = opened.hosts;
  opened.values.erase(std::string(kAllowedHosts));  // no secret, and nothing to send
  return result;
}

}  // namespace pilot::engine
