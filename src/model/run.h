// A run and its attempts as they are stored: rows of `runs` and `execution_logs`. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/shared_json.h"
#include "model/ids.h"
#include "model/run_state.h"

namespace pilot {

struct Run {
  UserId user;
  RunId id;
  PlanId plan;           // empty: the plan came with the run and stands in `document`
  int plan_version = 0;  // 0 with `document`
  std::string plan_name;
  Json document;  // the plan itself when it is not a stored one, else null
  RunState state = RunState::queued;
  std::string reason;               // why it waits: timer, retry, outcome_unknown, ...; else empty
  Json inputs;                      // object
  Json trigger;                     // {type, ...}, what started it
  SharedJson output;                // output of the last step, once it has succeeded
  Json error;                       // {code, message, step?}, once it has failed; else null
  std::optional<WallTime> wake_at;  // when a waiting run is due
  WallTime created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::optional<WallTime> deadline;  // plan timeout
  RunId retry_of;
  std::string node;           // who owns it: a process's uuid; empty: nobody
  std::int64_t epoch = 0;     // raised by every claim; writes of an older epoch do nothing
  std::int64_t revision = 0;  // number of the last change of the run or its attempts; SSE event id
  std::int32_t total_steps = 0;
  // Of a run in a list: too large for that, and so null here.
  bool inputs_cut = false;
  bool trigger_cut = false;
  bool output_cut = false;
};

// Status of an attempt. `running` exists only while `finished_at` is empty: the mark that a call is
// about to be made. A crash leaves it behind, and recovery decides by the effect class.
enum class AttemptStatus { running, success, error, retrying, timeout, skipped, unknown };
std::string_view to_string(AttemptStatus status);
std::optional<AttemptStatus> attempt_status_from(std::string_view text);
inline bool is_final(AttemptStatus s) {
  return s != AttemptStatus::running && s != AttemptStatus::retrying && s != AttemptStatus::unknown;
}

// One try of one step. Key: (user, run, seq).
struct Attempt {
  UserId user;
  RunId run;
  std::int64_t seq = 0;       // 1, 2, ... in the run, without a gap
  std::int64_t revision = 0;  // number of its last change
  PlanId plan;
  std::string plan_name;
  std::int32_t step_number = 0;  // from 1, among all steps of the plan in document order
  std::string step_id;
  std::string item_path;   // "" at the top; "2" or "2.0" inside foreach bodies
  std::int32_t visit = 1;  // raised when a jump comes back to the step
  std::int32_t attempt = 1;
  std::string provider;
  std::string action;
  AttemptStatus status = AttemptStatus::running;
  std::string message;
  SharedJson output;  // null unless success (or a failed call that had an answer)
  Json error;         // StepError as JSON, or null
  Json metadata;      // object, or null
  std::string idempotency_key;
  std::optional<int> http_status;
  std::optional<WallTime> wake_at;  // retrying: when the next attempt is due; running wait: its end
  WallTime started_at;
  std::optional<WallTime> finished_at;
  std::int64_t latency_ms = 0;
};

}  // namespace pilot
