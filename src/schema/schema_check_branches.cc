// $ref, allOf, anyOf, oneOf and not.
//
// A branch is first tried without words; only when none fits are they checked again to tell what is
// wrong with the best one, so nested anyOfs do not multiply the cost of telling.
#include <algorithm>
#include <tuple>
#include <utility>

#include "schema/schema_checker.h"
#include "schema/schema_words.h"

namespace pilot::schema {

namespace {

constexpr std::size_t kBranchProblems = 20;
constexpr std::size_t kToldBranches = 50;  // more are not compared

std::ptrdiff_t depth_of(std::string_view pointer) {
  return std::count(pointer.begin(), pointer.end(), '/');
}

// How far a branch came. Problems further inside mean that more of the outside fitted.
struct Candidate {
  Problems problems;
  std::size_t mismatches = 0;
  std::ptrdiff_t depth = 0;  // of the outermost problem
  bool other_type = false;   // the value itself is of another type

  bool better_than(const Candidate& other) const {
    return std::tuple(-depth, other_type, mismatches, problems.size()) <
           std::tuple(-other.depth, other.other_type, other.mismatches, other.problems.size());
  }
};

Candidate candidate_of(Checker& told, std::ptrdiff_t here) {
  Candidate candidate{std::move(told.problems()), told.mismatches()};
  candidate.depth = depth_of(candidate.problems.front().pointer);
  for (const Problem& problem : candidate.problems) {
    const std::ptrdiff_t depth = depth_of(problem.pointer);
    candidate.depth = std::min(candidate.depth, depth);
    if (depth == here && problem.code == "wrong_type") candidate.other_type = true;
  }
  return candidate;
}

bool all_have(const Problems& problems, std::string_view code) {
  return std::all_of(problems.begin(), problems.end(),
                     [&](const Problem& problem) { return problem.code == code; });
}

// anyOf: [{required: [a]}, {required: [b]}]: each lacks names of this very object, and no more.
bool only_names_lack(const std::vector<Candidate>& candidates, std::ptrdiff_t here) {
  return std::all_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return all_have(candidate.problems, "missing_param") &&
           std::all_of(
               candidate.problems.begin(), candidate.problems.end(),
               [&](const Problem& problem) { return depth_of(problem.pointer) == here + 1; });
  });
}

std::string lacking_names(const std::vector<Candidate>& candidates) {
  std::vector<std::string> groups;
  for (const Candidate& candidate : candidates) {
    std::vector<std::string> names;
    for (const Problem& problem : candidate.problems) {
      names.push_back(problem.message.substr(0, problem.message.find(" is required")));
    }
    groups.push_back(joined(names, "and"));
  }
  return joined(groups, "or") + " is required";
}

}  // namespace

bool Checker::check_branches(const Node& node, const Json& value, const Place& place) {
  bool fits = true;
  if (node.reference != nullptr && !check(*node.reference, value, place)) fits = false;
  for (const Node* part : node.branches->all_of) {
    if (!check(*part, value, place)) fits = false;
  }
  if (!node.branches->any_of.empty() && !check_any_of(node, value, place)) fits = false;
  if (!node.branches->one_of.empty() && !check_one_of(node, value, place)) fits = false;
  if (node.branches->excluded != nullptr && !check_not(node, value, place)) fits = false;
  return fits;
}

Checker::Trial Checker::try_out(const Node& node, const Json& value, const Place& place) {
  const std::size_t before = state_.skipped;
  Checker quiet{state_, 0};
  const bool fits = quiet.check(node, value, place);
  return {fits, state_.skipped == before};
}

bool Checker::check_any_of(const Node& node, const Json& value, const Place& place) {
  const bool fits =
      std::any_of(node.branches->any_of.begin(), node.branches->any_of.end(),
                  [&](const Node* branch) { return try_out(*branch, value, place).fits; });
  return fits || tell_branches(node.branches->any_of, value, place);
}

bool Checker::check_one_of(const Node& node, const Json& value, const Place& place) {
  std::vector<std::string> certain;  // the numbers of the branches, from 1
  bool possible = false;
  for (std::size_t i = 0; i < node.branches->one_of.size(); ++i) {
    const Trial trial = try_out(*node.branches->one_of[i], value, place);
    if (trial.fits && trial.certain) certain.push_back(std::to_string(i + 1));
    if (trial.fits) possible = true;
  }
  if (!possible) return tell_branches(node.branches->one_of, value, place);
  if (certain.size() <= 1) return true;
  return fail(place, "invalid_value", [&] {
    return "expected exactly one of the " + std::to_string(node.branches->one_of.size()) +
           " forms allowed here, got what fits " + joined(certain, "and") + " of them";
  });
}

bool Checker::check_not(const Node& node, const Json& value, const Place& place) {
  const Trial trial = try_out(*node.branches->excluded, value, place);
  if (!trial.fits || !trial.certain) return true;
  return fail(place, "invalid_value", [&] {
    return "expected anything but " + describe(*node.branches->excluded) + ", got " +
           got(value, state_.secret);
  });
}

bool Checker::tell_branches(const std::vector<const Node*>& branches, const Json& value,
                            const Place& place) {
  if (most_ == 0 || state_.gave_up != nullptr) return false;
  const std::ptrdiff_t here = depth_of(place.pointer());
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < branches.size() && i < kToldBranches; ++i) {
    Checker told{state_, kBranchProblems};
    told.check(*branches[i], value, place);
    if (told.problems().empty()) return false;  // gave up
    candidates.push_back(candidate_of(told, here));
  }
  if (candidates.size() > 1 && only_names_lack(candidates, here)) {
    return fail(place, "missing_param", [&] { return lacking_names(candidates); });
  }
  Candidate& best =
      *std::min_element(candidates.begin(), candidates.end(),
                        [](const Candidate& a, const Candidate& b) { return a.better_than(b); });
  mismatches_ += best.mismatches;
  if (candidates.size() == 1 || best.depth > here) {
    for (Problem& problem : best.problems) add(std::move(problem));
    return false;
  }
  // No branch took the value as a whole: say what all of them would have taken.
  Node all;
  all.branches.make().any_of = branches;
  return fail(place, all_have(best.problems, "wrong_type") ? "wrong_type" : "invalid_value",
              [&] { return "expected " + describe(all) + ", got " + got(value, state_.secret); });
}

}  // namespace pilot::schema
