// For tests only: a real server of a Debian package for the time of a test, on a free port of
// 127.0.0.1, in a folder of its own, not as root; ended by its pid. And calls of task actions.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/temp_dir_for_test.h"
#include "providers/call_for_test.h"

namespace pilot::providers::data {

// A folder under the system's place for those, owned by `user` if there is one of that name.
class TestFolder : public TempDir {
 public:
  explicit TestFolder(const char* user = nullptr) {
    if (user != nullptr) give(path(), user);
  }

  std::string write(const std::string& name, const std::string& text,
                    const char* user = nullptr) const {
    const auto file = path() / name;
    std::ofstream(file) << text;
    ::chmod(file.c_str(), 0600);
    if (user != nullptr) give(file, user);
    return file.string();
  }

 private:
  static void give(const std::filesystem::path& path, const char* user) {
    const passwd* entry = ::geteuid() == 0 ? ::getpwnam(user) : nullptr;
    if (entry != nullptr && ::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
};

inline bool accepts(std::uint16_t port) {
  const http::Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

inline std::uint16_t free_port() {
  const http::Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// A program that is running; as `user` when we are root.
class Child {
 public:
  Child(std::vector<std::string> argv, const char* user, const std::string& log) {
    if (::geteuid() == 0 && user != nullptr) {
      const passwd* entry = ::getpwnam(user);
      if (entry == nullptr) throw std::runtime_error(std::string("no user ") + user);
      const std::string group = std::to_string(entry->pw_gid);
      const std::vector<std::string> as{"setpriv", "--reuid", user,
                                        "--regid", group,     "--clear-groups"};
      argv.insert(argv.begin(), as.begin(), as.end());
    }
    std::vector<char*> raw;
    for (std::string& word : argv) raw.push_back(word.data());
    raw.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const int failed = ::posix_spawnp(&pid_, raw[0], &files, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("could not start " + argv[0]);
  }
  ~Child() {
    if (!ended_) {
      ::kill(pid_, SIGTERM);
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running() {
    int status = 0;
    if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = true;
    return !ended_;
  }
  int wait() {
    int status = 0;
    if (!ended_) ::waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void signal(int number) const { ::kill(pid_, number); }

 private:
  pid_t pid_ = 0;
  bool ended_ = false;
};

// The first of these that is installed, empty if none.
inline std::string program(std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

// Started and listening; fails with the server's own words. A port is asked for until it is open:
// a server has no other way to say so that all of them share.
inline std::unique_ptr<Child> start_server(const std::vector<std::string>& argv, const char* user,
                                           std::uint16_t port, const std::string& log) {
  auto child = std::make_unique<Child>(argv, user, log);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!accepts(port)) {
    if (!child->running() || std::chrono::steady_clock::now() > end) {
      std::ifstream file(log);
      throw std::runtime_error(argv[0] + " did not start:\n" +
                               std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::this_thread::sleep_for(Millis{10});
  }
  return child;
}

// A call of a task action on this thread, with loopback open to it.
class TaskWorld {
 public:
  TaskWorld() { ::signal(SIGPIPE, SIG_IGN); }  // as the program does
  TaskOutcome call(const std::string& provider, const std::string& action, std::string_view params,
                   std::map<std::string, std::string> connection) {
    Interrupt interrupt(std::chrono::steady_clock::now() + timeout);
    return call(provider, action, params, std::move(connection), interrupt);
  }
  TaskOutcome call(const std::string& provider, const std::string& action, std::string_view params,
                   std::map<std::string, std::string> connection, const Interrupt& interrupt) {
    std::string line(params);  // a test may break a text of SQL
    std::ranges::replace(line, '\n', ' ');
    const TestCall made(provider, action, line, std::move(connection));
    if (!made.checked) return TaskOutcome::fail(made.checked.error());
    const TaskContext context{.interrupt = interrupt,
                              .dialer = closed ? closed_ : open_,
                              .allowed_hosts = hosts,
                              .files = files};
    return std::get<TaskAction>(made.action->body).run(made.call(), context);
  }
  Millis timeout{30'000};
  bool closed = false;  // as a server for several users is
  std::vector<http::HostListPtr> hosts;
  std::string files;

 private:
  static http::AddressPolicy loopback() {
    http::AddressPolicy policy;
    policy.allow_loopback = true;
    return policy;
  }
  http::Dialer open_{loopback()};
  http::Dialer closed_{http::AddressPolicy{}};
};

inline std::string code_of(const TaskOutcome& outcome) {
  return outcome.result.error ? outcome.result.error->code : "(success)";
}
inline std::string message_of(const TaskOutcome& outcome) {
  return outcome.result.error ? outcome.result.error->message : "";
}

}  // namespace pilot::providers::data
