// The dependency graph of one list of steps: cycles, and what surely comes before what. Positions
// in the list stand for the steps. Pure; linear in edges (ancestors: times steps / 64).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pilot::plan {

using Edges = std::vector<std::vector<int>>;  // for each step the positions that it depends on

// A cycle with its first step again at the end, beginning at its smallest position; or empty.
std::vector<int> find_cycle(const Edges& depends_on);

// Which steps are done before a step begins. The graph must have no cycle.
class Ancestors {
 public:
  explicit Ancestors(const Edges& depends_on);
  bool has(int step, int earlier) const;

 private:
  std::size_t words_ = 0;  // per step
  std::vector<std::uint64_t> bits_;
};

}  // namespace pilot::plan
