// Provider `sqlite`: SQL on SQLite files of this server, below the folder that its operator allows;
// each user has a part of it. Side threads.
#include "providers/data/sql.h"
#include "providers/data/sqlite_file.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

data::Run with(bool read_only) {
  return
      [read_only](const Call& call, const TaskContext& context, const data::Statement& statement) {
        const auto name = call.connection.value("database");
        if (!name) return TaskOutcome::fail(missing_credentials(call.provider, "database"));
        const auto path = data::sqlite_path(context.files, call.user, *name);
        if (!path) return TaskOutcome::fail(path.error());
        return data::run_on_sqlite(*path, statement, read_only, context);
      };
}

}  // namespace

void register_sqlite(Registry& registry) {
  Provider& provider = registry.add(
      {.name = "sqlite",
       .title = "SQLite",
       .description = "SQL on SQLite files that this server keeps for its users.",
       .category = "database",
       .aliases = {"sqlite3"},
       .auth = {{.type = "database", .title = "File name, as shop.db", .secret = false}},
       .auth_optional = false});
  data::add_sql_actions(provider, {.name_bytes = 200}, "?", with(true), with(false));
}

}  // namespace pilot::providers
