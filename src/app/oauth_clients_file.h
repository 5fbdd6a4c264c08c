// The OAuth clients of this deployment, from a file or the environment. Main thread, at the start.
#pragma once

#include <filesystem>
#include <memory>

#include "providers/oauth_clients.h"

namespace pilot::app {

// `file` (JSON or YAML: {google: {client_id: ..., client_secret: ...}}), else the variable
// PILOT_OAUTH_CLIENTS, which holds the document itself; without either: none. A file that others
// can read is refused. No message holds a value. Code invalid_oauth_clients.
Result<std::shared_ptr<const providers::OAuthClients>> read_oauth_clients(
    const std::filesystem::path& file);

}  // namespace pilot::app
