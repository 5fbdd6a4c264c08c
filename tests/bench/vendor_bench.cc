// Calls of manifests by the real server: what one costs beside a call of `http`, a thousand that
// wait at once, and a list of many pages.
#include <fmt/format.h>

#include <fstream>

#include "load_client.h"
#include "providers_bench.h"
#include "servers.h"
#include "vendor_server.h"

namespace pilot::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kConnections = 16;
constexpr std::size_t kInFlight = 1'000;
constexpr double kPatience = 60;

Status set_credential(const PilotServer& server, std::string_view provider, std::string_view value,
                      std::string_view connection) {
  const JsonObject body{{"type", "token"}, {"value", value}, {"connection", connection}};
  const Result<Json> set =
      call_json(server.address(), "POST", fmt::format("/api/provider-credentials/{}", provider),
                to_json(body), 201);
  return set ? ok() : Status(set.error());
}

JsonArray one_step(std::string_view provider, std::string_view action, JsonObject params,
                   std::string_view connection = "default") {
  return {JsonObject{{"id", "call"},
                     {"provider", provider},
                     {"action", action},
                     {"connection", connection},
                     {"params", std::move(params)}}};
}

// CPU of the server for one execution of this plan, microseconds.
Result<double> cpu_of(const PilotServer& server, const std::string& plan_id, double seconds) {
  double before = 0;
  double after = 0;
  Load load;
  load.port = server.port();
  load.request = request_text("POST", "/api/execute", server.address(),
                              to_json(JsonObject{{"plan_id", plan_id}}));
  load.connections = kConnections;
  load.warmup_seconds = 0.5;
  load.seconds = seconds;
  load.wanted = R"("success":true)";
  load.unwanted = R"("success":false)";
  load.on_begin = [&] { before = server.process().cpu_seconds(); };
  load.on_end = [&] { after = server.process().cpu_seconds(); };
  const Result<LoadResult> done = run_load(load);
  if (!done) return done.error();
  if (done->errors > 0) return internal_error(done->first_error);
  return 1e6 * (after - before) / static_cast<double>(std::max<std::size_t>(done->answers, 1));
}

// How many runs have this status.
Result<std::size_t> count_runs(const PilotServer& server, std::string_view status) {
  std::size_t count = 0;
  std::string cursor;
  do {
    const std::string path = fmt::format("/api/runs?status={}&limit=500{}{}", status,
                                         cursor.empty() ? "" : "&cursor=", cursor);
    const Result<Json> page = call_json(server.address(), "GET", path, {}, 200);
    if (!page) return page.error();
    const Json* runs = find(*page, "runs");
    if (runs == nullptr || !runs->is_array()) return internal_error("no list of runs");
    count += runs->get_array().size();
    cursor = string_or(*page, "next_cursor");
  } while (!cursor.empty());
  return count;
}

Status wait_until(double patience, const std::function<Result<bool>()>& over) {
  const double deadline = now_seconds() + patience;
  while (true) {
    const Result<bool> done = over();
    if (!done) return done.error();
    if (*done) return ok();
    if (now_seconds() > deadline) return internal_error("it took too long");
    if (Status waited = pause_for(0.002); !waited) return waited;
  }
}

Status start_run(const PilotServer& server, JsonArray steps) {
  const JsonObject body{{"plan", JsonObject{{"steps", std::move(steps)}}}};
  const Result<Json> run = call_json(server.address(), "POST", "/api/runs", to_json(body), 202);
  return run ? ok() : Status(run.error());
}

// From now on the peak is that of what follows.
Status forget_peak(const PilotServer& server) {
  std::ofstream file(fmt::format("/proc/{}/clear_refs", server.process().pid()));
  file << "5";
  file.close();
  return file ? ok() : Status(internal_error("the kernel does not let the peak be forgotten"));
}

Result<PilotServer> start_at_rest(const Options& options, const std::filesystem::path& dir,
                                  const VendorServer& vendor, ServeSetup setup) {
  std::filesystem::create_directories(dir);
  setup.options.emplace_back("--catalog");
  setup.options.push_back(vendor.write_catalog((dir / "catalog").string()));
  return PilotServer::start(options.pilot, dir / "data", setup);
}

}  // namespace

Result<CallFigures> measure_calls(const Options& options, const std::filesystem::path& dir) {
  Result<NginxTarget> nginx = NginxTarget::start(dir / "nginx");
  if (!nginx) return nginx.error();
  std::filesystem::create_directories(dir / "catalog");
  std::ofstream(dir / "catalog" / "shop.yaml") << fmt::format(
      "id: shop\nname: Shop\ncategory: other\ndocs: https://shop.example.com\n"
      "base: {}\nauth: {{bearer: token}}\nactions:\n  get_item: {{do: GET /item}}\n",
      nginx->url(""));
  Result<PilotServer> server =
      PilotServer::start(options.pilot, dir / "data",
                         {.options = {"--catalog", (dir / "catalog").string()}, .environment = {}});
  if (!server) return server.error();
  for (const std::string_view provider : {"shop", "http"}) {
    if (Status set = set_credential(*server, provider, "token-example", "default"); !set) {
      return set.error();
    }
  }
  const Result<std::string> manifest = server->save_plan(
      {{"name", "benchmark manifest"}, {"steps", one_step("shop", "get_item", {})}});
  if (!manifest) return manifest.error();
  const Result<std::string> http =
      server->save_plan({{"name", "benchmark http"},
                         {"steps", one_step("http", "get", {{"url", nginx->url("/item")}})}});
  if (!http) return http.error();
  CallFigures out;
  // SQLite's log grows at first, which costs; that is no call's fault.
  if (auto first = cpu_of(*server, *http, options.seconds / 2); !first) return first.error();
  for (int round = 0; round < kRounds; ++round) {
    const Result<double> by_http = cpu_of(*server, *http, options.seconds / 2);
    if (!by_http) return by_http.error().prefixed("http");
    out.http_us.push_back(*by_http);
    const Result<double> by_manifest = cpu_of(*server, *manifest, options.seconds / 2);
    if (!by_manifest) return by_manifest.error().prefixed("manifest");
    out.manifest_us.push_back(*by_manifest);
  }
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return out;
}

Result<InFlight> measure_in_flight(const Options& options, const std::filesystem::path& dir) {
  const auto vendor = VendorServer::start();
  if (!vendor) return vendor.error();
  Result<PilotServer> server = start_at_rest(options, dir, **vendor,
                                             {.options = {"--shards", "1"},
                                              .environment = {},
                                              .before = {"/usr/bin/taskset", "--cpu-list", "0"}});
  if (!server) return server.error();
  InFlight out{.runs = kInFlight};
  for (std::size_t i = 0; i < kInFlight; ++i) {
    const Status set =
        set_credential(*server, "vendor", fmt::format("token-of-{}", i), fmt::format("c{}", i));
    if (!set) return set.error();
  }
  const Result<Footprint> before = server->process().footprint();
  if (!before) return before.error();
  out.rss_before_mib = before->rss_mib;
  const double cpu = server->process().cpu_seconds();
  const double begin = now_seconds();
  for (std::size_t i = 0; i < kInFlight; ++i) {
    if (Status started = start_run(*server, one_step("vendor", "hold", {}, fmt::format("c{}", i)));
        !started) {
      return started.error();
    }
  }
  Status there =
      wait_until(kPatience, [&]() -> Result<bool> { return (*vendor)->held() == kInFlight; });
  out.together = (*vendor)->held();
  if (!there) return there.error().prefixed(fmt::format("{} were held", out.together));
  out.all_there_seconds = now_seconds() - begin;
  const Result<Footprint> during = server->process().footprint();
  if (!during) return during.error();
  out.rss_mib = during->rss_mib;
  const double released = now_seconds();
  (*vendor)->release();
  Status ended = wait_until(kPatience, [&]() -> Result<bool> {
    const Result<std::size_t> running = count_runs(*server, "running");
    if (!running) return running.error();
    return *running == 0;
  });
  if (!ended) return ended.error();
  out.ended_seconds = now_seconds() - released;
  out.cpu_seconds = server->process().cpu_seconds() - cpu;
  const Result<std::size_t> good = count_runs(*server, "success");
  if (!good) return good.error();
  out.good = *good;
  out.tokens = (*vendor)->tokens();
  const Result<Footprint> after = server->process().footprint();
  if (!after) return after.error();
  out.peak_rss_mib = after->peak_rss_mib;
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return out;
}

Result<PageFigures> measure_pages(const Options& options, const std::filesystem::path& dir) {
  const auto vendor = VendorServer::start();
  if (!vendor) return vendor.error();
  Result<PilotServer> server = start_at_rest(options, dir, **vendor, {});
  if (!server) return server.error();
  if (Status set = set_credential(*server, "vendor", "token-example", "default"); !set) {
    return set.error();
  }
  if (Status waited = pause_for(1); !waited) return waited.error();
  const Result<Footprint> before = server->process().footprint();
  if (!before) return before.error();
  if (Status forgotten = forget_peak(*server); !forgotten) return forgotten.error();
  const double begin = now_seconds();
  if (Status started = start_run(*server, one_step("vendor", "list_items", {{"all", true}}));
      !started) {
    return started.error();
  }
  Status ended = wait_until(kPatience, [&]() -> Result<bool> {
    const Result<std::size_t> good = count_runs(*server, "success");
    if (!good) return good.error();
    return *good == 1;
  });
  if (!ended) return ended.error().prefixed("the list did not end well");
  PageFigures out{.items = VendorServer::kItems,
                  .pages = (*vendor)->pages(),
                  .bytes = (*vendor)->page_bytes(),
                  .seconds = now_seconds() - begin,
                  .rss_before_mib = before->rss_mib};
  const Result<Footprint> after = server->process().footprint();
  if (!after) return after.error();
  out.peak_rss_mib = after->peak_rss_mib;
  if (Status stopped = server->stop(); !stopped) return stopped.error();
  return out;
}

}  // namespace pilot::bench
