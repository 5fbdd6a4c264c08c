// One whole Pilot in this process: builds, owns and wires everything, starts it, and stops it in
// reverse order. The only place that knows concrete classes. Used by the main thread.
#pragma once

#include <memory>
#include <string>

#include "api/rate_limits.h"
#include "app/data_dir.h"
#include "base/log.h"
#include "engine/engine.h"
#include "vault/key_source.h"

namespace pilot::app {

struct AppOptions {
  std::filesystem::path data_dir;
  std::string database_url;  // PostgreSQL; empty: the SQLite file of the data directory
  std::vector<std::string> roles = {"api", "worker", "scheduler"};
  std::optional<std::chrono::days> retention;  // none: finished runs are kept
  vault::KeySource keys;  // no variable and no file: pilot.key in the data directory
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  bool open =
      true;  // on loopback, and without any key or password: nobody needs to say who they are
  std::string public_url;    // how browsers reach it; empty: by its own address
  unsigned shards = 0;       // 0: one per core
  bool claim_others = true;  // take up unfinished runs; false for a one-shot command
  std::size_t max_queued = limits::kQueuedRuns;
  // Where calls may go; see http/address_guard.h. On loopback and without any key or password it is
  // one user, and their own network is theirs, whatever this says.
  bool allow_private_network = true;
  std::vector<http::HostRule> allow_hosts = {};
  std::vector<http::HostRule> deny_hosts = {};
  std::shared_ptr<const providers::OAuthClients> oauth_clients = {};  // of this deployment
  std::filesystem::path catalog;  // a directory of more manifests; empty: none
  std::string
      sqlite_dir;  // where plans may keep SQLite files, a folder for each user; empty: nowhere
  std::filesystem::path ca_file;  // authorities of one's own for what is called; or empty
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  LogLevel access_log = LogLevel::debug;  // of the line for each request
  std::filesystem::path tls_certificate;  // empty: plain HTTP
  std::filesystem::path tls_key;
  api::RateLimitOptions limits;  // of callers with a key or a session
};

class App {
 public:
  // Everything is up when it answers: the port is open, unfinished runs are being taken up. Codes:
  // data_dir_in_use, key_missing, address_in_use, invalid_ca_file, and the parts' own.
  static Result<std::unique_ptr<App>> start(AppOptions options);
  ~App();  // stops if stop() was not called

  const std::string& url() const;
  // Where commands on this machine reach it: plain HTTP on loopback, also when url() is under TLS.
  const std::string& local_url() const;
  const std::string& operator_token() const;  // the Bearer that may do everything
  std::string browser_url() const;            // begins one session in a browser
  const DataDir& data_dir() const;
  Log& log();

  // New work is refused, running calls may finish within `grace`, the journal is flushed.
  void stop(Millis grace);

 private:
  App();
  struct State;
  std::unique_ptr<State> state_;
};

std::string_view version();

}  // namespace pilot::app
