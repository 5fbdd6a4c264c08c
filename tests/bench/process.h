// Child processes of the benchmark: started with posix_spawn, ended by their pid, and what the
// kernel says about them. Used by the benchmark's one thread. Errors: not_started, no_answer,
// interrupted.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace pilot::bench {

struct Footprint {
  double rss_mib = 0;
  double peak_rss_mib = 0;  // since the process began
  int threads = 0;
};

class Process {
 public:
  // argv[0] is a path. Standard error goes to `log`, standard output can be read by first_line.
  // `environment`: "NAME=value", besides and before the benchmark's own.
  static Result<Process> start(const std::vector<std::string>& argv, std::filesystem::path log,
                               const std::vector<std::string>& environment = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();  // stops it

  pid_t pid() const { return pid_; }
  Result<std::string> first_line(double seconds);
  // All that it prints until it ends by itself. An error if it takes longer, or does not end well.
  Result<std::string> finish(double seconds);
  bool running();
  // SIGTERM, and SIGKILL if that did not help in 15 s. An error if it did not end by itself, or not
  // with exit code 0.
  Status stop();

  Result<Footprint> footprint() const;
  double cpu_seconds() const;  // user and system, all threads
  std::string log_tail() const;

 private:
  Process(pid_t pid, int out, std::filesystem::path log)
      : pid_(pid), out_(out), log_(std::move(log)) {}
  bool reap(bool wait);
  Status ended_well() const;

  pid_t pid_;
  int out_;
  int exit_status_ = 0;
  bool ended_ = false;
  std::filesystem::path log_;
};

// A directory of its own, removed with everything in it at the end.
class TempDir {
 public:
  static Result<TempDir> make(const std::filesystem::path& parent);
  TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Ctrl-C or SIGTERM was sent. Both are blocked for the whole program (see main), so that every
// object is destroyed in order: no server and no directory is left behind.
bool interrupted();
Error interruption();

double now_seconds();              // steady
Status pause_for(double seconds);  // ends early, with an error, when interrupted
double own_cpu_seconds();

}  // namespace pilot::bench
