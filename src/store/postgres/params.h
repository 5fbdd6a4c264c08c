// Parameters of one statement, in PostgreSQL's binary format: nothing is quoted, pasted or parsed
// as text. Plain values; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace pilot::store::postgres {

// Types by their oid (pg_type.dat); they never change.
enum class Type : unsigned {
  boolean = 16,
  int8 = 20,
  int4 = 23,
  text = 25,
  json = 114,
  timestamptz = 1184,
};

// One column of many rows, for unnest(): an array parameter. A NUL in a text becomes U+FFFD, since
// PostgreSQL's text has none and a row of the log must not be refused for it.
class Column {
 public:
  explicit Column(Type type);

  void text(std::string_view value);
  void integer(std::int64_t value);
  void small(int value);
  void maybe_small(std::optional<int> value);
  void boolean(bool value);
  void time(WallTime value);
  void maybe_time(std::optional<WallTime> value);
  void json(const Json& value);  // null: NULL
  void null();

  Type type() const { return type_; }
  std::string bytes() const;  // as the array is sent
  std::int32_t size() const { return size_; }

 private:
  void length(std::size_t bytes);
  Type type_;
  std::string elements_;
  std::int32_t size_ = 0;
  bool has_null_ = false;
};

class Params {
 public:
  Params& text(std::string_view value);
  Params& integer(std::int64_t value);
  Params& maybe_integer(std::optional<std::int64_t> value);
  Params& small(int value);
  Params& boolean(bool value);
  Params& time(WallTime value);
  Params& maybe_time(std::optional<WallTime> value);
  Params& json(const Json& value);   // null: NULL
  Params& jsonb(const Json& value);  // null: NULL
  Params& maybe_text(const std::optional<std::string>& value);
  Params& maybe_boolean(std::optional<bool> value);
  Params& bytes_of(std::string_view value);  // bytea
  Params& texts(std::span<const std::string> values);
  Params& column(const Column& column);

  std::size_t size() const { return slots_.size(); }
  const std::vector<unsigned>& types() const { return types_; }
  // What libpq wants: a pointer to each value (null: NULL), and its length. Good as long as nothing
  // is added.
  std::vector<const char*> values() const;
  std::vector<int> lengths() const;
  std::size_t bytes() const { return bytes_.size(); }

 private:
  struct Slot {
    std::size_t begin = 0;
    int length = 0;
    bool null = false;
  };
  Params& put(unsigned type, std::string_view bytes);
  Params& put_null(unsigned type);

  std::string bytes_;
  std::vector<Slot> slots_;
  std::vector<unsigned> types_;
};

// One statement: the address of its text is the name it is prepared under, so `sql` is a constant.
struct Command {
  const char* sql = nullptr;
  Params params;
};

}  // namespace pilot::store::postgres
