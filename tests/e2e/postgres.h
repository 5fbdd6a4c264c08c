// PostgreSQL as the end-to-end tests use it: a database of a test's own in the cluster that
// PILOT_TEST_POSTGRES names (./dev test starts one), and SQL straight through libpq, as its
// superuser. Nothing of Pilot's store is in here, so it may judge the store. One thread per object.
// What goes wrong is a failure of the test.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace pilot::e2e {

using Row = std::vector<std::string>;  // NULL is empty

class Sql {
 public:
  explicit Sql(const std::string& url);
  std::vector<Row> rows(const std::string& sql) const;
  std::string value(const std::string& sql) const;  // the first of the first row, or empty
  std::int64_t number(const std::string& sql) const;

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

// The cluster of PILOT_TEST_POSTGRES. Throws when there is none: nothing would be tested.
std::string cluster_url();

// The same server and user, another database.
std::string with_database(const std::string& url, const std::string& database);

// Empty at first; goes away with it, whoever is connected.
class TestDatabase {
 public:
  explicit TestDatabase(std::string cluster = cluster_url());
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  const std::string& url() const { return url_; }

 private:
  std::string cluster_;
  std::string name_;
  std::string url_;
};

}  // namespace pilot::e2e
