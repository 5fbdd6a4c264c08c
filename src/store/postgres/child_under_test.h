// A program that a test needs: runs as the user postgres when we are root (PostgreSQL and pgbouncer
// refuse root), writes its log to a file, and ends with us, however we end. For tests only.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/temp_dir_for_test.h"

extern char** environ;  // NOLINT: POSIX

namespace pilot::store::postgres {

// A port that nobody listens on at the moment.
inline std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found = ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// The same URL with another port (and 127.0.0.1).
inline std::string with_port(std::string url, std::uint16_t port) {
  const std::size_t host = url.find('@') + 1;
  return url.replace(host, url.find('/', host) - host, "127.0.0.1:" + std::to_string(port));
}

// Whether it became so in time.
inline bool eventually(const std::function<bool()>& so,
                       std::chrono::seconds patience = std::chrono::seconds{10}) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

// A folder of the user postgres; goes away with its content.
class Folder : public TempDir {
 public:
  Folder() {
    const passwd* postgres = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    if (postgres != nullptr && ::chown(path().c_str(), postgres->pw_uid, postgres->pw_gid) != 0) {
      throw std::runtime_error("chown " + path().string());
    }
  }
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
};

class Child {
 public:
  Child(std::vector<std::string> program, const std::filesystem::path& log) {
    std::vector<std::string> words{"/usr/bin/setpriv", "--pdeathsig=TERM"};
    if (::geteuid() == 0) {
      for (const char* word : {"--reuid=postgres", "--regid=postgres", "--init-groups"}) {
        words.emplace_back(word);
      }
    }
    words.insert(words.end(), program.begin(), program.end());
    std::vector<char*> args;
    for (std::string& word : words) args.push_back(word.data());
    args.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0644);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const int failed = ::posix_spawn(&pid_, args[0], &actions, nullptr, args.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " + program[0]);
  }
  ~Child() { stop(SIGKILL); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits until it is gone.
  void stop(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    wait();
  }
  // Its exit status.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace pilot::store::postgres
