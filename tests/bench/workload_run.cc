#include "workload_run.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilot::bench {
namespace {

Status run_rows(const Options& options, const WorkloadPlace& place, const Workload& workload,
                const Servers& servers, Report& report) {
  for (const int connections : options.connections) {
    if (place.before_row) {
      if (Status ready = place.before_row(); !ready) return ready;
    }
    say(fmt::format("{} at {} connections (server: pid {})", workload.name, connections,
                    servers.pilot.process().pid()));
    Result<Row> row = measure_row(workload, servers, connections, options.seconds);
    if (!row) return row.error();
    note_errors(report, fmt::format("{} at {} connections", row->workload, connections),
                row->errors, row->first_error);
    report.rows.push_back(std::move(*row));
  }
  return ok();
}

Status run_references(const Options& options, const WorkloadPlace& place, Report& report) {
  if (!options.wants("references")) return ok();
  say("the bare database");
  return place.references(report);
}

Status run_nginx_reference(const Options& options, const NginxTarget& nginx, Report& report) {
  if (!options.wants("references")) return ok();
  const Result<double> rate = measure_nginx(nginx, std::min(options.seconds, 2.0));
  if (!rate) return rate.error();
  report.references.push_back(
      {.name = "nginx_item",
       .what = "GET /item at 100 connections by the load client, without Pilot",
       .samples = {*rate}});
  return ok();
}

Status run_acceptance(const Workload& workload, const PilotServer& pilot, Report& report) {
  say("100 executions at once");
  Result<Acceptance> accepted = measure_acceptance(workload, pilot);
  if (!accepted) return accepted.error();
  note_errors(report, "100 executions at once", accepted->errors, accepted->first_error);
  report.acceptance = std::move(*accepted);
  return ok();
}

Status run_table(const Options& options, const WorkloadPlace& place, const Workload& w1,
                 const Workload& w2, const Servers& servers, Report& report) {
  if (options.wants("acceptance")) {
    if (Status done = run_acceptance(w1, servers.pilot, report); !done) return done;
  }
  if (options.wants("w1") || options.wants("w2")) {
    say("warm-up");
    if (Status done = warm_up(w2, servers.pilot); !done) return done;
  }
  if (Status done = run_nginx_reference(options, servers.nginx, report); !done) return done;
  if (Status done = run_references(options, place, report); !done) return done;
  if (options.wants("w2")) {
    if (Status done = run_rows(options, place, w2, servers, report); !done) return done;
  }
  if (Status done = run_references(options, place, report); !done) return done;
  if (options.wants("w1")) {
    if (Status done = run_rows(options, place, w1, servers, report); !done) return done;
  }
  return run_references(options, place, report);
}

}  // namespace

Status run_workloads(const Options& options, const std::filesystem::path& dir,
                     const WorkloadPlace& place, Report& report) {
  Result<NginxTarget> nginx = NginxTarget::start(dir / "nginx");
  if (!nginx) return nginx.error();
  Result<PilotServer> pilot = PilotServer::start(options.pilot, dir / "data", place.setup);
  if (!pilot) return pilot.error();
  if (place.with_key) {
    if (Status made = pilot->use_key(); !made) return made;
  }
  const Result<Workload> w1 = prepare_w1(*pilot, *nginx);
  if (!w1) return w1.error();
  const Result<Workload> w2 = prepare_w2(*pilot);
  if (!w2) return w2.error();
  const Servers servers{*pilot, *nginx, place.database_cpu};
  if (Status done = run_table(options, place, *w1, *w2, servers, report); !done) return done;
  if (Status stopped = pilot->stop(); !stopped) report.faults.push_back(stopped.error().message);
  return ok();
}

bool wants_table(const Options& options) {
  constexpr std::string_view kOfTable[] = {"w1", "w2", "references", "start", "acceptance"};
  return std::any_of(std::begin(kOfTable), std::end(kOfTable),
                     [&](std::string_view part) { return options.wants(part); });
}

void say(std::string_view what) { fmt::print(stderr, "bench: {}\n", what); }

void note_errors(Report& report, std::string_view what, std::size_t errors,
                 std::string_view first) {
  if (errors > 0) report.faults.push_back(fmt::format("{}: {} errors; {}", what, errors, first));
}

}  // namespace pilot::bench
