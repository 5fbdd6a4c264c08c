// The references of --store postgres: PostgreSQL's own pgbench writes the rows that Pilot writes
// for one execution of W1 or W2, in the same tables of a database of its own, as a superuser, for
// whom there is no row-level security. Nothing but constant texts and ready statements: no HTTP, no
// JSON, no engine, no fence. Errors: postgres_missing, not_started, no_answer, interrupted.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "postgres_server.h"

namespace pilot::bench {

enum class PgbenchWay {
  several,  // statement by statement in a transaction, as a program does that is written plainly
  one,      // all rows in one statement, its own transaction
  batch,    // a hundred executions in each statement of a transaction
};

struct PgbenchCase {
  std::string workload;  // W1 or W2
  PgbenchWay way = PgbenchWay::several;
  int clients = 1;

  std::string name() const;  // of the reference
  std::string what() const;
  int executions() const { return way == PgbenchWay::batch ? 100 : 1; }  // a transaction
  // What pgbench is to run, with ids that begin with `id_start` (8 hex digits: in the month whose
  // partition the rows are for).
  std::string script(std::string_view id_start) const;
};

class Pgbench {
 public:
  // `dir` exists; scripts and logs go there. The database has Pilot's schema.
  static Result<Pgbench> find(const PostgresDatabase& database, std::filesystem::path dir);

  // One sample of each case for each workload; `seconds` each, after one that does not count.
  Status sample(const std::vector<int>& clients, double seconds,
                std::vector<Reference>& references) const;

 private:
  Pgbench(const PostgresDatabase& database, std::filesystem::path dir, std::string program)
      : database_(database), dir_(std::move(dir)), program_(std::move(program)) {}
  Result<double> measure(const PgbenchCase& one, double seconds) const;

  const PostgresDatabase& database_;
  std::filesystem::path dir_;
  std::string program_;
};

}  // namespace pilot::bench
