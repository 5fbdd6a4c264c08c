// A regular expression by RE2: time linear in the text, whatever the pattern. RE2 is known to
// schema_pattern.cc only. Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace pilot::schema {

class Pattern {
 public:
  // Code invalid_schema, no pointer: not RE2's syntax, or too large.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Anywhere in the text, as JSON Schema has it.
  bool matches(std::string_view text) const;
  // What matching may cost at worst, in the steps of a check; more for a larger pattern.
  std::size_t cost(std::string_view text) const;
  // Instructions of its program: memory and worst-case time grow with it.
  std::size_t size() const;
  const std::string& text() const;

 private:
  explicit Pattern(std::unique_ptr<const re2::RE2> re2);
  std::unique_ptr<const re2::RE2> re2_;
};

}  // namespace pilot::schema
