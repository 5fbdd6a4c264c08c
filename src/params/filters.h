// The filters of references: a fixed set of pure functions, each with what it takes. Internal to
// params; docs/references.md is the description for people. Any thread. Error codes: filter_failed
// (never with a value in its message, it may be a secret), limit_exceeded.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pilot::params {

// Kinds of JSON values, as a set.
using Kinds = unsigned;
inline constexpr Kinds kText = 1;
inline constexpr Kinds kNumber = 2;
inline constexpr Kinds kBoolean = 4;
inline constexpr Kinds kList = 8;
inline constexpr Kinds kObject = 16;
inline constexpr Kinds kNull = 32;
inline constexpr Kinds kInteger = 64;  // for arguments: a number without a fraction
inline constexpr Kinds kAny = kText | kNumber | kBoolean | kList | kObject | kNull;

using Arguments = std::span<const Json>;

struct Filter {
  std::string_view name;
  Kinds takes = kAny;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;
  std::array<Kinds, 2> arguments{};
  std::string_view help;
  // Called with an input and arguments of the kinds above.
  Result<Json> (*apply)(const Json& input, Arguments arguments) = nullptr;
  bool deep = false;  // its work grows with all that is in the input, not with the top level
};

// Null when there is no such filter.
const Filter* find_filter(std::string_view name);
// What is wrong with the arguments, for the plan's author.
std::optional<std::string> check_arguments(const Filter& filter, Arguments arguments);
// "text", "a list or an object"
std::string describe_kinds(Kinds kinds);
Kinds kind_of(const Json& value);

// The name that stands for "this value if there is none"; the resolver does its work.
inline constexpr std::string_view kDefaultFilter = "default";

// One table per file; find_filter looks through all.
std::span<const Filter> text_filters();
std::span<const Filter> coding_filters();
std::span<const Filter> list_filters();
std::span<const Filter> number_filters();

// For the functions in the tables.
Error filter_error(std::string message);
Error text_limit_error();
std::string_view text_of(const Json& value);
Json text_json(std::string_view text);
// Strings as they are, everything else as compact JSON.
void append_text(std::string& out, const Json& value);
// Bytes of the character that starts at `at`; 1 for a byte that starts none.
std::size_t character_bytes(std::string_view text, std::size_t at);
std::size_t count_characters(std::string_view text);
// Where `needle` is in `text` from `from` on, in time linear in both.
std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from = 0);
// {begin, end} of a slice over `size` elements; a negative `from` counts from the end.
std::pair<std::size_t, std::size_t> slice_bounds(std::size_t size, Arguments arguments);

}  // namespace pilot::params
