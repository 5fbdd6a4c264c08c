// What the tests of the PostgreSQL store share: a database of their own in the cluster that
// PILOT_TEST_POSTGRES names (./dev test starts one), copied from a template that has the schema.
#pragma once

#include <unistd.h>

#include <cstdlib>

#include "base/log.h"
#include "store/migrations.h"
#include "store/postgres/connect.h"
#include "store/store_conformance.h"

namespace pilot::store::postgres {

inline std::string cluster_url() {
  const char* url = std::getenv("PILOT_TEST_POSTGRES");
  if (url == nullptr) {
    throw std::runtime_error(
        "PILOT_TEST_POSTGRES is not set: run the tests with ./dev test, or start a cluster with "
        "./dev pg up and export PILOT_TEST_POSTGRES=$(./dev pg url)");
  }
  return url;
}

// The same cluster and user, another database.
inline std::string url_of(const std::string& database) {
  const std::string url = cluster_url();
  return url.substr(0, url.rfind('/') + 1) + database;
}

inline void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

inline Session admin(const std::string& url = cluster_url()) {
  Result<Session> session = Session::open(url);
  if (!session) throw std::runtime_error(session.error().message);
  return std::move(*session);
}

inline std::string ask(Session& session, const std::string& sql,
                       std::vector<std::string> params = {}) {
  const auto value = session.value(sql, std::move(params));
  if (!value) throw std::runtime_error(value.error().message);
  return value->value_or("");
}

// A database that goes away with it.
class Database {
 public:
  enum class Kind { with_schema, empty };
  explicit Database(Kind kind = Kind::with_schema) {
    static int made = 0;
    name_ = fmt::format("pilot_test_{}_{}", getpid(), ++made);
    Session session = admin();
    const std::string from = kind == Kind::empty ? "template0" : with_template(session);
    must(session.execute("CREATE DATABASE " + name_ + " TEMPLATE " + from));
  }
  ~Database() {
    Session session = admin();
    static_cast<void>(session.execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"));
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::string url() const { return url_of(name_); }
  const std::string& name() const { return name_; }

 private:
  // One for each state of the migrations; made by whoever needs it first.
  static std::string with_template(Session& session) {
    std::size_t hash = 0;
    for (const Migration& migration : postgres_migrations()) {
      hash = hash * 31 + std::hash<std::string>{}(migration.sql);
    }
    const std::string name = fmt::format("pilot_template_{:016x}", hash);
    must(session.execute("SELECT pg_advisory_lock(1346980948, 3)"));
    if (ask(session, "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", {name})
            .empty()) {
      must(session.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"));
      must(session.execute("CREATE DATABASE " + name + " TEMPLATE template0"));
      Log log(LogLevel::off);
      const auto migrated = migrate_postgres(url_of(name), log);
      if (!migrated) throw std::runtime_error(migrated.error().message);
      must(session.execute("ALTER DATABASE " + name + " IS_TEMPLATE true ALLOW_CONNECTIONS false"));
    }
    must(session.execute("SELECT pg_advisory_unlock(1346980948, 3)"));
    return name;
  }
  std::string name_;
};

class PostgresUnderTest final : public StoreUnderTest {
 public:
  PostgresUnderTest() {
    auto opened = open_postgres({.url = database_.url()}, log_);
    EXPECT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Store& store() override { return *store_; }
  std::string url() const { return database_.url(); }

 private:
  Database database_;
  Log log_{LogLevel::off};
  std::unique_ptr<Store> store_;
};

}  // namespace pilot::store::postgres
