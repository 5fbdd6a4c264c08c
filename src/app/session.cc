#include "app/session.h"

#include <fmt/format.h>

#include <thread>

#include "app/database.h"
#include "app/output.h"
#include "http/url.h"

namespace pilot::app {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 10s;

// For whom, as a query that goes with every call.
std::string about(const GlobalOptions& options) {
  return options.user.empty() ? "" : "user_id=" + http::encode_component(options.user);
}

// Whoever holds the lock is the server of server.json; if nobody does, that file is a leftover.
Result<bool> is_owned(const DataDir& dir) {
  const auto lock = OwnerLock::try_take(dir);
  if (!lock) return lock.error();
  return !lock->has_value();
}

}  // namespace

std::string sqlite_dir_of_environment() {
  const char* folder = std::getenv("PILOT_SQLITE_DIR");
  return folder == nullptr ? "" : folder;
}

Result<Session> Session::open(const GlobalOptions& options) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  bool told = false;
  for (;;) {
    Result<DataDir> dir = DataDir::open(options.data_dir);
    if (!dir) return dir.error();
    Session session;
    const Result<bool> owned = is_owned(*dir);
    if (!owned) return owned.error();
    if (const auto server = *owned ? dir->read_server() : std::nullopt) {
      session.client_ = std::make_unique<api::Client>(server->url, server->token, about(options));
      const auto health = session.client_->call("GET", "/healthz");
      if (health && health->status == 200) return session;
    }
    const Result<std::string> database = read_database_url(options.database_url_file);
    if (!database) return database.error();
    AppOptions app{.data_dir = options.data_dir,
                   .database_url = *database,
                   .keys = options.keys,
                   .open = false,
                   .shards = 1,
                   .claim_others = false,
                   .catalog = options.catalog,
                   .sqlite_dir = options.sqlite_dir,
                   .log_level = std::max(options.log_level, LogLevel::warn),
                   .log_format = options.log_format};
    Result<std::unique_ptr<App>> started = App::start(std::move(app));
    if (started) {
      session.app_ = std::move(*started);
      session.client_ = std::make_unique<api::Client>(
          session.app_->url(), session.app_->operator_token(), about(options));
      return session;
    }
    if (started.error().code != "data_dir_in_use" || std::chrono::steady_clock::now() > give_up) {
      return started.error();
    }
    if (!told) fmt::print(stderr, "waiting for another pilot command on this data directory\n");
    told = true;
    std::this_thread::sleep_for(100ms);
  }
}

int with_session(const GlobalOptions& options, const std::function<int(Session&)>& work) {
  Result<Session> session = Session::open(options);
  if (!session) return refuse(session.error());
  return work(*session);
}

Session::~Session() {
  client_.reset();
  if (app_) app_->stop(Millis{5'000});
}

}  // namespace pilot::app
