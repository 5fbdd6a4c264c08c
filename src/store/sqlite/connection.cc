#include "store/sqlite/connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <limits>

#include "store/sqlite/errors.h"

namespace pilot::store::sqlite {
namespace {

// What is stored was checked when it came in; reading it back must not fail on a limit.
constexpr JsonLimits kStoredJson{.max_bytes = std::size_t{1} << 30,
                                 .max_depth = 10'000,
                                 .max_keys = std::numeric_limits<std::size_t>::max(),
                                 .max_number_length = std::size_t{1} << 20};
constexpr int kBusyTimeoutMs = 5'000;
constexpr std::size_t kScratchKept = std::size_t{1} << 20;

// SQLite would make it 0644; its -wal and -shm files take the mode from it.
void make_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace

Query::Query(Connection& connection, sqlite3_stmt* statement, Status status)
    : connection_(connection), statement_(statement), status_(std::move(status)) {}

Query::~Query() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

void Query::note(int result) {
  if (status_) status_ = connection_.error(result);
}

void Query::bind_next(std::string_view text) {
  if (statement_ == nullptr) return;
  connection_.bytes_bound_ += text.size();
  // A null pointer would bind NULL; an empty view may have one.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int result =
      sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result != SQLITE_OK) note(result);
}

void Query::bind_next(TerminatedText text) {
  if (statement_ == nullptr) return;
  connection_.bytes_bound_ += text.text.size();
  // A length would hide that it is terminated.
  const int result = sqlite3_bind_text(statement_, ++bound_, text.text.data(), -1, SQLITE_STATIC);
  if (result != SQLITE_OK) note(result);
}

void Query::bind_next(std::int64_t value) {
  if (statement_ == nullptr) return;
  const int result = sqlite3_bind_int64(statement_, ++bound_, value);
  if (result != SQLITE_OK) note(result);
}

void Query::bind_next(std::nullptr_t) {
  if (statement_ == nullptr) return;
  const int result = sqlite3_bind_null(statement_, ++bound_);
  if (result != SQLITE_OK) note(result);
}

void Query::bind_next(AfterAllText) {
  if (statement_ == nullptr) return;
  const int result = sqlite3_bind_zeroblob(statement_, ++bound_, 0);  // a blob sorts after all text
  if (result != SQLITE_OK) note(result);
}

bool Query::next() {
  if (!status_) return false;
  column_ = 0;
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) note(result);
  return false;
}

Status Query::run() {
  while (next()) {
  }
  return status_;
}

std::string_view Query::column_text() {
  const int column = column_++;
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  bytes_read_ += size;
  return {data, size};
}

std::string Query::text() { return std::string(column_text()); }

std::int64_t Query::integer() { return sqlite3_column_int64(statement_, column_++); }

std::optional<std::int64_t> Query::maybe_integer() {
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) {
    ++column_;
    return std::nullopt;
  }
  return integer();
}

std::optional<WallTime> Query::maybe_time() {
  const auto micros = maybe_integer();
  if (!micros) return std::nullopt;
  return from_unix_micros(*micros);
}

Json Query::json() {
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) {
    ++column_;
    return nullptr;
  }
  Result<Json> value = parse_json(column_text(), kStoredJson);
  if (value) return std::move(*value);
  if (status_) {
    status_ = database_failure(SQLITE_CORRUPT, 0, connection_.file_,
                               "a stored value is no JSON: " + value.error().message);
  }
  return nullptr;
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  std::unique_ptr<Connection> connection(new Connection(options));
  if (Status done = connection->set_up(options); !done) return done.error();
  return connection;
}

Status Connection::set_up(const ConnectionOptions& options) {
  const bool memory = options.file == ":memory:";
  if (options.role == Role::writer && !memory) make_private(options.file);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (memory ? SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(options.file.c_str(), &db_, flags, nullptr);
  if (opened != SQLITE_OK) return error(opened);
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, kBusyTimeoutMs);
  sqlite3_wal_hook(db_, note_commit, &log_);  // also turns automatic checkpoints off
  if (sqlite3_db_readonly(db_, "main") == 1) return error(SQLITE_READONLY);

  // Caches fill as needed. secure_delete FAST still wipes what costs no extra write.
  Status set = execute(
      "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
      "PRAGMA secure_delete=FAST; PRAGMA cell_size_check=ON;");
  if (set && options.role == Role::reader) {
    set = execute("PRAGMA cache_size=-2048; PRAGMA query_only=ON;");
  }
  if (set && options.role == Role::writer) set = check_owner();
  if (set && options.role == Role::writer) {
    // A log that is overwritten in place syncs faster than one that grows, so it is not truncated
    // at every checkpoint; the limit only takes back what a burst made.
    set = execute(
        "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16384;");
  }
  if (set) {
    set =
        execute(options.synchronous_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  }
  if (!set) return set;
  Query mode = query("PRAGMA journal_mode");
  if (mode.next() && mode.text() != "wal" && !memory) {
    return unavailable("database_error",
                       "write-ahead logging does not work here (a network file system?); keep the "
                       "database on a local disk",
                       std::chrono::seconds{30});
  }
  if (!mode.status()) return mode.status();
  const Result<std::int64_t> readable = number("SELECT count(*) FROM sqlite_schema");
  return readable ? ok() : Status(readable.error());
}

Status Connection::check_owner() {
  constexpr std::int64_t kApplicationId = 1346980948;  // as migration 1 sets it
  const Result<std::int64_t> owner = number("PRAGMA application_id");
  if (!owner) return owner.error();
  if (*owner == kApplicationId) return ok();
  const Result<std::int64_t> objects = number("SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();
  if (*objects == 0) return ok();
  return Error{ErrorKind::conflict,
               "database_error",
               fmt::format("{} is an SQLite database of another program; choose another file or "
                           "data directory",
                           file().string()),
               {}};
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

Query Connection::query(const char* sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return {*this, known->second, ok()};
  sqlite3_stmt* statement = nullptr;
  const int result =
      sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return {*this, nullptr, error(result)};
  statements_.emplace(sql, statement);
  return {*this, statement, ok()};
}

Status Connection::execute(const char* sql) {
  const int result = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return error(result);
  return ok();
}

Result<std::int64_t> Connection::number(const char* sql) {
  Query rows = query(sql);
  if (rows.next()) return rows.integer();
  if (!rows.status()) return rows.status().error();
  return internal_error("no row where one was expected");
}

std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }
std::int64_t Connection::total_changes() const { return sqlite3_total_changes64(db_); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

int Connection::note_commit(void* log, sqlite3*, const char*, int pages) {
  Log& state = *static_cast<Log*>(log);
  if (pages <= state.pages) state.moved = 0;  // it has started over at its beginning
  state.pages = pages;
  return SQLITE_OK;
}

void Connection::checkpoint() {
  int pages = 0;
  int moved = 0;
  const int result =
      sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
  if (result == SQLITE_OK) {
    log_ = {.pages = pages, .moved = moved};
  } else if (result != SQLITE_BUSY) {
    static_cast<void>(error(result));  // marks an I/O error; the log still holds everything
  }
}

void Connection::release_memory() { sqlite3_db_release_memory(db_); }

Error Connection::error(int result) {
  if (is_io_failure(result)) broken_ = true;
  const int system_error = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  // errno is only of this failure when the failure was the system's.
  const int cause = is_io_failure(result) ? system_error : 0;
  return database_failure(result, cause, file_,
                          db_ == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(db_));
}

std::string& Connection::scratch() {
  // Swapped, because a string that is assigned a short one keeps its room.
  if (scratch_.capacity() > kScratchKept) std::string().swap(scratch_);
  scratch_.clear();
  return scratch_;
}

}  // namespace pilot::store::sqlite
