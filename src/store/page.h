// Keyset pages: `cursor` is opaque to callers (the key of the last row of the page before). A page
// may be shorter than asked for when its rows are large; only an empty next_cursor means the end.
// A cursor that no list gave: invalid_argument/invalid_cursor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/limits.h"

namespace pilot::store {

struct PageRequest {
  std::int64_t limit = limits::kPageDefault;  // 1 .. limits::kPageMax
  std::string cursor;                         // empty: from the start (newest first)
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next_cursor;  // empty: that was the last
};

}  // namespace pilot::store
