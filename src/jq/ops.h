// What operators and paths do to values. Errors go to the Call (and the answer is null). Never
// recursive but for slices and merges, which are bounded by kValueDepth.
#pragma once

#include <span>
#include <vector>

#include "jq/ast.h"
#include "jq/builtins.h"

namespace pilot::jq {

Val arithmetic(Call& call, Op op, Val left, Val right);
bool holds(Meter& meter, Op op, const Val& left, const Val& right);
Val negated(Call& call, const Val& value);

// target[key]: null for what is not there.
Val index(Call& call, const Val& target, const Val& key);
// target[from:to] of an array, a string (in code points) or null; null ends are open.
Val slice(Call& call, const Val& target, const Val& from, const Val& to);

// The elements [start, end) that a slice key ({start, end}) names in an array of `size`.
bool slice_bounds(Call& call, const Val& key, std::size_t size, std::size_t& start,
                  std::size_t& end);

// Paths are arrays of keys.
Val get_path(Call& call, Val root, const Val& path);
void set_path(Call& call, Val& root, std::span<const Val> path, Val value);
// Moves out what is there, leaving null, where that is possible; else a copy.
Val take_path(Call& call, Val& root, std::span<const Val> path);
Val delete_paths(Call& call, Val root, const Val& paths);
Val delete_path(Call& call, Val root, std::span<const Val> path);
std::vector<Val> path_keys(Call& call, const Val& path);

}  // namespace pilot::jq
