// The syntax tree of references and the reader that makes it. Internal to params; template.h is the
// way in. Immutable once made, any thread. Error codes: invalid_reference, unknown_filter (both
// with the column), template_too_large.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "params/filters.h"

namespace pilot::params {

struct PathPart {
  enum class Kind {
    key,     // .name or ["name"]
    index,   // [0], [-1]
    either,  // .0: an index of a list, a key of an object
  };
  Kind kind = Kind::key;
  std::string key;  // as text, for every kind
  std::int64_t index = 0;
};

struct FilterCall {
  const Filter* filter = nullptr;
  std::vector<Json> arguments;
};

struct Reference {
  std::string text;  // as written, without ${ } or {{ }}
  std::string root;
  std::string step;  // id or zero-based position, for the root `steps`
  std::vector<PathPart> path;
  std::vector<FilterCall> filters;
  bool has_default = false;
};

// A stretch of a text: either literal, with its escapes undone, or one reference.
struct Part {
  std::size_t begin = 0;  // in the text as written
  std::size_t end = 0;
  std::string literal;
  std::optional<Reference> reference;
};

// In order, no two literals side by side; none at all for an empty text.
Result<std::vector<Part>> parse_parts(std::string_view text);

// True when the parts are exactly one reference and nothing else.
bool is_one_reference(const std::vector<Part>& parts);

}  // namespace pilot::params
