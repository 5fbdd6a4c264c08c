// Calls that speak other protocols than HTTP, through the real server: a database of its own files,
// a PostgreSQL, an SMTP server with STARTTLS and a log-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"
#include "postgres.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Data : public testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }
  void set(const std::string& provider, const std::string& type, const std::string& value) {
    const Finished done = pilot(data(), {"credentials", "set", provider, type}, value + "\n");
    ASSERT_EQ(done.code, 0) << done.err;
  }
  Json run(const std::string& plan, int code = 0) {
    return pilot_json(data(), {"run", dir_.write("plan.json", plan)}, code);
  }
  TempDir dir_;
};

TEST_F(Data, AStepsSqlIsCodeAndItsValuesAreNot) {
  Server server(data(), {},
                {"/usr/bin/env", "PILOT_SQLITE_DIR=" + (dir_.path() / "sqlite").string()});
  ASSERT_TRUE(server.up());
  set("sqlite", "database", "shop.db");
  const Json told = run(R"json({"inputs": {"type": "object"}, "steps": [
    {"id": "name", "provider": "logic", "action": "set",
     "params": {"value": "'; DROP TABLE orders; --"}},
    {"id": "make", "provider": "sqlite", "action": "execute",
     "params": {"sql": "create table if not exists orders (id integer primary key, who text)"}},
    {"id": "add", "provider": "sqlite", "action": "insert",
     "params": {"table": "orders", "rows": {"who": "${steps.name.output.value}"}}},
    {"id": "find", "provider": "sqlite3", "action": "query",
     "params": {"sql": "select who from orders where who = ?",
                "params": ["${steps.name.output.value}"]}}]})json");
  EXPECT_EQ(text_at(told, "status"), "success") << to_json(told);
  EXPECT_EQ(text_at(told, "steps/3/output/rows/0/who"), "'; DROP TABLE orders; --");
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "sqlite" / "user-local" / "shop.db"));
  const Json checked = pilot_json(
      data(), {"plans", "validate", dir_.write("bad.json", R"json({"steps": [{"provider": "sqlite",
         "action": "query", "params": {"sql": "select '${inputs.x}'"}}]})json")},
      2);
  EXPECT_FALSE(at(checked, "ok").as_bool());
  EXPECT_THAT(to_json(checked), HasSubstr("/steps/0/params/sql"));
}

TEST_F(Data, AStatementEndsWithItsStepAndWithItsRun) {
  const std::string url = cluster_url();
  const Sql sql(url);
  const auto sleepers = [&](int seconds) {
    return sql.number(
        "select count(*) from pg_stat_activity where state = 'active' and query = "
        "'select pg_sleep(" +
        std::to_string(seconds) + ")'");
  };
  Server server(data());
  ASSERT_TRUE(server.up());
  set("postgresql", "url", url);
  const Json late = run(R"json({"steps": [{"id": "slow", "provider": "postgres",
    "action": "execute", "params": {"sql": "select pg_sleep(4001)"}, "timeout": "1s",
    "retry": "none"}]})json",
                        1);
  EXPECT_EQ(text_at(late, "status"), "error");
  EXPECT_EQ(text_at(late, "steps/0/error/code"), "timeout") << to_json(late);
  EXPECT_TRUE(eventually([&] { return sleepers(4001) == 0; }));

  const Answer begun = server.post("/api/runs", R"json({"plan": {"steps": [{"id": "slow",
    "provider": "postgres", "action": "execute", "params": {"sql": "select pg_sleep(4002)"},
    "timeout": "600s"}]}})json");
  ASSERT_EQ(begun.status, 202) << begun.body;
  const std::string id = text_at(parsed(begun.body), "id");
  ASSERT_TRUE(eventually([&] { return sleepers(4002) == 1; }));
  EXPECT_EQ(server.post("/api/runs/" + id + "/cancel").status, 200);
  EXPECT_EQ(text_at(server.ended(id), "status"), "cancelled");
  EXPECT_TRUE(eventually([&] { return sleepers(4002) == 0; }));
}

TEST_F(Data, AMailGoesToARealServerOverStarttlsWithALogIn) {
  const std::string key = (dir_.path() / "key").string();
  const std::string certificate = (dir_.path() / "cert").string();
  Process make({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate, "-days",
                "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"});
  ASSERT_EQ(make.wait().code, 0);
  Process smtp(
      {"/usr/bin/python3", PILOT_SOURCE_DIR "/tests/e2e/smtp_server.py", certificate, key});
  const std::string port = smtp.line(0);
  ASSERT_FALSE(port.empty()) << smtp.err();
  Server server(data(), {}, {"/usr/bin/env", "SSL_CERT_FILE=" + certificate});
  ASSERT_TRUE(server.up());
  set("email", "host", "localhost");
  set("email", "port", port);
  set("email", "username", "ada");
  set("email", "password", "p4ss-word");
  const std::string plan = R"json({"steps": [{"id": "mail", "provider": "email", "action": "send",
    "retry": "none", "params": {"from": "pilot@a.test", "to": "one@b.test",
    "bcc": ["two@b.test"], "subject": "Grüße", "text": "line\n.dot\n"}}]})json";
  const Json told = run(plan);
  EXPECT_EQ(text_at(told, "status"), "success") << to_json(told);
  const std::string mail = smtp.line(1);
  EXPECT_THAT(mail, AllOf(HasSubstr(R"json("from": "pilot@a.test")json"),
                          HasSubstr(R"json("to": ["one@b.test", "two@b.test"])json"),
                          HasSubstr(R"json("tls": true, "user": "ada")json"),
                          HasSubstr("line\\r\\n.dot\\r\\n"), Not(HasSubstr("Bcc"))));
  EXPECT_THAT(mail, HasSubstr("Subject: =?"));

  set("email", "password", "not-it");
  const Json refused = run(plan, 1);
  EXPECT_EQ(text_at(refused, "status"), "error");
  EXPECT_EQ(at(refused, "steps/0/error/retryable"), Json(false)) << to_json(refused);
  EXPECT_THAT(to_json(refused), Not(HasSubstr("not-it")));
  set("email", "password", "p4ss-word");
  set("email", "host", "127.0.0.1");  // not the certificate's name
  EXPECT_EQ(text_at(run(plan, 1), "steps/0/error/code"), "tls_failed");
}

}  // namespace
}  // namespace pilot::e2e
