// Steps of a plan looked up in the registry and compiled: calls, params, conditions, graph, jumps.
// Internal to compile.cc; one per plan.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "plan/compiled_plan.h"
#include "plan/findings.h"

namespace pilot::plan {

class StepCompiler {
 public:
  // `document` is the plan as it was given, for pointers to its own words. Lent for the compiling.
  StepCompiler(const Json& document, const providers::Registry& registry, Findings& findings)
      : document_(document), registry_(registry), findings_(findings) {}

  Body compile_body(std::vector<Step> steps);

  int step_count() const { return count_; }
  const std::set<std::string>& providers() const { return providers_; }
  bool has_cycle() const { return has_cycle_; }

 private:
  using Positions = std::unordered_map<std::string_view, int>;  // of a list's steps, by id

  CompiledStep compile_step(Step step, int position);
  void find_call(CompiledStep& step);
  void compile_params(CompiledStep& step);
  bool refuse_references_in_code(const CompiledStep& step, const std::string& pointer);
  void compile_condition(CompiledStep& step);
  void compile_condition_program(CompiledStep& step, const std::string& pointer);
  void compile_foreach(CompiledStep& step);
  void link(Body& body, const Positions& positions);
  void report_cycle(const Body& body, const std::vector<int>& cycle);
  void link_jumps(Body& body, const Positions& positions);
  std::optional<int> jump_target(const Body& body, const Positions& positions,
                                 const CompiledStep& step, std::string_view target,
                                 std::string_view key);
  std::string written(const CompiledStep& step, std::string_view key,
                      std::string_view old_key) const;

  const Json& document_;
  const providers::Registry& registry_;
  Findings& findings_;
  int count_ = 0;
  bool has_cycle_ = false;
  std::set<std::string> providers_;
};

}  // namespace pilot::plan
