#include "app/database.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>

#include "base/environment.h"

namespace pilot::app {
namespace {

constexpr char kVariable[] = "PILOT_DATABASE_URL";

bool is_postgres(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::string> checked(std::string url, std::string_view source) {
  while (!url.empty() && std::isspace(static_cast<unsigned char>(url.back())) != 0) url.pop_back();
  if (url.empty() || is_postgres(url)) return url;
  return invalid("invalid_database_url",
                 fmt::format("{} does not hold a URL like "
                             "postgresql://user:password@host:5432/database",
                             source));
}

}  // namespace

std::string take_database_url() {
  const std::optional<Secret> taken = take_from_environment(kVariable);
  return taken ? std::string(taken->reveal()) : std::string();
}

Result<std::string> read_database_url(const std::string& file, const std::string& variable) {
  if (file.empty()) return checked(variable, kVariable);
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) {
    return invalid("invalid_database_url", fmt::format("cannot read {}", file));
  }
  if ((info.st_mode & 077) != 0) {
    return invalid(
        "invalid_database_url",
        fmt::format("{} holds a password and can be read by others; chmod 600 it", file));
  }
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  if (line.empty()) {
    return invalid("invalid_database_url", fmt::format("{} is empty or cannot be read", file));
  }
  return checked(std::move(line), file);
}

Result<std::unique_ptr<store::Store>> open_database(const std::string& url, const DataDir& dir,
                                                    Log& log) {
  if (url.empty()) return store::open_sqlite({.file = dir.database()}, log);
  return store::open_postgres({.url = url}, log);
}

Result<store::MigrationReport> migrate_database(const std::string& url, const DataDir& dir,
                                                Log& log) {
  if (url.empty()) return store::migrate_sqlite(dir.database(), log);
  return store::migrate_postgres(url, log);
}

std::string database_name(const std::string& url) {
  std::string name = url.substr(url.find("://") + 3);
  if (const std::size_t at = name.rfind('@'); at != std::string::npos) name.erase(0, at + 1);
  return name.substr(0, name.find('?'));
}

}  // namespace pilot::app
