// What a command talks to: the server that owns the data directory, or, when there is none, a Pilot
// of its own in this process. Both through the same HTTP API, so there is one path for everything.
#pragma once

#include <functional>
#include <memory>

#include "api/client.h"
#include "app/app.h"

namespace pilot::app {

// PILOT_SQLITE_DIR.
std::string sqlite_dir_of_environment();

struct GlobalOptions {
  std::filesystem::path data_dir;
  std::string database_url_file;  // see read_database_url()
  std::string database_url;       // of the environment
  vault::KeySource keys;
  std::string sqlite_dir = sqlite_dir_of_environment();  // AppOptions::sqlite_dir
  std::filesystem::path ca_file;                         // see read_ca_file()
  bool json = false;
  std::string user;  // whom the command is for; empty: whoever runs the server ("local")
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  std::filesystem::path catalog;  // a directory of more manifests; empty: none
};

class Session {
 public:
  // Waits up to ten seconds for another short command that owns the directory. Codes:
  // data_dir_in_use, and those of App::start.
  static Result<Session> open(const GlobalOptions& options);
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) noexcept = default;
  ~Session();

  api::Client& client() { return *client_; }
  bool is_remote() const { return app_ == nullptr; }

 private:
  Session() = default;
  std::unique_ptr<App> app_;
  std::unique_ptr<api::Client> client_;
};

// Opens one for `work` and answers its exit code; without one, says why.
int with_session(const GlobalOptions& options, const std::function<int(Session&)>& work);

}  // namespace pilot::app
