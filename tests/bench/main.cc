// pilot-bench: measures Pilot and what it stands on, in one run on one machine; see
// docs/benchmarks.md. Exit code 0 when everything worked (a target that is not reached is a figure,
// no failure), 1 when something broke or an execution failed, 2 for a wrong option.
#include <fmt/format.h>
#include <signal.h>

#include <fstream>

#include "auth_bench.h"
#include "bare_database.h"
#include "cron_bench.h"
#include "jq_bench.h"
#include "machine.h"
#include "options.h"
#include "postgres_bench.h"
#include "providers_bench.h"
#include "report.h"
#include "schedule_bench.h"
#include "start_up.h"
#include "workload_run.h"

namespace pilot::bench {
namespace {

// The database is asked before, between and after the workloads: a disk's speed changes in a run.
Status run_table(const Options& options, const std::filesystem::path& dir, Report& report) {
  BareDatabase bare(dir / "bare");
  return run_workloads(options, dir,
                       {.setup = {},
                        .references =
                            [&](Report& into) {
                              return bare.sample(std::min(options.seconds, 2.0), into.references);
                            }},
                       report);
}

Status measure_auth_part(const Options& options, const std::filesystem::path& dir, Report& report) {
  say("what an API key costs");
  Result<AuthFigures> auth = measure_auth(options, dir, [] {
    return ServeSetup{high_limits(), {}};
  });
  if (!auth) return auth.error();
  report.auth = std::move(*auth);
  return ok();
}

Status measure(const Options& options, const std::filesystem::path& dir, Report& report) {
  if (options.on_postgres()) return measure_on_postgres(options, dir, report);
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
    Result<StartUp> fresh =
        measure_fresh_starts(options.pilot, dir / "starts", [] { return ServeSetup{}; });
    if (!fresh) return fresh.error();
    report.start_up = std::move(*fresh);
  }
  if (wants_table(options)) {
    if (Status done = run_table(options, dir, report); !done) return done;
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
  if (options.wants("auth")) {
    if (Status done = measure_auth_part(options, dir / "auth", report); !done) return done;
  }
  return measure_providers(options, dir / "providers", report);
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
  Report report{
      .machine = describe_machine(dir->path()), .store = options.store, .seconds = options.seconds};
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
