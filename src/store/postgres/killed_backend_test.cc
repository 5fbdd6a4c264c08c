// The server ends a connection in the middle of a commit: the writer asks what became of the
// transaction before it answers.
#include <gmock/gmock.h>

#include "store/postgres/cluster_under_test.h"
#include "store/postgres/fault_proxy.h"
#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {
namespace {

using testing::HasSubstr;

// Commits of a new plan, on which the backend that makes it is terminated; the first `times` times.
void kill_commits(Session& superuser, int times) {
  must(superuser.execute(fmt::format(
      "CREATE SEQUENCE kills;"
      "CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
      " IF nextval('public.kills') <= {} THEN"
      "  PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10);"
      " END IF; RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER kill AFTER INSERT ON execution_plans"
      " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kill()",
      times)));
}

StoredPlan plan() {
  StoredPlan plan;
  plan.user = kAda;
  plan.id = {"plan"};
  plan.created_at = plan.updated_at = kStart;
  return plan;
}

TEST(KilledBackend, ACommitThatWasUndoneIsDoneAgain) {
  Shard shard;
  PostgresUnderTest under_test;
  Session superuser = admin(under_test.url());
  kill_commits(superuser, 1);
  const Status made = shard.wait(under_test.store().create_plan(plan()));
  EXPECT_TRUE(made) << made.error().message;
  EXPECT_EQ(ask(superuser, "SELECT last_value::text FROM kills"), "2");
  EXPECT_TRUE(shard.wait(under_test.store().find_plan(kAda, {"plan"})));
}

TEST(KilledBackend, ACommitThatIsUndoneAgainAndAgainIsToldSo) {
  Shard shard;
  PostgresUnderTest under_test;
  Session superuser = admin(under_test.url());
  kill_commits(superuser, 100);
  const Status made = shard.wait(under_test.store().create_plan(plan()));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(made.error().retry_after);
  EXPECT_THAT(made.error().message, HasSubstr("nothing was done"));
  EXPECT_EQ(ask(superuser, "SELECT count(*)::text FROM plan_versions"), "0");
  // And others are served.
  EXPECT_TRUE(shard.wait(under_test.store().write({InsertRun{make_run("r1")}})));
}

// A commit that is on disk and waits for a standby that does not come: it is done, whatever becomes
// of the connection.
TEST(KilledBackend, ACommitThatWasDoneIsToldSo) {
  Cluster cluster({"fsync=off"});
  Log log(LogLevel::off);
  Shard shard;
  auto store = open_postgres({.url = cluster.url()}, log);
  ASSERT_TRUE(store) << store.error().message;
  Session superuser = admin(cluster.url());
  must(superuser.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
  ASSERT_EQ(ask(superuser, "SELECT pg_reload_conf()::text"), "true");

  const auto made = shard.start((*store)->create_plan(plan()));
  std::thread killer([url = cluster.url()] {
    Session other = admin(url);
    // Only one that is about to wait for the standby is killed; later commits need not wait.
    EXPECT_TRUE(eventually([&] {
      return !ask(other,
                  "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity"
                  " WHERE wait_event = 'SyncRep'")
                  .empty();
    }));
    must(other.execute("SET synchronous_commit = local"));
    must(other.execute("ALTER SYSTEM RESET synchronous_standby_names"));
    EXPECT_EQ(ask(other, "SELECT pg_reload_conf()::text"), "true");
  });
  shard.run();
  killer.join();
  ASSERT_TRUE(made->value()) << made->value().error().message;
  EXPECT_EQ(ask(superuser, "SELECT count(*)::text FROM plan_versions"), "1");
}

// A crash loses a transaction that was not on disk yet, and with it the memory that its number was
// given out: the next transaction gets the same number, and commits. That is not ours.
TEST(KilledBackend, AnothersCommitUnderTheSameNumberIsNotMistakenForOurs) {
  // Nothing but a commit brings the log to the disk.
  Cluster cluster({"wal_writer_delay=10s", "wal_writer_flush_after=1GB", "wal_level=minimal",
                   "max_wal_senders=0", "bgwriter_lru_maxpages=0", "checkpoint_timeout=1h",
                   "autovacuum=off", "fsync=off"});
  FaultProxy proxy(cluster.port());
  Log log(LogLevel::off);
  Shard shard;
  auto store = open_postgres({.url = with_port(cluster.url(), proxy.port())}, log);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE(shard.wait((*store)->check(false)));
  {
    Session before = admin(cluster.url());
    must(
        before.execute("CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS"
                       " $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;"
                       "CREATE CONSTRAINT TRIGGER sleep AFTER INSERT ON execution_plans"
                       " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep()"));
    must(before.execute("CHECKPOINT"));
  }
  const auto made = shard.start((*store)->create_plan(plan()));
  std::thread calling([&] { shard.run(); });
  std::string number;
  EXPECT_TRUE(eventually([&, other = std::make_shared<Session>(admin(cluster.url()))] {
    number =
        ask(*other, "SELECT backend_xid::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    return !number.empty();
  }));
  proxy.refuse(true);
  cluster.stop(SIGQUIT);
  cluster.start();
  Session superuser = admin(cluster.url());
  int given = 0;
  while (given < std::stoi(number)) {
    given = std::stoi(ask(superuser, "SELECT pg_current_xact_id()::text"));
  }
  EXPECT_EQ(std::to_string(given), number) << "the number was not given again";
  EXPECT_EQ(ask(superuser, "SELECT pg_xact_status($1::text::xid8)", {number}), "committed");
  proxy.refuse(false);
  calling.join();
  ASSERT_FALSE(made->value()) << "told that it was done, and it was not";
  EXPECT_THAT(made->value().error().message, HasSubstr("not known"));
  EXPECT_EQ(ask(superuser, "SELECT count(*)::text FROM plan_versions"), "0");
}

}  // namespace
}  // namespace pilot::store::postgres
