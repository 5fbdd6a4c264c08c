#include "pgbench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>

namespace pilot::bench {
namespace {

constexpr int kBatchClients = 2;

Reference& reference(std::vector<Reference>& references, const PgbenchCase& one) {
  for (Reference& known : references) {
    if (known.name == one.name()) return known;
  }
  return references.emplace_back(Reference{.name = one.name(), .what = one.what(), .samples = {}});
}

// Of the newest version.
std::string find_program() {
  std::string found;
  std::error_code failed;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", failed)) {
    const std::string file = (version.path() / "bin/pgbench").string();
    if (access(file.c_str(), X_OK) == 0) found = std::max(found, file);
  }
  return found;
}

// The upper half of a UUIDv7's time: it stays the same for a minute.
std::string id_start() {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return fmt::format("{:08x}", now.count() >> 16);
}

// The number after a label; 0 if it is not there.
double number_after(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + label.size(), nullptr);
}

// "progress: 1.0 s, 2345.6 tps, ..." and the sum at the end: without what the first line covers,
// in which connections are made and statements are planned.
double rate_after_first(const std::string& progress, const std::string& sum) {
  const double first_seconds = number_after(progress, "progress: ");
  const double first_rate = number_after(progress, " s, ");
  const double count = number_after(sum, "actually processed: ");
  const double rate = number_after(sum, "tps = ");
  if (rate <= 0) return 0;
  const double seconds = count / rate - first_seconds;
  return first_seconds > 0 && seconds > 0.2 ? (count - first_rate * first_seconds) / seconds : rate;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<PgbenchCase> cases(const std::vector<int>& clients) {
  std::vector<PgbenchCase> all;
  for (const char* workload : {"W2", "W1"}) {
    for (const PgbenchWay way : {PgbenchWay::several, PgbenchWay::one}) {
      for (const int count : clients) all.push_back({workload, way, count});
    }
    all.push_back({workload, PgbenchWay::batch, kBatchClients});
  }
  return all;
}

}  // namespace

std::string PgbenchCase::name() const {
  const std::string_view of = workload == "W1" ? "w1" : "w2";
  if (way == PgbenchWay::batch) return fmt::format("pgbench_{}_batch100", of);
  return fmt::format("pgbench_{}_{}_{}", of, way == PgbenchWay::one ? "one" : "several", clients);
}

std::string PgbenchCase::what() const {
  const bool twice = workload == "W1";
  switch (way) {
    case PgbenchWay::several:
      return fmt::format("rows of {}, {} at {} clients", workload,
                         twice ? "statement by statement, two transactions"
                               : "statement by statement, a transaction",
                         clients);
    case PgbenchWay::one:
      return fmt::format("rows of {}, {} an execution at {} clients", workload,
                         twice ? "two statements" : "one statement", clients);
    case PgbenchWay::batch:
      return fmt::format("rows of {}, 100 executions in each statement at {} clients", workload,
                         clients);
  }
  return {};
}

Result<Pgbench> Pgbench::find(const PostgresDatabase& database, std::filesystem::path dir) {
  std::string program = find_program();
  if (!program.empty()) return Pgbench(database, std::move(dir), std::move(program));
  return invalid("postgres_missing",
                 "pgbench is not installed; on Debian it comes with postgresql-15");
}

Result<double> Pgbench::measure(const PgbenchCase& one, double seconds) const {
  if (Status ready = database_.empty(); !ready) return ready.error();
  const Result<std::vector<std::string>> environment = database_.libpq_environment();
  if (!environment) return environment.error();
  const std::filesystem::path script = dir_ / (one.name() + ".sql");
  const std::filesystem::path log = dir_ / (one.name() + ".log");
  std::ofstream(script) << one.script(id_start());
  std::error_code none;
  std::filesystem::remove(log, none);  // of the sample before
  const int lasts = static_cast<int>(std::ceil(seconds)) + 1;
  Result<Process> process =
      Process::start({program_, "--no-vacuum", "--protocol=prepared", "--jobs=2", "--progress=1",
                      fmt::format("--client={}", one.clients), fmt::format("--time={}", lasts),
                      "--define=n=0", "--file=" + script.string()},
                     log, *environment);
  if (!process) return process.error();
  const Result<std::string> sum = process->finish(lasts + 60);
  if (!sum) return sum.error().prefixed(one.name());
  const double rate = rate_after_first(read_file(log), *sum);
  if (rate > 0) return rate * one.executions();
  return invalid("bad_answer", fmt::format("{}: pgbench said: {}", one.name(), *sum));
}

Status Pgbench::sample(const std::vector<int>& clients, double seconds,
                       std::vector<Reference>& references) const {
  for (const PgbenchCase& one : cases(clients)) {
    const Result<double> rate = measure(one, seconds);
    if (!rate) return rate.error();
    reference(references, one).samples.push_back(*rate);
  }
  return ok();
}

}  // namespace pilot::bench
