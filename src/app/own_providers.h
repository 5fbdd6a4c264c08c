// A user's own providers (custom integrations) are known to the server only: when a command asks
// for one, the registry in the binary is not the last word.
#pragma once

#include "app/session.h"
#include "model/problem.h"

namespace pilot::app {

// There is a server, or at least a database: somebody to ask.
bool has_database(const GlobalOptions& global);

// The plan may be fine where the user's own providers are known.
bool may_name_own(const GlobalOptions& global, const Problems& problems);

// What the server says of a provider: GET /api/providers/{name}. Code unknown_provider, and those
// of the session.
Result<Json> provider_page_of_server(Session& session, const std::string& name);

// The problems of a plan that the server finds, with pointers into the document.
Result<Problems> problems_of_server(const GlobalOptions& global, const Json& document);

}  // namespace pilot::app
