// The whole store of one process, and how to open it. Interfaces are split by who needs them.
#pragma once

#include <filesystem>
#include <memory>

#include "store/audit_store.h"
#include "store/credential_store.h"
#include "store/custom_store.h"
#include "store/idempotency_store.h"
#include "store/identity_store.h"
#include "store/node_store.h"
#include "store/oauth_store.h"
#include "store/plan_store.h"
#include "store/run_store.h"
#include "store/schedule_store.h"

namespace pilot {
class Log;
}

namespace pilot::store {

struct StoreHealth {
  std::string kind;  // "sqlite", "postgresql"
  int schema_version = 0;
  std::int64_t bytes = 0;  // on disk
  std::string integrity;   // "ok" or what is wrong; only when asked for
  std::string advice;      // what would be better set up otherwise; empty: nothing
};

// The io_contexts of the callers outlive the store: an answer may still be on its way out of post()
// on a thread of the store when the caller already has it. Destroying the store does what is queued
// and joins its threads.
class Store : public PlanStore,
              public RunStore,
              public ScheduleStore,
              public CredentialStore,
              public CustomStore,
              public OAuthStore,
              public NodeStore,
              public IdempotencyStore,
              public AuditStore,
              public IdentityStore {
 public:
  // A cheap round trip through writer and reader, for /api/health; `deep` also checks integrity.
  virtual awaitable<Result<StoreHealth>> check(bool deep) = 0;
};

struct SqliteOptions {
  std::filesystem::path file;  // ":memory:" for tests (one connection)
  unsigned readers = 2;
  bool synchronous_full = true;
  bool threads = true;  // false: everything at once on the caller's thread (tests, simulation)
};

// Opens or makes the file and brings its schema up to date. Error codes: database_newer,
// database_corrupt, database_read_only, database_full, database_error; each says what to do.
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, Log& log);

struct PostgresOptions {
  std::string url;       // postgresql://user:password@host/database, or libpq's key=value form
  bool migrate = true;   // false: the schema must be up to date
  unsigned readers = 2;  // connections for reads, per shard; one more is for writes
  // A connection that owes an answer and says nothing for so long is given up.
  std::chrono::milliseconds silence{30'000};
};

// Connects and brings the schema up to date. Error codes: database_away, invalid_database_url,
// database_newer, schema_outdated, database_permission, old_database; each says what to do. Later
// the connections come and go by themselves: while there is none, calls fail with database_away
// (503).
Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options, Log& log);

struct MigrationReport {
  int from = 0;
  int to = 0;
  std::vector<std::string> applied;
};
// What open_sqlite does to the schema, alone, for `pilot migrate`.
Result<MigrationReport> migrate_sqlite(const std::filesystem::path& file, Log& log);
Result<MigrationReport> migrate_postgres(const std::string& url, Log& log);

}  // namespace pilot::store
