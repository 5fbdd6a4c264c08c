// pilot doctor: is everything in order, and if not, what to do.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "app/commands.h"
#include "app/database.h"
#include "app/output.h"
#include "app/private_memory.h"
#include "base/run_here.h"

namespace pilot::app {
namespace {

namespace fs = std::filesystem;

struct Check {
  std::string name;
  bool fine = true;
  std::string detail;
};

Check check_directory(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return {"data directory", true, path.string() + " (will be made at the first start)"};
  }
  const unsigned mode = info.st_mode & 0777;
  if ((mode & 077) != 0) {
    return {"data directory", false,
            fmt::format("{} can be read by others (mode {:o}); chmod 700 it", path.string(), mode)};
  }
  return {"data directory", true, path.string()};
}

Check check_key(const DataDir& dir, vault::KeySource source) {
  if (source.file.empty()) source.file = dir.key_file();
  std::error_code error;
  if (source.is_file() && !fs::exists(source.file, error)) {
    return {"key file", true, "none yet (made at the first start)"};
  }
  keep_memory_private();
  const auto ring = vault::read_keys(source);
  if (!ring) return {"key file", false, ring.error().message};
  return {"key file", true,
          fmt::format("{} ({} key{})", source.name(), ring->size(), ring->size() == 1 ? "" : "s")};
}

Check check_space(const fs::path& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return {"disk space", true, "not known"};
  const auto free = (static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize) >> 20;
  const bool low = free < 256;
  return {"disk space", free >= 16,
          fmt::format("{} MiB free{}", free,
                      low ? "; make room before the database cannot write" : "")};
}

Check check_postgres(const std::string& url, Log& log) {
  auto store = store::open_postgres({.url = url, .migrate = false}, log);
  if (!store) return {"database", false, store.error().message};
  boost::asio::io_context io;
  const auto health = run_here(io, (*store)->check(true));
  if (!health) return {"database", false, health.error().message};
  return {"database", true,
          fmt::format("postgresql at {}, schema {}, {} KiB{}{}", database_name(url),
                      health->schema_version, health->bytes >> 10,
                      health->advice.empty() ? "" : "; advice: ", health->advice)};
}

Check check_database(const GlobalOptions& global, const DataDir& dir, Log& log) {
  const Result<std::string> url = read_database_url(global.database_url_file, global.database_url);
  if (!url) return {"database", false, url.error().message};
  if (!url->empty()) return check_postgres(*url, log);
  std::error_code error;
  if (!fs::exists(dir.database(), error)) {
    return {"database", true, "none yet (made at the first start)"};
  }
  auto lock = OwnerLock::try_take(dir);
  if (!lock) return {"database", false, lock.error().message};
  if (!*lock) return {"database", true, "in use by a running process; integrity not checked"};
  auto store = store::open_sqlite({.file = dir.database(), .threads = false}, log);
  if (!store) return {"database", false, store.error().message};
  boost::asio::io_context io;
  const auto health = run_here(io, (*store)->check(true));
  if (!health) return {"database", false, health.error().message};
  return {"database", health->integrity == "ok",
          fmt::format("{}, schema {}, {} KiB, integrity {}", health->kind, health->schema_version,
                      health->bytes >> 10, health->integrity)};
}

Check check_server(const DataDir& dir) {
  const auto server = dir.read_server();
  if (!server) return {"server", true, "not running"};
  api::Client client(server->url, server->token);
  const auto health = client.call("GET", "/api/health");
  if (!health) {
    return {"server", true,
            fmt::format("not running (server.json of process {} was left behind)", server->pid)};
  }
  return {"server", health->status == 200,
          fmt::format("{} (process {}) answers {}", server->url, server->pid, health->status)};
}

}  // namespace

int doctor(const GlobalOptions& global) {
  Log log(LogLevel::error);
  std::vector<Check> checks{{"pilot", true, fmt::format("version {}", version())},
                            check_directory(global.data_dir)};
  std::error_code error;
  if (fs::is_directory(global.data_dir, error)) {
    if (const auto dir = DataDir::open(global.data_dir)) {
      checks.push_back(check_key(*dir, global.keys));
      checks.push_back(check_space(dir->path()));
      checks.push_back(check_database(global, *dir, log));
      checks.push_back(check_server(*dir));
    }
  }
  bool fine = true;
  JsonArray json;
  const Output output = Output::detect(global.json);
  for (const Check& check : checks) {
    fine = fine && check.fine;
    json.push_back(JsonObject{{"name", check.name}, {"ok", check.fine}, {"detail", check.detail}});
    if (!global.json) {
      print_line(fmt::format(
          "{} {:<15} {}",
          paint(output, check.fine ? Colour::green : Colour::red, check.fine ? "✓" : "✗"),
          check.name, check.detail));
    }
  }
  if (global.json) print_json(JsonObject{{"ok", fine}, {"checks", std::move(json)}});
  return fine ? kExitOk : kExitFailed;
}

}  // namespace pilot::app
