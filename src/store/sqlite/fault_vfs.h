// FaultVfs: SQLite's own file system layer with a fault at the n-th write or sync, for tests: it
// becomes the default for connections opened while it lives. Counts from 1, over all files.
#pragma once

#include <atomic>
#include <memory>

namespace pilot::store::sqlite {

class FaultVfs {
 public:
  enum class Kind { io_error, disk_full };

  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Operation number n from now fails; with `lasting` every one after it, too, until heal().
  void fail_at(int n, Kind kind, bool lasting);
  void heal();
  int operations() const;  // since fail_at() or heal()
  bool failed() const;     // whether the fault has struck

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pilot::store::sqlite
