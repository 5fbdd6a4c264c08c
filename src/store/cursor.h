// The opaque cursors of pages: the key of the last row, as base64url. Whose rows a page shows is
// decided by the query alone; a cursor from somewhere else only moves where it begins. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/page.h"

namespace pilot::store {

// A page ends early, with a cursor, once its rows hold this many bytes of text: 500 rows may have
// outputs of 5 MB each.
inline constexpr std::size_t kPageBytes = std::size_t{8} << 20;

std::int64_t page_limit(const PageRequest& page);  // within 1 .. limits::kPageMax

std::string id_cursor(const std::string& id);
// Empty cursor: nothing. Error code: invalid_cursor.
Result<std::optional<std::string>> read_id_cursor(const std::string& cursor);

struct AttemptKey {
  std::string run;
  std::int64_t seq = 0;
};
std::string attempt_cursor(const AttemptKey& key);
Result<std::optional<AttemptKey>> read_attempt_cursor(const std::string& cursor);

struct FireKey {
  std::string schedule;
  std::int64_t due_at = 0;
};
std::string fire_cursor(const FireKey& key);
Result<std::optional<FireKey>> read_fire_cursor(const std::string& cursor);

}  // namespace pilot::store
