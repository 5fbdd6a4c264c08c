// What the benchmark found: plain values, the table for people and the JSON for programs, and the
// targets of the issue beside the figures. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace pilot::bench {

// One workload at one number of connections.
struct Row {
  std::string workload;
  std::string store = "sqlite";
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
  double server_cpu_ms = 0;    // per execution
  double server_cores = 0;     // CPU seconds per second
  double target_cores = 0;     // nginx
  double client_cores = 0;     // the benchmark itself
  double database_cpu_ms = 0;  // of all of PostgreSQL's processes, per execution
  double database_cores = 0;
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

// Schedules that are all due in the same second. Lateness is up to the decision that is recorded.
struct Burst {
  std::size_t schedules = 0;
  std::size_t fired = 0;
  std::size_t missed = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  double last_started_ms = 0;  // of their runs, after the due second
  double last_finished_ms = 0;
};

struct Schedules {
  std::size_t at_rest = 0;
  std::size_t zones = 0;
  double saved_per_second = 0;
  double load_seconds = 0;  // from the start of the server to its first answer
  double rss_mib = 0;
  double idle_cores = 0;
  double peak_rss_mib = 0;  // after the bursts
  std::vector<Burst> bursts;
};

// What the next due instant of an expression costs, and what it is made of or replaces.
struct CronFigure {
  std::string expression;
  double next_ns = 0;
};
struct CronFigures {
  std::string zone;
  std::vector<CronFigure> figures;
  double conversions_ns = 0;  // an instant to local time and back
  double minutes_ns = 0;      // "0 7 * * 1-5", minute by minute
};

// A jq program on an input of about 1 KB and one of about 1 MB, beside libjq (0: not there).
struct JqFigure {
  std::string program;
  double compile_us = 0;
  double small_us = 0;
  double large_us = 0;
  double libjq_compile_us = 0;
  double libjq_small_us = 0;
  double libjq_large_us = 0;
};
struct JqFigures {
  std::size_t small_bytes = 0;
  std::size_t large_bytes = 0;
  std::vector<JqFigure> programs;
};

struct PostgresSettings {
  std::string version;
  std::string fsync;
  std::string synchronous_commit;
  std::string shared_buffers;
};

// Pages of one tenant's list of runs, beside many other tenants' runs.
struct ListPage {
  std::string what;
  std::size_t calls = 0;
  std::size_t found = 0;  // runs on the page
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};
struct ListFigures {
  std::int64_t rows = 0;
  std::int64_t tenants = 0;
  std::int64_t months = 0;
  double load_seconds = 0;    // COPY
  double settle_seconds = 0;  // VACUUM ANALYZE and a checkpoint
  double table_mib = 0;       // with its indexes
  std::vector<ListPage> pages;
  std::string plan;  // of the first page, and of the deep one
};

// A queue that is there at once, until all of its runs have ended.
struct QueueRun {
  int nodes = 0;
  double per_second = 0;
};
struct NodesFigures {
  std::int64_t runs = 0;
  std::vector<QueueRun> rounds;  // in the order in which they were measured
  std::vector<double> per_second_of(int nodes) const;
};

// CPU of the server for a GET of /api/plans, microseconds, one of each a round.
struct AuthFigures {
  std::vector<double> open_us;  // on loopback, where nobody says who they are
  std::vector<double> key_us;   // with an API key
  std::vector<double> open_per_second;
  std::vector<double> key_per_second;
};

// Building the request of one example of the catalogue, params checked, auth and encoding done.
struct RequestFigure {
  std::string what;  // slack.post_message
  double build_us = 0;
  double json_us = 0;  // to compare: the example's params to JSON
  double hash_us = 0;  // and one SHA-256 over the request's bytes
};
struct RequestFigures {
  std::vector<RequestFigure> shown;
  std::size_t examples = 0;  // all of the catalogue
  double median_us = 0;
  double p90_us = 0;
  double p99_us = 0;
};

// All manifests of the catalogue put into a registry, and made.
struct CatalogueFigures {
  std::size_t providers = 0;
  std::size_t actions = 0;
  double register_ms = 0;  // CPU; what every start does
  double make_ms = 0;      // CPU; all of them, on one thread
  double heap_mib = 0;
  double list_ms = 0;  // `pilot providers list`, the whole process
};

// CPU of the server for one execution, microseconds: the same GET by a manifest and by `http`.
struct CallFigures {
  std::vector<double> manifest_us;  // one of each a round
  std::vector<double> http_us;
};

// Runs that wait for their vendor's answer at the same time, each with a connection of its own.
struct InFlight {
  std::size_t runs = 0;
  std::size_t tokens = 0;        // different ones that the vendor saw
  std::size_t together = 0;      // requests that it held at once
  std::size_t good = 0;          // runs that ended well
  double all_there_seconds = 0;  // from the first run's start until the vendor held them all
  double ended_seconds = 0;      // from the answers until the last run had ended
  double cpu_seconds = 0;
  double rss_before_mib = 0;
  double rss_mib = 0;  // while all are held
  double peak_rss_mib = 0;
};

// A list of many pages, by one step.
struct PageFigures {
  std::size_t items = 0;
  std::size_t pages = 0;
  std::size_t bytes = 0;  // of all answers
  double seconds = 0;
  double rss_before_mib = 0;
  double peak_rss_mib = 0;
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
  std::string store = "sqlite";
  std::optional<PostgresSettings> postgres;
  double seconds = 0;  // per row
  std::vector<Row> rows;
  std::vector<Reference> references;
  std::optional<StartUp> start_up;
  std::optional<Acceptance> acceptance;
  std::optional<Sleepers> sleepers;
  std::optional<Schedules> schedules;
  std::optional<CronFigures> cron;
  std::optional<JqFigures> jq;
  std::optional<ListFigures> list;
  std::optional<NodesFigures> nodes;
  std::optional<AuthFigures> auth;
  std::optional<RequestFigures> requests;
  std::optional<CatalogueFigures> catalogue;
  std::optional<CallFigures> calls;
  std::optional<InFlight> in_flight;
  std::optional<PageFigures> pages;
  std::vector<std::string> faults;  // what should not have happened
};

struct Target {
  std::string name;
  std::string wanted;
  std::string figure;           // "not measured" if it was not
  std::optional<bool> reached;  // nothing if it was not measured
};

std::vector<Target> targets(const Report& report);  // of the report's store
std::vector<Target> postgres_targets(const Report& report);
Target below(std::string name, std::string_view unit, double limit, std::optional<double> figure);
Target accepted_all(const Report& report);
// "W2 at 100 connections" against a reference of the same run.
Target against(const Report& report, std::string_view workload, std::string_view reference,
               double factor, std::string_view what);
const Reference* find_reference(const Report& report, std::string_view name);

// What only a benchmark on PostgreSQL, or of API keys, has to say.
void add_postgres_json(const Report& report, JsonObject& out);
std::string postgres_text(const Report& report);

// Of what providers cost.
void add_provider_json(const Report& report, JsonObject& out);
std::string provider_text(const Report& report);
void add_provider_targets(const Report& report, std::vector<Target>& all);

double rounded(double value);  // three decimals
JsonArray rounded(const std::vector<double>& values);

Json to_json_value(const Report& report);
std::string to_text(const Report& report);

}  // namespace pilot::bench
