// What the benchmark found: plain values, the table for people and the JSON for programs, and the
// targets of the issue beside the figures. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace pilot::bench {

// One workload at one number of connections.
struct Row {
  std::string workload;
  int connections = 0;
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  double rss_mib = 0;
  double peak_rss_mib = 0;  // since the server began
  std::size_t executions = 0;
  std::size_t errors = 0;
  std::string first_error;
  double server_cpu_ms = 0;  // per execution
  double server_cores = 0;   // CPU seconds per second
  double target_cores = 0;   // nginx
  double client_cores = 0;   // the benchmark itself
};

// Something to compare with, measured several times in the same run.
struct Reference {
  std::string name;
  std::string what;
  std::vector<double> samples;  // per second
  double per_second() const;    // their median
};

struct StartUp {
  std::vector<double> fresh_ms;     // to the first 200 of /healthz, on an empty directory
  std::vector<double> existing_ms;  // on one with the runs of the benchmark in it
  double idle_rss_mib = 0;          // two seconds after the start
  double idle_cores = 0;
};

struct Acceptance {
  std::size_t executions = 0;
  std::size_t errors = 0;
  std::string first_error;
  double seconds = 0;
  double max_ms = 0;
};

struct Sleepers {
  std::size_t runs = 0;
  std::size_t waiting = 0;  // counted by the list of runs
  std::size_t errors = 0;
  std::string first_error;
  double accepted_per_second = 0;
  double rss_before_mib = 0;
  double rss_mib = 0;
  double peak_rss_mib = 0;
  int threads_before = 0;
  int threads = 0;
  double idle_cores = 0;
};

struct Machine {
  int cores = 0;
  std::string kernel;
  std::string file_system;  // of the data directory
  double load_before = 0;   // load average of a minute
  double load_after = 0;
};

struct Report {
  Machine machine;
  double seconds = 0;  // per row
  std::vector<Row> rows;
  std::vector<Reference> references;
  std::optional<StartUp> start_up;
  std::optional<Acceptance> acceptance;
  std::optional<Sleepers> sleepers;
  std::vector<std::string> faults;  // what should not have happened
};

struct Target {
  std::string name;
  std::string wanted;
  std::string figure;           // "not measured" if it was not
  std::optional<bool> reached;  // nothing if it was not measured
};

std::vector<Target> targets(const Report& report);
const Reference* find_reference(const Report& report, std::string_view name);

Json to_json_value(const Report& report);
std::string to_text(const Report& report);

}  // namespace pilot::bench
