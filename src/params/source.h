// Where references find their values. Implemented by the engine's run; lent for one evaluation.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace pilot::params {

// A step that has run. Its output may be large and stands apart from its other fields, because
// others hold it, too.
struct StepView {
  const Json* fields = nullptr;  // {success, message, error, metadata, attempts, started_at}
  const Json* output = nullptr;
};

class Source {
 public:
  virtual ~Source() = default;
  // trigger, inputs, item, index, run, plan, user, vars; null when there is none (no such root
  // here)
  virtual const Json* root(std::string_view name) const = 0;
  // A step by id or by zero-based position ("0"); none when it has not run.
  virtual std::optional<StepView> step(std::string_view key) const = 0;
};

}  // namespace pilot::params
