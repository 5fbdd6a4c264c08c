// The states of a run and the one table of what may follow what. Diagram: docs/state_machine.md.
#pragma once

#include <optional>
#include <string_view>

namespace pilot {

enum class RunState { queued, running, waiting, success, error, cancelled };

std::string_view to_string(RunState state);
std::optional<RunState> run_state_from(std::string_view text);

inline bool is_terminal(RunState s) {
  return s == RunState::success || s == RunState::error || s == RunState::cancelled;
}

// queued -> running, cancelled (and error: its plan cannot be loaded any more)
// running -> waiting, success, error, cancelled, queued (handed back at shutdown)
// waiting -> running, error, cancelled
// a terminal state is final; staying is always allowed for the others
bool may_follow(RunState from, RunState to);

}  // namespace pilot
