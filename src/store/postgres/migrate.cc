#include "store/postgres/migrate.h"

#include <fmt/format.h>

#include <charconv>

#include "base/log.h"

namespace pilot::store::postgres {
namespace {

// Asked of the catalogue itself: what to_regclass() did not find once, it may not find again in the
// same session.
constexpr char kTable[] =
    "SELECT relname::text FROM pg_class WHERE relname = $1"
    " AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')";
constexpr char kVersion[] = "SELECT coalesce(max(version), 0)::text FROM public.pilot_schema";
constexpr char kRecord[] =
    "INSERT INTO public.pilot_schema (version, name) VALUES ($1::integer, $2) RETURNING name";

Error newer(int found, int known) {
  return {ErrorKind::conflict,
          "database_newer",
          fmt::format("the database was written by a newer Pilot: its schema has version {}, this "
                      "program knows up to {}. Update Pilot, or use another database",
                      found, known),
          {}};
}

Error old_database() {
  return conflict("old_database",
                  "the database has the tables of the old service. Take it over in place with: "
                  "pilot migrate --from-old (a backup first: pg_dump)");
}

Error not_allowed(const Error& cause) {
  Error error = cause;
  error.message = fmt::format(
      "the database login may not bring the schema up to date ({}). Let an administrator run pilot "
      "migrate with a login that owns the database and may create roles; afterwards a login that "
      "is a member of pilot_app is enough to serve",
      cause.message);
  return error;
}

Result<int> stored_version(Session& session) {
  const auto table = session.value(kTable, {"pilot_schema"});
  if (!table) return table.error();
  if (!table->has_value()) {
    const auto old = session.value(kTable, {"execution_plans"});
    if (!old) return old.error();
    if (old->has_value()) return old_database();
    return 0;
  }
  const auto text = session.value(kVersion);
  if (!text) return text.error();
  int version = 0;
  const std::string digits = text->value_or("0");
  std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return version;
}

// One migration, if it is still wanted once the lock is held. Answers whether it was applied.
Result<bool> apply(Session& session, const Migration& migration) {
  if (Status begun = session.execute("BEGIN"); !begun) return begun.error();
  if (Status locked = session.execute(kMigrationLock); !locked) return locked.error();
  const Result<int> version = stored_version(session);
  if (!version) return version.error();
  if (*version >= migration.number) return false;
  if (Status applied = apply_migration(session, migration); !applied) return applied.error();
  if (Status committed = session.execute("COMMIT"); !committed) return committed.error();
  return true;
}

}  // namespace

Status apply_migration(Session& session, const Migration& migration) {
  if (Status done = session.execute(migration.sql); !done) {
    return done.error().prefixed("migration " + migration.name);
  }
  // As pilot_owner, which the migration has become.
  const auto recorded = session.value(kRecord, {std::to_string(migration.number), migration.name});
  if (!recorded) return recorded.error();
  return ok();
}

Result<MigrationReport> migrate(const std::string& url, bool allowed, Log& log) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  const Result<int> version = stored_version(*session);
  if (!version) return version.error();
  const std::vector<Migration>& migrations = postgres_migrations();
  const int known = migrations.back().number;
  if (*version > known) return newer(*version, known);
  MigrationReport report{.from = *version, .to = *version, .applied = {}};
  if (*version < known && !allowed) {
    return conflict("schema_outdated",
                    fmt::format("the database's schema has version {}, this program needs {}: run "
                                "pilot migrate",
                                *version, known));
  }
  for (const Migration& migration : migrations) {
    if (migration.number <= report.to) continue;
    const Result<bool> applied = apply(*session, migration);
    if (!applied || !*applied) static_cast<void>(session->execute("ROLLBACK"));
    if (!applied && applied.error().code == "database_permission") {
      return not_allowed(applied.error());
    }
    if (!applied) return applied.error();
    report.to = migration.number;
    if (!*applied) continue;
    report.applied.push_back(migration.name);
    log.info("database: applied migration {}", migration.name);
  }
  return report;
}

}  // namespace pilot::store::postgres
