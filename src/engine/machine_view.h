// What references in one cell see: steps of its own body and of those around it, the nearest item,
// and the run's roots. Lent for one evaluation.
#pragma once

#include "engine/machine.h"
#include "jq/jq.h"
#include "params/source.h"

namespace pilot::engine {

class MachineView final : public params::Source {
 public:
  MachineView(const Machine& machine, const RunRoots& roots, const Cell& cell)
      : machine_(machine), roots_(roots), cell_(cell) {}

  const Json* root(std::string_view name) const override;
  std::optional<params::StepView> step(std::string_view key) const override;

  // Whether a program over {steps, trigger, inputs, item, index} gives something that is neither
  // null nor false; nothing is false.
  Result<bool> holds(const jq::Program& program) const;

 private:
  const Machine& machine_;
  const RunRoots& roots_;
  const Cell& cell_;
};

}  // namespace pilot::engine
