#include "providers/data/sqlite_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "base/crypto.h"
#include "http/url.h"
#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

constexpr int kOpsBetweenLooks = 2'000;
constexpr Millis kBusyPause{10};

bool is_one_of(std::string_view word, std::span<const std::string_view> list) {
  return std::ranges::find(list, word) != list.end();
}

// What a statement may do. Other files, other code and the file's own settings are out of reach.
int judge(void*, int action, const char* first, const char* second, const char*, const char*) {
  constexpr std::array<std::string_view, 8> kPragmas{
      "table_info", "table_xinfo",      "table_list",  "index_list",
      "index_info", "foreign_key_list", "index_xinfo", "quick_check"};
  constexpr std::array<std::string_view, 3> kModules{"fts5", "fts4", "rtree"};
  constexpr std::array<std::string_view, 3> kFunctions{"load_extension", "fts3_tokenizer", "edit"};
  const std::string_view name = first == nullptr ? "" : first;
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return SQLITE_DENY;
    case SQLITE_PRAGMA:
      return is_one_of(name, kPragmas) || (name == "user_version" && second == nullptr)
                 ? SQLITE_OK
                 : SQLITE_DENY;
    case SQLITE_FUNCTION:
      return second != nullptr && is_one_of(second, kFunctions) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_CREATE_VTABLE:
      return second != nullptr && is_one_of(second, kModules) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_OK;
  }
}

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

class Session {
 public:
  Session(const std::string& path, const TaskContext& context) : path_(path), context_(context) {}

  TaskOutcome run(const Statement& statement, bool read_only);

 private:
  using Failed = std::optional<TaskOutcome>;

  Failed open(bool read_only);
  Failed prepare(const Statement& statement, bool read_only);
  Failed bind(const Statement& statement);
  Failed gather(Rows& rows);
  Json column(int index) const;
  Failed simple(const char* sql);
  TaskOutcome failed(int code);

  const std::string& path_;
  const TaskContext& context_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;  // ends before the database
};

TaskOutcome Session::failed(int code) {
  const int kind = code & 0xff;
  const Interrupt& interrupt = context_.interrupt;
  if (interrupt.is_set() && (kind == SQLITE_INTERRUPT || kind == SQLITE_BUSY)) {
    const bool cancelled = interrupt.cancelled();
    return TaskOutcome::fail(
        {.code = cancelled ? "cancelled" : "timeout",
         .message =
             fmt::format("{}; the statement was stopped and nothing was changed",
                         cancelled ? "the call was cancelled" : "the step's timeout was over"),
         .retryable = !cancelled},
        CallStage::not_sent);
  }
  StepError error{.code = "query_failed",
                  .message = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code)};
  const std::string_view text = error.message;
  if (kind == SQLITE_CONSTRAINT) error.code = "constraint_violated";
  if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
    error.code = "conflict";
    error.retryable = true;
  }
  if (kind == SQLITE_AUTH || text.starts_with("not authorized")) {
    error.code = "forbidden";
    error.message =
        "a statement may not reach other files, code or settings, nor end its "
        "transaction: " +
        std::string(text);
  } else if (text.starts_with("no such table") || text.starts_with("no such column")) {
    error.code = "not_found";
  }
  if (kind == SQLITE_TOOBIG) error.code = "output_too_large";
  if (kind == SQLITE_FULL) {
    error.code = "file_full";
    error.message =
        fmt::format("the file may have {} bytes, or the disk is full", limits::kSqliteBytes);
  }
  if (kind == SQLITE_READONLY) error.code = "read_only";
  if (kind == SQLITE_CANTOPEN) {
    error.code = "not_found";
    error.message = "there is no such file yet; a statement that writes makes it";
  }
  return TaskOutcome::fail(std::move(error), CallStage::answered);
}

Session::Failed Session::open(bool read_only) {
  std::error_code ignored;
  if (!read_only) {
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  }
  sqlite3* raw = nullptr;
  const int flags =
      (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path_.c_str(), &raw, flags, nullptr);
  database_.reset(raw);
  if (code != SQLITE_OK) return failed(code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, static_cast<int>(limits::kRequestBody));
  auto* interrupt = const_cast<Interrupt*>(&context_.interrupt);
  sqlite3_progress_handler(
      raw, kOpsBetweenLooks,
      [](void* self) { return static_cast<const Interrupt*>(self)->is_set() ? 1 : 0; }, interrupt);
  sqlite3_busy_handler(
      raw,
      [](void* self, int) {
        const auto wake = static_cast<const Interrupt*>(self)->wait(-1, 0, kBusyPause);
        return wake == Interrupt::Wake::not_yet ? 1 : 0;
      },
      interrupt);
  if (read_only) return simple("BEGIN");
  if (Failed failed = simple("PRAGMA foreign_keys = ON")) return failed;
  const std::string pages = fmt::format("PRAGMA max_page_count = {}", limits::kSqliteBytes / 4096);
  if (Failed failed = simple(pages.c_str())) return failed;
  return simple("BEGIN IMMEDIATE");
}

Session::Failed Session::simple(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Failed{} : failed(code);
}

Session::Failed Session::prepare(const Statement& statement, bool read_only) {
  sqlite3_set_authorizer(database_.get(), judge, nullptr);
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v2(database_.get(), statement.sql.c_str(),
                                static_cast<int>(statement.sql.size()), &raw, &rest);
  statement_.reset(raw);
  if (code != SQLITE_OK) return failed(code);
  const auto wrong = [](std::string code_of, std::string message) {
    return TaskOutcome::fail(invalid(std::move(code_of), std::move(message), "/sql"));
  };
  if (raw == nullptr) return wrong("invalid_value", "there is no statement");
  sqlite3_stmt* second = nullptr;
  code = sqlite3_prepare_v2(database_.get(), rest, -1, &second, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalize> other(second);
  if (code != SQLITE_OK || second != nullptr) {
    return wrong("invalid_value", "a step carries out one statement; use one step for each");
  }
  if (read_only && sqlite3_stmt_readonly(raw) == 0) {
    return wrong("read_only", "a query only reads; use execute");
  }
  return std::nullopt;
}

Session::Failed Session::bind(const Statement& statement) {
  sqlite3_stmt* to = statement_.get();
  const int wanted = sqlite3_bind_parameter_count(to);
  if (static_cast<std::size_t>(wanted) != statement.values.size()) {
    return TaskOutcome::fail(
        invalid("invalid_value",
                fmt::format("the statement has {} placeholders (?), but {} values were given",
                            wanted, statement.values.size()),
                "/params"));
  }
  for (int i = 1; i <= wanted; ++i) {
    const Json& value = *statement.values[static_cast<std::size_t>(i - 1)];
    int code = SQLITE_OK;
    if (value.is_null()) {
      code = sqlite3_bind_null(to, i);
    } else if (value.is_bool()) {
      code = sqlite3_bind_int(to, i, value.get_bool() ? 1 : 0);
    } else if (value.is_int64()) {
      code = sqlite3_bind_int64(to, i, value.get_int64());
    } else if (value.is_double()) {
      code = sqlite3_bind_double(to, i, value.get_double());
    } else {
      const std::string text =
          value.is_string() ? std::string(as_view(value.get_string())) : to_json(value);
      code = sqlite3_bind_text64(to, i, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (code != SQLITE_OK) return failed(code);
  }
  return std::nullopt;
}

Json Session::column(int index) const {
  sqlite3_stmt* from = statement_.get();
  const auto bytes = [&](const void* data) {
    return std::string_view(static_cast<const char*>(data),
                            static_cast<std::size_t>(sqlite3_column_bytes(from, index)));
  };
  switch (sqlite3_column_type(from, index)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(from, index)};
    case SQLITE_FLOAT: {
      const double number = sqlite3_column_double(from, index);
      if (std::isfinite(number)) return number;
      return number > 0 ? "Infinity" : "-Infinity";
    }
    case SQLITE_TEXT:
      return text_or_base64(bytes(sqlite3_column_text(from, index)));
    case SQLITE_BLOB:
      return Json(crypto::base64(bytes(sqlite3_column_blob(from, index))));
    default:
      return nullptr;
  }
}

Session::Failed Session::gather(Rows& rows) {
  const int width = sqlite3_column_count(statement_.get());
  std::vector<std::string> names;
  for (int i = 0; i < width; ++i) names.emplace_back(sqlite3_column_name(statement_.get(), i));
  rows.set_columns(names);
  for (;;) {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) return failed(code);
    std::vector<Json> values;
    for (int i = 0; i < width; ++i) values.push_back(column(i));
    if (const Status added = rows.add(std::move(values)); !added) {
      return TaskOutcome::fail(added.error());
    }
  }
}

TaskOutcome Session::run(const Statement& statement, bool read_only) {
  if (Failed failed = open(read_only)) return std::move(*failed);
  if (Failed failed = prepare(statement, read_only)) return std::move(*failed);
  if (Failed failed = bind(statement)) return std::move(*failed);
  Rows rows;
  if (Failed failed = gather(rows)) return std::move(*failed);
  statement_.reset();
  sqlite3_set_authorizer(database_.get(), nullptr, nullptr);
  const bool has_rows = !rows.columns().empty();
  const auto changed = std::int64_t{sqlite3_changes64(database_.get())};
  const auto id = std::int64_t{sqlite3_last_insert_rowid(database_.get())};
  if (Failed failed = simple("COMMIT")) return std::move(*failed);
  Json output = rows.take(has_rows ? static_cast<std::int64_t>(rows.size()) : changed);
  if (id != 0) output.get_object()["insert_id"] = id;
  return TaskOutcome::ok(std::move(output));
}

}  // namespace

Result<std::string> sqlite_path(std::string_view folder, std::string_view user,
                                std::string_view name) {
  if (folder.empty()) {
    return invalid("not_configured",
                   "this server keeps no SQLite files for plans; whoever runs it may set "
                   "PILOT_SQLITE_DIR to the folder for them");
  }
  const bool plain = !name.empty() && name.size() <= 100 && name.front() != '.' &&
                     std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                     });
  if (!plain || name.ends_with("-journal") || name.ends_with("-wal") || name.ends_with("-shm")) {
    return invalid("invalid_value",
                   "the connection's database is the name of a file: letters, digits, `.`, `_` and "
                   "`-`, without a folder");
  }
  std::error_code failed;
  // Links above are the operator's; below the user's folder SQLite follows none.
  const auto root = std::filesystem::weakly_canonical(std::string(folder), failed);
  if (failed) return invalid("not_configured", "the folder of PILOT_SQLITE_DIR is not there");
  return (root / ("user-" + http::encode_segment(user)) / std::string(name)).string();
}

TaskOutcome run_on_sqlite(const std::string& path, const Statement& statement, bool read_only,
                          const TaskContext& context) {
  return Session(path, context).run(statement, read_only);
}

}  // namespace pilot::providers::data
