// Every place of a PostgreSQL server where something of Pilot's could be left. A cluster of a
// test's own that logs all it can, with a login for Pilot whose password is a canary, too. One
// thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "canaries.h"
#include "pilot.h"
#include "postgres.h"
#include "store/postgres/cluster_under_test.h"

namespace pilot::e2e {

class PostgresTraces {
 public:
  // From now on all commands of this data directory go to its database, by --database-url-file.
  explicit PostgresTraces(const TempDir& dir, const std::filesystem::path& data_dir);
  ~PostgresTraces();
  PostgresTraces(const PostgresTraces&) = delete;
  PostgresTraces& operator=(const PostgresTraces&) = delete;

  static const Canary& password();
  const std::string& url() const { return url_; }  // with that password

  // All files of the data directory with the write-ahead log, once all is written there; the
  // server's log; what pg_stat_activity has shown of all backends; all rows of all tables as text
  // (what lies compressed in the files, too). A failure of the test if Pilot's own rows are not
  // among them.
  using Look = std::function<void(std::string_view text, const std::string& where)>;
  void visit(const Look& look);

 private:
  void watch_activity();
  void visit_files(const Look& look, std::string_view must_be_there) const;
  void visit_rows(const Look& look) const;

  store::postgres::Cluster cluster_;
  std::string url_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;               // these under mutex_
  std::set<std::string> activity_;  // each text of a query once
  std::thread watcher_;
};

}  // namespace pilot::e2e
