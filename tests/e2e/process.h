// Child processes and temporary folders for the end-to-end tests: start by posix_spawn, read what
// they write, wait with a deadline, signal by pid. Used by one thread, unless a member says more.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pilot::e2e {

// How long a test waits for something that must come: long, because the machine may be busy. Only
// a failing test waits so long.
inline constexpr std::chrono::seconds kPatience{60};

// A folder of its own under the system's place for those; removed with all in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // Writes a file in it and answers its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);

struct Finished {
  int code = -1;  // exit code, 128 + n after signal n, -1: it did not end in time and was killed
  std::string out;
  std::string err;
};

class Process {
 public:
  // `input` is its stdin, from a file. Not started (pid 0) is a failure of the test.
  explicit Process(const std::vector<std::string>& argv, const std::string& input = {});
  ~Process();  // kills it if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;  // any thread; nothing happens once it has ended
  bool running() const;
  std::string out() const;
  std::string err() const;
  // Its n-th line on stdout, from 0; empty when it ended or the time was over before that.
  std::string line(std::size_t n, std::chrono::milliseconds patience = kPatience) const;
  Finished wait(std::chrono::milliseconds patience = kPatience);

 private:
  void read_all(int fd, std::string& into);

  pid_t pid_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string out_;  // these under mutex_
  std::string err_;
  bool ended_ = false;
  int code_ = -1;
  int open_streams_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace pilot::e2e
