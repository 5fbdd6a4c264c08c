// Provider `mysql`: SQL on a MySQL or MariaDB server. Each call is one prepared statement on a
// connection of its own. Side threads.
#include "providers/data/mysql_session.h"
#include "providers/data/sql.h"
#include "providers/data/target.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

data::Run with(bool read_only) {
  return
      [read_only](const Call& call, const TaskContext& context, const data::Statement& statement) {
        const auto target = data::target_of(call, {"mysql", "mariadb"}, 3306, "tls");
        if (!target) return TaskOutcome::fail(target.error());
        const std::string& tls = target->tls;
        if (!tls.empty() && tls != "none" && tls != "require" && tls != "verify") {
          return TaskOutcome::fail(
              invalid("invalid_value", "the connection's tls is none, require or verify"));
        }
        return data::run_on_mysql(*target, statement, read_only, context);
      };
}

}  // namespace

void register_mysql(Registry& registry) {
  data::prepare_mysql();
  Provider& provider = registry.add(
      {.name = "mysql",
       .title = "MySQL",
       .description = "SQL on a MySQL or MariaDB server.",
       .category = "database",
       .aliases = {"mariadb"},
       .auth = data::target_fields(
           "MySQL", {{.type = "database", .title = "Database", .secret = false, .required = false},
                     {.type = "tls",
                      .title = "none, require or verify",
                      .secret = false,
                      .required = false}}),
       .auth_optional = false});
  data::add_sql_actions(
      provider, {.quote = '`', .name_bytes = 64, .on_duplicate_key = true, .returning = false}, "?",
      with(true), with(false));
}

}  // namespace pilot::providers
