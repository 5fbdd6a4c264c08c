#include "engine/connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/user_providers.h"
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

Result<OpenConnection> unseal(const vault::KeyHolder& keys, const std::string& name,
                              const SealedConnection& sealed) {
  OpenConnection result;
  result.state = sealed.state;
  providers::Connection& opened = result.connection;
  opened.name = name;
  for (const auto& credential : sealed.values) {
    Result<Secret> value = keys.open(credential.encrypted_value, credential.key_id);
    if (!value) {
      return value.error().prefixed(
          fmt::format("credential {} of {}", credential.type, credential.provider));
    }
    opened.values.emplace(credential.type, std::move(*value));
    if (credential.type == "refresh_token") {
      result.sealed_refresh_token = credential.encrypted_value;
      result.refresh_token_elsewhere = credential.provider == store::kCustomCredential;
    } else if (credential.type == "access_token") {
      result.token_since = credential.updated_at;
      result.token_until = credential.expires_at;
    }
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

// What the old service's table has of a custom integration, where nothing newer is: of all of its
// connections the OAuth client, of `default` the rest, too.
void add_older(std::vector<store::SealedCredential>& values,
               std::vector<store::SealedCredential> older, bool is_default) {
  for (store::SealedCredential& one : older) {
    if (!is_default && one.type != "client_id" && one.type != "client_secret") continue;
    const auto same =
        std::find_if(values.begin(), values.end(),
                     [&](const store::SealedCredential& value) { return value.type == one.type; });
    if (same == values.end()) {
      values.push_back(std::move(one));
    } else if (same->updated_at < one.updated_at) {
      *same = std::move(one);
    }
  }
}

boost::asio::awaitable<Result<SealedConnection>> read_sealed(store::Store& store,
                                                             store::ConnectionKey key) {
  auto values = co_await store.connection_credentials(key.user, key.provider, key.connection);
  if (!values) co_return values.error();
  const auto custom = custom_id_of(key.provider);
  if (custom) {
    auto older = co_await store.custom_credentials(key.user, *custom);
    if (!older) co_return older.error();
    add_older(*values, std::move(*older), key.connection == "default");
  }
  Result<store::ConnectionState> state = co_await store.connection_state(std::move(key));
  if (!state) co_return state.error();
  co_return SealedConnection{std::move(*values), std::move(*state)};
}

}  // namespace

boost::asio::awaitable<Result<OpenConnection>> read_connection(store::Store& store,
                                                               const vault::KeyHolder& keys,
                                                               store::ConnectionKey key) {
  const std::string name = key.connection;
  const Result<SealedConnection> sealed = co_await read_sealed(store, std::move(key));
  if (!sealed) co_return sealed.error();
  co_return unseal(keys, name, *sealed);
}

// As they may stand in the old service's table, whose form asked for neither by name.
void use_old_words(providers::Connection& connection, const providers::Provider& provider) {
  constexpr std::array<std::string_view, 6> kWords{"api_key",      "access_token", "token",
                                                   "bearer_token", "bearer",       "key"};
  if (provider.kind != "custom") return;
  const auto asks_for = [&](std::string_view type) {
    return std::ranges::find(provider.auth, type, &providers::AuthField::type) !=
           provider.auth.end();
  };
  const auto given =
      std::ranges::find_if(kWords, [&](auto word) { return connection.value(word).has_value(); });
  if (given == kWords.end() || asks_for(*given)) return;
  for (const std::string_view wanted : {"api_key", "access_token"}) {
    if (!asks_for(wanted) || connection.value(wanted)) continue;
    connection.values.insert_or_assign(std::string(wanted),
                                       connection.values.find(*given)->second.clone());
    return;
  }
}

Error needs_reauth(const store::ConnectionKey& key) {
  return {.kind = ErrorKind::permission_denied,
          .code = std::string(kNeedsReauth),
          .message = fmt::format("{0} does not take the grant of connection \"{1}\" any more: "
                                 "connect {0} anew",
                                 key.provider, key.connection)};
}

boost::asio::awaitable<Result<OpenConnection>> Connections::open(store::ConnectionKey key,
                                                                 bool anew) {
  const std::uint64_t generation = store_.credential_generation();
  if (generation != generation_ || kept_.size() > kKept) kept_.clear();
  generation_ = generation;
  const std::string name = key.connection;
  const std::string id = key.user.text + '\0' + key.provider + '\0' + name;
  if (anew) kept_.erase(id);
  if (const auto it = kept_.find(id); it != kept_.end()) {
    // Another node may have sealed the rows anew since, and dropped their key: then read again.
    Result<OpenConnection> opened = unseal(keys_, name, it->second);
    if (opened) co_return opened;
    kept_.erase(it);
  }
  const Result<SealedConnection> sealed = co_await read_sealed(store_, std::move(key));
  if (!sealed) co_return sealed.error();
  // Written meanwhile: what was read may be old already.
  if (generation == store_.credential_generation()) kept_[id] = *sealed;
  co_return unseal(keys_, name, *sealed);
}

}  // namespace pilot::engine
