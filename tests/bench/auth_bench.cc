#include "auth_bench.h"

#include <fmt/format.h>

#include "load_client.h"
#include "workloads.h"

namespace pilot::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kConnections = 16;

struct Sample {
  double cpu_us = 0;
  double per_second = 0;
};

Result<Sample> sample(const PilotServer& server, double seconds) {
  double before = 0;
  double after = 0;
  Load load;
  load.port = server.port();
  load.request = request_text("GET", "/api/plans", server.address());
  load.connections = kConnections;
  load.warmup_seconds = 0.3;
  load.seconds = seconds;
  load.wanted = "benchmark auth";
  load.on_begin = [&] { before = server.process().cpu_seconds(); };
  load.on_end = [&] { after = server.process().cpu_seconds(); };
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error();
  if (done->errors > 0) return internal_error("GET /api/plans: " + done->first_error);
  return Sample{
      1e6 * (after - before) / static_cast<double>(std::max<std::size_t>(done->answers, 1)),
      done->per_second()};
}

Result<PilotServer> start(const Options& options, const std::filesystem::path& data_dir,
                          const FreshSetup& setup) {
  const Result<ServeSetup> fresh = setup();
  if (!fresh) return fresh.error();
  Result<PilotServer> server = PilotServer::start(options.pilot, data_dir, *fresh);
  if (!server) return server.error();
  const Result<std::string> plan =
      server->save_plan({{"name", "benchmark auth"}, {"steps", w2_steps()}});
  if (!plan) return plan.error();
  return server;
}

}  // namespace

Result<AuthFigures> measure_auth(const Options& options, const std::filesystem::path& dir,
                                 const FreshSetup& setup) {
  std::filesystem::create_directories(dir);
  Result<PilotServer> open = start(options, dir / "open", setup);
  if (!open) return open.error();
  Result<PilotServer> keyed = start(options, dir / "keyed", setup);
  if (!keyed) return keyed.error();
  if (Status made = keyed->use_key(); !made) return made.error();
  AuthFigures found;
  for (int round = 0; round < kRounds; ++round) {
    const Result<Sample> without = sample(*open, options.seconds / 2);
    if (!without) return without.error().prefixed("without a key");
    found.open_us.push_back(without->cpu_us);
    found.open_per_second.push_back(without->per_second);
    const Result<Sample> with = sample(*keyed, options.seconds / 2);
    if (!with) return with.error().prefixed("with a key");
    found.key_us.push_back(with->cpu_us);
    found.key_per_second.push_back(with->per_second);
  }
  for (PilotServer* server : {&*open, &*keyed}) {
    if (Status stopped = server->stop(); !stopped) return stopped.error();
  }
  return found;
}

}  // namespace pilot::bench
