// S5: a server whose certificate nobody vouches for. By `openssl s_server`, because only base/
// knows OpenSSL; skipped, saying so, where there is no openssl command.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "http/raw_server.h"

extern char** environ;  // NOLINT: POSIX

namespace pilot::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOpenssl = "/usr/bin/openssl";

// A program whose stdout is read here; killed when it goes.
class Child {
 public:
  explicit Child(std::vector<std::string> argv) {
    std::array<int, 2> pipe{-1, -1};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::vector<char*> args;
    for (std::string& arg : argv) args.push_back(arg.data());
    args.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, args[0], &actions, nullptr, args.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    out_ = pipe[0];
  }
  ~Child() {
    ::close(out_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // The next line of its stdout; empty at its end.
  std::string line() const {
    std::string text;
    char c = 0;
    while (::read(out_, &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  void wait() {
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

class CurlTls : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kOpenssl, X_OK) != 0) GTEST_SKIP() << "there is no " << kOpenssl;
    std::string pattern = (std::filesystem::temp_directory_path() / "pilot-tls-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  // Serves a certificate of its own making for that name; answers its port.
  std::string serve(const std::string& name, std::unique_ptr<Child>& server) const {
    const std::string key = folder_ / "key.pem";
    const std::string certificate = folder_ / "cert.pem";
    Child({kOpenssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
           "-keyout", key, "-out", certificate})
        .wait();
    server = std::make_unique<Child>(std::vector<std::string>{
        kOpenssl, "s_server", "-accept", "127.0.0.1:0", "-www", "-key", key, "-cert", certificate});
    for (std::string line = server->line(); !line.empty(); line = server->line()) {
      if (line.starts_with("ACCEPT ")) return line.substr(line.rfind(':') + 1);
    }
    return "";
  }
  std::filesystem::path folder_;
};

TEST_F(CurlTls, ASelfSignedCertificateIsRefusedForGoodAndNothingIsSent) {
  for (const char* name : {"localhost", "other.test"}) {
    std::unique_ptr<Child> server;
    const std::string port = serve(name, server);
    ASSERT_NE(port, "") << "openssl s_server did not start";
    Harness harness;
    Request request = post("https://localhost:" + port + "/?q=canary", "canary");
    request.headers.push_back({.name = "Authorization", .value = "canary", .sensitive = true});
    const Answer answer = harness.send(std::move(request));
    EXPECT_EQ(outcome(answer), "error tls_failed unsent final") << name;
    ASSERT_TRUE(answer.error);
    EXPECT_THAT(answer.error->message, HasSubstr("self-signed"));
    EXPECT_THAT(answer.error->message, Not(HasSubstr("canary")));
  }
}

TEST_F(CurlTls, SoIsOneOfAMailServer) {
  std::unique_ptr<Child> server;
  const std::string port = serve("localhost", server);
  ASSERT_NE(port, "");
  Harness harness;
  const Answer answer = harness.mail({.url = "smtps://localhost:" + port,
                                      .username = "user",
                                      .password = "canary",
                                      .from = "a@a.test",
                                      .recipients = {"b@b.test"},
                                      .data = "x\r\n"});
  EXPECT_EQ(outcome(answer), "error tls_failed unsent final");
}

}  // namespace
}  // namespace pilot::http::testing
