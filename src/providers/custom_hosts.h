// Where the calls of a custom integration go, and its credentials with them: what its manifest
// says. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace pilot::providers {

// The part of a URL in front of its path, which may have {{field}}s.
std::string_view server_part(std::string_view url);

// The server of the base URL as a host rule with the port, so that credentials for https do not go
// to port 80. Empty when the connection says the server.
std::string base_place(const Json& manifest);

// The same of the operations that have a server of their own, each once, without that of the base.
std::vector<std::string> own_places(const Json& manifest);

// For who is to judge it: [{host, for: base | operations | sign_in, operations?}]. A host that the
// connection says is the template of it ("{{region}}.acme.example").
Json hosts_json(const Json& manifest);

}  // namespace pilot::providers
