// The real binary, as a person or a script uses it: commands that run to their end, and a server.
// Everything in data directories of the test's own, on ports that the system chooses. With
// PILOT_E2E_STORE=postgres each directory has a database of its own in the tests' cluster.
#pragma once

#include <functional>
#include <memory>

#include "process.h"
#include "wire.h"

namespace pilot::e2e {

using Arguments = std::vector<std::string>;

bool on_postgres();
// The URL of the database of this data directory; empty: its SQLite file.
std::string database_url(const std::filesystem::path& data_dir);
// From now on the commands of this data directory find their database by this file's URL.
void use_database_url_file(const std::filesystem::path& data_dir, const std::string& file);
// All arguments of `pilot ARGS...`, from the program on.
Arguments pilot_arguments(const std::filesystem::path& data_dir, Arguments args);

// pilot --data-dir DIR ARGS...; ends within the patience or is killed (code -1).
Finished pilot(const std::filesystem::path& data_dir, Arguments args,
               const std::string& input = {});
// The same with --json, and its stdout read; the exit code must be `code`.
Json pilot_json(const std::filesystem::path& data_dir, Arguments args, int code = 0);

// Looks again and again until it is true; false when the patience is over.
[[nodiscard]] bool eventually(const std::function<bool()>& condition,
                              std::chrono::milliseconds patience = kPatience);

// `pilot serve`. Killed when it goes, unless it was stopped.
class Server {
 public:
  // `before`: what stands before the binary, like /usr/bin/env NAME=VALUE.
  explicit Server(const std::filesystem::path& data_dir, Arguments more = {},
                  Arguments before = {});

  bool up() const { return !url_.empty(); }
  const std::string& url() const { return url_; }
  Process& process() { return *process_; }
  Answer get(std::string_view target) const { return call(url_, "GET", target); }
  Answer post(std::string_view target, std::string_view body = {}) const {
    return call(url_, "POST", target, body);
  }
  Answer put(std::string_view target, std::string_view body) const {
    return call(url_, "PUT", target, body);
  }
  Answer del(std::string_view target) const { return call(url_, "DELETE", target); }
  // The run once it has ended (or waits for a person), or what it was when the patience was over.
  Json ended(const std::string& run_id) const;
  // GET /api/health says healthy.
  bool healthy() const;
  std::size_t rss_mib() const;

  Finished stop();  // SIGTERM
  void kill();      // SIGKILL, and waits until it is gone

 private:
  std::unique_ptr<Process> process_;
  std::string url_;
};

// The arguments of `pilot serve` for `data_dir`, for who starts it without waiting.
Arguments serve_arguments(const std::filesystem::path& data_dir, const Arguments& more = {});

// Members of a JSON answer by a path like "execution/step_outputs/0/success"; null where it ends.
const Json& at(const Json& value, std::string_view path);
const JsonArray& list_at(const Json& value, std::string_view path);  // empty if it is no list
std::string text_at(const Json& value, std::string_view path);
std::vector<std::string> keys(const Json& object);
Json parsed(std::string_view text);  // a failure of the test if it is no JSON

}  // namespace pilot::e2e
