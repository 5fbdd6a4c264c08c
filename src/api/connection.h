// A user's stored connection, unlocked, and the provider that it is for. Called on a shard.
#pragma once

#include "api/services.h"

namespace pilot::api {

// Code unknown_provider (404) with the nearest name.
Result<const providers::Provider*> find_provider(const providers::Registry& registry,
                                                 const std::string& name);

// Without values when nothing is stored. Errors: credential_unreadable, the store's.
awaitable<Result<providers::Connection>> open_connection(ApiPtr api, UserId user,
                                                         std::string provider, std::string name);

}  // namespace pilot::api
