// A plan checked against the registry and made ready to run: steps numbered, graph built,
// references compiled. Immutable, shared between runs and shards.
#pragma once

#include <memory>

#include "jq/jq.h"
#include "model/plan.h"
#include "model/problem.h"
#include "params/condition.h"
#include "params/template.h"
#include "providers/registry.h"

namespace pilot::plan {

struct CompiledStep;

// A list of steps: the plan's own, or the body of a foreach or group.
struct Body {
  std::vector<CompiledStep> steps;
  bool in_order = true;  // every depends_on is what the order says anyway: jumps are allowed
};

struct CompiledStep {
  Step spec;                                      // without `steps`: they are in `body`
  int number = 0;                                 // from 0, in document order over all nesting
  int position = 0;                               // in its body
  const providers::Provider* provider = nullptr;  // null for groups and foreach with a body
  const providers::Action* action = nullptr;
  params::ParamTree params;
  std::optional<params::Condition> condition;
  jq::ProgramPtr condition_program;          // `if` that is a program; then `condition` is none
  std::optional<params::ParamTree> foreach;  // gives the list; item and index are not there yet
  std::vector<int> depends_on;               // positions in the same body
  std::optional<int> error_jump;             // position in the same body
  std::optional<int> else_jump;
  Body body;
  Millis timeout{30'000};
};

struct CompiledPlan {
  Plan plan;
  Body root;
  int step_count = 0;  // with nested ones
  std::optional<schema::Schema> inputs;
  std::vector<std::string> required_providers;  // by name, sorted
  std::vector<const CompiledStep*> by_number;
  std::shared_ptr<const providers::Registry> registry;  // keeps providers and actions alive
};

// Checks everything that can be known before a run: unknown_provider, unknown_action (with the
// nearest names), missing_param / unknown_param / wrong_type (where no reference stands in the
// way), unknown_step, forward_reference (exists, but is not surely done by then),
// unresolvable_reference (cannot be seen from there: inside another list, item outside a foreach,
// no such input), invalid_reference, unknown_filter, reference_in_code, dependency_cycle,
// unknown_dependency, invalid_jump, invalid_schema (of `inputs`), plan_too_large, and load_plan's.
// At most 100 problems.
struct CompileOutcome {
  std::shared_ptr<const CompiledPlan> plan;  // null when there are problems
  Problems problems;
};
CompileOutcome compile_plan(const Json& document,
                            std::shared_ptr<const providers::Registry> registry);

// The same problems as one Error (422): code plan_invalid or that of the single problem, the
// pointer of the first, all messages.
Error to_error(const Problems& problems);

}  // namespace pilot::plan
