// logic.transform and logic.filter: steps whose work is a jq program (docs/jq.md). Programs are
// compiled when a plan is saved, to tell what is wrong with them, and cached for runs.
#pragma once

#include <functional>

#include "providers/action.h"

namespace pilot::providers {

// `fill_in` does what the old service called transform: a `template` instead of a `program`.
Action transform_action(std::function<LogicOutcome(const Call&)> fill_in);
Action filter_action();

}  // namespace pilot::providers
