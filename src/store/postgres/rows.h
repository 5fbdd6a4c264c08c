// What a statement answered, read row by row and column by column in order, from PostgreSQL's
// binary format. Owned by whoever reads it; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

struct pg_result;

namespace pilot::store::postgres {

class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result);  // takes it

  bool next();                    // to the next row; first to the first
  std::int64_t affected() const;  // rows that an INSERT, UPDATE or DELETE changed

  // The next column of this row. Asking for another type than the column's is a bug: what cannot be
  // read makes status() fail and gives an empty value.
  std::string text();
  std::int64_t integer();
  std::optional<std::int64_t> maybe_integer();
  int small();
  bool boolean();
  WallTime time();
  std::optional<WallTime> maybe_time();
  Json json();  // of json, jsonb; NULL: null
  std::vector<std::string> texts();

  const Status& status() const { return status_; }
  std::size_t bytes_read() const { return bytes_; }  // of all values so far

 private:
  struct Free {
    void operator()(pg_result* result) const;
  };
  std::optional<std::string_view> value();
  void unreadable();

  std::unique_ptr<pg_result, Free> result_;
  int row_ = -1;
  int column_ = 0;
  std::size_t bytes_ = 0;
  Status status_;
};

}  // namespace pilot::store::postgres
