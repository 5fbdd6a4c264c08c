#include "postgres_traces.h"

#include <gtest/gtest.h>

#include <fstream>

#include "http/url.h"

namespace pilot::e2e {
namespace {

constexpr char kRole[] = "pilot_canary";

// What the tests do themselves is not Pilot's to answer for.
constexpr char kQuiet[] = "SET log_statement = 'none'";

std::string admin_url(const store::postgres::Cluster& cluster) {
  return with_database(cluster.url(), "pilot_traces");
}

// The login has to give its password; the superuser of the tests needs none.
void ask_for_passwords(const Sql& sql) {
  const std::filesystem::path file = sql.value("SHOW hba_file");
  std::ofstream(file) << "host all postgres 127.0.0.1/32 trust\n"
                      << "host all all 127.0.0.1/32 scram-sha-256\n";
  static_cast<void>(sql.rows("SELECT pg_reload_conf()"));
}

}  // namespace

const Canary& PostgresTraces::password() {
  static const Canary kPassword{"database password", "db:p@ss/5f1e0c9d7b3a4e6f8091a2b3c4d5e6f7"};
  return kPassword;
}

PostgresTraces::PostgresTraces(const TempDir& dir, const std::filesystem::path& data_dir)
    : cluster_({"fsync=off", "log_statement=all", "log_connections=on",
                "log_error_verbosity=verbose", "log_parameter_max_length=-1",
                "log_parameter_max_length_on_error=-1", "log_min_messages=debug1",
                "track_activity_query_size=1MB"}) {
  const Sql sql(cluster_.url());
  ask_for_passwords(sql);
  static_cast<void>(sql.rows(kQuiet));
  static_cast<void>(sql.rows(
      fmt::format("CREATE ROLE {} LOGIN CREATEROLE PASSWORD '{}'", kRole, password().value)));
  static_cast<void>(sql.rows(fmt::format("CREATE DATABASE pilot_traces OWNER {}", kRole)));
  url_ = fmt::format("postgresql://{}:{}@127.0.0.1:{}/pilot_traces", kRole,
                     http::encode_component(password().value), cluster_.port());
  const std::string file = dir.write("database.url", url_ + "\n");
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  use_database_url_file(data_dir, file);
  watcher_ = std::thread([this] { watch_activity(); });
}

PostgresTraces::~PostgresTraces() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  watcher_.join();
}

void PostgresTraces::watch_activity() {
  const Sql sql(admin_url(cluster_));
  static_cast<void>(sql.rows(kQuiet));
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const std::vector<Row> seen = sql.rows("SELECT DISTINCT query FROM pg_stat_activity");
    lock.lock();
    for (const Row& row : seen) activity_.insert(row.at(0));
    stopped_.wait_for(lock, std::chrono::milliseconds{5}, [this] { return stop_; });
  }
}

void PostgresTraces::visit_files(const Look& look, std::string_view must_be_there) const {
  const std::filesystem::path data = Sql(cluster_.url()).value("SHOW data_directory");
  bool table = false;
  bool journal = false;
  std::error_code gone;  // files come and go while the server runs
  for (std::filesystem::recursive_directory_iterator at(data, gone), end; at != end;
       at.increment(gone)) {
    if (!at->is_regular_file(gone)) continue;
    const std::string path = at->path().string();
    const std::string content = read_file(path);
    look(content, path);
    const auto has = [&](std::string_view text) { return content.find(text) != std::string::npos; };
    if (path.find("/base/") != std::string::npos) table = table || has(must_be_there);
    // A page of the journal may end within it; then one half is whole.
    if (path.find("/pg_wal/") != std::string::npos) {
      const std::size_t half = must_be_there.size() / 2;
      journal = journal || has(must_be_there.substr(0, half)) || has(must_be_there.substr(half));
    }
  }
  EXPECT_TRUE(table) << "this looks in the wrong files: the ciphertext is in no table";
  EXPECT_TRUE(journal) << "this looks in the wrong files: the ciphertext is not in the journal";
  const std::string log = read_file(data.parent_path() / "log");
  look(log, "PostgreSQL's log");
  EXPECT_NE(log.find(must_be_there), std::string::npos) << "nor in the server's log";
}

void PostgresTraces::visit_rows(const Look& look) const {
  const Sql sql(admin_url(cluster_));
  static_cast<void>(sql.rows(kQuiet));
  for (const Row& table : sql.rows("SELECT c.oid::regclass FROM pg_class c WHERE c.relkind = 'r'"
                                   " AND c.relnamespace = 'public'::regnamespace")) {
    const std::string& name = table.at(0);
    for (const Row& row : sql.rows(fmt::format("SELECT t::text FROM {} t", name))) {
      look(row.at(0), "a row of " + name);
    }
  }
}

void PostgresTraces::visit(const Look& look) {
  const Sql sql(admin_url(cluster_));
  const std::string sealed =
      sql.value("SELECT encrypted_value FROM provider_credentials ORDER BY id LIMIT 1");
  EXPECT_GT(sealed.size(), 50u) << "no credential is stored";
  static_cast<void>(sql.rows("CHECKPOINT"));
  visit_files(look, sealed);
  visit_rows(look);
  const std::lock_guard lock(mutex_);
  EXPECT_GT(activity_.size(), 5u);
  for (const std::string& query : activity_) look(query, "pg_stat_activity");
}

}  // namespace pilot::e2e
