#include "nodes_bench.h"

#include <fmt/format.h>

#include "workloads.h"

namespace pilot::bench {
namespace {

constexpr std::int64_t kRuns = 20'000;
constexpr double kPatience = 300;
constexpr double kLook = 0.02;

// What POST /api/runs leaves on a node that has no workers: kept aside, to be put into the queue
// again and again.
Status keep_template(const Options& options, const PostgresDatabase& database,
                     const std::filesystem::path& dir) {
  ServeSetup setup = database.serve_setup();
  setup.options.insert(setup.options.end(), {"--roles", "api"});
  Result<PilotServer> server = PilotServer::start(options.pilot, dir / "api", setup);
  if (!server) return server.error();
  const Result<std::string> plan = server->save_plan({{"name", "queue"}, {"steps", w2_steps()}});
  if (!plan) return plan.error();
  const Result<Json> accepted = call_json(server->address(), "POST", "/api/runs",
                                          to_json(JsonObject{{"plan_id", *plan}}), 202);
  if (!accepted) return accepted.error();
  if (Status stopped = server->stop(); !stopped) return stopped;
  Result<Session> session = database.connect();
  if (!session) return session.error();
  const Status kept = session->execute(
      "CREATE TABLE queue_template AS SELECT * FROM runs WHERE state = 'queued' AND node = ''");
  if (!kept) return kept;
  const Result<double> count = ask_number(*session, "SELECT count(*)::text FROM queue_template");
  if (!count) return count.error();
  if (*count == 1) return ok();
  return internal_error("POST /api/runs to a node without workers left no queued run");
}

// All at once, and told to those who listen.
Status fill_queue(Session& session) {
  return session.execute(
      fmt::format("BEGIN; UPDATE queue_template SET created_at = now();"
                  "INSERT INTO runs SELECT (jsonb_populate_record(t, jsonb_build_object('id',"
                  " uuid_at(now()) || '-7000-8000-' || lpad(to_hex(g), 12, '0')))).*"
                  " FROM queue_template t, generate_series(1, {}) AS g; NOTIFY pilot; COMMIT",
                  kRuns));
}

Status wait_until_done(Session& session) {
  const double deadline = now_seconds() + kPatience;
  while (now_seconds() < deadline) {
    // By the indexes of what is unfinished: it shall cost the cluster next to nothing.
    const Result<double> open = ask_number(
        session,
        "SELECT (EXISTS (SELECT FROM runs WHERE state = 'queued' AND node = '') OR EXISTS (SELECT"
        " FROM runs WHERE node <> '' AND state IN ('queued', 'running', 'waiting')))::int::text");
    if (!open) return open.error();
    if (*open == 0) return ok();
    if (Status waited = pause_for(kLook); !waited) return waited;
  }
  return internal_error(fmt::format("the queue was not done within {:.0f} s", kPatience));
}

Result<std::vector<PilotServer>> start_workers(const Options& options,
                                               const PostgresDatabase& database,
                                               const std::filesystem::path& dir, int count) {
  ServeSetup setup = database.serve_setup();
  setup.options.insert(setup.options.end(), {"--roles", "worker"});
  std::vector<PilotServer> nodes;
  nodes.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Result<PilotServer> node =
        PilotServer::start(options.pilot, dir / fmt::format("worker-{}", i), setup);
    if (!node) return node.error();
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

Result<double> measure_queue(const Options& options, const PostgresDatabase& database,
                             const std::filesystem::path& dir, int count) {
  if (Status emptied = database.empty(); !emptied) return emptied.error();
  Result<Session> session = database.connect();
  if (!session) return session.error();
  // A young table's statistics say nothing: without them it would be read from end to end.
  if (Status set = session->execute("SET enable_seqscan = off"); !set) return set.error();
  Result<std::vector<PilotServer>> nodes = start_workers(options, database, dir, count);
  if (!nodes) return nodes.error();
  const double begin = now_seconds();
  if (Status filled = fill_queue(*session); !filled) return filled.error();
  const double filled_at = now_seconds();
  if (Status done = wait_until_done(*session); !done) return done.error();
  const double took = now_seconds() - filled_at;
  const Result<double> good =
      ask_number(*session, "SELECT count(*)::text FROM runs WHERE state = 'success'");
  if (!good) return good.error();
  if (*good != static_cast<double>(kRuns)) {
    return internal_error(fmt::format("{:.0f} of {} runs of the queue succeeded", *good, kRuns));
  }
  for (PilotServer& node : *nodes) {
    if (Status stopped = node.stop(); !stopped) return stopped.error();
  }
  fmt::print(stderr, "bench: {} nodes: filled in {:.2f} s, done in {:.2f} s\n", count,
             filled_at - begin, took);
  return static_cast<double>(kRuns) / took;
}

}  // namespace

Result<NodesFigures> measure_nodes(const Options& options, PostgresCluster& cluster,
                                   const std::filesystem::path& dir) {
  std::filesystem::create_directories(dir);
  const Result<PostgresDatabase> database = PostgresDatabase::make(cluster, "nodes");
  if (!database) return database.error();
  if (Status kept = keep_template(options, *database, dir); !kept) return kept.error();
  NodesFigures found{.runs = kRuns};
  for (const int count : {1, 2, 1, 2}) {
    const Result<double> rate = measure_queue(options, *database, dir, count);
    if (!rate) return rate.error().prefixed(fmt::format("{} nodes", count));
    found.rounds.push_back({count, *rate});
  }
  return found;
}

}  // namespace pilot::bench
