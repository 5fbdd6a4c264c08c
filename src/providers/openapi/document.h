// The document that is imported: its version, and what its $refs lead to. Lent while an import
// runs, on one thread.
#pragma once

#include <unordered_map>

#include "base/json.h"
#include "providers/openapi/notes.h"

namespace pilot::providers::openapi {

// Bounds the work of one import: every schema that is looked at is a step.
class Steps {
 public:
  bool spend() { return ++used_ <= kMost; }
  bool left() const { return used_ <= kMost; }

 private:
  static constexpr std::size_t kMost = 30'000'000;  // some seconds
  std::size_t used_ = 0;
};

class Document {
 public:
  // Codes: invalid_openapi, unsupported_version.
  static Status check(const Json& root);
  explicit Document(const Json& root);

  const Json& root() const { return root_; }
  bool swagger() const { return swagger_; }
  Steps& steps() { return steps_; }

  // What a local $ref ("#/a/b") leads to, however many more lie on the way; null with a note when
  // it leads out of the document, nowhere, or in a circle.
  const Json* target(std::string_view ref, Notes& notes);
  // The value itself, or what it leads to when it is {$ref: ...}.
  const Json* resolved(const Json& value, Notes& notes);

  // Whether schema/ can check this pattern; compiled once for each that there is.
  bool is_usable_pattern(std::string_view pattern);

 private:
  const Json* look_up(std::string_view ref, Notes& notes);

  const Json& root_;
  bool swagger_;
  Steps steps_;
  std::unordered_map<std::string_view, const Json*> known_;
  std::unordered_map<std::string_view, bool> patterns_;
};

}  // namespace pilot::providers::openapi
