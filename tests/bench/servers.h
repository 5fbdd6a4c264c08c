// The two servers of the benchmark: Pilot, and an nginx that its plans call. Both on 127.0.0.1, in
// directories of their own. Errors: nginx_missing, not_started, no_answer, bad_answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.h"
#include "http_call.h"
#include "process.h"

namespace pilot::bench {

// One worker; GET /item answers 1 KB of JSON, POST /result answers {"ok":true}.
class NginxTarget {
 public:
  static Result<NginxTarget> start(const std::filesystem::path& dir);
  std::string url(std::string_view path) const;
  std::uint16_t port() const { return port_; }
  const Process& process() const { return process_; }
  Status stop() { return process_.stop(); }

 private:
  NginxTarget(Process process, std::uint16_t port) : process_(std::move(process)), port_(port) {}
  Process process_;
  std::uint16_t port_;
};

// More options of `pilot serve`, more of its environment ("NAME=value"), and what stands before the
// program (taskset).
struct ServeSetup {
  std::vector<std::string> options;
  std::vector<std::string> environment;
  std::vector<std::string> before = {};
};

// Limits as high as they go: they are at work, and nobody runs into them.
std::vector<std::string> high_limits();

class PilotServer {
 public:
  // Waits until GET /healthz answers 200.
  static Result<PilotServer> start(const std::filesystem::path& binary,
                                   const std::filesystem::path& data_dir,
                                   const ServeSetup& setup = {});
  // Makes an API key and shows it from then on. Whoever shows none is refused afterwards.
  Status use_key();
  std::uint16_t port() const { return address_.port; }
  const Address& address() const { return address_; }
  double start_seconds() const { return start_seconds_; }  // from before the spawn to the first 200
  const Process& process() const { return process_; }
  Status stop() { return process_.stop(); }

  // Saves a plan and gives its id.
  Result<std::string> save_plan(const JsonObject& document) const;

 private:
  PilotServer(Process process, Address address, double start_seconds)
      : process_(std::move(process)), address_(std::move(address)), start_seconds_(start_seconds) {}
  Process process_;
  Address address_;
  double start_seconds_;
};

}  // namespace pilot::bench
