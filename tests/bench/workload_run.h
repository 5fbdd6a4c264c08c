// The table of a run: W1 and W2 on one server, with the references before, between and after them,
// because a disk's speed changes in a run. What differs between the stores is handed in.
#pragma once

#include "options.h"
#include "workloads.h"

namespace pilot::bench {

struct WorkloadPlace {
  ServeSetup setup;
  bool with_key = false;                      // each request shows an API key
  std::function<double()> database_cpu = {};  // see Servers
  std::function<Status()> before_row = {};
  std::function<Status(Report&)> references;  // takes one sample of each
};

Status run_workloads(const Options& options, const std::filesystem::path& dir,
                     const WorkloadPlace& place, Report& report);

// Parts that bring servers of their own; when they alone are wanted, there is no table.
bool wants_table(const Options& options);

void say(std::string_view what);  // on standard error
void note_errors(Report& report, std::string_view what, std::size_t errors, std::string_view first);

}  // namespace pilot::bench
