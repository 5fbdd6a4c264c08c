#include "schedule_bench.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "http_call.h"
#include "load_client.h"

namespace pilot::bench {
namespace {

constexpr std::size_t kAtRest = 100'000;
constexpr double kIdleSeconds = 10;
// All of them have whole hours of their own; together they cover the day.
constexpr std::string_view kZones[] = {"UTC",
                                       "Europe/London",
                                       "Europe/Berlin",
                                       "Europe/Paris",
                                       "Europe/Madrid",
                                       "Europe/Rome",
                                       "Europe/Athens",
                                       "Europe/Helsinki",
                                       "Europe/Istanbul",
                                       "Europe/Moscow",
                                       "Africa/Cairo",
                                       "Africa/Lagos",
                                       "Africa/Nairobi",
                                       "Africa/Johannesburg",
                                       "Africa/Casablanca",
                                       "America/New_York",
                                       "America/Chicago",
                                       "America/Denver",
                                       "America/Los_Angeles",
                                       "America/Anchorage",
                                       "America/Halifax",
                                       "America/St_Johns",
                                       "America/Sao_Paulo",
                                       "America/Bogota",
                                       "America/Mexico_City",
                                       "America/Santiago",
                                       "Asia/Dubai",
                                       "Asia/Karachi",
                                       "Asia/Kolkata",
                                       "Asia/Kathmandu",
                                       "Asia/Dhaka",
                                       "Asia/Bangkok",
                                       "Asia/Shanghai",
                                       "Asia/Tokyo",
                                       "Asia/Seoul",
                                       "Australia/Adelaide",
                                       "Australia/Sydney",
                                       "Pacific/Auckland",
                                       "Pacific/Chatham"};
static_assert(std::size(kZones) == 39);

std::int64_t wall_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Saves `count` plans of one step with this schedule.
Status save_plans(const PilotServer& server, const std::string& expression, std::string_view zone,
                  std::size_t count) {
  const Json plan = JsonObject{
      {"name", "benchmark schedule"},
      {"trigger",
       JsonObject{{"type", "schedule"}, {"cron_expression", expression}, {"timezone", zone}}},
      {"steps", JsonArray{JsonObject{{"id", "set"},
                                     {"provider", "logic"},
                                     {"action", "set"},
                                     {"params", JsonObject{{"x", 1}}}}}}};
  Load load;
  load.port = server.port();
  load.request = request_text("POST", "/api/plans", server.address(), to_json(plan));
  load.connections = 16;
  load.total = count;
  load.status = 201;
  const Result<LoadResult> saved = run_load(load);
  if (!saved) return saved.error();
  if (saved->errors == 0) return ok();
  return internal_error(
      fmt::format("{} of {} plans were not saved: {}", saved->errors, count, saved->first_error));
}

// Nothing of them is due for weeks.
Status save_at_rest(const PilotServer& server) {
  const std::time_t far = wall_seconds() + 45 * 86'400;
  const std::string month = fmt::format("{:%m}", fmt::gmtime(far));
  for (std::size_t i = 0; i < std::size(kZones); ++i) {
    const std::size_t count =
        kAtRest / std::size(kZones) + (i < kAtRest % std::size(kZones) ? 1 : 0);
    const std::string expression = fmt::format("{} {} 15 {} *", i, i % 24, std::stoi(month));
    if (Status saved = save_plans(server, expression, kZones[i], count); !saved) return saved;
  }
  return ok();
}

// Calls `each` with every item of a paged list until it says that it has enough.
Status read_list(const PilotServer& server, const std::string& path, std::string_view key,
                 const std::function<bool(const Json&)>& each) {
  std::string cursor;
  do {
    const std::string page_path =
        path + "?limit=500" + (cursor.empty() ? std::string{} : "&cursor=" + cursor);
    const Result<Json> page = call_json(server.address(), "GET", page_path, {}, 200);
    if (!page) return page.error();
    const Json* items = find(*page, key);
    if (items == nullptr || !items->is_array()) return internal_error("no list of " + path);
    for (const Json& item : items->get_array()) {
      if (!each(item)) return ok();
    }
    cursor = string_or(*page, "next_cursor");
  } while (!cursor.empty());
  return ok();
}

double milliseconds_after(std::int64_t due, const Json& object, std::string_view key) {
  const Result<WallTime> time = parse_rfc3339(string_or(object, key));
  if (!time) return -1;
  return static_cast<double>(to_unix_micros(*time) - due * 1'000'000) / 1e3;
}

// All rows of that instant.
Status read_fires(const PilotServer& server, std::int64_t due, Burst& burst) {
  const std::string instant = to_rfc3339(WallTime{std::chrono::seconds{due}});
  burst.fired = burst.missed = 0;
  std::vector<double> lateness;
  const Status read = read_list(server, "/api/scheduler/fires", "fires", [&](const Json& fire) {
    if (string_or(fire, "scheduled_at") != instant) return false;
    ++(string_or(fire, "status") == "fired" ? burst.fired : burst.missed);
    lateness.push_back(milliseconds_after(due, fire, "recorded_at"));
    return true;
  });
  if (!read) return read;
  std::sort(lateness.begin(), lateness.end());
  if (lateness.empty()) return ok();
  burst.p50_ms = lateness[lateness.size() / 2];
  burst.p99_ms = lateness[lateness.size() * 99 / 100];
  burst.max_ms = lateness.back();
  return ok();
}

// Until no run of the burst is open.
Status read_runs(const PilotServer& server, std::int64_t due, Burst& burst) {
  std::size_t open = 1;
  for (const double deadline = now_seconds() + 60; open > 0 && now_seconds() < deadline;) {
    open = 0;
    std::size_t seen = 0;
    burst.last_started_ms = burst.last_finished_ms = 0;
    const Status read = read_list(server, "/api/runs", "runs", [&](const Json& run) {
      const double finished = milliseconds_after(due, run, "finished_at");
      if (finished < 0) {
        ++open;
      } else {
        burst.last_finished_ms = std::max(burst.last_finished_ms, finished);
        burst.last_started_ms =
            std::max(burst.last_started_ms, milliseconds_after(due, run, "started_at"));
      }
      return ++seen < burst.fired;
    });
    if (!read) return read;
    if (open == 0) break;
    if (Status waited = pause_for(0.2); !waited) return waited;
  }
  if (open > 0) return internal_error(fmt::format("{} runs of the burst do not end", open));
  return ok();
}

// So many schedules, all due in the same second.
Result<Burst> measure_burst(const PilotServer& server, std::size_t count) {
  Burst burst;
  burst.schedules = count;
  const std::int64_t due = wall_seconds() + 6 + static_cast<std::int64_t>(count / 500);
  const std::string expression = fmt::format("{:%S %M %H %d %m} *", fmt::gmtime(std::time_t{due}));
  if (Status saved = save_plans(server, expression, "UTC", count); !saved) return saved.error();
  if (wall_seconds() >= due) return internal_error("the plans were not saved in time");
  const double left =
      static_cast<double>(due) -
      static_cast<double>(to_unix_micros(
          std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()))) /
          1e6;
  if (Status waited = pause_for(left + 1); !waited) return waited.error();
  for (const double deadline = now_seconds() + 30; now_seconds() < deadline;) {
    if (Status read = read_fires(server, due, burst); !read) return read.error();
    if (burst.fired + burst.missed >= count) break;
    if (Status waited = pause_for(0.5); !waited) return waited.error();
  }
  if (Status read = read_runs(server, due, burst); !read) return read.error();
  return burst;
}

}  // namespace

Result<Schedules> measure_schedules(const std::filesystem::path& binary,
                                    const std::filesystem::path& data_dir) {
  Schedules found{.at_rest = kAtRest, .zones = std::size(kZones)};
  {
    Result<PilotServer> server = PilotServer::start(binary, data_dir);
    if (!server) return server.error();
    const double begin = now_seconds();
    if (Status saved = save_at_rest(*server); !saved) return saved.error();
    found.saved_per_second = static_cast<double>(kAtRest) / (now_seconds() - begin);
    if (Status stopped = server->stop(); !stopped) return stopped.error();
  }
  Result<PilotServer> server = PilotServer::start(binary, data_dir);
  if (!server) return server.error();
  found.load_seconds = server->start_seconds();
  if (Status waited = pause_for(2); !waited) return waited.error();
  const double cpu_before = server->process().cpu_seconds();
  const double begin = now_seconds();
  if (Status waited = pause_for(kIdleSeconds); !waited) return waited.error();
  found.idle_cores = (server->process().cpu_seconds() - cpu_before) / (now_seconds() - begin);
  const Result<Footprint> memory = server->process().footprint();
  if (!memory) return memory.error();
  found.rss_mib = memory->rss_mib;
  for (const std::size_t count : {std::size_t{1'000}, std::size_t{10'000}}) {
    const Result<Burst> burst = measure_burst(*server, count);
    if (!burst) return burst.error();
    found.bursts.push_back(*burst);
  }
  const Result<Footprint> after = server->process().footprint();
  if (!after) return after.error();
  found.peak_rss_mib = after->peak_rss_mib;
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return found;
}

}  // namespace pilot::bench
