// One SQLite connection and the statements prepared on it. Used by one thread at a time: the writer
// has its own, each reader borrows one. Statements are prepared once and kept.
//
// Error codes: database_full, database_error, database_busy (unavailable, with retry_after),
// database_read_only, database_corrupt, and conflict/duplicate_id for a key that is taken.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pilot::store::sqlite {

class Connection;

// A text without a NUL in it, and with one behind it: SQLite copies what has none before a function
// (substr in a generated column) may look at it, however large it is.
struct TerminatedText {
  std::string_view text;
};

// One use of a prepared statement; it goes back to the connection when this ends. Errors are kept:
// bind and step as if all were well, then ask status(). Texts that are bound are not copied: they
// must live until the query ends.
class Query {
 public:
  Query(Connection& connection, sqlite3_stmt* statement, Status status);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Binds all parameters in order, from the first.
  template <class... Values>
  Query& bind(const Values&... values) {
    bound_ = 0;
    (bind_next(values), ...);
    return *this;
  }
  // Larger than every text in a comparison: the first page's "before" key.
  struct AfterAllText {};

  bool next();   // a row is there; false: no more, or an error
  Status run();  // steps to the end
  const Status& status() const { return status_; }

  // Columns of the row, from the left; each call takes the next.
  std::string text();
  std::int64_t integer();
  int small() { return static_cast<int>(integer()); }
  bool boolean() { return integer() != 0; }
  std::optional<std::int64_t> maybe_integer();
  WallTime time() { return from_unix_micros(integer()); }
  std::optional<WallTime> maybe_time();
  Json json();
  std::size_t bytes_read() const { return bytes_read_; }  // of texts, over all rows so far

 private:
  void bind_next(std::string_view text);
  void bind_next(TerminatedText text);
  void bind_next(const std::string& text) { bind_next(std::string_view(text)); }
  void bind_next(const char* text) { bind_next(std::string_view(text)); }
  void bind_next(std::int64_t value);
  void bind_next(int value) { bind_next(std::int64_t{value}); }
  void bind_next(std::nullptr_t);
  void bind_next(AfterAllText);
  void bind_next(WallTime time) { bind_next(to_unix_micros(time)); }
  template <class T>
  void bind_next(const std::optional<T>& value) {
    if (value) {
      bind_next(*value);
    } else {
      bind_next(nullptr);
    }
  }
  void note(int result);
  std::string_view column_text();

  Connection& connection_;
  sqlite3_stmt* statement_;
  Status status_;
  int bound_ = 0;
  int column_ = 0;
  std::size_t bytes_read_ = 0;
};

enum class Role { writer, reader };

struct ConnectionOptions {
  std::filesystem::path file;
  Role role = Role::writer;
  bool synchronous_full = true;
};

class Connection {
 public:
  // Opens the file (the writer makes it, mode 0600) and sets it up: WAL, bounded caches.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` must be a constant: its address is its name in the cache.
  Query query(const char* sql);
  Status execute(const char* sql);               // statements without parameters, not kept
  Result<std::int64_t> number(const char* sql);  // first column of the first row

  std::int64_t changes() const;        // of the last statement
  std::int64_t total_changes() const;  // of all
  bool in_transaction() const;
  // An empty file may become ours; one with somebody else's tables must stay as it is.
  Status check_owner();
  std::size_t bytes_bound() const { return bytes_bound_; }  // of texts, ever

  // Pages of the write-ahead log that are not in the database file yet, after the last commit.
  int log_pages() const { return log_.pages - log_.moved; }
  // Moves what it can into the database file. Readers that hold an old snapshot only delay it.
  void checkpoint();
  // Gives memory of the page cache back.
  void release_memory();

  // An I/O error happened: what the kernel did with the pages is unknown, so this connection (and
  // its cache) must not be used again.
  bool broken() const { return broken_; }
  Error error(int result);
  // Room for the JSON texts of one statement, reused.
  std::string& scratch();

  const std::filesystem::path& file() const { return file_; }

 private:
  friend class Query;
  static int note_commit(void* log, sqlite3* db, const char* name, int pages);
  explicit Connection(const ConnectionOptions& options) : file_(options.file) {}
  Status set_up(const ConnectionOptions& options);

  std::filesystem::path file_;
  sqlite3* db_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  std::string scratch_;
  std::size_t bytes_bound_ = 0;
  struct Log {
    int pages = 0;  // in the write-ahead log after the last commit
    int moved = 0;  // of these, in the database file, too
  } log_;
  bool broken_ = false;
};

}  // namespace pilot::store::sqlite
