// What a database query gives, gathered row by row within the limits of a step's output. One per
// call, on its thread.
#pragma once

#include <string>
#include <vector>

#include "providers/action.h"

namespace pilot::providers::data {

class Rows {
 public:
  // In the order of the result. A name that is there twice gets a number: id, id_2.
  void set_columns(const std::vector<std::string>& names);
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t size() const { return rows_.size(); }

  // Values in the order of the columns. Code output_too_large.
  Status add(std::vector<Json> values);

  // {rows, columns, row_count}; `count` is what the statement changed or gave.
  Json take(std::int64_t count);

 private:
  std::vector<std::string> columns_;
  JsonArray rows_;
  std::size_t bytes_ = 0;
};

Error too_many_bytes();

// A number as exact as JSON can have it: an integer of 64 bits, or a double whose shortest text is
// the same number; else the text as it is. `text` is a decimal number as databases write it.
Json number_or_text(std::string_view text);

// "2026-01-02 03:04:05.12+00" -> "2026-01-02T03:04:05.12Z": RFC 3339 with `zone` put behind when
// the text has none (empty: a time without zone stays one). Anything else as it is.
std::string timestamp_text(std::string_view text, std::string_view zone);

// UTF-8 as it is, anything else as base64.
Json text_or_base64(std::string_view bytes);

}  // namespace pilot::providers::data
