// A user's stored connection, unlocked, and the provider that it is for. Called on a shard.
#pragma once

#include "api/services.h"

namespace pilot::api {

// A provider, kept alive by where it was found.
struct FoundProvider {
  engine::RegistryPtr registry;
  const providers::Provider* provider = nullptr;
  const providers::Provider* operator->() const { return provider; }
  const providers::Provider& operator*() const { return *provider; }
};

// One of Pilot's or one of the user's own. Codes: unknown_provider (404) with the nearest name,
// integration_inactive, integration_invalid, the store's.
awaitable<Result<FoundProvider>> find_provider(ApiPtr api, UserId user, std::string name);

// Without values when nothing is stored. Errors: credential_unreadable, the store's.
awaitable<Result<providers::Connection>> open_connection(ApiPtr api, UserId user,
                                                         FoundProvider provider, std::string name);

}  // namespace pilot::api
