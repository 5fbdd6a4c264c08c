#include "process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

extern char** environ;

namespace pilot::bench {
namespace {

Error not_started(const std::string& program, int error) {
  return invalid("not_started", fmt::format("cannot start {}: {}", program, std::strerror(error)));
}

// The benchmark blocks SIGINT and SIGTERM; its children must not.
struct SpawnSettings {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;

  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

timespec as_timespec(double seconds) {
  const double whole = std::floor(std::max(seconds, 0.0));
  return {static_cast<time_t>(whole), static_cast<long>((std::max(seconds, 0.0) - whole) * 1e9)};
}

// Whether that becomes readable within the time.
bool readable_within(int file, double seconds) {
  pollfd wanted{file, POLLIN, 0};
  const timespec time = as_timespec(seconds);
  return ppoll(&wanted, 1, &time, nullptr) == 1;
}

// Whether the child ends within the time; it is not reaped.
bool ends_within(pid_t child, double seconds) {
  const int file = static_cast<int>(syscall(SYS_pidfd_open, child, 0));  // no header for C++ here
  if (file < 0) return false;
  const bool ended = readable_within(file, seconds);
  close(file);
  return ended;
}

sigset_t interrupts() {
  sigset_t all;
  sigemptyset(&all);
  sigaddset(&all, SIGINT);
  sigaddset(&all, SIGTERM);
  return all;
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& argv, std::filesystem::path log,
                               const std::vector<std::string>& environment) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return not_started(argv.front(), errno);
  SpawnSettings settings;
  posix_spawn_file_actions_addopen(&settings.files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.files, ends[1], 1);
  posix_spawn_file_actions_addopen(&settings.files, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn's old signature
  }
  arguments.push_back(nullptr);
  std::vector<char*> variables;  // the first of a name is the one that counts
  for (const std::string& variable : environment) {
    variables.push_back(const_cast<char*>(variable.c_str()));
  }
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    variables.push_back(*inherited);
  }
  variables.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, argv.front().c_str(), &settings.files, &settings.attributes,
                                 arguments.data(), variables.data());
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return not_started(argv.front(), failed);
  }
  return Process(pid, ends[0], std::move(log));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      exit_status_(other.exit_status_),
      ended_(other.ended_),
      log_(std::move(other.log_)) {}

Process::~Process() {
  (void)stop();
  if (out_ >= 0) close(out_);
}

bool Process::reap(bool wait) {
  if (pid_ < 0 || ended_) return true;
  int status = 0;
  pid_t found = 0;
  do {
    found = waitpid(pid_, &status, wait ? 0 : WNOHANG);
  } while (found < 0 && errno == EINTR);
  if (found == 0) return false;
  ended_ = true;
  exit_status_ = status;
  return true;
}

bool Process::running() { return !reap(false); }

Status Process::stop() {
  if (pid_ < 0 || ended_) return ok();
  constexpr double kPatience = 15;
  kill(pid_, SIGTERM);
  const bool ended = ends_within(pid_, kPatience);
  if (!ended) kill(pid_, SIGKILL);
  reap(true);
  if (ended) return ended_well();
  return internal_error(
      fmt::format("process {} did not end within {:.0f} s of SIGTERM", pid_, kPatience));
}

Status Process::ended_well() const {
  if (WIFEXITED(exit_status_) && WEXITSTATUS(exit_status_) == 0) return ok();
  return internal_error(fmt::format(
      "process {} ended with {} {}\n{}", pid_, WIFEXITED(exit_status_) ? "exit code" : "signal",
      WIFEXITED(exit_status_) ? WEXITSTATUS(exit_status_) : WTERMSIG(exit_status_), log_tail()));
}

Result<std::string> Process::first_line(double seconds) {
  const double deadline = now_seconds() + seconds;
  std::string line;
  while (now_seconds() < deadline && !interrupted()) {
    pollfd wanted{.fd = out_, .events = POLLIN, .revents = 0};
    if (poll(&wanted, 1, 50) <= 0) continue;
    char piece[512];
    const ssize_t count = read(out_, piece, sizeof piece);
    if (count <= 0) break;
    line.append(piece, static_cast<std::size_t>(count));
    if (const std::size_t end = line.find('\n'); end != std::string::npos) {
      line.resize(end);
      return line;
    }
  }
  if (interrupted()) return interruption();
  return unavailable("no_answer",
                     fmt::format("process {} printed no line within {:.0f} s{}{}", pid_, seconds,
                                 log_tail().empty() ? "" : ":\n", log_tail()));
}

Result<std::string> Process::finish(double seconds) {
  const double deadline = now_seconds() + seconds;
  std::string text;
  while (now_seconds() < deadline && !interrupted()) {
    pollfd wanted{.fd = out_, .events = POLLIN, .revents = 0};
    if (poll(&wanted, 1, 50) <= 0) continue;
    char piece[4'096];
    const ssize_t count = read(out_, piece, sizeof piece);
    if (count > 0) {
      text.append(piece, static_cast<std::size_t>(count));
      continue;
    }
    reap(true);
    if (Status well = ended_well(); !well) return well.error();
    return text;
  }
  if (interrupted()) return interruption();
  return unavailable("no_answer",
                     fmt::format("process {} did not end within {:.0f} s", pid_, seconds));
}

Result<Footprint> Process::footprint() const {
  std::ifstream file(fmt::format("/proc/{}/status", pid_));
  Footprint found;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    name = line.substr(0, colon);
    const double value = std::strtod(line.c_str() + colon + 1, nullptr);
    if (name == "VmRSS") found.rss_mib = value / 1024;
    if (name == "VmHWM") found.peak_rss_mib = value / 1024;
    if (name == "Threads") found.threads = static_cast<int>(value);
  }
  if (found.threads == 0) {
    return unavailable("no_answer", fmt::format("process {} is gone\n{}", pid_, log_tail()));
  }
  return found;
}

double Process::cpu_seconds() const {
  clockid_t clock = 0;
  timespec spent{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

std::string Process::log_tail() const {
  std::ifstream file(log_);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  constexpr std::size_t kTail = 1'500;
  return text.size() > kTail ? text.substr(text.size() - kTail) : text;
}

Result<TempDir> TempDir::make(const std::filesystem::path& parent) {
  std::string name = (parent / "pilot-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return invalid("no_directory", fmt::format("cannot make a directory in {}: {}", parent.string(),
                                               std::strerror(errno)));
  }
  return TempDir(name);
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool interrupted() {
  sigset_t waiting;
  sigemptyset(&waiting);
  sigpending(&waiting);
  return sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1;
}

Error interruption() { return {ErrorKind::cancelled, "interrupted", "interrupted", {}}; }

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status pause_for(double seconds) {
  const sigset_t wanted = interrupts();
  const int file = signalfd(-1, &wanted, SFD_CLOEXEC);  // readable while one is pending
  if (file < 0) return internal_error("no signalfd");
  const bool asked = readable_within(file, seconds);
  close(file);
  return asked ? Status(interruption()) : ok();
}

double own_cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

}  // namespace pilot::bench
