// A custom integration as a manifest: the one form in which providers that are data are run. Pure;
// any thread.
#pragma once

#include "model/custom_integration.h"
#include "model/problem.h"

namespace pilot::providers {

// The manifest (docs/import.md): `id` is the integration's name, custom_<id> an alias. Of one that
// was imported, its own with these two. What an action says that makes no sense is left out; ask
// check_custom() before it is stored.
Json manifest_of(const CustomIntegration& integration);

// Its alias in steps that the old service wrote.
std::string custom_alias(const CustomIntegration& integration);

// Where its base URL leads, as it is written: scheme, host and port, perhaps with {{field}}s.
std::string_view custom_server(const CustomIntegration& integration);

// All that is wrong with it, pointers into the API's body: name, base_url, auth_header, actions.
// Addresses are judged when a call connects.
Problems check_custom(const CustomIntegration& integration);

}  // namespace pilot::providers
