// Against a real MariaDB with a password, started for these tests.
#include "providers/data/server_under_test.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

class Mysql : public testing::Test {
 protected:
  struct Server {
    explicit Server(const std::string& binary) {
      const std::string dir = folder.path().string();
      const std::string setup =
          folder.write("init.sql",
                       "CREATE DATABASE IF NOT EXISTS app CHARACTER SET utf8mb4;\n"
                       "CREATE USER IF NOT EXISTS 'ada'@'%' IDENTIFIED BY 'p4ss-word';\n"
                       "GRANT ALL ON *.* TO 'ada'@'%';\n",
                       "nobody");
      data::Child init({"mariadb-install-db", "--no-defaults", "--datadir=" + dir + "/data",
                        "--auth-root-authentication-method=normal", "--skip-test-db"},
                       "nobody", dir + "/install.log");
      if (init.wait() != 0) throw std::runtime_error("mariadb-install-db failed, see " + dir);
      child = data::start_server(
          {binary, "--no-defaults", "--datadir=" + dir + "/data", "--socket=" + dir + "/socket",
           "--pid-file=" + dir + "/pid", "--bind-address=127.0.0.1",
           "--port=" + std::to_string(port), "--init-file=" + setup, "--skip-name-resolve",
           "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"},
          "nobody", port, dir + "/log");
    }
    data::TestFolder folder{"nobody"};
    std::uint16_t port = data::free_port();
    std::unique_ptr<data::Child> child;
  };
  static void SetUpTestSuite() {
    const std::string binary = data::program({"/usr/sbin/mariadbd"});
    if (!binary.empty()) server_ = std::make_unique<Server>(binary);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) {
      GTEST_SKIP() << "MariaDB is not installed (apt-get install mariadb-server-core)";
    }
  }
  static std::map<std::string, std::string> connection() {
    return {{"host", "127.0.0.1"},
            {"port", std::to_string(server_->port)},
            {"username", "ada"},
            {"password", "p4ss-word"},
            {"database", "app"}};
  }
  TaskOutcome call(const std::string& action, std::string_view params) {
    return world.call("mysql", action, params, connection());
  }
  std::string output(const std::string& action, std::string_view params) {
    const TaskOutcome outcome = call(action, params);
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    return outcome.result.success ? to_json(outcome.result.output) : "";
  }
  std::string value(std::string_view sql) {
    const TaskOutcome outcome =
        call("query", fmt::format(R"json({{"sql": "select {} as v"}})json", sql));
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    return outcome.result.success ? to_json(outcome.result.output.at("rows").at(0).at("v")) : "";
  }

  data::TaskWorld world;
  static std::unique_ptr<Server> server_;
};

std::unique_ptr<Mysql::Server> Mysql::server_;

TEST_F(Mysql, TypesBecomeJsonAndValuesAreBound) {
  EXPECT_EQ(value("42"), "42");
  EXPECT_EQ(value("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(value("-1"), "-1");
  EXPECT_EQ(value("cast(12.50 as decimal(10,2))"), "12.5");
  EXPECT_EQ(value("cast('123456789012345678901234567890.5' as decimal(40,1))"),
            R"("123456789012345678901234567890.5")");
  EXPECT_EQ(value("0.1e0"), "0.1");
  EXPECT_EQ(value("null"), "null");
  EXPECT_EQ(value("timestamp('2026-01-02 03:04:05')"), R"("2026-01-02T03:04:05")");
  EXPECT_EQ(value("date('2026-01-02')"), R"("2026-01-02")");
  EXPECT_EQ(value("x'00ff'"), R"("AP8=")");
  EXPECT_EQ(value("'Grüße 🚀'"), R"("Grüße 🚀")");
  EXPECT_EQ(value("''"), R"("")");
  EXPECT_EQ(output("query", R"json({"sql": "select ? as a, ? as b, ? as c, ? as d, ? as e, ? as f",
                                    "params": ["'; DROP TABLE x; --", 41, null, 0.5, true,
                                               {"k": 1}]})json"),
            R"json({"rows":[{"a":"'; DROP TABLE x; --","b":41,"c":null,"d":0.5,"e":1,)json"
            R"json("f":"{\"k\":1}"}],"columns":["a","b","c","d","e","f"],"row_count":1})json");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select ?", "params": []})json")),
            "invalid_value");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select 1; select 2"})json")), "query_failed");
}

TEST_F(Mysql, RowsAreInsertedAndUpdated) {
  output("execute", R"json({"sql": "create table `odd``name` (id int primary key auto_increment,
      `a b` text, at timestamp null) engine=innodb"})json");
  EXPECT_EQ(output("insert", R"json({"table": "odd`name", "rows": [
                {"id": 1, "a b": "'; DROP TABLE x; --"}, {"id": 2, "a b": null}]})json"),
            R"json({"rows":[],"columns":[],"row_count":2,"insert_id":2})json");
  output("upsert", R"json({"table": "app.odd`name", "key": "id",
                           "rows": {"id": 2, "a b": "two"}})json");
  EXPECT_THAT(output("query", R"json({"sql": "select * from `odd``name` order by id"})json"),
              HasSubstr(R"json("rows":[{"id":1,"a b":"'; DROP TABLE x; --","at":null},)json"
                        R"json({"id":2,"a b":"two","at":null}])json"));
  output("execute", R"json({"sql": "update `odd``name` set at = '2026-01-02 03:04:05.0'"})json");
  EXPECT_THAT(output("query", R"json({"sql": "select at from `odd``name` limit 1"})json"),
              HasSubstr("2026-01-02T03:04:05Z"));
  const TaskOutcome twice = call("insert", R"json({"table": "odd`name", "rows": {"id": 1}})json");
  EXPECT_EQ(code_of(twice), "constraint_violated");
  EXPECT_EQ(twice.stage, CallStage::answered);
  EXPECT_EQ(code_of(call("insert", R"json({"table": "t; drop table x", "rows": {"a": 1}})json")),
            "not_found");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "delete from `odd``name`"})json")), "read_only");
}

TEST_F(Mysql, TooMuchIsAClearError) {
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select seq from seq_1_to_60000"})json")),
            "output_too_large");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select repeat('x', 6000000)"})json")),
            "output_too_large");
}

TEST_F(Mysql, SaysWhatIsWrongWithTheConnection) {
  const std::string one = R"json({"sql": "select 1"})json";
  auto wrong = connection();
  wrong["password"] = "not-it";
  const TaskOutcome refused = world.call("mariadb", "query", one, wrong);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_FALSE(refused.result.error->retryable);
  EXPECT_EQ(refused.stage, CallStage::not_sent);
  auto away = connection();
  away["port"] = std::to_string(data::free_port());
  const TaskOutcome gone = world.call("mysql", "query", one, away);
  EXPECT_EQ(code_of(gone), "connect_failed");
  EXPECT_TRUE(gone.result.error->retryable);
  auto tls = connection();
  tls["tls"] = "require";
  EXPECT_EQ(code_of(world.call("mysql", "query", one, tls)), "tls_failed");
  auto none = connection();
  none["database"] = "no_such";
  EXPECT_EQ(code_of(world.call("mysql", "query", one, none)), "not_found");
  auto metadata = connection();
  metadata["host"] = "169.254.169.254";
  EXPECT_EQ(code_of(world.call("mysql", "query", one, metadata)), "blocked_address");
  world.closed = true;
  EXPECT_EQ(code_of(call("query", one)), "blocked_address");
}

TEST_F(Mysql, ALongStatementIsStoppedOnTheServer) {
  const auto sleeping = [&](data::TaskWorld& from) {
    const TaskOutcome outcome =
        from.call("mysql", "query",
                  R"json({"sql": "select count(*) as n from information_schema.processlist
                        where info like 'select sleep%'"})json",
                  connection());
    return to_json(outcome.result.output.at("rows").at(0).at("n"));
  };
  world.timeout = Millis{500};
  const TaskOutcome late = call("execute", R"json({"sql": "select sleep(60)"})json");
  EXPECT_EQ(code_of(late), "timeout")
      << (late.result.error ? to_json(to_json_value(*late.result.error)) : "");
  EXPECT_EQ(late.stage, CallStage::not_sent);
  world.timeout = Millis{30'000};
  EXPECT_EQ(sleeping(world), "0");

  Interrupt interrupt(std::chrono::steady_clock::now() + Millis{60'000});
  std::thread canceller([&] {
    data::TaskWorld other;
    while (sleeping(other) == "0") {
    }
    interrupt.cancel();
  });
  const TaskOutcome cancelled = world.call(
      "mysql", "execute", R"json({"sql": "select sleep(60)"})json", connection(), interrupt);
  canceller.join();
  EXPECT_EQ(code_of(cancelled), "cancelled");
  EXPECT_EQ(sleeping(world), "0");
}

}  // namespace
}  // namespace pilot::providers
