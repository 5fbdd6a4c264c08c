#include "engine/connections.h"

#include <fmt/format.h>

namespace pilot::engine {
namespace {

constexpr std::size_t kKept = 1'000;  // connections; then all are forgotten and read again

}  // namespace

boost::asio::awaitable<Result<providers::Connection>> Connections::open(UserId user,
                                                                        std::string provider,
                                                                        std::string connection) {
  const std::uint64_t generation = store_.credential_generation();
  if (generation != generation_ || kept_.size() > kKept) kept_.clear();
  generation_ = generation;
  const std::string key = user.text + '\0' + provider + '\0' + connection;
  if (const auto it = kept_.find(key); it != kept_.end()) {
    co_return unseal(connection, it->second);
  }
  auto sealed =
      co_await store_.connection_credentials(std::move(user), std::move(provider), connection);
  if (!sealed) co_return sealed.error();
  // Written meanwhile: what was read may be old already.
  if (generation == store_.credential_generation()) kept_[key] = *sealed;
  co_return unseal(connection, *sealed);
}

Result<providers::Connection> Connections::unseal(
    const std::string& name, const std::vector<store::SealedCredential>& sealed) const {
  providers::Connection result;
  result.name = name;
  for (const auto& credential : sealed) {
    Result<Secret> value = keys_.open(credential.encrypted_value);
    if (!value) {
      return value.error().prefixed(
          fmt::format("credential {} of {}", credential.type, credential.provider));
    }
    result.values.emplace(credential.type, std::move(*value));
  }
  return result;
}

}  // namespace pilot::engine
