// Brings the schema of one file up to date: the numbered migrations that it does not have yet, in
// order, each in a transaction of its own. The number is PRAGMA user_version, which each migration
// sets itself. Two processes at once are safe: the write lock is taken before the number is read.
//
// Error codes: database_newer, database_error (another program's file), and those of Connection.
#pragma once

#include <vector>

#include "store/migrations.h"
#include "store/sqlite/connection.h"
#include "store/store.h"

namespace pilot::store::sqlite {

Result<MigrationReport> migrate(Connection& db, const std::vector<Migration>& migrations, Log& log);

}  // namespace pilot::store::sqlite
