#include "postgres.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace pilot::e2e {

Sql::Sql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    ADD_FAILURE() << "no connection to the database: " << PQerrorMessage(connection_.get());
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

std::vector<Row> Sql::rows(const std::string& sql) const {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql.c_str()),
                                                             &PQclear);
  std::vector<Row> rows;
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    ADD_FAILURE() << PQresultErrorMessage(result.get()) << sql;
    return rows;
  }
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    Row& values = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      values.emplace_back(PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

std::string Sql::value(const std::string& sql) const {
  const std::vector<Row> found = rows(sql);
  return found.empty() ? std::string() : found[0].at(0);
}

std::int64_t Sql::number(const std::string& sql) const {
  const std::string text = value(sql);
  return text.empty() ? -1 : std::stoll(text);
}

std::string cluster_url() {
  const char* url = std::getenv("PILOT_TEST_POSTGRES");
  if (url == nullptr) {
    throw std::runtime_error(
        "PILOT_TEST_POSTGRES is not set: run the tests with ./dev test, or start a cluster with "
        "./dev pg up and export PILOT_TEST_POSTGRES=$(./dev pg url)");
  }
  return url;
}

std::string with_database(const std::string& url, const std::string& database) {
  return url.substr(0, url.rfind('/') + 1) + database;
}

TestDatabase::TestDatabase(std::string cluster) : cluster_(std::move(cluster)) {
  static std::atomic<int> made{0};
  name_ = fmt::format("pilot_e2e_{}_{}", getpid(), ++made);
  url_ = with_database(cluster_, name_);
  static_cast<void>(Sql(cluster_).rows("CREATE DATABASE " + name_ + " TEMPLATE template0"));
}

TestDatabase::~TestDatabase() {
  static_cast<void>(Sql(cluster_).rows("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"));
}

}  // namespace pilot::e2e
