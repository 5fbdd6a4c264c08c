// Reading a page: one row more than the page is asked for, to know whether another follows. A page
// ends early when its rows are large.
#pragma once

#include "store/cursor.h"
#include "store/postgres/rows.h"

namespace pilot::store::postgres {

// `read`: T(Rows&); `cursor`: std::string(const T&), of the last item of the page.
template <class T, class Read, class Cursor>
Page<T> read_page(Rows& rows, std::int64_t limit, Read read, Cursor cursor) {
  Page<T> page;
  while (rows.next()) {
    if (std::ssize(page.items) == limit || rows.bytes_read() > kPageBytes) {
      page.next_cursor = cursor(page.items.back());
      break;
    }
    page.items.push_back(read(rows));
  }
  return page;
}

}  // namespace pilot::store::postgres
