// Which database: the SQLite file of the data directory, or the PostgreSQL that a URL names. The
// URL holds a password, so it comes from the environment or a file, never from the command line.
#pragma once

#include <string>

#include "app/data_dir.h"
#include "store/store.h"

namespace pilot::app {

// Takes PILOT_DATABASE_URL out of the environment; afterwards it is not in it any more. Empty when
// it was not set. Main thread at start.
std::string take_database_url();

// The first line of `file`, if one is given; else `variable`, which take_database_url() answered;
// else empty: SQLite. Codes: invalid_database_url, also for a file that others can read.
Result<std::string> read_database_url(const std::string& file, const std::string& variable);

// Brings the schema up to date. Codes: those of open_sqlite() and open_postgres().
Result<std::unique_ptr<store::Store>> open_database(const std::string& url, const DataDir& dir,
                                                    Log& log);
Result<store::MigrationReport> migrate_database(const std::string& url, const DataDir& dir,
                                                Log& log);

// "host:port/database" of a URL, for people; no user, no password.
std::string database_name(const std::string& url);

}  // namespace pilot::app
