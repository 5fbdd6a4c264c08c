// pilot migrate: the schema up to date; and with --from-old a database of the old service taken
// over.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>

#include "app/commands.h"
#include "app/output.h"
#include "app/take_over.h"

namespace pilot::app {
namespace {

Result<store::MigrationReport> migrate_data_dir(const GlobalOptions& global, Log& log) {
  const Result<DataDir> dir = DataDir::open(global.data_dir);
  if (!dir) return dir.error();
  const auto lock = OwnerLock::try_take(*dir);
  if (!lock) return lock.error();
  if (!*lock) {
    return unavailable("data_dir_in_use",
                       "a running pilot owns this data directory; it brings its database up to "
                       "date by itself");
  }
  return store::migrate_sqlite(dir->database(), log);
}

int migrate_schema(const GlobalOptions& global) {
  Log log(global.log_level);
  const auto report = global.database_url.empty()
                          ? migrate_data_dir(global, log)
                          : store::migrate_postgres(global.database_url, log);
  if (!report) return refuse(report.error());
  JsonArray applied;
  for (const std::string& name : report->applied) applied.push_back(Json(name));
  if (global.json) {
    print_json(JsonObject{{"from", report->from}, {"to", report->to}, {"applied", applied}});
  } else if (applied.empty()) {
    print_line(fmt::format("the schema is up to date (version {})", report->to));
  } else {
    print_line(fmt::format("schema {} -> {}: {}", report->from, report->to, to_json(applied)));
  }
  return kExitOk;
}

// The old service's key, or those of the data directory; none: there are none.
Result<std::optional<vault::KeyRing>> keys_to_try(const GlobalOptions& global) {
  const char* given = std::getenv("PILOT_ENCRYPTION_KEY");
  std::error_code ignored;
  const std::filesystem::path file = global.data_dir / "pilot.key";
  if (given == nullptr && !std::filesystem::exists(file, ignored)) {
    return std::optional<vault::KeyRing>();
  }
  auto ring = given != nullptr ? vault::KeyRing::parse(given) : vault::KeyRing::read(file);
  if (!ring) {
    return ring.error().prefixed(given != nullptr ? "PILOT_ENCRYPTION_KEY" : file.string());
  }
  return std::optional<vault::KeyRing>(std::move(*ring));
}

int from_old(const GlobalOptions& global) {
  const auto keys = keys_to_try(global);
  if (!keys) return refuse(keys.error());
  Log log(global.log_level);
  const auto done = take_over(global.database_url, keys->has_value() ? &**keys : nullptr, log);
  if (!done) return refuse(done.error());
  if (global.json) {
    print_json(to_json_value(*done));
  } else {
    print(*done);
  }
  return kExitOk;
}

int drop_old(const GlobalOptions& global) {
  const auto dropped = store::drop_old_tables(global.database_url);
  if (!dropped) return refuse(dropped.error());
  if (global.json) {
    JsonArray names;
    for (const std::string& name : *dropped) names.push_back(Json(name));
    print_json(JsonObject{{"dropped", std::move(names)}});
  } else {
    print_line(fmt::format("dropped the schema old_service with {}", fmt::join(*dropped, ", ")));
  }
  return kExitOk;
}

}  // namespace

int migrate(const GlobalOptions& global, const MigrateOptions& options) {
  if (!options.from_old && !options.drop_old) return migrate_schema(global);
  if (global.database_url.empty()) {
    return refuse(invalid("no_database_url",
                          "name the old service's PostgreSQL database: set PILOT_DATABASE_URL, or "
                          "write the URL into a file for --database-url-file"));
  }
  return options.from_old ? from_old(global) : drop_old(global);
}

}  // namespace pilot::app
