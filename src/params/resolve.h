// From references to values: walks the path, runs the filters, puts texts together. Internal to
// params; pure but for the Budget, which belongs to one evaluation on one thread. Error codes:
// unresolved_reference, filter_failed, limit_exceeded. Messages name references and types, never
// values: a value may be a secret.
#pragma once

#include <vector>

#include "base/json.h"
#include "model/limits.h"
#include "params/reference.h"
#include "params/source.h"
#include "params/template.h"

namespace pilot::params {

// What one evaluation may still read, copy and make, in bytes (about). It bounds the time and the
// memory that a plan can take with 10,000 references to one large value.
class Budget {
 public:
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  // Takes the weight of a value that stands inside `depth` lists and objects; the error says
  // whether it is too big or too deep.
  Status take_value(const Json& value, std::size_t depth);

 private:
  std::size_t left_ = limits::kRunOutput;
};

// The value with its type if the parts are one reference, else a text. `depth` counts the lists and
// objects that the result will stand in.
Result<Json> evaluate_parts(const std::vector<Part>& parts, const Source& source, Budget& budget,
                            std::size_t depth);
Result<std::string> evaluate_parts_text(const std::vector<Part>& parts, const Source& source,
                                        Budget& budget);
void list_references(const std::vector<Part>& parts, std::vector<ReferenceInfo>& out,
                     std::string_view pointer);

}  // namespace pilot::params
