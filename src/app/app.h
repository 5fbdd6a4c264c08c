// One whole Pilot in this process: builds, owns and wires everything, starts it, and stops it in
// reverse order. The only place that knows concrete classes. Used by the main thread.
#pragma once

#include <memory>
#include <string>

#include "app/data_dir.h"
#include "base/log.h"
#include "engine/engine.h"

namespace pilot::app {

struct AppOptions {
  std::filesystem::path data_dir;
  std::string database_url;  // PostgreSQL; empty: the SQLite file of the data directory
  std::vector<std::string> roles = {"api", "worker", "scheduler"};
  std::optional<std::chrono::days> retention;  // none: finished runs are kept
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string token;         // required of every request; empty: loopback mode
  unsigned shards = 0;       // 0: one per core
  bool claim_others = true;  // take up unfinished runs; false for a one-shot command
  std::size_t max_queued = limits::kQueuedRuns;
  bool allow_private_network = true;  // one user on loopback: their own network is theirs
  LogLevel log_level = LogLevel::info;
};

class App {
 public:
  // Everything is up when it answers: the port is open, unfinished runs are being taken up. Codes:
  // data_dir_in_use, key_missing, address_in_use, and the parts' own.
  static Result<std::unique_ptr<App>> start(AppOptions options);
  ~App();  // stops if stop() was not called

  const std::string& url() const;
  const DataDir& data_dir() const;
  Log& log();

  // New work is refused, running calls may finish within `grace`, the journal is flushed.
  void stop(Millis grace);

 private:
  App();
  struct State;
  std::unique_ptr<State> state_;
};

// All providers of this binary.
std::shared_ptr<const providers::Registry> make_registry();

std::string_view version();

}  // namespace pilot::app
