// The PostgreSQL cluster of the benchmark, and databases in it that go away with their object. Its
// URL (a superuser's; it may hold a password) comes from PILOT_BENCH_POSTGRES and goes to children
// by their environment, never by a command line. Blocking; the benchmark's one thread. Errors:
// postgres_missing, and those of store/postgres/connect.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "report.h"
#include "servers.h"
#include "store/postgres/connect.h"

namespace pilot::bench {

using Session = store::postgres::Session;

class PostgresCluster {
 public:
  // Refused when it is not on this machine: its CPU could not be seen. Or does not flush: its
  // figures would be worthless.
  static Result<PostgresCluster> find();

  const std::string& url() const { return url_; }
  const PostgresSettings& settings() const { return settings_; }
  const std::string& data_directory() const { return data_directory_; }
  // User and system, of all its processes, those that have ended included.
  double cpu_seconds() const;
  int next_number() { return ++databases_; }

 private:
  std::string url_;
  pid_t postmaster_ = 0;
  int databases_ = 0;  // made so far
  std::string data_directory_;
  PostgresSettings settings_;
};

class PostgresDatabase {
 public:
  static Result<PostgresDatabase> make(PostgresCluster& cluster, std::string_view name);
  PostgresDatabase(PostgresDatabase&& other) noexcept
      : cluster_url_(std::move(other.cluster_url_)),
        name_(std::exchange(other.name_, {})),
        url_(std::move(other.url_)) {}
  PostgresDatabase& operator=(PostgresDatabase&&) = delete;
  ~PostgresDatabase();  // drops it, whoever is still connected

  const std::string& url() const { return url_; }
  Result<Session> connect() const { return Session::open(url_); }
  // How `pilot serve` is told about it, and libpq's own programs (PGHOST, PGDATABASE...).
  ServeSetup serve_setup() const;
  Result<std::vector<std::string>> libpq_environment() const;
  // Pilot's schema, by starting and stopping a server on it; `data_dir` is the server's.
  Status migrate(const std::filesystem::path& binary, const std::filesystem::path& data_dir) const;
  // No runs and no logs, and everything on disk: the same beginning for everybody who is measured.
  Status empty() const;

 private:
  PostgresDatabase(std::string cluster_url, std::string name, std::string url)
      : cluster_url_(std::move(cluster_url)), name_(std::move(name)), url_(std::move(url)) {}
  std::string cluster_url_;
  std::string name_;
  std::string url_;
};

// One value that must be there.
Result<std::string> ask(Session& session, const std::string& sql,
                        std::vector<std::string> params = {});
Result<double> ask_number(Session& session, const std::string& sql);
// The only column of all rows, a line each, after other statements in the same transaction.
Result<std::string> ask_lines(const std::string& url, const std::string& before,
                              const std::string& sql);

// COPY ... FROM STDIN: `write` appends some rows in COPY's text form and answers whether more come.
Status copy_in(const std::string& url, const std::string& copy,
               const std::function<bool(std::string&)>& write);

}  // namespace pilot::bench
