// Provider `postgresql`: SQL on a PostgreSQL server. Each call is one statement in a transaction of
// its own on a connection of its own, so that nothing of it (settings, locks, temporary tables)
// reaches another call. Side threads.
#include <algorithm>
#include <array>

#include "providers/data/postgres_session.h"
#include "providers/data/sql.h"
#include "providers/data/target.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::array<std::string_view, 5> kModes{"disable", "prefer", "require", "verify-ca",
                                                 "verify-full"};

data::Run with(data::Access access) {
  return [access](const Call& call, const TaskContext& context, const data::Statement& statement) {
    const auto target = data::target_of(call, {"postgresql", "postgres"}, 5432, "sslmode");
    if (!target) return TaskOutcome::fail(target.error());
    if (!target->tls.empty() && std::ranges::find(kModes, target->tls) == kModes.end()) {
      return TaskOutcome::fail(invalid("invalid_value",
                                       "the connection's sslmode is disable, prefer, require, "
                                       "verify-ca or verify-full"));
    }
    return data::run_on_postgres(*target, statement, access, context);
  };
}

}  // namespace

void register_postgresql(Registry& registry) {
  Provider& provider = registry.add(
      {.name = "postgresql",
       .title = "PostgreSQL",
       .description = "SQL on a PostgreSQL server.",
       .category = "database",
       .aliases = {"postgres"},
       .auth = data::target_fields(
           "PostgreSQL",
           {{.type = "database", .title = "Database", .secret = false, .required = false},
            {.type = "sslmode",
             .title = "disable, prefer, require, verify-ca or verify-full",
             .secret = false,
             .required = false}}),
       .auth_optional = false});
  data::add_sql_actions(provider, {.numbered = true}, "$1, $2, ...", with(data::Access::read_only),
                        with(data::Access::read_write));
}

}  // namespace pilot::providers
