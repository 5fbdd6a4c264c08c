// Runs, their steps and attempts, and what executing answers.
#include <array>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

constexpr std::array kSchemas{
    SchemaDoc{"RunStart",
              "! plan_id?:string? plan?:any inputs?:object? trigger?:object? "
              "user_id?:string"},
    SchemaDoc{"Execute",
              "plan_id?:string? plan?:any plan_json?:any inputs?:object? "
              "trigger?:object? user_id?:string"},
    SchemaDoc{"ExecuteStep",
              "provider:string action?:string action_id?:string params?:any "
              "parameters?:any connection?:string inputs?:object? user_id?:string"},
    SchemaDoc{"RunHead",
              "id:string run_id:string plan_id:string? plan_version:integer? plan_name:string "
              "user_id:string status:queued|running|waiting|success|error|cancelled "
              "reason:string? error:any total_steps:integer wake_at:time? created_at:time "
              "started_at:time? finished_at:time? deadline:time? retry_of:string? "
              "revision:integer inputs:any trigger:any output:any"},
    SchemaDoc{"Run", "...RunHead plan?:any"},
    SchemaDoc{"RunBrief",
              "...RunHead inputs_truncated?:boolean trigger_truncated?:boolean "
              "output_truncated?:boolean"},
    SchemaDoc{"RunDetail", "...Run steps:[RunStep] attempts:[Attempt]"},
    SchemaDoc{"RunList", "runs:[RunBrief] next_cursor:string?"},
    SchemaDoc{"RunStep",
              "id:string item_path:string visit:integer ...AttemptStatus "
              "attempts:integer provider:string action:string output:any message:string "
              "error:any started_at:time finished_at:time? latency_ms:integer"},
    SchemaDoc{"AttemptStatus", "status:running|success|error|retrying|timeout|skipped|unknown"},
    SchemaDoc{"Attempt",
              "run_id:string seq:integer revision:integer step_number:integer step_id:string "
              "item_path:string visit:integer attempt:integer provider:string action:string "
              "...AttemptStatus message:string output_preview:string error:any "
              "http_status:integer? idempotency_key:string? wake_at:time? started_at:time "
              "finished_at:time? latency_ms:integer"},
    SchemaDoc{"LogRow",
              "...Attempt id:string plan_id:string? user_id:string plan_name:string "
              "error_code:string? timestamp:time created_at:time"},
    SchemaDoc{"LogList", "logs:[LogRow] next_cursor:string?"},
    SchemaDoc{"Unfinished", "run:Run run_id:string status:string success:boolean"},
    SchemaDoc{"Execution", "execution:ExecutionResult success:boolean run_id:string"},
    SchemaDoc{"ExecutionResult",
              "plan_id:string? user_id:string total_steps:integer completed_steps:integer "
              "failed_steps:integer step_outputs:{StepOutput} errors:[StepFailure] run_id:string "
              "status:string"},
    SchemaDoc{"StepOutput",
              "provider:string action:string success:boolean output:any message:string"},
    SchemaDoc{"StepFailure", "step:integer? provider:string? error:string"},
    SchemaDoc{"StepResult",
              "success:boolean output:any message:string error:any "
              "attempts?:integer run_id:string status:string"},
};

}  // namespace

std::span<const SchemaDoc> run_schemas() { return kSchemas; }

}  // namespace pilot::api::openapi
