#include "api/connection.h"

#include "base/json.h"
#include "base/nearest.h"
#include "engine/connections.h"

namespace pilot::api {

awaitable<Result<FoundProvider>> find_provider(ApiPtr api, UserId user, std::string name) {
  auto registry = co_await api->providers.named(std::move(user), {name});
  if (!registry) co_return registry.error();
  if (const providers::Provider* provider = (*registry)->find(name)) {
    co_return FoundProvider{std::move(*registry), provider};
  }
  if (const providers::Unusable* why = (*registry)->why_not(name)) {
    co_return invalid(why->code, why->message);
  }
  Error unknown =
      not_found(fmt::format("there is no provider \"{}\"{}", utf8_prefix_characters(name, 100),
                            did_you_mean(name, (*registry)->names())));
  unknown.code = "unknown_provider";
  co_return unknown;
}

awaitable<Result<providers::Connection>> open_connection(ApiPtr api, UserId user,
                                                         FoundProvider provider, std::string name) {
  auto opened = co_await engine::read_connection(
      api->services.store, api->services.keys,
      {std::move(user), provider->credential_name(), std::move(name)});
  if (!opened) co_return opened.error();
  engine::use_old_words(opened->connection, *provider);
  co_return std::move(opened->connection);
}

}  // namespace pilot::api
