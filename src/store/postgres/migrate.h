// Brings a database's schema up to date: the numbered migrations that are missing, each in a
// transaction of its own and under a lock that holds in the whole database. Blocking; for start-up.
#pragma once

#include "store/store.h"

namespace pilot::store::postgres {

// `allowed` false: only looks whether the schema is this program's. Codes: see open_postgres().
Result<MigrationReport> migrate(const std::string& url, bool allowed, Log& log);

}  // namespace pilot::store::postgres
