// All providers that this process has: the native ones, the catalogue in the binary, and the
// operator's own manifests.
#pragma once

#include <filesystem>
#include <memory>

#include "providers/registry.h"

namespace pilot::app {

// Native providers and the catalogue; without `demo`.
std::shared_ptr<providers::Registry> built_in_registry();

// For commands: with the manifests of `catalog` (empty: none) laid over. What is wrong with those
// goes to stderr; a directory that cannot be read is left out.
std::shared_ptr<const providers::Registry> make_registry(const std::filesystem::path& catalog);

}  // namespace pilot::app
