// pilot-bench: measures Pilot and what it stands on, in one run on one machine; see
// docs/benchmarks.md. Exit code 0 when everything worked (a target that is not reached is a figure,
// no failure), 1 when something broke or an execution failed, 2 for a wrong option.
#include <fmt/format.h>
#include <signal.h>

#include <fstream>

#include "bare_database.h"
#include "cron_bench.h"
#include "jq_bench.h"
#include "machine.h"
#include "options.h"
#include "report.h"
#include "schedule_bench.h"
#include "start_up.h"
#include "workloads.h"

namespace pilot::bench {
namespace {

void say(std::string_view what) { fmt::print(stderr, "bench: {}\n", what); }

void note_errors(Report& report, std::string_view what, std::size_t errors,
                 std::string_view first) {
  if (errors > 0) report.faults.push_back(fmt::format("{}: {} errors; {}", what, errors, first));
}

Status run_rows(const Options& options, const Workload& workload, const Servers& servers,
                Report& report) {
  for (const int connections : options.connections) {
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

Status run_references(const Options& options, BareDatabase& bare, Report& report) {
  if (!options.wants("references")) return ok();
  say("the bare database");
  return bare.sample(std::min(options.seconds, 2.0), report.references);
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

// The database is asked before, between and after the workloads: a disk's speed changes in a run.
Status run_workloads(const Options& options, const std::filesystem::path& dir, Report& report) {
  Result<NginxTarget> nginx = NginxTarget::start(dir / "nginx");
  if (!nginx) return nginx.error();
  Result<PilotServer> pilot = PilotServer::start(options.pilot, dir / "data");
  if (!pilot) return pilot.error();
  const Servers servers{*pilot, *nginx};
  const Result<Workload> w1 = prepare_w1(*pilot, *nginx);
  if (!w1) return w1.error();
  const Result<Workload> w2 = prepare_w2(*pilot);
  if (!w2) return w2.error();
  if (options.wants("acceptance")) {
    say("100 executions at once");
    Result<Acceptance> accepted = measure_acceptance(*w1, *pilot);
    if (!accepted) return accepted.error();
    note_errors(report, "100 executions at once", accepted->errors, accepted->first_error);
    report.acceptance = std::move(*accepted);
  }
  BareDatabase bare(dir / "bare");
  if (options.wants("w1") || options.wants("w2")) {
    say("warm-up");
    if (Status done = warm_up(*w2, *pilot); !done) return done;
  }
  if (Status done = run_nginx_reference(options, *nginx, report); !done) return done;
  if (Status done = run_references(options, bare, report); !done) return done;
  if (options.wants("w2")) {
    if (Status done = run_rows(options, *w2, servers, report); !done) return done;
  }
  if (Status done = run_references(options, bare, report); !done) return done;
  if (options.wants("w1")) {
    if (Status done = run_rows(options, *w1, servers, report); !done) return done;
  }
  if (Status done = run_references(options, bare, report); !done) return done;
  if (Status stopped = pilot->stop(); !stopped) report.faults.push_back(stopped.error().message);
  return ok();
}

Status measure(const Options& options, const std::filesystem::path& dir, Report& report) {
  if (options.wants("cron")) {
    say("cron expressions");
    Result<CronFigures> cron = measure_cron();
    if (!cron) return cron.error();
    report.cron = std::move(*cron);
  }
  if (options.wants("jq")) {
    say("jq programs");
    Result<JqFigures> jq = measure_jq();
    if (!jq) return jq.error();
    report.jq = std::move(*jq);
  }
  if (options.wants("start")) {
    say("cold starts");
    std::filesystem::create_directories(dir / "starts");
    Result<StartUp> fresh = measure_fresh_starts(options.pilot, dir / "starts");
    if (!fresh) return fresh.error();
    report.start_up = std::move(*fresh);
  }
  // Parts that have servers of their own.
  const bool others_alone =
      !options.only.empty() &&
      std::all_of(options.only.begin(), options.only.end(), [](const std::string& part) {
        return part == "sleepers" || part == "schedules" || part == "cron" || part == "jq";
      });
  if (!others_alone) {
    if (Status done = run_workloads(options, dir, report); !done) return done;
  }
  if (options.wants("start")) {
    say("cold starts on the used directory");
    Result<std::vector<double>> used = measure_restarts(options.pilot, dir / "data");
    if (!used) return used.error();
    report.start_up->existing_ms = std::move(*used);
  }
  if (options.wants("sleepers")) {
    say("10,000 runs that sleep");
    Result<Sleepers> asleep = measure_sleepers(options.pilot, dir / "sleepers");
    if (!asleep) return asleep.error();
    note_errors(report, "sleepers", asleep->errors, asleep->first_error);
    if (asleep->errors == 0 && asleep->waiting != asleep->runs) {
      report.faults.push_back(
          fmt::format("sleepers: {} of {} runs are waiting", asleep->waiting, asleep->runs));
    }
    report.sleepers = std::move(*asleep);
  }
  if (options.wants("schedules")) {
    say("100,000 schedules");
    Result<Schedules> schedules = measure_schedules(options.pilot, dir / "schedules");
    if (!schedules) return schedules.error();
    report.schedules = std::move(*schedules);
  }
  return ok();
}

bool write_json(const Options& options, const Report& report) {
  if (options.output.empty()) return true;
  std::ofstream file(options.output);
  file << to_pretty_json(to_json_value(report)) << '\n';
  file.close();
  if (file.good()) return true;
  fmt::print(stderr, "bench: cannot write {}\n", options.output.string());
  return false;
}

// Ctrl-C waits until somebody looks (interrupted()), so that servers and directories go first.
void hold_signals() {
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  sigprocmask(SIG_BLOCK, &held, nullptr);
}

int run(const Options& options) {
  std::error_code missing;
  if (!std::filesystem::exists(options.pilot, missing)) {
    fmt::print(stderr, "bench: {} is not there; build it (./dev build) or name it with --pilot\n",
               options.pilot.string());
    return 2;
  }
  const Result<TempDir> dir = TempDir::make(options.temp_dir);
  if (!dir) {
    fmt::print(stderr, "bench: {}\n", dir.error().message);
    return 1;
  }
  Report report{.machine = describe_machine(dir->path()), .seconds = options.seconds};
  const Status done = measure(options, dir->path(), report);
  report.machine.load_after = load_average();
  // What was measured before it broke is worth seeing, too.
  if (!done) report.faults.push_back(done.error().message);
  fmt::print("{}", to_text(report));
  const bool written = write_json(options, report);
  return report.faults.empty() && written ? 0 : 1;
}

}  // namespace
}  // namespace pilot::bench

int main(int argc, char** argv) {
  using namespace pilot::bench;
  const auto options = read_options(argc, argv);
  if (!options) {
    fmt::print(stderr, "bench: {}\n{}", options.error().message, usage());
    return 2;
  }
  if (options->help) {
    fmt::print("{}", usage());
    return 0;
  }
  hold_signals();
  return run(*options);
}
