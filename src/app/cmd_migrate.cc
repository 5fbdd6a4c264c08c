// pilot migrate: the schema up to date; and with --from-old a database of the old service taken
// over.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "app/commands.h"
#include "app/database.h"
#include "app/output.h"
#include "app/private_memory.h"
#include "app/take_over.h"

namespace pilot::app {
namespace {

int migrate_schema(const GlobalOptions& global, const std::string& url) {
  const Result<DataDir> dir = DataDir::open(global.data_dir);
  if (!dir) return refuse(dir.error());
  const auto lock = OwnerLock::try_take(*dir);
  if (!lock) return refuse(lock.error());
  if (!*lock) {
    return refuse(unavailable("data_dir_in_use",
                              "a running pilot owns this data directory; it "
                              "brings its database up to date by itself"));
  }
  Log log(global.log_level);
  const auto report = migrate_database(url, *dir, log);
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

// The old service's key (PILOT_ENCRYPTION_KEY), or what else would open credentials; none: there is
// nothing to try.
Result<std::optional<vault::KeyRing>> keys_to_try(const GlobalOptions& global) {
  vault::KeySource source = global.keys;
  if (source.file.empty()) source.file = global.data_dir / "pilot.key";
  std::error_code ignored;
  if (source.is_file() && !std::filesystem::exists(source.file, ignored)) {
    return std::optional<vault::KeyRing>();
  }
  keep_memory_private();
  auto ring = vault::read_keys(source);
  if (!ring) return ring.error();
  return std::optional<vault::KeyRing>(std::move(*ring));
}

int from_old(const GlobalOptions& global, const std::string& url) {
  const auto keys = keys_to_try(global);
  if (!keys) return refuse(keys.error());
  Log log(global.log_level);
  const auto done = take_over(url, keys->has_value() ? &**keys : nullptr, log);
  if (!done) return refuse(done.error());
  if (global.json) {
    print_json(to_json_value(*done));
  } else {
    print(*done);
  }
  return kExitOk;
}

int drop_old(const GlobalOptions& global, const std::string& url) {
  const auto dropped = store::drop_old_tables(url);
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
  const Result<std::string> url = read_database_url(global.database_url_file, global.database_url);
  if (!url) return refuse(url.error());
  if (!options.from_old && !options.drop_old) return migrate_schema(global, *url);
  if (url->empty()) {
    return refuse(invalid("no_database_url",
                          "name the old service's PostgreSQL database: set PILOT_DATABASE_URL, or "
                          "write the URL into a file for --database-url-file"));
  }
  return options.from_old ? from_old(global, *url) : drop_old(global, *url);
}

}  // namespace pilot::app
