// No statement that is made for a request or a run goes over a whole table, also where the plan was
// made when the table was empty (a new database, a new month), and also behind a pooler.
#include <gmock/gmock.h>

#include "store/postgres/pgbouncer_under_test.h"
#include "store/schedule_conformance.h"

namespace pilot::store::postgres {
namespace {

class QueryPlans : public testing::Test {
 protected:
  // Every kind of call that grows with the tables.
  void use(Store& store) {
    for (int round = 0; round < 8; ++round) {
      const std::string id = fmt::format("r{}", round);
      pilot::Run run = make_run(id);
      ASSERT_TRUE(shard_.wait(store.write({InsertRun{run}, put(run, make_attempt(run, 1))})));
      ASSERT_TRUE(shard_.wait(store.write({put(run, make_attempt(run, 2)), update(ended(run))})));
      ASSERT_TRUE(shard_.wait(store.write({InsertRun{make_idle_run("idle-" + id)}})));
      ASSERT_TRUE(shard_.wait(store.claim("node-b", kStart, 10)));
      ASSERT_TRUE(shard_.wait(store.owned_runs("node-b")));
      ASSERT_TRUE(shard_.wait(store.release_others("node-b")));
      ASSERT_TRUE(shard_.wait(store.next_wake()));
      ASSERT_TRUE(shard_.wait(store.count_open({})));
      ASSERT_TRUE(shard_.wait(store.cancel_requests("node-b")));
      ASSERT_TRUE(shard_.wait(store.request_cancel(kAda, {"idle-" + id})));
      ASSERT_TRUE(shard_.wait(store.find_run(kAda, run.id)));
      ASSERT_TRUE(shard_.wait(store.list_runs(kAda, {}, {})));
      ASSERT_TRUE(shard_.wait(store.run_attempts(kAda, run.id, 0)));
      ASSERT_TRUE(shard_.wait(store.list_attempts(kAda, {}, {})));
      const std::string plan = fmt::format("plan-{}", round);
      ASSERT_TRUE(shard_.wait(store.create_plan(scheduled(plan, kStart))));
      ASSERT_TRUE(shard_.wait(store.update_plan(scheduled(plan, kStart), 0)));
      ASSERT_TRUE(shard_.wait(store.find_plan(kAda, {plan})));
      ASSERT_TRUE(shard_.wait(store.list_plans(kAda, "", {})));
      const auto due = shard_.wait(store.due_schedules(kStart, 10));
      ASSERT_TRUE(due);
      ASSERT_FALSE(due->empty());
      const Schedule& one = due->front().schedule;
      ASSERT_TRUE(shard_.wait(
          store.fire({firing_of(one, {run_of(one, kStart)}, kStart + std::chrono::hours{24})})));
      ASSERT_TRUE(shard_.wait(store.next_fire()));
      ASSERT_TRUE(shard_.wait(store.list_fires(kAda, {}, {})));
    }
  }
  static std::string scanned(const Database& database) {
    Session session = admin(database.url());
    EXPECT_TRUE(eventually([&] {  // what a connection has done is counted when it ends
      return ask(session,
                 "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database()"
                 " AND backend_type = 'client backend'") == "1";
    }));
    return ask(session,
               "SELECT string_agg(relname || ' ' || seq_scan, ', ' ORDER BY relname)"
               " FROM pg_stat_user_tables WHERE seq_scan > 0"
               " AND relname NOT IN ('nodes', 'pilot_schema')");
  }
  // A database whose tables are known to be empty.
  static void make_empty(const Database& database) {
    Session session = admin(database.url());
    must(session.execute("ANALYZE"));
    must(session.execute("SELECT pg_stat_reset()"));
  }

  Shard shard_;
  Log log_{LogLevel::off};
};

TEST_F(QueryPlans, ScanNoTable) {
  Database database;
  make_empty(database);
  auto store = open_postgres({.url = database.url(), .migrate = false}, log_);
  ASSERT_TRUE(store);
  use(**store);
  store->reset();
  EXPECT_EQ(scanned(database), "");
}

TEST_F(QueryPlans, ScanNoTableBehindAPooler) {
  Database database;
  make_empty(database);
  PgBouncer pooler;
  auto store = open_postgres({.url = pooler.url_of(database.url()), .migrate = false}, log_);
  ASSERT_TRUE(store);
  use(**store);
  store->reset();
  pooler.restart();
  EXPECT_EQ(scanned(database), "");
}

}  // namespace
}  // namespace pilot::store::postgres
