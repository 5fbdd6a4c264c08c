// Does every reference of a compiled plan name something that is there by then? Internal to
// compile.cc; pure. Codes: unknown_step, forward_reference, unresolvable_reference, plan_too_large.
#pragma once

#include "plan/compiled_plan.h"
#include "plan/findings.h"

namespace pilot::plan {

// The graph of every body must have no cycle.
void check_references(const CompiledPlan& plan, Findings& findings);

// Where in its step a part stands in the document as it was written: the old key or today's.
std::string condition_pointer(const Step& step);
std::string foreach_pointer(const Step& step);

}  // namespace pilot::plan
