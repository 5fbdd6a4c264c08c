// Against a real Redis with a password, started for these tests.
#include "providers/data/server_under_test.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

class Redis : public testing::Test {
 protected:
  void SetUp() override {
    const std::string binary = data::program({"/usr/bin/redis-server"});
    if (binary.empty()) GTEST_SKIP() << "Redis is not installed (apt-get install redis-server)";
    const std::string dir = folder_.path().string();
    const std::string config = folder_.write(
        "redis.conf",
        fmt::format("bind 127.0.0.1\nport {}\ndir {}\nsave \"\"\nrequirepass p4ss-word\n"
                    "user reader on >r3ader ~* +get\n",
                    port_, dir),
        "nobody");
    server_ = data::start_server({binary, config}, "nobody", port_, dir + "/log");
  }
  std::map<std::string, std::string> connection() const {
    return {{"host", "127.0.0.1"}, {"port", std::to_string(port_)}, {"password", "p4ss-word"}};
  }
  TaskOutcome call(const std::string& action, std::string_view params) {
    return world_.call("redis", action, params, connection());
  }
  std::string result(const std::string& action, std::string_view params) {
    const TaskOutcome outcome = call(action, params);
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    return outcome.result.success ? to_json(outcome.result.output.at("result")) : "";
  }

  data::TaskWorld world_;
  data::TestFolder folder_{"nobody"};
  std::uint16_t port_ = data::free_port();
  std::unique_ptr<data::Child> server_;
};

TEST_F(Redis, KeepsWhatItIsGiven) {
  EXPECT_EQ(result("set", R"({"key": "a", "value": "Grüße\r\n$5; FLUSHALL"})"), R"("OK")");
  EXPECT_EQ(result("get", R"({"key": "a"})"), R"("Grüße\r\n$5; FLUSHALL")");
  EXPECT_EQ(result("get", R"({"key": "none"})"), "null");
  EXPECT_EQ(result("set", R"({"key": "a", "value": {"n": 1}, "only_if": "absent"})"), "null");
  EXPECT_EQ(result("set", R"({"key": "a", "value": {"n": 1}, "ttl": 100})"), R"("OK")");
  EXPECT_EQ(result("get", R"({"key": "a"})"), R"("{\"n\":1}")");
  EXPECT_EQ(result("command", R"({"command": "ttl", "args": ["a"]})"), "100");
  EXPECT_EQ(result("incr", R"({"key": "n"})"), "1");
  EXPECT_EQ(result("incr", R"({"key": "n", "by": 41})"), "42");
  EXPECT_EQ(result("rpush", R"({"key": "l", "values": ["x", 2]})"), "2");
  EXPECT_EQ(result("lpush", R"({"key": "l", "value": "first"})"), "3");
  EXPECT_EQ(result("command", R"({"command": "LRANGE", "args": ["l", 0, -1]})"),
            R"(["first","x","2"])");
  EXPECT_EQ(result("delete", R"({"key": ["a", "l", "none"]})"), "2");
  EXPECT_EQ(result("publish", R"({"channel": "news", "message": "hello"})"), "0");
  EXPECT_EQ(result("command", R"({"command": "EVAL", "args": ["return {1, {2, false}}", 0]})"),
            "[1,[2,null]]");
}

TEST_F(Redis, ChoosesTheDatabaseAndTheUser) {
  result("set", R"({"key": "here", "value": "zero"})");
  const std::string url = fmt::format("redis://:p4ss-word@127.0.0.1:{}/3", port_);
  EXPECT_EQ(
      to_json(world_.call("redis", "get", R"({"key": "here"})", {{"url", url}}).result.output),
      R"({"result":null})");
  auto reader = connection();
  reader["username"] = "reader";
  reader["password"] = "r3ader";
  EXPECT_EQ(code_of(world_.call("redis", "get", R"({"key": "here"})", reader)), "(success)");
  EXPECT_EQ(code_of(world_.call("redis", "incr", R"({"key": "here"})", reader)), "forbidden");
}

TEST_F(Redis, SaysWhatIsWrong) {
  EXPECT_EQ(code_of(call("command", R"({"command": "config", "args": ["GET", "*"]})")),
            "command_refused");
  EXPECT_EQ(code_of(call("command", R"({"command": "Shutdown"})")), "command_refused");
  EXPECT_EQ(code_of(call("command", R"({"command": "NOSUCH"})")), "command_failed");
  EXPECT_EQ(code_of(call("command", R"({"command": "GET x"})")), "invalid_value");
  auto wrong = connection();
  wrong["password"] = "not-it";
  const TaskOutcome refused = world_.call("redis", "incr", R"({"key": "n"})", wrong);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_FALSE(refused.result.error->retryable);
  EXPECT_EQ(refused.stage, CallStage::not_sent);
  wrong.erase("password");
  EXPECT_EQ(code_of(world_.call("redis", "incr", R"({"key": "n"})", wrong)), "unauthorized");
  auto away = connection();
  away["port"] = std::to_string(data::free_port());
  const TaskOutcome gone = world_.call("redis", "incr", R"({"key": "n"})", away);
  EXPECT_EQ(code_of(gone), "connect_failed");
  EXPECT_TRUE(gone.result.error->retryable);
  EXPECT_EQ(gone.stage, CallStage::not_sent);
  auto metadata = connection();
  metadata["host"] = "169.254.169.254";
  EXPECT_EQ(code_of(world_.call("redis", "incr", R"({"key": "n"})", metadata)), "blocked_address");
}

TEST_F(Redis, SpeaksTlsToWhoeverProvesTheName) {
  const std::string dir = folder_.path().string();
  data::Child make(
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
       "-keyout", dir + "/key", "-out", dir + "/cert", "-days", "1", "-subj", "/CN=test", "-addext",
       "subjectAltName=IP:127.0.0.1"},
      "nobody", dir + "/openssl.log");
  ASSERT_EQ(make.wait(), 0);
  const std::uint16_t port = data::free_port();
  const auto server = data::start_server(
      {"/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port",
       std::to_string(port), "--tls-cert-file", dir + "/cert", "--tls-key-file", dir + "/key",
       "--tls-auth-clients", "no", "--save", "", "--dir", dir},
      "nobody", port, dir + "/tls.log");
  const auto ping = [&](std::string_view host, std::string_view tls) {
    return world_.call(
        "redis", "command", R"({"command": "PING"})",
        {{"host", std::string(host)}, {"port", std::to_string(port)}, {"tls", std::string(tls)}});
  };
  const TaskOutcome unknown = ping("127.0.0.1", "require");
  EXPECT_EQ(code_of(unknown), "tls_failed");
  EXPECT_THAT(message_of(unknown), HasSubstr("certificate"));
  EXPECT_FALSE(unknown.result.error->retryable);
  EXPECT_EQ(code_of(ping("127.0.0.1", "insecure")), "(success)");
  ::setenv("SSL_CERT_FILE", (dir + "/cert").c_str(), 1);
  EXPECT_EQ(code_of(ping("127.0.0.1", "require")), "(success)");
  EXPECT_EQ(code_of(ping("localhost", "require")), "tls_failed") << "it is not its name";
  ::unsetenv("SSL_CERT_FILE");
  world_.timeout = Millis{200};
  auto plain = connection();
  plain["tls"] = "require";
  const TaskOutcome silent = world_.call("redis", "incr", R"({"key": "n"})", plain);
  EXPECT_THAT(message_of(silent), HasSubstr("does it speak TLS?"));
  EXPECT_EQ(silent.stage, CallStage::not_sent);
}

TEST_F(Redis, TooMuchIsAClearError) {
  result("command", R"({"command": "SETRANGE", "args": ["big", 8000000, "x"]})");
  EXPECT_EQ(code_of(call("get", R"({"key": "big"})")), "output_too_large");
}

TEST_F(Redis, AnAnswerThatDoesNotComeIsUnknown) {
  world_.timeout = Millis{200};
  const TaskOutcome late = call("command", R"({"command": "BLPOP", "args": ["empty", 0]})");
  EXPECT_EQ(code_of(late), "timeout");
  EXPECT_EQ(late.stage, CallStage::sent);
  Interrupt interrupt(std::chrono::steady_clock::now() + Millis{60'000});
  std::thread canceller([&] {
    data::TaskWorld other;
    const auto blocked = [&] {
      const auto info = other.call("redis", "command",
                                   R"({"command": "INFO", "args": ["clients"]})", connection());
      return to_json(info.result.output).find("blocked_clients:1") != std::string::npos;
    };
    while (!blocked()) {
    }
    interrupt.cancel();
  });
  const TaskOutcome cancelled = world_.call(
      "redis", "command", R"({"command": "BLPOP", "args": ["empty", 0]})", connection(), interrupt);
  canceller.join();
  EXPECT_EQ(code_of(cancelled), "cancelled");
}

TEST(RedisEffects, DependOnTheCommand) {
  const auto effect = [](std::string_view command) {
    return TestCall("redis", "command", fmt::format(R"({{"command": "{}"}})", command)).effect();
  };
  EXPECT_EQ(effect("hgetall"), EffectClass::read);
  EXPECT_EQ(effect("HSET"), EffectClass::idempotent);
  EXPECT_EQ(effect("XADD"), EffectClass::unsafe);
}

}  // namespace
}  // namespace pilot::providers
