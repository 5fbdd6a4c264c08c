// S5: a server whose certificate nobody vouches for, or that is over, or another's. By `openssl
// s_server`, because only base/ knows OpenSSL; skipped, saying so, where there is no openssl
// command.
#include <curl/curl.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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
    return start(key, certificate, server);
  }
  // Serves one for that name that an authority of the test's own has signed.
  std::string serve_signed(const std::string& name, int days, std::unique_ptr<Child>& server) {
    const std::string key = folder_ / "key.pem";
    const std::string request = folder_ / "request.pem";
    const std::string certificate = folder_ / "cert.pem";
    if (!std::filesystem::exists(folder_ / "ca.pem")) {
      Child({kOpenssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=the test's authority", "-keyout",
             folder_ / "ca.key", "-out", folder_ / "ca.pem"})
          .wait();
    }
    Child({kOpenssl, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-keyout",
           key, "-out", request})
        .wait();
    Child({kOpenssl, "x509", "-req", "-in", request, "-CA", folder_ / "ca.pem", "-CAkey",
           folder_ / "ca.key", "-set_serial", "7", "-copy_extensions", "copy", "-days",
           std::to_string(days), "-out", certificate})
        .wait();
    return start(key, certificate, server);
  }
  std::string authorities() const {
    std::ifstream file(folder_ / "ca.pem");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static std::string start(const std::string& key, const std::string& certificate,
                           std::unique_ptr<Child>& server) {
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

TEST_F(CurlTls, AnAuthorityOfOnesOwnIsTrusted) {
  std::unique_ptr<Child> server;
  const std::string port = serve_signed("localhost", 2, server);
  ASSERT_NE(port, "");
  const Answer trusted =
      Harness({.allow_loopback = true}, "", authorities()).send(get("https://localhost:" + port));
  ASSERT_TRUE(trusted.response) << outcome(trusted);
  EXPECT_EQ(trusted.response->status, 200);
  const Answer stranger = Harness().send(get("https://localhost:" + port));
  EXPECT_EQ(outcome(stranger), "error tls_failed unsent final");
  EXPECT_THAT(stranger.error->message, HasSubstr("--ca-file"));
  // The system's authorities stay trusted: curl looks into their folder as well as into the file.
  EXPECT_NE(curl_version_info(CURLVERSION_NOW)->capath, nullptr);
}

TEST_F(CurlTls, AnExpiredCertificateIsRefusedForGood) {
  std::unique_ptr<Child> server;
  const std::string port = serve_signed("localhost", -1, server);
  ASSERT_NE(port, "");
  const Answer answer = Harness({.allow_loopback = true}, "", authorities())
                            .send(post("https://localhost:" + port + "/?q=canary", "canary"));
  EXPECT_EQ(outcome(answer), "error tls_failed unsent final");
  EXPECT_THAT(answer.error->message, HasSubstr("it has expired"));
  EXPECT_THAT(answer.error->message, Not(HasSubstr("canary")));
}

TEST_F(CurlTls, OneForAnotherHostIsRefusedForGood) {
  for (const char* name : {"other.test", "localhost.other.test", "*.localhost", "127.0.0.1"}) {
    std::unique_ptr<Child> server;
    const std::string port = serve_signed(name, 2, server);
    ASSERT_NE(port, "");
    const Answer answer = Harness({.allow_loopback = true}, "", authorities())
                              .send(post("https://localhost:" + port, "canary"));
    EXPECT_EQ(outcome(answer), "error tls_failed unsent final") << name;
    EXPECT_THAT(answer.error->message, HasSubstr("it is not for this host name")) << name;
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
