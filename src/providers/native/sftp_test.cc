// Against a real OpenSSH server, started for these tests as the user who runs them (nobody, when
// that is root). Its log-in is a key: a password would need an account of the machine.
#include <fstream>

#include "providers/data/server_under_test.h"

namespace pilot::providers {
namespace {

using data::code_of;
using data::message_of;
using testing::HasSubstr;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Sftp : public testing::Test {
 protected:
  void SetUp() override {
    const std::string binary = data::program({"/usr/sbin/sshd"});
    if (binary.empty()) {
      GTEST_SKIP() << "OpenSSH's server is not installed (apt-get install openssh-server)";
    }
    dir_ = folder_.path().string();
    make_key("host", "");
    make_key("user", "");
    make_key("locked", "let me in");
    folder_.write("authorized", text_of(dir_ + "/user.pub") + text_of(dir_ + "/locked.pub"),
                  "nobody");
    const std::string config = folder_.write(
        "conf",
        fmt::format("Port {1}\nListenAddress 127.0.0.1\nHostKey {0}/host\nPidFile none\n"
                    "AuthorizedKeysFile {0}/authorized\nStrictModes no\nUsePAM yes\n"
                    "PasswordAuthentication yes\nKbdInteractiveAuthentication no\n"
                    "Subsystem sftp internal-sftp\nLogLevel VERBOSE\n",
                    dir_, port_),
        "nobody");
    server_ =
        data::start_server({binary, "-D", "-e", "-f", config}, "nobody", port_, dir_ + "/log");
    data::Child show({"ssh-keygen", "-lf", dir_ + "/host.pub"}, "nobody", dir_ + "/fingerprint");
    ASSERT_EQ(show.wait(), 0);
    const std::string line = text_of(dir_ + "/fingerprint");
    const std::size_t at = line.find("SHA256:");
    ASSERT_NE(at, std::string::npos) << line;
    host_key_ = line.substr(at, line.find(' ', at) - at);
  }
  void make_key(const std::string& name, const std::string& passphrase) {
    data::Child make(
        {"ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", dir_ + "/" + name}, "nobody",
        dir_ + "/keygen.log");
    ASSERT_EQ(make.wait(), 0);
  }
  std::map<std::string, std::string> connection() const {
    const passwd* self = ::getpwuid(::geteuid());
    return {{"host", "127.0.0.1"},
            {"port", std::to_string(port_)},
            {"username", ::geteuid() == 0 ? "nobody" : self->pw_name},
            {"private_key", text_of(dir_ + "/user")},
            {"host_key", host_key_}};
  }
  TaskOutcome call(const std::string& action, const std::string& params) {
    return world_.call("sftp", action, params, connection());
  }
  std::string output(const std::string& action, const std::string& params) {
    const TaskOutcome outcome = call(action, params);
    EXPECT_TRUE(outcome.result.success) << code_of(outcome) << ": " << message_of(outcome) << "\n"
                                        << text_of(dir_ + "/log");
    return outcome.result.success ? to_json(outcome.result.output) : "";
  }
  std::string path(std::string_view name, std::string_view more = "") const {
    return fmt::format(R"({{"path": "{}/{}"{}}})", dir_, name, more);
  }

  data::TaskWorld world_;
  data::TestFolder folder_{"nobody"};
  std::string dir_;
  std::uint16_t port_ = data::free_port();
  std::string host_key_;
  std::unique_ptr<data::Child> server_;
};

TEST_F(Sftp, FilesGoThereAndBack) {
  output("make_folder", path("in"));
  EXPECT_THAT(output("upload", path("in/a.txt", R"(, "content": "Grüße\n")")),
              HasSubstr(R"("size":8)"));
  EXPECT_EQ(text_of(dir_ + "/in/a.txt"), "Grüße\n");
  EXPECT_EQ(output("download", path("in/a.txt")),
            R"({"content":"Grüße\n","encoding":"text","size":8})");
  EXPECT_EQ(output("download", path("in/a.txt", R"(, "encoding": "base64")")),
            R"({"content":"R3LDvMOfZQo=","encoding":"base64","size":8})");
  output("upload", path("in/b.bin", R"(, "content_base64": "AP8=")"));
  EXPECT_EQ(output("download", path("in/b.bin")),
            R"({"content":"AP8=","encoding":"base64","size":2})");
  EXPECT_EQ(code_of(call("download", path("in/b.bin", R"(, "encoding": "text")"))),
            "invalid_value");
  output("upload", path("in/a.txt", R"(, "content": {"short": 1})"));
  EXPECT_EQ(text_of(dir_ + "/in/a.txt"), R"({"short":1})");
  EXPECT_NE(code_of(call("upload", path("in/a.txt", R"(, "content": "", "overwrite": false)"))),
            "(success)");
  output("rename", fmt::format(R"({{"from": "{0}/in/a.txt", "to": "{0}/in/c.json"}})", dir_));
  const std::string listed = output("list", path("in"));
  EXPECT_THAT(listed, HasSubstr(R"("name":"c.json","type":"file","size":11,"modified":"20)"));
  EXPECT_THAT(listed, HasSubstr(R"("name":"b.bin")"));
  EXPECT_THAT(listed, HasSubstr(R"("count":2)"));
  EXPECT_EQ(output("delete", path("in/b.bin")), R"({"deleted":true})");
  EXPECT_EQ(output("delete", path("in/b.bin")), R"({"deleted":false})");
  EXPECT_NE(code_of(call("delete", path("in", R"(, "folder": true)"))), "(success)");
  EXPECT_EQ(code_of(call("download", path("none"))), "not_found");
  EXPECT_EQ(code_of(call("list", path("none"))), "not_found");
}

TEST_F(Sftp, BigFilesAreWholeOrAClearError) {
  std::string big(4'000'000, 'x');
  big[3'999'999] = 'y';
  folder_.write("big", big, "nobody");
  EXPECT_THAT(output("download", path("big")),
              HasSubstr(R"(xy","encoding":"text","size":4000000)"));
  output("upload", path("copy", fmt::format(R"(, "content": "{}")", big)));
  EXPECT_TRUE(text_of(dir_ + "/copy") == big) << "not shown: it is long";
  folder_.write("bigger", std::string(6'000'000, 'x'), "nobody");
  EXPECT_EQ(code_of(call("download", path("bigger"))), "output_too_large");
}

TEST_F(Sftp, TalksToTheRightServerOnly) {
  auto unknown = connection();
  unknown.erase("host_key");
  const TaskOutcome first = world_.call("sftp", "list", path(""), unknown);
  EXPECT_EQ(code_of(first), "host_key_unknown");
  EXPECT_THAT(message_of(first), HasSubstr(host_key_)) << "so that it can be compared and set";
  auto other = connection();
  other["host_key"] = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const TaskOutcome mismatch = world_.call("sftp", "list", path(""), other);
  EXPECT_EQ(code_of(mismatch), "host_key_mismatch");
  EXPECT_FALSE(mismatch.result.error->retryable);
  EXPECT_EQ(mismatch.stage, CallStage::not_sent);
  EXPECT_THAT(text_of(dir_ + "/log"), testing::Not(HasSubstr("Accepted"))) << "no log-in was tried";
  other["host_key"] += ", " + host_key_;
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), other)), "(success)");
  unknown["insecure"] = "true";
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), unknown)), "(success)");
}

TEST_F(Sftp, SaysWhatIsWrongWithTheLogIn) {
  auto locked = connection();
  locked["private_key"] = text_of(dir_ + "/locked");
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), locked)), "invalid_value");
  locked["passphrase"] = "let me in";
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), locked)), "(success)");
  auto stranger = connection();
  stranger["private_key"] = text_of(dir_ + "/host");
  const TaskOutcome refused = world_.call("sftp", "list", path(""), stranger);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_FALSE(refused.result.error->retryable);
  stranger.erase("private_key");
  stranger["password"] = "not-it";
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), stranger)), "unauthorized");
  stranger.erase("password");
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), stranger)), "missing_credentials");
}

TEST_F(Sftp, EndsWithTheTimeoutAndGoesOnlyWhereItMay) {
  auto away = connection();
  away["port"] = std::to_string(data::free_port());
  const TaskOutcome gone = world_.call("sftp", "list", path(""), away);
  EXPECT_EQ(code_of(gone), "connect_failed");
  EXPECT_TRUE(gone.result.error->retryable);
  auto metadata = connection();
  metadata["host"] = "169.254.169.254";
  EXPECT_EQ(code_of(world_.call("sftp", "list", path(""), metadata)), "blocked_address");
  server_->signal(SIGSTOP);
  world_.timeout = Millis{200};
  const TaskOutcome late = call("upload", path("x", R"(, "content": "x")"));
  EXPECT_EQ(code_of(late), "timeout");
  EXPECT_EQ(late.stage, CallStage::not_sent);
  server_->signal(SIGCONT);
}

}  // namespace
}  // namespace pilot::providers
