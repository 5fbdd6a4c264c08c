// The step of a take-over that needs the keys. Blocking; within its transaction.
#pragma once

#include "store/postgres/migrate.h"
#include "store/take_over.h"

namespace pilot::store::postgres {

// What stood in clear in the old service's oauth_config becomes encrypted credentials of the custom
// integrations, which are there already. Code key_missing: there is nothing to seal them with.
Status seal_secrets(Session& session, const TakeOverOptions& options);

}  // namespace pilot::store::postgres
