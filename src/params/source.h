// Where references find their values. Implemented by the engine's run; lent for one evaluation.
#pragma once

#include <string_view>

#include "base/json.h"

namespace pilot::params {

class Source {
 public:
  virtual ~Source() = default;
  // trigger, inputs, item, index, run, plan, user, vars; null when there is none (no such root
  // here)
  virtual const Json* root(std::string_view name) const = 0;
  // A step by id or by zero-based position ("0"): {output, success, message, error, metadata,
  // attempts, started_at}; null when it has not run.
  virtual const Json* step(std::string_view key) const = 0;
};

}  // namespace pilot::params
