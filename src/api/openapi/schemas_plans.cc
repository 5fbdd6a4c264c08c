// Plans, their versions and schedules.
#include <array>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

constexpr std::array kSchemas{
    SchemaDoc{"Plan",
              "id:string user_id:string name:string original_prompt:string plan_json:any "
              "plain_english_steps:[string] required_providers:[string] trigger:object? "
              "status:active|draft|archived version:integer created_at:time updated_at:time"},
    SchemaDoc{"PlanSaved", "success:boolean id:string plan:Plan"},
    SchemaDoc{"PlanList", "plans:[Plan] next_cursor:string?"},
    SchemaDoc{"PlanVersion",
              "plan_id:string version:integer name:string plan_json:any created_at:time"},
    SchemaDoc{"PlanVersions", "versions:[PlanVersion]"},
    SchemaDoc{"Verdict", "ok:boolean problems:[PlanProblem]"},
    SchemaDoc{"PlanProblem", "pointer:string code:string message:string"},
    SchemaDoc{"ScheduleSet",
              "type?:string cron_expression?:string timezone?:string dialect?:string dst?:string "
              "misfire_grace_time?:any coalesce?:boolean max_instances?:integer start?:string? "
              "end?:string? jitter?:any inputs?:object config?:object user_id?:string"},
    SchemaDoc{"Nothing", "user_id?:string"},
    SchemaDoc{"ScheduleAnswer",
              "success:boolean plan_id:string scheduled:boolean next_run:time? "
              "schedule:Schedule"},
    SchemaDoc{"Unscheduled", "success:boolean plan_id:string scheduled:boolean"},
    SchemaDoc{"Job",
              "id:string name:string trigger:string next_run:time? plan_id:string "
              "user_id:string cron_expression:string timezone:string"},
    SchemaDoc{"JobList", "jobs:[Job] next_cursor:string?"},
    SchemaDoc{"Schedule",
              "...Job dialect:string dst:string misfire_grace_time:integer? coalesce:boolean "
              "max_instances:integer jitter:integer start:time? end:time? inputs:any "
              "created_at:time updated_at:time description:string? upcoming:[time]"},
    SchemaDoc{"Fire",
              "schedule_id:string plan_id:string scheduled_at:time last_scheduled_at:time "
              "count:integer? status:fired|missed cause:string? lateness_ms:integer "
              "coalesced_count:integer run_id:string? recorded_at:time"},
    SchemaDoc{"FireList", "fires:[Fire] next_cursor:string?"},
};

}  // namespace

std::span<const SchemaDoc> plan_schemas() { return kSchemas; }

}  // namespace pilot::api::openapi
