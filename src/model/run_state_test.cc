#include "model/run_state.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "model/run.h"

namespace pilot {
namespace {

constexpr std::array kStates{RunState::queued,  RunState::running, RunState::waiting,
                             RunState::success, RunState::error,   RunState::cancelled};

// The table of run_state.h, written out.
const std::map<RunState, std::set<RunState>> kFollows{
    {RunState::queued, {RunState::queued, RunState::running, RunState::cancelled, RunState::error}},
    {RunState::running,
     {RunState::running, RunState::waiting, RunState::success, RunState::error, RunState::cancelled,
      RunState::queued}},
    {RunState::waiting,
     {RunState::waiting, RunState::running, RunState::error, RunState::cancelled}},
    {RunState::success, {}},
    {RunState::error, {}},
    {RunState::cancelled, {}}};

TEST(RunState, EveryPair) {
  for (const RunState from : kStates) {
    for (const RunState to : kStates) {
      EXPECT_EQ(may_follow(from, to), kFollows.at(from).contains(to))
          << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(RunState, TerminalIsFinal) {
  for (const RunState from : kStates) {
    const bool final =
        from == RunState::success || from == RunState::error || from == RunState::cancelled;
    EXPECT_EQ(is_terminal(from), final);
    EXPECT_EQ(kFollows.at(from).empty(), final);
  }
}

TEST(RunState, NamesRoundTrip) {
  std::set<std::string_view> names;
  for (const RunState state : kStates) {
    EXPECT_EQ(run_state_from(to_string(state)), state);
    names.insert(to_string(state));
  }
  EXPECT_EQ(names.size(), kStates.size());
  EXPECT_EQ(run_state_from("Queued"), std::nullopt);
  EXPECT_EQ(run_state_from(""), std::nullopt);
}

TEST(AttemptStatus, NamesRoundTripAndFinalOnes) {
  const std::map<AttemptStatus, bool> kFinal{
      {AttemptStatus::running, false}, {AttemptStatus::success, true},
      {AttemptStatus::error, true},    {AttemptStatus::retrying, false},
      {AttemptStatus::timeout, true},  {AttemptStatus::skipped, true},
      {AttemptStatus::unknown, false},
  };
  std::set<std::string_view> names;
  for (const auto& [status, final] : kFinal) {
    EXPECT_EQ(attempt_status_from(to_string(status)), status);
    EXPECT_EQ(is_final(status), final) << to_string(status);
    names.insert(to_string(status));
  }
  EXPECT_EQ(names.size(), kFinal.size());
  EXPECT_EQ(attempt_status_from("done"), std::nullopt);
}

}  // namespace
}  // namespace pilot
