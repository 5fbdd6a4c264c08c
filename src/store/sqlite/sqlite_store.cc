// Opening a store, and its health.
#include "store/sqlite/sqlite_store.h"

#include "base/log.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/migrate.h"

namespace pilot::store::sqlite {
namespace {

bool in_memory(const SqliteOptions& options) { return options.file == ":memory:"; }

ConnectionOptions connection_options(const SqliteOptions& options, Role role) {
  return {.file = options.file, .role = role, .synchronous_full = options.synchronous_full};
}

std::int64_t bytes_on_disk(const std::filesystem::path& file) {
  std::int64_t sum = 0;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file.string() + suffix, missing);
    if (!missing) sum += static_cast<std::int64_t>(size);
  }
  return sum;
}

Result<StoreHealth> look(Connection& db, bool deep) {
  StoreHealth health{.kind = "sqlite"};
  const Result<std::int64_t> version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  health.schema_version = static_cast<int>(*version);
  health.bytes = bytes_on_disk(db.file());
  if (!deep) return health;
  static constexpr char kCheck[] = "PRAGMA integrity_check(10)";
  Query rows = db.query(kCheck);
  while (rows.next()) {
    health.integrity += (health.integrity.empty() ? "" : "; ") + rows.text();
  }
  if (!rows.status()) return rows.status().error();
  return health;
}

struct Opened {
  std::unique_ptr<Connection> db;
  MigrationReport report;
};

Result<Opened> open_and_migrate(const SqliteOptions& options, Log& log) {
  auto db = Connection::open(connection_options(options, Role::writer));
  if (!db) return open_failure(db.error(), options.file);
  Result<MigrationReport> report = migrate(**db, sqlite_migrations(), log);
  if (!report && report.error().kind == ErrorKind::conflict) return report.error();
  if (!report) return open_failure(report.error(), options.file);
  return Opened{std::move(*db), std::move(*report)};
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Connection> db, const SqliteOptions& options, Log& log)
    : writer_(std::move(db), connection_options(options, Role::writer),
              options.threads && !in_memory(options), log),
      readers_(connection_options(options, Role::reader),
               options.threads && !in_memory(options) ? std::max(1u, options.readers) : 0,
               in_memory(options) ? &writer_.connection() : nullptr) {}

awaitable<Result<StoreHealth>> SqliteStore::check(bool deep) {
  // A transaction that changes nothing: the writer takes the lock and gives it back.
  const Result<bool> writer =
      co_await writer_.run([](Connection&) -> Result<bool> { return true; });
  if (!writer) co_return writer.error();
  co_return co_await readers_.run([deep](Connection& db) { return look(db, deep); });
}

}  // namespace pilot::store::sqlite

namespace pilot::store {

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, Log& log) {
  Result<sqlite::Opened> opened = sqlite::open_and_migrate(options, log);
  if (!opened) return opened.error();
  return std::unique_ptr<Store>(
      std::make_unique<sqlite::SqliteStore>(std::move(opened->db), options, log));
}

Result<MigrationReport> migrate_sqlite(const std::filesystem::path& file, Log& log) {
  Result<sqlite::Opened> opened = sqlite::open_and_migrate({.file = file}, log);
  if (!opened) return opened.error();
  return std::move(opened->report);
}

}  // namespace pilot::store
