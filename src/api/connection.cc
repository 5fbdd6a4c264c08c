#include "api/connection.h"

#include "base/json.h"
#include "base/nearest.h"

namespace pilot::api {

Result<const providers::Provider*> find_provider(const providers::Registry& registry,
                                                 const std::string& name) {
  const providers::Provider* provider = registry.find(name);
  if (provider != nullptr) return provider;
  Error unknown =
      not_found(fmt::format("there is no provider \"{}\"{}", utf8_prefix_characters(name, 100),
                            did_you_mean(name, registry.names())));
  unknown.code = "unknown_provider";
  return unknown;
}

awaitable<Result<providers::Connection>> open_connection(ApiPtr api, UserId user,
                                                         std::string provider, std::string name) {
  providers::Connection connection;
  connection.name = name;
  const auto sealed = co_await api->services.store.connection_credentials(user, provider, name);
  if (!sealed) co_return sealed.error();
  for (const store::SealedCredential& credential : *sealed) {
    Result<Secret> value = api->services.keys.open(credential.encrypted_value, credential.key_id);
    if (!value) {
      co_return value.error().prefixed(
          fmt::format("{} of connection {} of {}", credential.type, name, provider));
    }
    connection.values.emplace(credential.type, std::move(*value));
  }
  co_return connection;
}

}  // namespace pilot::api
