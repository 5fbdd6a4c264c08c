#include "store/sqlite/errors.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace pilot::store::sqlite {
namespace {

using std::chrono::seconds;

Error full(const std::string& name) {
  return unavailable("database_full",
                     fmt::format("the disk (or quota) that holds {} is full, so nothing was "
                                 "recorded; free some space and it goes on by itself",
                                 name),
                     seconds{5});
}

Error corrupt(const std::string& name, std::string_view detail) {
  return {ErrorKind::internal,
          "database_corrupt",
          fmt::format("{} is damaged or no SQLite database ({}); restore a backup, or look at it "
                      "with: sqlite3 {} 'PRAGMA integrity_check'",
                      name, detail, name),
          {}};
}

Error read_only(const std::string& name) {
  return {ErrorKind::unavailable,
          "database_read_only",
          fmt::format("{} cannot be written; give this user write access to the file and its "
                      "folder, and check that the file system is not mounted read-only",
                      name),
          {},
          seconds{30}};
}

}  // namespace

bool is_io_failure(int result) {
  const int primary = result & 0xff;
  return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_PROTOCOL;
}

Error database_failure(int result, int system_error, const std::filesystem::path& file,
                       std::string_view detail) {
  const std::string name = file.filename().string();
  if (system_error == ENOSPC || system_error == EDQUOT) return full(name);
  switch (result & 0xff) {
    case SQLITE_FULL:
      return full(name);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(name, detail);
    case SQLITE_READONLY:
      return read_only(name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable("database_busy",
                         fmt::format("another program holds a lock on {}; close it (a sqlite3 "
                                     "shell, a backup) or try again",
                                     name),
                         seconds{1});
    case SQLITE_CONSTRAINT:
      if (result == SQLITE_CONSTRAINT_PRIMARYKEY || result == SQLITE_CONSTRAINT_UNIQUE) {
        return conflict("duplicate_id", "there is already one with this id");
      }
      return internal_error(fmt::format("{} refused a row: {}", name, detail));
    case SQLITE_TOOBIG:
      return too_large("row_too_large", "a value is larger than the database can hold");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: {
      const std::string why =
          system_error == 0 ? std::string() : ": " + std::generic_category().message(system_error);
      return unavailable("database_error",
                         fmt::format("reading or writing {} failed ({}{}); check the disk and the "
                                     "system's log",
                                     name, detail, why),
                         seconds{5});
    }
    default:
      return internal_error(fmt::format("{}: {} (SQLite {})", name, detail, result));
  }
}

Error open_failure(const Error& cause, const std::filesystem::path& file) {
  Error error = cause;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    error.code = "database_error";
    error.message =
        fmt::format("cannot open {}: there is no folder {}", file.string(), folder.string());
    return error;
  }
  if (std::filesystem::is_directory(file, ignored)) {
    error.code = "database_error";
    error.message =
        fmt::format("cannot open {}: it is a folder, not a database file", file.string());
    return error;
  }
  const bool there = std::filesystem::exists(file, ignored);
  if (cause.code == "database_error" &&
      (eaccess(folder.c_str(), W_OK) != 0 || (there && eaccess(file.c_str(), W_OK) != 0))) {
    error = read_only(file.string());
  }
  error.message = fmt::format("cannot open {}: {}", file.string(), error.message);
  return error;
}

}  // namespace pilot::store::sqlite
