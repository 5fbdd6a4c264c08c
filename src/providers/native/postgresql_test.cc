// Against a real PostgreSQL with passwords, started for these tests.
#include "providers/data/server_under_test.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

class Postgres : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string bin = data::program({"/usr/lib/postgresql/15/bin/postgres"});
    if (bin.empty()) return;
    server_ = std::make_unique<Server>(std::filesystem::path(bin).parent_path());
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "PostgreSQL is not installed (apt-get install postgresql-15)";
  }
  static std::map<std::string, std::string> connection() {
    return {{"host", "127.0.0.1"},
            {"port", std::to_string(server_->port)},
            {"username", "postgres"},
            {"password", "p4ss-word"},
            {"database", "postgres"}};
  }
  TaskOutcome call(const std::string& action, std::string_view params) {
    return world.call("postgresql", action, params, connection());
  }
  std::string rows(const std::string& action, std::string_view params) {
    const TaskOutcome outcome = call(action, params);
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    return outcome.result.success ? to_json(outcome.result.output.at("rows")) : "";
  }
  std::string value(std::string_view sql) {
    return rows("query", fmt::format(R"json({{"sql": "select {} as v"}})json", sql));
  }

  data::TaskWorld world;

  struct Server {
    explicit Server(const std::filesystem::path& bin)
        : folder("postgres"), port(data::free_port()) {
      const std::string dir = folder.path().string();
      const std::string password = folder.write("password", "p4ss-word\n", "postgres");
      data::Child init(
          {bin / "initdb", "-D", dir + "/data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile",
           password, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"},
          "postgres", dir + "/initdb.log");
      if (init.wait() != 0) throw std::runtime_error("initdb failed, see " + dir);
      child = data::start_server({bin / "postgres", "-D", dir + "/data", "-p", std::to_string(port),
                                  "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"},
                                 "postgres", port, dir + "/log");
      // The port is open before the server is ready.
      data::TaskWorld first;
      while (code_of(first.call("postgresql", "query", R"json({"sql": "select 1"})json",
                                {{"url", fmt::format("postgresql://postgres:p4ss-word@127.0.0.1:"
                                                     "{}/postgres",
                                                     port)}})) == "unavailable") {
      }
    }
    ~Server() {
      child->signal(SIGINT);  // fast shutdown
      child->wait();
    }
    data::TestFolder folder;
    std::uint16_t port;
    std::unique_ptr<data::Child> child;
  };
  static std::unique_ptr<Server> server_;
};

std::unique_ptr<Postgres::Server> Postgres::server_;

TEST_F(Postgres, TypesBecomeJson) {
  EXPECT_EQ(value("42::int2"), R"json([{"v":42}])json");
  EXPECT_EQ(value("9223372036854775807"), R"json([{"v":9223372036854775807}])json");
  EXPECT_EQ(value("0.1::float8"), R"json([{"v":0.1}])json");
  EXPECT_EQ(value("'NaN'::float8"), R"json([{"v":"NaN"}])json");
  EXPECT_EQ(value("12.50::numeric"), R"json([{"v":12.5}])json");
  EXPECT_EQ(value("123456789012345678901234567890.5"),
            R"json([{"v":"123456789012345678901234567890.5"}])json");
  EXPECT_EQ(value("true"), R"json([{"v":true}])json");
  EXPECT_EQ(value("null::text"), R"json([{"v":null}])json");
  EXPECT_EQ(value("'{\\\"a\\\": [1, null]}'::jsonb"), R"json([{"v":{"a":[1,null]}}])json");
  EXPECT_EQ(value("timestamptz '2026-01-02 03:04:05.25+02'"),
            R"json([{"v":"2026-01-02T01:04:05.25Z"}])json");
  EXPECT_EQ(value("timestamp '2026-01-02 03:04:05'"), R"json([{"v":"2026-01-02T03:04:05"}])json");
  EXPECT_EQ(value("date '2026-01-02'"), R"json([{"v":"2026-01-02"}])json");
  EXPECT_EQ(value("interval '1 day 2 hours'"), R"json([{"v":"P1DT2H"}])json");
  EXPECT_EQ(value("'\\\\x00ff'::bytea"), R"json([{"v":"AP8="}])json");
  EXPECT_EQ(value("array[1, null, 3]"), R"json([{"v":[1,null,3]}])json");
  EXPECT_EQ(value("array['a b', 'NULL', 'c\\\"d', '{}', '']"),
            R"json([{"v":["a b","NULL","c\"d","{}",""]}])json");
  EXPECT_EQ(value("array[[1, 2], [3, 4]]"), R"json([{"v":[[1,2],[3,4]]}])json");
  EXPECT_EQ(value("'Grüße 🚀'"), R"json([{"v":"Grüße 🚀"}])json");
  EXPECT_EQ(rows("query", R"json({"sql": "select 1 as id, 2 as id"})json"),
            R"json([{"id":1,"id_2":2}])json");
}

TEST_F(Postgres, ValuesAreBoundNeverPasted) {
  const TaskOutcome outcome = call(
      "query", R"json({"sql": "select $1::text as a, $2::int + 1 as b, $3::bool as c, $4::text as d,
                       $5::jsonb as e, 3 = any($6::int[]) as f, $7::text[] as g",
               "params": ["'; DROP TABLE x; --", 41, true, null, {"k": [1]}, [1, 2, 3],
                          ["a\"b", null, "\\", "Grüße"]]})json");
  ASSERT_TRUE(outcome.result.success) << message_of(outcome);
  EXPECT_EQ(to_json(outcome.result.output),
            R"json({"rows":[{"a":"'; DROP TABLE x; --","b":42,"c":true,"d":null,"e":{"k":[1]},)json"
            R"json("f":true,"g":["a\"b",null,"\\","Grüße"]}],)json"
            R"json("columns":["a","b","c","d","e","f","g"],"row_count":1})json");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select $1", "params": []})json")),
            "invalid_value");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select $1::text", "params": ["a\u0000b"]})json")),
            "invalid_value");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select 1; drop table x"})json")), "query_failed");
}

TEST_F(Postgres, RowsAreInsertedAndUpdated) {
  rows("execute",
       R"json({"sql": "create table \"odd\"\"name\" (id int primary key, \"a b\" text)"})json");
  EXPECT_EQ(
      rows("insert", R"json({"table": "odd\"name", "rows": [{"id": 1, "a b": "'; DROP TABLE x; --"},
                                                            {"id": 2, "a b": null}]})json"),
      R"json([{"id":1,"a b":"'; DROP TABLE x; --"},{"id":2,"a b":null}])json");
  EXPECT_EQ(rows("upsert", R"json({"table": "public.odd\"name", "key": "id",
                               "rows": {"id": 2, "a b": "two"}})json"),
            R"json([{"id":2,"a b":"two"}])json");
  const TaskOutcome twice =
      call("insert", R"json({"table": "odd\"name", "values": {"id": 1}})json");
  EXPECT_EQ(code_of(twice), "constraint_violated");
  EXPECT_EQ(twice.stage, CallStage::answered);
  EXPECT_FALSE(twice.result.error->retryable);
  EXPECT_THAT(to_json(twice.result.error->details), HasSubstr("23505"));
  EXPECT_EQ(code_of(call("insert", R"json({"table": "t; drop table x", "rows": {"id": 1}})json")),
            "not_found");
  EXPECT_EQ(code_of(call("upsert", R"json({"table": "t", "key": "nope", "rows": {"id": 1}})json")),
            "invalid_value");
  const TaskOutcome changed = call(
      "execute", R"json({"sql": "update \"odd\"\"name\" set \"a b\" = $1", "params": ["x"]})json");
  EXPECT_EQ(to_json(changed.result.output), R"json({"rows":[],"columns":[],"row_count":2})json");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "delete from \"odd\"\"name\""})json")),
            "read_only");
  EXPECT_EQ(rows("query", R"json({"sql": "select count(*) as n from \"odd\"\"name\""})json"),
            R"json([{"n":2}])json");
}

TEST_F(Postgres, TooMuchIsAClearErrorAndChangesNothing) {
  const TaskOutcome rows_over =
      call("query", R"json({"sql": "select generate_series(1, 60000)"})json");
  EXPECT_EQ(code_of(rows_over), "output_too_large");
  EXPECT_THAT(message_of(rows_over), HasSubstr("50000 rows"));
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select repeat('x', 6000000)"
  })json")),
            "output_too_large");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select repeat('x', 200000000)"
  })json")),
            "output_too_large");
  rows("execute", R"json({"sql": "create table big (t text)"
  })json");
  EXPECT_EQ(code_of(call("execute", R"json({"sql": "insert into big select repeat('x', 6000000)
                                               returning t"})json")),
            "output_too_large");
  EXPECT_EQ(rows("query", R"json({"sql": "select count(*) as n from big"})json"),
            R"json([{"n":0}])json");
  EXPECT_EQ(code_of(call("execute", R"json({"sql": "copy big from stdin"})json")), "invalid_value");
}

TEST_F(Postgres, SaysWhatIsWrongWithTheConnection) {
  auto wrong = connection();
  wrong["password"] = "not-it";
  const TaskOutcome refused =
      world.call("postgres", "query", R"json({"sql": "select 1"})json", wrong);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_FALSE(refused.result.error->retryable);
  EXPECT_EQ(refused.stage, CallStage::not_sent);
  EXPECT_THAT(message_of(refused), testing::Not(HasSubstr("not-it")));
  auto nowhere = connection();
  nowhere["database"] = "no_such";
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json", nowhere)),
            "not_found");
  auto away = connection();
  away["port"] = std::to_string(data::free_port());
  const TaskOutcome gone = world.call("postgres", "query", R"json({"sql": "select 1"})json", away);
  EXPECT_EQ(code_of(gone), "connect_failed");
  EXPECT_TRUE(gone.result.error->retryable);
  auto tls = connection();
  tls["sslmode"] = "require";
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json", tls)),
            "tls_failed");
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json",
                               {{"url", fmt::format("postgres://postgres:p4ss%2Dword@127.0.0.1:{}/"
                                                    "postgres?sslmode=disable",
                                                    server_->port)}})),
            "(success)");
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json",
                               {{"url", "postgres://127.0.0.1/x?sslcert=/etc/passwd"}})),
            "invalid_value");
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json", {})),
            "missing_credentials");
}

TEST_F(Postgres, GoesOnlyWhereItMay) {
  auto metadata = connection();
  metadata["host"] = "169.254.169.254";
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json", metadata)),
            "blocked_address");
  auto socket = connection();
  socket["host"] = server_->folder.path().string();
  EXPECT_EQ(code_of(world.call("postgres", "query", R"json({"sql": "select 1"})json", socket)),
            "invalid_value");
  world.closed = true;
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select 1"})json")), "blocked_address");
}

TEST_F(Postgres, ALongStatementIsStoppedOnTheServer) {
  const auto sleepers = [&] {
    return rows("query", R"json({"sql": "select count(*) as n from pg_stat_activity
        where state = 'active' and query like 'select pg_sleep%'"})json");
  };
  world.timeout = Millis{300};
  const TaskOutcome late = call("execute", R"json({"sql": "select pg_sleep(60)"
  })json");
  EXPECT_EQ(code_of(late), "timeout");
  EXPECT_EQ(late.stage, CallStage::not_sent) << "it was rolled back";
  EXPECT_TRUE(late.result.error->retryable);
  world.timeout = Millis{30'000};
  EXPECT_EQ(sleepers(), R"json([{"n":0}])json");

  Interrupt interrupt(std::chrono::steady_clock::now() + Millis{60'000});
  std::thread canceller([&] {
    data::TaskWorld other;
    while (to_json(other
                       .call("postgresql", "query",
                             R"json({"sql": "select count(*) as n from pg_stat_activity
                                 where state = 'active' and query like 'select pg_sleep%'"})json",
                             connection())
                       .result.output.at("rows")) == R"json([{"n":0}])json") {
    }
    interrupt.cancel();
  });
  const TaskOutcome cancelled =
      world.call("postgresql", "execute", R"json({"sql": "select pg_sleep(60)"
  })json",
                 connection(), interrupt);
  canceller.join();
  EXPECT_EQ(code_of(cancelled), "cancelled");
  EXPECT_EQ(cancelled.stage, CallStage::not_sent);
  EXPECT_EQ(sleepers(), R"json([{"n":0}])json");
}

TEST_F(Postgres, ALostConnectionIsTriedAgainBecauseNothingWasCommitted) {
  const TaskOutcome lost =
      call("execute", R"json({"sql": "select pg_terminate_backend(pg_backend_pid())"})json");
  EXPECT_FALSE(lost.result.success);
  EXPECT_TRUE(lost.result.error->retryable) << code_of(lost);
  EXPECT_NE(lost.stage, CallStage::sent);
}

}  // namespace
}  // namespace pilot::providers
