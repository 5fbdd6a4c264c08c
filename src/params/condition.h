// `if` (one reference; false and null are false, as in jq; or the comparison below) and the old
// `condition` text: two texts with == or != between them, quotes stripped, else the truth of the
// whole ("", "false", "0", "no", "none", "null" are false, any case). The operator is found in the
// text as written, before values are put in, so that data cannot change what is compared.
// Immutable, any thread.
#pragma once

#include "params/template.h"

namespace pilot::params {

class Condition {
 public:
  // Code invalid_condition; also for a text without any reference: that is a jq program, which is
  // the caller's to compile.
  static Result<Condition> compile_if(std::string_view text);
  static Result<Condition> compile_legacy(std::string_view text);

  Result<bool> evaluate(const Source& source) const;
  void list(std::vector<ReferenceInfo>& out, std::string_view pointer) const;

 private:
  enum class Kind { reference, equal, not_equal, truth };
  Kind kind_ = Kind::reference;
  std::optional<Template> left_;
  std::optional<Template> right_;
};

// jq's truth: everything but false and null.
bool is_true(const Json& value);

}  // namespace pilot::params
