#include "store/sqlite/migrate.h"

#include "base/log.h"

namespace pilot::store::sqlite {
namespace {

Error newer(const Connection& db, std::int64_t found, int known) {
  return {ErrorKind::conflict,
          "database_newer",
          fmt::format("{} was written by a newer Pilot: its schema has version {}, this program "
                      "knows up to {}. Update Pilot, or restore a backup made by this version",
                      db.file().string(), found, known),
          {}};
}

// One migration, if it is still wanted once the lock is held. Answers whether it was applied.
Result<bool> apply(Connection& db, const Migration& migration) {
  if (Status begun = db.execute("BEGIN IMMEDIATE"); !begun) return begun.error();
  const Result<std::int64_t> version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version >= migration.number) return false;
  if (Status mine = db.check_owner(); !mine) return mine.error();
  if (Status done = db.execute(migration.sql.c_str()); !done) {
    return done.error().prefixed("migration " + migration.name);
  }
  const Result<std::int64_t> reached = db.number("PRAGMA user_version");
  if (!reached) return reached.error();
  if (*reached != migration.number) {
    return internal_error("migration " + migration.name + " does not set its own user_version");
  }
  if (Status committed = db.execute("COMMIT"); !committed) return committed.error();
  return true;
}

}  // namespace

Result<MigrationReport> migrate(Connection& db, const std::vector<Migration>& migrations,
                                Log& log) {
  const Result<std::int64_t> version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  if (Status mine = db.check_owner(); !mine) return mine.error();
  const int known = migrations.empty() ? 0 : migrations.back().number;
  if (*version > known) return newer(db, *version, known);

  MigrationReport report{.from = static_cast<int>(*version), .to = static_cast<int>(*version)};
  for (const Migration& migration : migrations) {
    if (migration.number <= report.to) continue;
    const Result<bool> applied = apply(db, migration);
    if (db.in_transaction()) static_cast<void>(db.execute("ROLLBACK"));
    if (!applied) return applied.error();
    report.to = migration.number;
    if (!*applied) continue;
    report.applied.push_back(migration.name);
    log.info("database {}: applied migration {}", db.file().string(), migration.name);
  }
  return report;
}

}  // namespace pilot::store::sqlite
