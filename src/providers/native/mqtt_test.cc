// Against a real Mosquitto with a password, started for these tests.
#include <mosquitto.h>

#include "base/crypto.h"
#include "providers/data/server_under_test.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

class Mqtt : public testing::Test {
 protected:
  void SetUp() override {
    const std::string binary = data::program({"/usr/sbin/mosquitto"});
    if (binary.empty()) GTEST_SKIP() << "Mosquitto is not installed (apt-get install mosquitto)";
    const std::string dir = folder_.path().string();
    data::Child make({"mosquitto_passwd", "-c", "-b", dir + "/users", "ada", "p4ss-word"}, "nobody",
                     dir + "/passwd.log");
    ASSERT_EQ(make.wait(), 0);
    data::Child cert(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", dir + "/key", "-out", dir + "/cert", "-days", "1", "-subj",
         "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"},
        "nobody", dir + "/openssl.log");
    ASSERT_EQ(cert.wait(), 0);
    const std::string config = folder_.write(
        "conf",
        fmt::format("per_listener_settings false\nallow_anonymous false\npassword_file {0}/users\n"
                    "listener {1} 127.0.0.1\nlistener {2} 127.0.0.1\ncertfile {0}/cert\n"
                    "keyfile {0}/key\n",
                    dir, port_, tls_port_),
        "nobody");
    server_ = data::start_server({binary, "-c", config}, "nobody", tls_port_, dir + "/log");
  }
  std::map<std::string, std::string> connection() const {
    return {{"host", "127.0.0.1"},
            {"port", std::to_string(port_)},
            {"username", "ada"},
            {"password", "p4ss-word"}};
  }
  TaskOutcome publish(std::string_view params) {
    return world_.call("mqtt", "publish", params, connection());
  }
  // What a newcomer to the topic gets: the message that was retained.
  std::string retained(const char* topic) const {
    mosquitto_message* message = nullptr;
    const int failed =
        mosquitto_subscribe_simple(&message, 1, true, topic, 1, "127.0.0.1", port_, nullptr, 10,
                                   true, "ada", "p4ss-word", nullptr, nullptr);
    EXPECT_EQ(failed, 0) << mosquitto_strerror(failed);
    if (failed != 0) return {};
    std::string out(static_cast<const char*>(message->payload),
                    static_cast<std::size_t>(message->payloadlen));
    mosquitto_message_free(&message);
    return out;
  }

  data::TaskWorld world_;
  data::TestFolder folder_{"nobody"};
  std::uint16_t port_ = data::free_port();
  std::uint16_t tls_port_ = data::free_port();
  std::unique_ptr<data::Child> server_;
};

TEST_F(Mqtt, PublishesWithEveryQuality) {
  for (int qos = 0; qos <= 2; ++qos) {
    const TaskOutcome outcome = publish(fmt::format(
        R"({{"topic": "t/{0}", "message": "Grüße {0}", "qos": {0}, "retain": true}})", qos));
    ASSERT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome);
    EXPECT_EQ(outcome.stage, CallStage::answered);
    EXPECT_EQ(retained(fmt::format("t/{}", qos).c_str()), fmt::format("Grüße {}", qos));
  }
  EXPECT_TRUE(publish(R"({"topic": "j", "payload": {"on": true}, "retain": true})").result.success);
  EXPECT_EQ(retained("j"), R"({"on":true})");
  EXPECT_TRUE(
      publish(R"({"topic": "b", "message_base64": "AP8=", "retain": true})").result.success);
  EXPECT_EQ(crypto::base64(retained("b")), "AP8=");
}

TEST_F(Mqtt, SpeaksTlsToWhoeverProvesTheName) {
  const std::string message = R"({"topic": "s", "message": "secret", "retain": true})";
  auto tls = connection();
  tls["port"] = std::to_string(tls_port_);
  tls["tls"] = "require";
  EXPECT_EQ(code_of(world_.call("mqtt", "publish", message, tls)), "tls_failed");
  tls["tls"] = "insecure";
  EXPECT_EQ(code_of(world_.call("mqtt", "publish", message, tls)), "(success)");
  tls["tls"] = "require";
  ::setenv("SSL_CERT_FILE", (folder_.path() / "cert").c_str(), 1);
  EXPECT_EQ(code_of(world_.call("mqtt", "publish", message, tls)), "(success)");
  tls["host"] = "localhost";
  EXPECT_NE(code_of(world_.call("mqtt", "publish", message, tls)), "(success)");
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(Mqtt, SaysWhatIsWrong) {
  const std::string message = R"({"topic": "t", "message": "x"})";
  auto wrong = connection();
  wrong["password"] = "not-it";
  const TaskOutcome refused = world_.call("mqtt", "publish", message, wrong);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_FALSE(refused.result.error->retryable);
  EXPECT_EQ(refused.stage, CallStage::not_sent);
  auto away = connection();
  away["port"] = std::to_string(data::free_port());
  const TaskOutcome gone = world_.call("mqtt", "publish", message, away);
  EXPECT_EQ(code_of(gone), "connect_failed");
  EXPECT_TRUE(gone.result.error->retryable);
  EXPECT_EQ(gone.stage, CallStage::not_sent);
  auto metadata = connection();
  metadata["host"] = "169.254.169.254";
  EXPECT_EQ(code_of(world_.call("mqtt", "publish", message, metadata)), "blocked_address");
  EXPECT_EQ(code_of(publish(R"({"topic": "a/#", "message": "x"})")), "invalid_value");
  EXPECT_EQ(code_of(publish(R"({"topic": "a", "message_base64": "?"})")), "invalid_value");
  server_->signal(SIGSTOP);
  world_.timeout = Millis{200};
  const TaskOutcome late = publish(message);
  EXPECT_EQ(code_of(late), "timeout");
  EXPECT_EQ(late.stage, CallStage::not_sent);
  server_->signal(SIGCONT);
}

}  // namespace
}  // namespace pilot::providers
