// Compatibility with Python's `cryptography`, both ways: what the old service stored must open
// here, and what Pilot stores must open there. Skipped, saying so, where python3-cryptography is
// missing.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "vault/key_ring.h"

extern char** environ;  // NOLINT: POSIX

namespace pilot::vault {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
// Lines on stdin: the key, then one command a line; texts are in hex. Keys and texts go through the
// pipe: a command line is for everybody on the machine to read.
constexpr const char* kScript = R"(
import sys
from cryptography.fernet import Fernet
key = Fernet(sys.stdin.readline().strip().encode())
for line in sys.stdin:
    word, text = (line.rstrip("\n").split(" ") + [""])[:2]
    if word == "encrypt":
        print(key.encrypt(bytes.fromhex(text)).decode())
    else:
        print("=" + key.decrypt(text.encode()).hex())
)";

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

// Runs a script; its output, or nothing when it did not end well. `input` fits into the pipe.
std::optional<std::string> run_python(const char* script, const std::string& input) {
  Pipe in;
  Pipe out;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.ends[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  for (const int fd : {in.ends[0], in.ends[1], out.ends[0], out.ends[1]}) {
    ::posix_spawn_file_actions_addclose(&actions, fd);
  }
  std::string name = kPython;
  std::string option = "-c";
  std::string program = script;
  std::array<char*, 4> arguments{name.data(), option.data(), program.data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, kPython, &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  in.close_end(0);
  out.close_end(1);
  const ssize_t written = ::write(in.ends[1], input.data(), input.size());
  in.close_end(1);
  std::string output;
  std::array<char, 4096> part{};
  for (ssize_t count = 1; count > 0;) {
    count = ::read(out.ends[0], part.data(), part.size());
    if (count > 0) output.append(part.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) return std::nullopt;
  EXPECT_EQ(written, static_cast<ssize_t>(input.size()));
  return output;
}

bool has_cryptography() {
  return run_python("import importlib.util as u, sys; sys.exit(not u.find_spec('cryptography'))",
                    "")
      .has_value();
}

std::string hex_of(std::string_view text) {
  return crypto::hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::vector<std::string> texts() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  return {"",
          "hello",
          std::string(15, 'a'),
          std::string(16, 'b'),
          std::string(17, 'c'),
          bytes,
          "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x9A\x80",
          std::string(5000, 'x')};
}

class PythonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // a python that ends early is a failed test, not a dead one
    if (!has_cryptography()) {
      GTEST_SKIP() << "Fernet was NOT compared with Python: /usr/bin/python3 with the package "
                      "`cryptography` is missing (apt-get install python3-cryptography)";
    }
  }
  std::unique_ptr<Random> random_ = make_system_random();
};

TEST_F(PythonTest, python_opens_what_pilot_seals) {
  const FernetKey key = FernetKey::generate(*random_);
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::string input = std::string(key.to_text().reveal()) + "\n";
  std::string expected;
  for (const std::string& text : texts()) {
    input += "decrypt " + key.encrypt(text, now, *random_) + "\n";
    expected += "=" + hex_of(text) + "\n";
  }
  const std::optional<std::string> output = run_python(kScript, input);
  ASSERT_TRUE(output) << "python could not open what Pilot sealed; see its words above";
  EXPECT_EQ(*output, expected);
}

void expect_opens_what_python_seals(const std::string& key_text) {
  std::string input = key_text + "\n";
  for (const std::string& text : texts()) input += "encrypt " + hex_of(text) + "\n";
  const std::optional<std::string> output = run_python(kScript, input);
  ASSERT_TRUE(output);
  const KeyRing ring = std::move(KeyRing::parse(key_text)).value();
  std::size_t from = 0;
  for (const std::string& text : texts()) {
    const std::size_t end = output->find('\n', from);
    ASSERT_NE(end, std::string::npos);
    const Result<Secret> opened = ring.open(output->substr(from, end - from));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->reveal(), text);
    from = end + 1;
  }
}

TEST_F(PythonTest, pilot_opens_what_python_seals) {
  const FernetKey key = FernetKey::generate(*random_);
  expect_opens_what_python_seals(std::string(key.to_text().reveal()));
}

TEST_F(PythonTest, pilot_opens_what_python_seals_with_a_key_of_openssl_or_a_person) {
  expect_opens_what_python_seals("+w/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e7=");
}

}  // namespace
}  // namespace pilot::vault
