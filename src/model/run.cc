#include "model/run.h"

#include <array>

namespace pilot {
namespace {

struct AttemptName {
  AttemptStatus status;
  std::string_view name;
};
constexpr std::array<AttemptName, 7> kAttemptNames{{{AttemptStatus::running, "running"},
                                                    {AttemptStatus::success, "success"},
                                                    {AttemptStatus::error, "error"},
                                                    {AttemptStatus::retrying, "retrying"},
                                                    {AttemptStatus::timeout, "timeout"},
                                                    {AttemptStatus::skipped, "skipped"},
                                                    {AttemptStatus::unknown, "unknown"}}};

struct StateName {
  RunState state;
  std::string_view name;
};
constexpr std::array<StateName, 6> kStateNames{{{RunState::queued, "queued"},
                                                {RunState::running, "running"},
                                                {RunState::waiting, "waiting"},
                                                {RunState::success, "success"},
                                                {RunState::error, "error"},
                                                {RunState::cancelled, "cancelled"}}};

}  // namespace

std::string_view to_string(AttemptStatus status) {
  for (const auto& entry : kAttemptNames) {
    if (entry.status == status) return entry.name;
  }
  return "error";
}

std::optional<AttemptStatus> attempt_status_from(std::string_view text) {
  for (const auto& entry : kAttemptNames) {
    if (entry.name == text) return entry.status;
  }
  return std::nullopt;
}

std::string_view to_string(RunState state) {
  for (const auto& entry : kStateNames) {
    if (entry.state == state) return entry.name;
  }
  return "error";
}

std::optional<RunState> run_state_from(std::string_view text) {
  for (const auto& entry : kStateNames) {
    if (entry.name == text) return entry.state;
  }
  return std::nullopt;
}

bool may_follow(RunState from, RunState to) {
  if (is_terminal(from)) return false;
  if (from == to) return true;
  switch (from) {
    case RunState::queued:
      return to == RunState::running || to == RunState::cancelled || to == RunState::error;
    case RunState::running:
      return true;
    case RunState::waiting:
      return to == RunState::running || to == RunState::error || to == RunState::cancelled;
    default:
      return false;
  }
}

}  // namespace pilot
