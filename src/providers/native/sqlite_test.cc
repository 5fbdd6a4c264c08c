#include <filesystem>

#include "providers/data/server_under_test.h"
#include "providers/data/sqlite_file.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

class Sqlite : public testing::Test {
 protected:
  Sqlite() { world.files = folder.path().string(); }
  TaskOutcome call(const std::string& action, std::string_view params,
                   const std::string& file = "app.db") {
    return world.call("sqlite3", action, params, {{"database", file}});
  }
  std::string output(const std::string& action, std::string_view params) {
    const TaskOutcome outcome = call(action, params);
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    return outcome.result.success ? to_json(outcome.result.output) : "";
  }
  std::string refused(std::string_view sql, const std::string& action = "execute") {
    const TaskOutcome outcome = call(action, fmt::format(R"json({{"sql": "{}"}})json", sql));
    last = message_of(outcome);
    return code_of(outcome);
  }
  data::TaskWorld world;
  data::TestFolder folder;
  std::string last;  // message of refused()
};

TEST_F(Sqlite, KeepsRowsAndReadsThem) {
  output("execute", R"json({"sql": "create table t (id integer primary key, v, b blob)"})json");
  EXPECT_EQ(output("insert", R"json({"table": "t", "rows": [
                {"id": 1, "v": "'; DROP TABLE t; --"}, {"id": 2, "v": null}]})json"),
            R"json({"rows":[{"id":1,"v":"'; DROP TABLE t; --","b":null},)json"
            R"json({"id":2,"v":null,"b":null}],"columns":["id","v","b"],"row_count":2,)json"
            R"json("insert_id":2})json");
  output("upsert", R"json({"table": "t", "key": ["id"], "rows": {"id": 2, "v": 0.5}})json");
  output("execute", R"json({"sql": "update t set b = x'00ff' where id = ?", "params": [2]})json");
  EXPECT_EQ(output("query", R"json({"sql": "select *, 'Grüße' as u, ? as p from t order by id",
                                    "values": [{"k": [1]}]})json"),
            R"json({"rows":[{"id":1,"v":"'; DROP TABLE t; --","b":null,"u":"Grüße",)json"
            R"json("p":"{\"k\":[1]}"},{"id":2,"v":0.5,"b":"AP8=","u":"Grüße",)json"
            R"json("p":"{\"k\":[1]}"}],"columns":["id","v","b","u","p"],"row_count":2})json");
  EXPECT_EQ(code_of(call("insert", R"json({"table": "t", "rows": {"id": 1}})json")),
            "constraint_violated");
  EXPECT_EQ(refused("select * from no_such", "query"), "not_found") << last;
  EXPECT_EQ(refused("delete from t", "query"), "read_only");
  EXPECT_EQ(refused("select 1; select 2", "query"), "invalid_value");
  EXPECT_EQ(output("query", R"json({"sql": "select 1 as a; -- a comment"})json"),
            R"json({"rows":[{"a":1}],"columns":["a"],"row_count":1})json");
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select ?"})json")), "invalid_value");
}

TEST_F(Sqlite, ReachesNothingButItsFile) {
  output("execute", R"json({"sql": "create table t (id)"})json");
  const std::string other = (folder.path() / "other.db").string();
  EXPECT_EQ(refused(fmt::format("attach '{}' as o", other)), "forbidden");
  EXPECT_NE(refused(fmt::format("vacuum into '{}'", other)), "(success)");
  EXPECT_EQ(refused("select load_extension('x')"), "forbidden") << last;
  EXPECT_EQ(refused("pragma journal_mode = wal"), "forbidden");
  EXPECT_EQ(refused("pragma writable_schema = on"), "forbidden");
  EXPECT_EQ(refused("pragma max_page_count = 100000000"), "forbidden");
  EXPECT_EQ(refused("commit"), "forbidden");
  EXPECT_EQ(refused("create virtual table d using dbstat"), "forbidden");
  EXPECT_NE(refused("select writefile('/tmp/x', 'y')"), "(success)");
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_EQ(refused("select * from pragma_table_info('t')", "query"), "(success)");
}

TEST_F(Sqlite, IsANameInTheUsersOwnFolder) {
  for (const char* name : {"../other.db", "/etc/passwd", "a/b", "..", ".hidden",
                           ":memory:", "file:x?mode=memory", "app.db-wal", "a b", "x\ny"}) {
    EXPECT_EQ(code_of(call("execute", R"json({"sql": "select 1"})json", name)), "invalid_value")
        << name;
  }
  EXPECT_THAT(*data::sqlite_path(folder.path().string(), "../bob", "a.db"),
              HasSubstr("/user-..%2Fbob/a.db"));
  const auto mine = folder.path() / "user-local";
  std::filesystem::create_directories(mine);
  std::filesystem::create_symlink(folder.path() / "elsewhere", mine / "link.db");
  EXPECT_NE(code_of(call("execute", R"json({"sql": "create table t (a)"})json", "link.db")),
            "(success)");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select 1"})json", "none.db")), "not_found");
  world.files.clear();
  EXPECT_EQ(code_of(call("query", R"json({"sql": "select 1"})json")), "not_configured");
}

TEST_F(Sqlite, TooMuchAndTooLongAreClearErrors) {
  output("execute", R"json({"sql": "create table t (v)"})json");
  const std::string numbers =
      "with recursive n(i) as (select 1 union all select i + 1 from n{}) select i from n";
  EXPECT_EQ(refused(fmt::format(fmt::runtime(numbers), " where i < 60000"), "query"),
            "output_too_large");
  EXPECT_EQ(refused("select hex(zeroblob(4000000))", "query"), "output_too_large");
  EXPECT_EQ(refused("select zeroblob(900000000)", "query"), "output_too_large");
  world.timeout = Millis{100};
  const TaskOutcome late =
      call("execute", fmt::format(R"json({{"sql": "insert into t select count(*) from ({})"}})json",
                                  fmt::format(fmt::runtime(numbers), "")));
  EXPECT_EQ(code_of(late), "timeout");
  EXPECT_EQ(late.stage, CallStage::not_sent);
  Interrupt interrupt(std::chrono::steady_clock::now() + Millis{60'000});
  std::thread canceller([&] { interrupt.cancel(); });
  const TaskOutcome cancelled =
      world.call("sqlite", "query",
                 fmt::format(R"json({{"sql": "select count(*) from ({})"}})json",
                             fmt::format(fmt::runtime(numbers), "")),
                 {{"database", "app.db"}}, interrupt);
  canceller.join();
  EXPECT_EQ(code_of(cancelled), "cancelled");
  world.timeout = Millis{30'000};
  EXPECT_THAT(output("query", R"json({"sql": "select count(*) as n from t"})json"),
              HasSubstr(R"json("n":0)json"));
}

}  // namespace
}  // namespace pilot::providers
