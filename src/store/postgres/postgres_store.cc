// Opening the store, its connections, and its health.
#include "store/postgres/postgres_store.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>

#include "store/postgres/migrate.h"

namespace pilot::store::postgres {

PostgresStore::PostgresStore(const PostgresOptions& options, Log& log)
    : options_(options), log_(log), connector_(options.url, log) {}

PostgresStore::~PostgresStore() = default;

PostgresStore::Connections& PostgresStore::of(const boost::asio::any_io_executor& executor) {
  void* shard = &boost::asio::query(executor, boost::asio::execution::context);
  const std::lock_guard lock(mutex_);
  for (const auto& [context, connections] : shards_) {
    if (context == shard) return *connections;
  }
  shards_.emplace_back(shard,
                       std::make_unique<Connections>(connector_, executor, options_.readers, log_));
  return *shards_.back().second;
}

awaitable<Result<StoreHealth>> PostgresStore::check(bool deep) {
  static constexpr char kNothing[] = "SELECT 1";
  static constexpr char kLook[] =
      "SELECT schema_version(), pg_database_size(current_database()), session_user::text,"
      " rolsuper OR rolbypassrls OR pg_has_role(session_user, 'pilot_owner', 'MEMBER')"
      " FROM pg_roles WHERE rolname = session_user";
  auto nothing = [](Answers) -> Result<bool> { return true; };
  const Result<bool> writer = co_await writing(system_step({kNothing, {}}), nothing);
  if (!writer) co_return writer.error();
  auto look = [deep](Answers answers) -> Result<StoreHealth> {
    StoreHealth health{.kind = "postgresql"};
    if (!answers[0].next()) return internal_error("no answer");
    health.schema_version = answers[0].small();
    health.bytes = answers[0].integer();
    if (deep) health.integrity = "ok";  // PostgreSQL's own checks: amcheck, checksums
    const std::string login = answers[0].text();
    if (answers[0].boolean()) {
      health.advice = fmt::format(
          "the login {} may do more than serve (own the tables, or bypass row-level security). Let "
          "pilot migrate use it, and serve with one that may not: CREATE ROLE pilot LOGIN PASSWORD "
          "'...'; GRANT pilot_app TO pilot;",
          login);
    }
    return health;
  };
  co_return co_await reading(system_step({kLook, {}}), look);
}

Steps one_step(const UserId& user, Command command) {
  Steps steps(1);
  steps[0].user = user.text;
  steps[0].commands.push_back(std::move(command));
  return steps;
}

Steps system_step(Command command) { return one_step({}, std::move(command)); }

}  // namespace pilot::store::postgres

namespace pilot::store {

Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options, Log& log) {
  const Result<MigrationReport> report = postgres::migrate(options.url, options.migrate, log);
  if (!report) return report.error();
  return std::unique_ptr<Store>(std::make_unique<postgres::PostgresStore>(options, log));
}

Result<MigrationReport> migrate_postgres(const std::string& url, Log& log) {
  return postgres::migrate(url, true, log);
}

}  // namespace pilot::store
