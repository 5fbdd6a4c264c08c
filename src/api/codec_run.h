// Runs, attempts and executions as JSON, and what a request to run says. Pure; any thread.
#pragma once

#include "api/body.h"
#include "engine/engine.h"
#include "model/run.h"

namespace pilot::api {

// {id, run_id, plan_id, plan_version, plan_name, user_id, status, reason, inputs, trigger, output,
// error, ..., revision}; times RFC 3339 or null.
JsonObject run_json(const Run& run);
// run_json with what may be large (inputs, trigger, output) left out when it is: a list or an event
// stays small.
JsonObject run_brief(const Run& run);

// One attempt without its output: {seq, revision, step_id, ..., output_preview, error, ...}.
JsonObject attempt_json(const Attempt& attempt);
// For events: with the output when it is small, else "output_truncated": true.
JsonObject attempt_event(const Attempt& attempt);
// A row of /api/execution-logs: the old service's columns and Pilot's.
JsonObject log_json(const Attempt& attempt);

// Attempts folded by step, item path and visit, in the order they began: [{id, item_path, visit,
// status, attempts, provider, action, output, message, error, started_at, finished_at,
// latency_ms}].
JsonArray steps_json(std::vector<Attempt> attempts);

// The old service's answer: {"execution": {plan_id, user_id, total_steps, completed_steps,
// failed_steps, step_outputs, errors, run_id, status}, "success", "run_id"}.
Json execution_json(engine::Executed executed);
// The run is not finished when the wait is over: {"run", "run_id", "status", "success": false}.
Json unfinished_json(const Run& run);

// {plan_id | plan, inputs, trigger}.
struct RunInput {
  PlanId plan_id;  // empty: `document`
  Json document;
  std::string pointer;  // of the document in the body
  Json inputs = JsonObject{};
  Json trigger;
};
// Codes: missing_param (neither plan nor plan_id), invalid_value (both), wrong_type.
Result<RunInput> read_run_input(JsonObject body);

}  // namespace pilot::api
