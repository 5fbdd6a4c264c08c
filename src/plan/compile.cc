// load_plan, then the steps (compile_step.cc), then the references between them
// (references_check.cc); and all problems as one Error.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "plan/compile_step.h"
#include "plan/compiled_plan.h"
#include "plan/findings.h"
#include "plan/load.h"
#include "plan/references_check.h"

namespace pilot::plan {
namespace {

// After these the steps are not all there under their names: what else is wrong cannot be said.
constexpr std::array<std::string_view, 5> kNoStructure{
    "plan_too_large", "not_an_object", "missing_steps", "invalid_step_id", "duplicate_step_id"};

bool has_structure(const Problems& problems) {
  return std::none_of(problems.begin(), problems.end(), [](const Problem& problem) {
    return std::find(kNoStructure.begin(), kNoStructure.end(), problem.code) != kNoStructure.end();
  });
}

void compile_inputs(CompiledPlan& compiled, Findings& findings) {
  if (compiled.plan.inputs.is_null()) return;
  Result<schema::Schema> inputs = schema::Schema::compile(compiled.plan.inputs);
  if (inputs) {
    compiled.inputs = std::move(*inputs);
    return;
  }
  const Error& error = inputs.error();
  findings.add("/inputs" + error.pointer, error.code_or_kind(), error.message);
}

void number_steps(const Body& body, std::vector<const CompiledStep*>& by_number) {
  for (const CompiledStep& step : body.steps) {
    by_number[static_cast<std::size_t>(step.number)] = &step;
    number_steps(step.body, by_number);
  }
}

}  // namespace

CompileOutcome compile_plan(const Json& document,
                            std::shared_ptr<const providers::Registry> registry) {
  PILOT_ASSERT(registry != nullptr);
  Loaded loaded = load_plan(document);
  if (!has_structure(loaded.problems)) return {nullptr, std::move(loaded.problems)};
  Findings findings(std::move(loaded.problems));

  auto compiled = std::make_shared<CompiledPlan>();
  compiled->plan = std::move(loaded.plan);
  compiled->registry = std::move(registry);
  compile_inputs(*compiled, findings);

  StepCompiler steps(document, *compiled->registry, findings);
  compiled->root = steps.compile_body(compiled->plan.steps);
  compiled->step_count = steps.step_count();
  compiled->required_providers.assign(steps.providers().begin(), steps.providers().end());
  compiled->by_number.resize(static_cast<std::size_t>(compiled->step_count));
  number_steps(compiled->root, compiled->by_number);
  if (!steps.has_cycle()) check_references(*compiled, findings);

  if (!findings.empty()) return {nullptr, findings.take()};
  return {std::move(compiled), {}};
}

Error to_error(const Problems& problems) {
  PILOT_ASSERT(!problems.empty());
  const Problem& first = problems.front();
  if (problems.size() == 1) return invalid(first.code, first.message, first.pointer);
  std::string message = fmt::format("the plan has {} problems", problems.size());
  for (const Problem& problem : problems) {
    message += fmt::format("\n{}: {}", problem.pointer.empty() ? "plan" : problem.pointer,
                           problem.message);
  }
  return invalid("plan_invalid", std::move(message), first.pointer);
}

}  // namespace pilot::plan
