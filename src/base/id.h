// Ids as distinct types over a short text, and the two UUID shapes that Pilot makes.
// A UUIDv7 (RFC 9562) sorts by its time; a UUIDv8 carries a hash.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace pilot {

template <class Tag>
struct Id {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const Id&) const = default;
};

std::string make_uuid7(WallTime now, Random& random);
// Not greater than any UUIDv7 made then or later, to the millisecond: ids before it are older.
std::string first_uuid7(WallTime at);
// UUIDv8 from the first 16 bytes of SHA-256 of `name`.
std::string make_uuid8(std::string_view name);
bool is_uuid(std::string_view text);

}  // namespace pilot

template <class Tag>
struct std::hash<pilot::Id<Tag>> {
  std::size_t operator()(const pilot::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text);
  }
};
