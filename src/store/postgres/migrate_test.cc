// Bringing a PostgreSQL database's schema up to date: once, under a lock, and not by everybody.
#include <thread>

#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {
namespace {

class MigrateTest : public testing::Test {
 protected:
  Result<MigrationReport> migrate() { return migrate_postgres(database_.url(), log_); }
  Session session() { return admin(database_.url()); }
  std::string code_of(const Result<MigrationReport>& report) {
    return report ? "" : report.error().code;
  }

  Database database_{Database::Kind::empty};
  Log log_{LogLevel::off};
};

TEST_F(MigrateTest, AppliesAllOnceAndThenNothing) {
  const auto first = migrate();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->from, 0);
  EXPECT_EQ(first->to, postgres_migrations().back().number);
  EXPECT_EQ(first->applied.size(), postgres_migrations().size());
  const auto second = migrate();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->from, second->to);
  EXPECT_TRUE(second->applied.empty());
  Session db = session();
  EXPECT_EQ(ask(db, "SELECT schema_version()::text"), std::to_string(second->to));
}

TEST_F(MigrateTest, SeveralAtOnceApplyEachOnce) {
  std::vector<std::thread> threads;
  std::array<std::size_t, 4> applied{};
  std::array<std::string, 4> failed;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    threads.emplace_back([&, i] {
      Log log(LogLevel::off);
      const auto report = migrate_postgres(database_.url(), log);
      if (report) {
        applied[i] = report->applied.size();
      } else {
        failed[i] = report.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& why : failed) EXPECT_EQ(why, "");
  EXPECT_EQ(applied[0] + applied[1] + applied[2] + applied[3], postgres_migrations().size());
}

TEST_F(MigrateTest, ANewerDatabaseIsRefused) {
  ASSERT_TRUE(migrate());
  must(session().execute("INSERT INTO pilot_schema (version, name) VALUES (9999, '9999_later')"));
  EXPECT_EQ(code_of(migrate()), "database_newer");
  const auto opened = open_postgres({.url = database_.url()}, log_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "database_newer");
}

TEST_F(MigrateTest, AnOldServicesDatabaseIsNotTouchedByItself) {
  must(session().execute("CREATE TABLE execution_plans (id serial PRIMARY KEY, name text)"));
  EXPECT_EQ(code_of(migrate()), "old_database");
  Session db = session();
  EXPECT_EQ(ask(db, "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"), "1");
}

// What fails half-way leaves nothing of that migration.
TEST_F(MigrateTest, AMigrationThatFailsIsUndone) {
  must(session().execute("CREATE TABLE schedules (x integer)"));
  const auto report = migrate();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("0001_tables"), std::string::npos);
  Session db = session();
  EXPECT_EQ(ask(db, "SELECT to_regclass('public.runs')::text"), "");
  must(db.execute("DROP TABLE schedules"));
  EXPECT_TRUE(migrate());
}

// A login of its own in the cluster, which goes away again.
class Login {
 public:
  Login(const std::string& name, const std::string& options) : name_(name) {
    Session db = admin();
    must(db.execute("DROP ROLE IF EXISTS " + name));
    must(db.execute("CREATE ROLE " + name + " LOGIN " + options));
  }
  ~Login() {
    Session db = admin();
    static_cast<void>(db.execute("DROP OWNED BY " + name_));
    static_cast<void>(db.execute("DROP ROLE IF EXISTS " + name_));
  }
  std::string url_of(const Database& database) const {
    std::string url = database.url();
    return url.replace(url.find("postgres@"), 8, name_);
  }

 private:
  std::string name_;
};

TEST_F(MigrateTest, ALoginThatMayNotIsToldWhatToDoAndOneThatServesNeedsNoMore) {
  const Login plain(fmt::format("pilot_test_plain_{}", getpid()), "");
  const auto refused = migrate_postgres(plain.url_of(database_), log_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "database_permission");
  EXPECT_NE(refused.error().message.find("pilot migrate"), std::string::npos);

  ASSERT_TRUE(migrate());
  must(session().execute(fmt::format("GRANT pilot_app TO pilot_test_plain_{}", getpid())));
  Shard shard;  // before the stores: it outlives them
  auto opened = open_postgres({.url = plain.url_of(database_)}, log_);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto health = shard.wait((*opened)->check(false));
  ASSERT_TRUE(health) << health.error().message;
  EXPECT_EQ(health->advice, "");
  auto superuser = open_postgres({.url = database_.url()}, log_);
  ASSERT_TRUE(superuser);
  const auto advised = shard.wait((*superuser)->check(false));
  ASSERT_TRUE(advised);
  EXPECT_NE(advised->advice.find("GRANT pilot_app TO"), std::string::npos);
}

TEST(PostgresUrl, AWrongOneIsRefusedWithoutRepeatingIt) {
  Log log(LogLevel::off);
  for (const char* url : {"postgresql://u:hunter2@[::1/x", "postgresql://u:hunter2@h:port:1/x?a",
                          "host=h password='hunter2"}) {
    const auto opened = open_postgres({.url = url}, log);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, "invalid_database_url") << url;
    EXPECT_EQ(opened.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(PostgresUrl, AServerThatIsNotThereIsNamedWithoutThePassword) {
  Log log(LogLevel::off);
  const auto opened = open_postgres({.url = "postgresql://u:hunter2@127.0.0.1:1/x"}, log);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "database_away");
  EXPECT_NE(opened.error().message.find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(opened.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace pilot::store::postgres
