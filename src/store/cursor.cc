#include "store/cursor.h"

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "base/json.h"
#include "model/limits.h"

namespace pilot::store {
namespace {

Error invalid_cursor() {
  return invalid("invalid_cursor",
                 "the cursor is not one that a list gave; leave it out to start from the newest",
                 "/cursor");
}

// A cursor is nothing but the row's own key; a mark in front tells the kinds apart.
Result<std::optional<std::string>> decode(const std::string& cursor, char mark) {
  if (cursor.empty()) return std::optional<std::string>();
  Result<std::string> text = crypto::decode_base64url(cursor);
  if (!text || text->empty() || text->front() != mark || !is_valid_utf8(*text)) {
    return invalid_cursor();
  }
  // No key has one, and PostgreSQL would refuse to compare with it.
  if (text->find('\0') != std::string::npos) return invalid_cursor();
  return std::optional<std::string>(text->substr(1));
}

struct NumberAndText {
  std::int64_t number = 0;
  std::string text;
};

// "17:abc" behind the mark.
Result<std::optional<NumberAndText>> read_pair(const std::string& cursor, char mark) {
  Result<std::optional<std::string>> text = decode(cursor, mark);
  if (!text) return text.error();
  if (!text->has_value()) return std::optional<NumberAndText>();
  const std::string& key = **text;
  const std::size_t colon = key.find(':');
  NumberAndText result;
  if (colon == std::string::npos) return invalid_cursor();
  const auto read = std::from_chars(key.data(), key.data() + colon, result.number);
  if (read.ec != std::errc() || read.ptr != key.data() + colon) return invalid_cursor();
  result.text = key.substr(colon + 1);
  return std::optional<NumberAndText>(std::move(result));
}

}  // namespace

std::int64_t page_limit(const PageRequest& page) {
  return std::clamp<std::int64_t>(page.limit, 1, limits::kPageMax);
}

std::string id_cursor(const std::string& id) { return crypto::base64url("i" + id); }

Result<std::optional<std::string>> read_id_cursor(const std::string& cursor) {
  return decode(cursor, 'i');
}

std::string attempt_cursor(const AttemptKey& key) {
  return crypto::base64url("a" + std::to_string(key.seq) + ":" + key.run);
}

Result<std::optional<AttemptKey>> read_attempt_cursor(const std::string& cursor) {
  auto pair = read_pair(cursor, 'a');
  if (!pair) return pair.error();
  if (!pair->has_value()) return std::optional<AttemptKey>();
  return std::optional(AttemptKey{std::move((*pair)->text), (*pair)->number});
}

std::string fire_cursor(const FireKey& key) {
  return crypto::base64url("f" + std::to_string(key.due_at) + ":" + key.schedule);
}

Result<std::optional<FireKey>> read_fire_cursor(const std::string& cursor) {
  auto pair = read_pair(cursor, 'f');
  if (!pair) return pair.error();
  if (!pair->has_value()) return std::optional<FireKey>();
  return std::optional(FireKey{std::move((*pair)->text), (*pair)->number});
}

}  // namespace pilot::store
