#include "postgres_server.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace pilot::bench {
namespace {

constexpr char kVariable[] = "PILOT_BENCH_POSTGRES";

// The URL with another database: what stands between the authority and the parameters.
std::string with_database(const std::string& url, std::string_view name) {
  const std::size_t authority = url.find("://") + 3;
  const std::size_t end = std::min(url.find_first_of("/?", authority), url.size());
  const std::size_t query = std::min(url.find('?', end), url.size());
  return fmt::format("{}/{}{}", url.substr(0, end), name, url.substr(query));
}

// What follows the name of the program in /proc/PID/stat, from the state on.
std::vector<std::string> stat_of(std::string_view pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  std::vector<std::string> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

pid_t parent_of(const std::vector<std::string>& stat) {
  return stat.size() > 1 ? static_cast<pid_t>(std::strtol(stat[1].c_str(), nullptr, 10)) : 0;
}

double cpu_of(pid_t pid) {
  clockid_t clock = 0;
  timespec spent{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// The process that the session talks to is on this machine, and a child of the postmaster.
Result<pid_t> postmaster_of(Session& session) {
  const Result<std::string> own = ask(session, "SELECT pg_backend_pid()::text");
  if (!own) return own.error();
  std::ifstream file(fmt::format("/proc/{}/comm", *own));
  std::string program;
  file >> program;
  if (program == "postgres") return parent_of(stat_of(*own));
  return invalid("postgres_missing",
                 fmt::format("the PostgreSQL of {} is not on this machine", kVariable));
}

// Blocking libpq itself, for what store/postgres has no use for: COPY, and answers of many rows.
struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;
struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

Result<Connection> open_plain(const std::string& url) {
  Result<Session> session = Session::open(url);
  if (!session) return session.error();
  return Connection(session->release());
}

Error of_connection(PGconn* connection) {
  return internal_error(std::string("PostgreSQL: ") + PQerrorMessage(connection));
}

Status send_rows(PGconn* connection, const std::function<bool(std::string&)>& write) {
  std::string rows;
  for (bool more = true; more;) {
    rows.clear();
    more = write(rows);
    if (PQputCopyData(connection, rows.data(), static_cast<int>(rows.size())) != 1) {
      return of_connection(connection);
    }
    if (interrupted()) return interruption();
  }
  if (PQputCopyEnd(connection, nullptr) != 1) return of_connection(connection);
  const ResultPtr done(PQgetResult(connection));
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return of_connection(connection);
  return ok();
}

}  // namespace

Result<PostgresCluster> PostgresCluster::find() {
  const char* url = std::getenv(kVariable);
  if (url == nullptr || *url == '\0') {
    return invalid("postgres_missing",
                   fmt::format("{} is not set: run ./dev bench --store postgres, which starts a "
                               "cluster for the time of the benchmark",
                               kVariable));
  }
  PostgresCluster found;
  found.url_ = url;
  if (found.url_.find("://") == std::string::npos) {
    return invalid("postgres_missing", fmt::format("{} does not hold a URL", kVariable));
  }
  Result<Session> session = Session::open(found.url_);
  if (!session) return session.error();
  const Result<pid_t> postmaster = postmaster_of(*session);
  if (!postmaster) return postmaster.error();
  found.postmaster_ = *postmaster;
  const std::pair<const char*, std::string*> wanted[] = {
      {"server_version", &found.settings_.version},
      {"fsync", &found.settings_.fsync},
      {"synchronous_commit", &found.settings_.synchronous_commit},
      {"shared_buffers", &found.settings_.shared_buffers},
      {"data_directory", &found.data_directory_}};
  for (const auto& [name, place] : wanted) {
    Result<std::string> value = ask(*session, "SELECT current_setting($1)", {name});
    if (!value) return value.error();
    *place = std::move(*value);
  }
  if (found.settings_.fsync == "on" && found.settings_.synchronous_commit == "on") return found;
  return invalid("postgres_missing",
                 "the cluster's fsync or synchronous_commit is off: it would not be the "
                 "durability that Pilot promises");
}

double PostgresCluster::cpu_seconds() const {
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  double sum = cpu_of(postmaster_);
  // Of children that have ended: user and system.
  const std::vector<std::string> own = stat_of(std::to_string(postmaster_));
  constexpr std::size_t kChildren = 13;
  for (std::size_t i = kChildren; i < kChildren + 2 && i < own.size(); ++i) {
    sum += tick * std::strtod(own[i].c_str(), nullptr);
  }
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (read.ec != std::errc{} || parent_of(stat_of(name)) != postmaster_) continue;
    sum += cpu_of(pid);
  }
  return sum;
}

Result<PostgresDatabase> PostgresDatabase::make(PostgresCluster& cluster, std::string_view name) {
  std::string full = fmt::format("pilot_bench_{}_{}_{}", getpid(), cluster.next_number(), name);
  Result<Session> session = Session::open(cluster.url());
  if (!session) return session.error();
  const Status done = session->execute("CREATE DATABASE " + full + " TEMPLATE template0");
  if (!done) return done.error().prefixed("make a database");
  std::string url = with_database(cluster.url(), full);
  return PostgresDatabase(cluster.url(), std::move(full), std::move(url));
}

PostgresDatabase::~PostgresDatabase() {
  if (name_.empty()) return;
  Result<Session> session = Session::open(cluster_url_);
  if (session) (void)session->execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
}

ServeSetup PostgresDatabase::serve_setup() const {
  ServeSetup setup{.options = high_limits(), .environment = {"PILOT_DATABASE_URL=" + url_}};
  // Once there is a key, plans may call this machine only if they are allowed to.
  setup.options.push_back("--allow-private-network");
  return setup;
}

Result<std::vector<std::string>> PostgresDatabase::libpq_environment() const {
  const std::unique_ptr<PQconninfoOption, FreeOptions> parts(
      PQconninfoParse(url_.c_str(), nullptr));
  if (parts == nullptr) {
    return invalid("postgres_missing", fmt::format("the URL in {} cannot be read", kVariable));
  }
  std::vector<std::string> variables;
  for (const PQconninfoOption* part = parts.get(); part->keyword != nullptr; ++part) {
    if (part->val == nullptr || part->envvar == nullptr) continue;
    variables.push_back(fmt::format("{}={}", part->envvar, part->val));
  }
  return variables;
}

Status PostgresDatabase::migrate(const std::filesystem::path& binary,
                                 const std::filesystem::path& data_dir) const {
  Result<PilotServer> server = PilotServer::start(binary, data_dir, serve_setup());
  if (!server) return server.error();
  return server->stop();
}

Status PostgresDatabase::empty() const {
  Result<Session> session = connect();
  if (!session) return session.error();
  if (Status done = session->execute("TRUNCATE runs, execution_logs"); !done) return done;
  return session->execute("CHECKPOINT");
}

Result<std::string> ask(Session& session, const std::string& sql, std::vector<std::string> params) {
  Result<std::optional<std::string>> value = session.value(sql, std::move(params));
  if (!value) return value.error();
  if (*value) return std::move(**value);
  return internal_error("PostgreSQL had no answer to " + sql);
}

Result<double> ask_number(Session& session, const std::string& sql) {
  const Result<std::string> text = ask(session, sql);
  if (!text) return text.error();
  return std::strtod(text->c_str(), nullptr);
}

Result<std::string> ask_lines(const std::string& url, const std::string& before,
                              const std::string& sql) {
  const Result<Connection> connection = open_plain(url);
  if (!connection) return connection.error();
  // Several statements at once are one transaction; the answer is the last one's.
  const ResultPtr rows(PQexec(connection->get(), (before + ";" + sql).c_str()));
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) return of_connection(connection->get());
  std::string lines;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    lines += std::string(PQgetvalue(rows.get(), row, 0)) + "\n";
  }
  return lines;
}

Status copy_in(const std::string& url, const std::string& copy,
               const std::function<bool(std::string&)>& write) {
  const Result<Connection> connection = open_plain(url);
  if (!connection) return connection.error();
  const ResultPtr begun(PQexec(connection->get(), copy.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return of_connection(connection->get());
  return send_rows(connection->get(), write);
}

}  // namespace pilot::bench
