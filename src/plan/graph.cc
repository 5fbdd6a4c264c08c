// Depth first over the edges, with a stack of its own: a plan may be a thousand steps deep.
#include "plan/graph.h"

#include <algorithm>

namespace pilot::plan {
namespace {

enum class Mark : std::uint8_t { fresh, on_path, done };

struct Visit {
  int step = 0;
  std::size_t next = 0;  // edge to follow next
};

std::size_t at(int position) { return static_cast<std::size_t>(position); }

std::vector<int> cycle_from(const std::vector<Visit>& path, int back_to) {
  std::vector<int> cycle;
  auto from = std::find_if(path.begin(), path.end(),
                           [back_to](const Visit& visit) { return visit.step == back_to; });
  for (; from != path.end(); ++from) cycle.push_back(from->step);
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  cycle.push_back(cycle.front());
  return cycle;
}

// Depth first with its own stack. `leave(step)` is called after all that the step depends on.
template <class Leave>
std::vector<int> walk(const Edges& depends_on, Leave leave) {
  std::vector<Mark> marks(depends_on.size(), Mark::fresh);
  std::vector<Visit> path;
  for (int start = 0; start < static_cast<int>(depends_on.size()); ++start) {
    if (marks[at(start)] != Mark::fresh) continue;
    marks[at(start)] = Mark::on_path;
    path.push_back({start});
    while (!path.empty()) {
      Visit& visit = path.back();
      const auto& edges = depends_on[at(visit.step)];
      if (visit.next == edges.size()) {
        marks[at(visit.step)] = Mark::done;
        leave(visit.step);
        path.pop_back();
        continue;
      }
      const int before = edges[visit.next++];
      if (marks[at(before)] == Mark::on_path) return cycle_from(path, before);
      if (marks[at(before)] == Mark::done) continue;
      marks[at(before)] = Mark::on_path;
      path.push_back({before});
    }
  }
  return {};
}

}  // namespace

std::vector<int> find_cycle(const Edges& depends_on) {
  return walk(depends_on, [](int) {});
}

Ancestors::Ancestors(const Edges& depends_on)
    : words_((depends_on.size() + 63) / 64), bits_(words_ * depends_on.size()) {
  walk(depends_on, [&](int step) {
    std::uint64_t* const mine = &bits_[at(step) * words_];
    for (const int before : depends_on[at(step)]) {
      const std::uint64_t* const theirs = &bits_[at(before) * words_];
      for (std::size_t word = 0; word < words_; ++word) mine[word] |= theirs[word];
      mine[at(before) / 64] |= std::uint64_t{1} << (at(before) % 64);
    }
  });
}

bool Ancestors::has(int step, int earlier) const {
  return (bits_[at(step) * words_ + at(earlier) / 64] >> (at(earlier) % 64) & 1) != 0;
}

}  // namespace pilot::plan
