// Params that a step may leave out because the connection says them: a sender's address, a hook's
// URL. Pure; any thread.
#pragma once

#include "providers/action.h"
#include "providers/manifest/spec.h"

namespace pilot::providers::manifest {

bool takes_fields(const ActionSpec& spec);

// The call's params with those of the connection. Codes: missing_param, invalid_connection.
Result<Json> with_fields(const ActionSpec& spec, const Call& call);

}  // namespace pilot::providers::manifest
