// The exact request of an action as JSON for people: {method, url, headers, body}, secrets masked.
// Serves `pilot providers request` and its API route. Pure.
#pragma once

#include "providers/registry.h"

namespace pilot::providers {

// Params are checked and completed as for a real call. For mail: {method: "SMTP", url, ...}.
// Errors: unknown_action, missing_param..., not_http (a logic action sends
// nothing, a task speaks another protocol).
Result<Json> describe_request(const Provider& provider, const Action& action, Json params,
                              const Connection& connection, WallTime now);

// Checks params against the action's schema after putting in defaults; one Error with all problems
// in its message, pointer of the first.
Status check_params(const Action& action, Json& params);

// Old names of params become today's, in their places. A name that is given in both forms is left
// for the check to refuse.
void rename_old_params(const Action& action, Json& params);

}  // namespace pilot::providers
