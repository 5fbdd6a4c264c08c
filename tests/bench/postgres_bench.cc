#include "postgres_bench.h"

#include <deque>

#include "auth_bench.h"
#include "list_bench.h"
#include "machine.h"
#include "nodes_bench.h"
#include "pgbench.h"
#include "start_up.h"
#include "workload_run.h"

namespace pilot::bench {
namespace {

Status run_table(const Options& options, PostgresCluster& cluster, const std::filesystem::path& dir,
                 const PostgresDatabase& database, Report& report) {
  const Result<PostgresDatabase> bare = PostgresDatabase::make(cluster, "pgbench");
  if (!bare) return bare.error();
  if (Status made = bare->migrate(options.pilot, dir / "migrate"); !made) return made;
  std::filesystem::create_directories(dir / "pgbench");
  const Result<Pgbench> pgbench = Pgbench::find(*bare, dir / "pgbench");
  if (!pgbench) return pgbench.error();
  const WorkloadPlace place{.setup = database.serve_setup(),
                            .with_key = true,
                            .database_cpu = [&] { return cluster.cpu_seconds(); },
                            .before_row = [&] { return database.empty(); },
                            .references =
                                [&](Report& into) {
                                  return pgbench->sample(options.connections, options.seconds,
                                                         into.references);
                                }};
  return run_workloads(options, dir, place, report);
}

Status run_table_and_starts(const Options& options, PostgresCluster& cluster,
                            const std::filesystem::path& dir, const FreshSetup& fresh,
                            Report& report) {
  if (options.wants("start")) {
    say("cold starts");
    std::filesystem::create_directories(dir / "starts");
    Result<StartUp> starts = measure_fresh_starts(options.pilot, dir / "starts", fresh);
    if (!starts) return starts.error();
    report.start_up = std::move(*starts);
  }
  const Result<PostgresDatabase> database = PostgresDatabase::make(cluster, "table");
  if (!database) return database.error();
  if (Status done = run_table(options, cluster, dir, *database, report); !done) return done;
  if (!options.wants("start")) return ok();
  say("cold starts on the used database");
  Result<std::vector<double>> used =
      measure_restarts(options.pilot, dir / "data", database->serve_setup());
  if (!used) return used.error();
  report.start_up->existing_ms = std::move(*used);
  return ok();
}

}  // namespace

Status measure_on_postgres(const Options& options, const std::filesystem::path& dir,
                           Report& report) {
  Result<PostgresCluster> cluster = PostgresCluster::find();
  if (!cluster) return cluster.error();
  report.postgres = cluster->settings();
  report.machine.file_system = file_system_of(cluster->data_directory());
  std::deque<PostgresDatabase> made;  // they go after the servers on them
  const FreshSetup fresh = [&]() -> Result<ServeSetup> {
    Result<PostgresDatabase> database = PostgresDatabase::make(*cluster, "fresh");
    if (!database) return database.error();
    return made.emplace_back(std::move(*database)).serve_setup();
  };
  if (wants_table(options)) {
    if (Status done = run_table_and_starts(options, *cluster, dir, fresh, report); !done) {
      return done;
    }
  }
  if (options.wants("nodes")) {
    say("a queue for one node and for two");
    Result<NodesFigures> nodes = measure_nodes(options, *cluster, dir / "nodes");
    if (!nodes) return nodes.error();
    report.nodes = std::move(*nodes);
  }
  if (options.wants("auth")) {
    say("what an API key costs");
    Result<AuthFigures> auth = measure_auth(options, dir / "auth", fresh);
    if (!auth) return auth.error();
    report.auth = std::move(*auth);
  }
  // Minutes and gigabytes: only when it is asked for.
  if (!options.only.empty() && options.wants("list")) {
    say("a list beside many rows");
    Result<ListFigures> list = measure_list(options, *cluster, dir / "list");
    if (!list) return list.error();
    report.list = std::move(*list);
  }
  return ok();
}

}  // namespace pilot::bench
