#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

extern char** environ;  // NOLINT: POSIX's name

namespace pilot::e2e {
namespace {

// Our own environment without what would point Pilot at somebody's data.
std::vector<std::string> child_environment() {
  std::vector<std::string> out{"TERM=dumb"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const bool drop = text.starts_with("PILOT_") || text.starts_with("XDG_DATA_HOME=") ||
                      text.starts_with("TERM=") || text.find("_proxy=") != std::string_view::npos;
    if (!drop) out.emplace_back(text);
  }
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// An unnamed file with `text`, open for reading at its beginning.
int file_with(const std::string& text) {
  std::string name = (std::filesystem::temp_directory_path() / "pilot-e2e-in-XXXXXX").string();
  const int fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return fd;
  unlink(name.c_str());
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t n = ::write(fd, left.data(), left.size());
    if (n <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

}  // namespace

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "pilot-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make a temporary folder";
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, const std::string& content) const {
  const std::filesystem::path file = path_ / name;
  std::ofstream(file, std::ios::binary) << content;
  return file.string();
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Process::Process(const std::vector<std::string>& argv, const std::string& input) {
  int out[2];
  int err[2];
  const int in = file_with(input);
  if (in < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipes for a process";
    return;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  const std::vector<std::string> environment = child_environment();
  const int failure = posix_spawn(&pid_, argv[0].c_str(), &actions, nullptr, pointers(argv).data(),
                                  pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(in);
  close(out[1]);
  close(err[1]);
  if (failure != 0) {
    pid_ = 0;
    close(out[0]);
    close(err[0]);
    ADD_FAILURE() << "cannot start " << argv[0] << " (error " << failure << ")";
    return;
  }
  open_streams_ = 2;
  threads_.emplace_back([this, fd = out[0]] { read_all(fd, out_); });
  threads_.emplace_back([this, fd = err[0]] { read_all(fd, err_); });
  threads_.emplace_back([this] {
    siginfo_t how{};
    // Left to be reaped by the destructor: until then nobody else gets the pid.
    while (waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    code_ = how.si_code == CLD_EXITED ? how.si_status : 128 + how.si_status;
    changed_.notify_all();
  });
}

Process::~Process() {
  if (pid_ == 0) return;
  if (running()) signal(SIGKILL);
  for (std::thread& thread : threads_) thread.join();
  int status = 0;
  waitpid(pid_, &status, 0);
}

void Process::read_all(int fd, std::string& into) {
  std::string piece(64u << 10, '\0');
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (n <= 0) {
      --open_streams_;
      changed_.notify_all();
      break;
    }
    into.append(piece, 0, static_cast<std::size_t>(n));
    changed_.notify_all();
  }
  close(fd);
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Process::running() const {
  const std::lock_guard lock(mutex_);
  return pid_ > 0 && !ended_;
}

std::string Process::out() const {
  const std::lock_guard lock(mutex_);
  return out_;
}

std::string Process::err() const {
  const std::lock_guard lock(mutex_);
  return err_;
}

std::string Process::line(std::size_t n, std::chrono::milliseconds patience) const {
  std::string found;
  const auto there = [&] {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t end = out_.find('\n', begin);
      if (end == std::string::npos) return open_streams_ == 0;
      begin = end + 1;
    }
    const std::size_t end = out_.find('\n', begin);
    if (end == std::string::npos) return open_streams_ == 0;
    found = out_.substr(begin, end - begin);
    return true;
  };
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, there);
  return found;
}

Finished Process::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const auto done = [this] { return ended_ && open_streams_ == 0; };
  if (pid_ > 0 && !changed_.wait_for(lock, patience, done)) {
    lock.unlock();
    signal(SIGKILL);
    lock.lock();
    changed_.wait(lock, done);
    code_ = -1;
  }
  return {code_, out_, err_};
}

}  // namespace pilot::e2e
