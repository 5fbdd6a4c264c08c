// Brings a database's schema up to date: the numbered migrations that are missing, each in a
// transaction of its own and under a lock that holds in the whole database. Blocking; for start-up.
#pragma once

#include "store/migrations.h"
#include "store/postgres/connect.h"
#include "store/store.h"

namespace pilot::store::postgres {

// `allowed` false: only looks whether the schema is this program's. Codes: see open_postgres().
Result<MigrationReport> migrate(const std::string& url, bool allowed, Log& log);

// Held until the end of the transaction by whoever changes the schema.
inline constexpr char kMigrationLock[] = "SELECT pg_advisory_xact_lock(1346980948, 1)";
// One migration and its row of pilot_schema, in the transaction that is open; the role is left
// changed.
Status apply_migration(Session& session, const Migration& migration);

}  // namespace pilot::store::postgres
