// T6 of the attacks: behind pgbouncer in transaction mode a connection goes from tenant to tenant,
// also in the middle of what failed or was given up.
#include "store/postgres/pgbouncer_under_test.h"

#include <gmock/gmock.h>

#include "store/postgres/two_tenants_under_test.h"

namespace pilot::store::postgres {
namespace {

TEST(PgBouncer, IsNoticedAndNothingIsPreparedThere) {
  EXPECT_FALSE(admin(pgbouncer().url_of(cluster_url())).traits().prepared);
  EXPECT_TRUE(admin().traits().prepared);
}

// One connection to the server, for all.
TEST(PgBouncer, WhoeverComesNextFindsNothingOfATransactionThatWasGivenUp) {
  Database database;
  must(admin(database.url()).execute("INSERT INTO schedule_counts VALUES ('ada', 1), ('bob', 2)"));
  PgBouncer one(1);
  const auto open = [&] { return std::make_unique<RawSession>(one.url_of(database.url())); };
  const std::string backend = open()->say("SELECT pg_backend_pid()").text;
  const std::string ada = "ada";
  for (const char* last : {"SELECT 1", "SELECT 1/0", "SET LOCAL ROLE pilot_app; SELECT 1/0",
                           "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)"}) {
    auto first = open();
    EXPECT_TRUE(first->begin_as(&ada).worked());
    EXPECT_TRUE(first->say("SELECT set_config('role', 'pilot_app', true)").worked());
    EXPECT_EQ(first->say("SELECT schedules FROM schedule_counts").text, "1\n");
    static_cast<void>(first->say(last));
    first.reset();  // gone, without a word about the transaction

    auto second = open();
    EXPECT_EQ(second->say("SELECT current_user_id() IS NULL").text, "t\n") << last;
    EXPECT_EQ(second->say("SELECT current_user").text, "postgres\n") << last;
    EXPECT_EQ(second->say("SET ROLE pilot_app; SELECT * FROM schedule_counts; RESET ROLE").text, "")
        << last;
  }
  EXPECT_NE(backend, "");
}

// A committed transaction leaves the setting empty on the very same connection of the server.
TEST(PgBouncer, TheSettingEndsWithTheTransactionOnTheSameBackend) {
  Database database;
  PgBouncer one(1);
  RawSession first(one.url_of(database.url()));
  RawSession second(one.url_of(database.url()));
  const std::string ada = "ada";
  static_cast<void>(first.begin_as(&ada));
  const std::string backend = first.say("SELECT pg_backend_pid()").text;
  static_cast<void>(first.say("COMMIT"));
  EXPECT_EQ(second.say("SELECT pg_backend_pid()").text, backend);
  EXPECT_EQ(second.say("SELECT current_user_id() IS NULL").text, "t\n");
}

class ManyAtOnce : public testing::Test {
 protected:
  using Run = pilot::Run;  // testing::Test has a member of this name
  static Run large(const std::string& id, const UserId& user) {
    Run run = make_run(id, user);
    run.inputs = JsonObject{{"of", user.text}, {"much", std::string(20'000, 'x')}};
    return run;
  }
  Shard shard_;
  PooledUnderTest under_test_;
};

// More calls at a time than the pool has connections, too large for one packet: each is answered
// with its own tenant's row.
TEST_F(ManyAtOnce, EverybodyGetsTheirOwnRows) {
  constexpr int kCalls = 150;
  Store& store = under_test_.store();
  for (int round = 0; round < 3; ++round) {
    std::vector<std::shared_ptr<std::optional<Result<WriteReport>>>> written;
    for (int i = 0; i < kCalls; ++i) {
      const UserId user{i % 2 == 0 ? "ada" : "bob"};
      const std::string id = fmt::format("run-{}-{}", round, i);
      written.push_back(shard_.start(store.write({InsertRun{large(id, user)}})));
    }
    shard_.run();
    for (const auto& one : written) ASSERT_TRUE(one->value()) << one->value().error().message;

    std::vector<std::shared_ptr<std::optional<Result<Run>>>> found;
    for (int i = 0; i < kCalls; ++i) {
      const UserId user{i % 2 == 0 ? "ada" : "bob"};
      const std::string id = fmt::format("run-{}-{}", round, i);
      found.push_back(shard_.start(store.find_run(user, {id})));
      // Sent while the others are being answered, and larger than a packet.
      static_cast<void>(shard_.start(store.find_run({std::string(9'000, 'c')}, {id})));
    }
    shard_.run();
    for (int i = 0; i < kCalls; ++i) {
      const Result<Run>& run = found[static_cast<std::size_t>(i)]->value();
      ASSERT_TRUE(run) << i << ": " << run.error().message;
      EXPECT_EQ(run->user.text, i % 2 == 0 ? "ada" : "bob");
      EXPECT_EQ(run->inputs.at("of").as_string(), run->user.text);
    }
  }
}

// Calls that come while others are on their way, at times of their own.
TEST_F(ManyAtOnce, CallsThatComeWhileOthersAreAnsweredAreAnsweredToo) {
  Store& store = under_test_.store();
  ASSERT_TRUE(
      shard_.wait(store.write({InsertRun{large("r-ada", kAda)}, InsertRun{large("r-bob", kBob)}})));
  struct Loop {
    static awaitable<int> of(Store& from, UserId user, int rounds) {
      int own = 0;
      for (int i = 0; i < rounds; ++i) {
        const auto run = co_await from.find_run(user, {"r-" + user.text});
        if (run && run->user == user) ++own;
      }
      co_return own;
    }
  };
  std::vector<std::shared_ptr<std::optional<int>>> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(shard_.start(Loop::of(store, i % 2 == 0 ? kAda : kBob, 25)));
  }
  shard_.run();
  for (const auto& one : all) EXPECT_EQ(one->value(), 25);
}

TEST_F(ManyAtOnce, ItServesAgainAfterThePoolerWasRestarted) {
  Store& store = under_test_.store();
  ASSERT_TRUE(shard_.wait(store.write({InsertRun{large("before", kAda)}})));
  pgbouncer().restart();
  EXPECT_TRUE(eventually([&] {
    return shard_.wait(store.write({InsertRun{large("after", kAda)}})).has_value() ||
           shard_.wait(store.find_run(kAda, {"after"})).has_value();
  }));
  EXPECT_TRUE(shard_.wait(store.find_run(kAda, {"before"})));
}

}  // namespace
}  // namespace pilot::store::postgres
