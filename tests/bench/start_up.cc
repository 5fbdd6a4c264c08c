#include "start_up.h"

#include <fmt/format.h>

#include "http_call.h"
#include "load_client.h"

namespace pilot::bench {
namespace {

constexpr int kStarts = 5;
constexpr std::size_t kSleepers = 10'000;

// Cores in use over some seconds.
Result<double> idle_cores(const PilotServer& server, double seconds) {
  const double before = server.process().cpu_seconds();
  const double begin = now_seconds();
  if (Status waited = pause_for(seconds); !waited) return waited.error();
  return (server.process().cpu_seconds() - before) / (now_seconds() - begin);
}

Status watch_idle(const PilotServer& server, StartUp& found) {
  if (Status waited = pause_for(2); !waited) return waited;
  const Result<Footprint> memory = server.process().footprint();
  if (!memory) return memory.error();
  found.idle_rss_mib = memory->rss_mib;
  const Result<double> cores = idle_cores(server, 3);
  if (!cores) return cores.error();
  found.idle_cores = *cores;
  return ok();
}

std::int64_t integer_at(const Json& value, std::string_view object, std::string_view key) {
  const Json* inner = find(value, object);
  const Json* found = inner == nullptr ? nullptr : find(*inner, key);
  return found == nullptr || !found->is_number() ? -1 : found->to_number<std::int64_t>();
}

// Until no run is in memory, and none is queued or running in the database: `open` leaves out those
// that wait. count_waiting then tells whether they really are asleep.
Status wait_until_asleep(const PilotServer& server, std::size_t runs) {
  constexpr double kPatience = 120;
  const double deadline = now_seconds() + kPatience;
  std::string last;
  while (now_seconds() < deadline) {
    const Result<Json> status =
        call_json(server.address(), "GET", "/api/monitoring/status", {}, 200);
    if (!status) return status.error();
    if (integer_at(*status, "engine", "active") == 0 && integer_at(*status, "runs", "open") == 0) {
      return ok();
    }
    last = to_json(*status);
    if (Status waited = pause_for(0.1); !waited) return waited;
  }
  return internal_error(
      fmt::format("{} runs did not fall asleep within {:.0f} s: {}", runs, kPatience, last));
}

Result<std::size_t> count_waiting(const PilotServer& server) {
  std::size_t count = 0;
  std::string cursor;
  do {
    const std::string path = "/api/runs?status=waiting&limit=500" +
                             (cursor.empty() ? std::string{} : "&cursor=" + cursor);
    const Result<Json> page = call_json(server.address(), "GET", path, {}, 200);
    if (!page) return page.error();
    const Json* runs = find(*page, "runs");
    if (runs == nullptr || !runs->is_array()) return internal_error("no list of runs");
    count += runs->get_array().size();
    cursor = string_or(*page, "next_cursor");
  } while (!cursor.empty());
  return count;
}

Result<LoadResult> start_sleepers(const PilotServer& server) {
  const Result<std::string> plan = server.save_plan(
      {{"name", "benchmark sleeper"},
       {"steps", JsonArray{JsonObject{{"id", "sleep"},
                                      {"provider", "logic"},
                                      {"action", "wait"},
                                      {"params", JsonObject{{"seconds", 3'600}}}}}}});
  if (!plan) return plan.error();
  Load load;
  load.port = server.port();
  load.request =
      request_text("POST", "/api/runs", server.address(), to_json(JsonObject{{"plan_id", *plan}}));
  load.connections = 16;
  load.total = kSleepers;
  load.status = 202;
  return run_load(load);
}

}  // namespace

Result<StartUp> measure_fresh_starts(const std::filesystem::path& binary,
                                     const std::filesystem::path& dir, const FreshSetup& setup) {
  StartUp found;
  for (int start = 0; start < kStarts; ++start) {
    const Result<ServeSetup> fresh = setup();
    if (!fresh) return fresh.error();
    Result<PilotServer> server =
        PilotServer::start(binary, dir / fmt::format("fresh-{}", start), *fresh);
    if (!server) return server.error();
    found.fresh_ms.push_back(server->start_seconds() * 1e3);
    if (start == kStarts - 1) {
      if (Status watched = watch_idle(*server, found); !watched) return watched.error();
    }
    if (Status stopped = server->stop(); !stopped) return stopped.error();
  }
  return found;
}

Result<std::vector<double>> measure_restarts(const std::filesystem::path& binary,
                                             const std::filesystem::path& data_dir,
                                             const ServeSetup& setup) {
  std::vector<double> milliseconds;
  for (int start = 0; start < kStarts; ++start) {
    Result<PilotServer> server = PilotServer::start(binary, data_dir, setup);
    if (!server) return server.error();
    milliseconds.push_back(server->start_seconds() * 1e3);
    if (Status stopped = server->stop(); !stopped) return stopped.error();
  }
  return milliseconds;
}

Result<Sleepers> measure_sleepers(const std::filesystem::path& binary,
                                  const std::filesystem::path& data_dir) {
  Result<PilotServer> server = PilotServer::start(binary, data_dir);
  if (!server) return server.error();
  if (Status waited = pause_for(1); !waited) return waited.error();
  const Result<Footprint> before = server->process().footprint();
  if (!before) return before.error();
  const Result<LoadResult> accepted = start_sleepers(*server);
  if (!accepted) return accepted.error().prefixed("sleepers");
  Sleepers found{.runs = kSleepers,
                 .errors = accepted->errors,
                 .first_error = accepted->first_error,
                 .accepted_per_second = accepted->per_second(),
                 .rss_before_mib = before->rss_mib,
                 .threads_before = before->threads};
  if (found.errors > 0) return found;
  if (Status asleep = wait_until_asleep(*server, kSleepers); !asleep) return asleep.error();
  const Result<Footprint> after = server->process().footprint();
  if (!after) return after.error();
  found.rss_mib = after->rss_mib;
  found.peak_rss_mib = after->peak_rss_mib;
  found.threads = after->threads;
  const Result<double> cores = idle_cores(*server, 3);
  if (!cores) return cores.error();
  found.idle_cores = *cores;
  const Result<std::size_t> waiting = count_waiting(*server);  // last: it makes work
  if (!waiting) return waiting.error();
  found.waiting = *waiting;
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return found;
}

}  // namespace pilot::bench
