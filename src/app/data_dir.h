// The data directory: where everything that Pilot keeps lives, and who owns it. One process at a
// time holds `lock`; a server that does tells its address in `server.json`, so that other commands
// talk to it instead. Used by the main thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace pilot::app {

struct ServerAddress {
  std::string url;  // http://127.0.0.1:8080
  int pid = 0;
  std::string token;  // the operator's: whoever may read server.json may do everything
};

class DataDir {
 public:
  // --data-dir, else $XDG_DATA_HOME/pilot, else ~/.local/share/pilot.
  static std::filesystem::path default_path();

  // Makes it (mode 0700) if it is not there. Code data_dir_unusable.
  static Result<DataDir> open(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "pilot.db"; }
  std::filesystem::path key_file() const { return path_ / "pilot.key"; }

  std::optional<ServerAddress> read_server() const;
  Status write_server(const ServerAddress& server) const;
  void remove_server() const;

 private:
  explicit DataDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Ownership of a data directory, as long as it lives (flock: it ends with the process, too).
class OwnerLock {
 public:
  // None when somebody else has it. Code data_dir_unusable.
  static Result<std::optional<OwnerLock>> try_take(const DataDir& dir);
  OwnerLock(OwnerLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnerLock& operator=(OwnerLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnerLock();

  // A line in the lock's file: what the owner before left there, and what the next one is to find.
  std::string note() const;
  void leave_note(std::string_view note) const;

 private:
  explicit OwnerLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace pilot::app
