// The reference of `pilot bench`: what plain SQLite does with the rows that Pilot writes for one
// execution, through prepared statements on one connection, with nothing around them. The same
// schema, pragmas and texts; no JSON is made, no queue, no fence. Blocking; call it on any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace pilot {
class Log;
}

namespace pilot::store::sqlite {

struct BareRate {
  std::string workload;   // W1: run, GET, set, mark | POST, end. W2: run with its end, three steps
  int batch = 1;          // executions per transaction (W1: per pair of transactions)
  double per_second = 0;  // executions
  double p50_ms = 0;      // of one batch, all its commits
  double p99_ms = 0;
};

// W1 and W2, one execution per transaction and in batches of 100, each for `each` on a new database
// `file` (which must not exist; it and its -wal and -shm are removed in the end).
Result<std::vector<BareRate>> measure_bare_rows(const std::filesystem::path& file,
                                                std::chrono::milliseconds each, Log& log);

}  // namespace pilot::store::sqlite
