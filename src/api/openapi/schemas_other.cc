// Problems, providers, credentials, health.
#include <array>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

constexpr std::array kSchemas{
    SchemaDoc{"Problem",
              "type:string title:string status:integer detail:string code:string error:string "
              "pointer?:string problems?:[PlanProblem] limit?:any limit_value?:integer "
              "actual?:integer request_id?:string"},
    SchemaDoc{"Done", "success:boolean id:string"},
    SchemaDoc{"SignedOut", "success:boolean"},
    SchemaDoc{"ProviderList", "providers:[ProviderBrief] count:integer"},
    SchemaDoc{"ProviderBrief",
              "name:string title:string kind:string category:string "
              "auth:[string] actions:[string]"},
    SchemaDoc{"Provider",
              "name:string title:string description:string kind:string "
              "category:string docs:string? aliases:[string] auth:[AuthField] "
              "auth_optional:boolean oauth2:boolean test:string? rate?:object "
              "actions:[Action]"},
    SchemaDoc{"AuthField",
              "type:string title:string secret:boolean required:boolean description?:string"},
    SchemaDoc{"Action",
              "name:string title:string description:string aliases:[string] params:any "
              "effect:pure|read|idempotent|keyed|unsafe "
              "effect_depends_on_params?:boolean timeout_ms?:integer docs?:string example?:object"},
    SchemaDoc{"RequestOf",
              "! params?:any parameters?:any connection?:string? "
              "connection_values?:object? user_id?:string"},
    SchemaDoc{"RequestView", "method:string url:string headers:{string} body:any"},
    SchemaDoc{"CredentialSet",
              "type?:string credential_type?:string value?:string "
              "credentials?:{string} connection?:string? expires_at?:any "
              "user_id?:string"},
    SchemaDoc{"Credential",
              "provider:string connection:string type:string expires_at:time? "
              "created_at:time updated_at:time"},
    SchemaDoc{"CredentialList", "credentials:[Credential] connections:[ConnectionState]"},
    SchemaDoc{"ConnectionState",
              "provider:string connection:string needs_reauth:boolean needs_reauth_since:time? "
              "reason:string? scopes:[string]"},
    SchemaDoc{"OAuthStarted", "authorize_url:string expires_in:integer"},
    SchemaDoc{"ProviderCredentials", "...CredentialList provider:string types:[string]"},
    SchemaDoc{"CredentialsSaved",
              "success:boolean provider:string connection:string types:[string]"},
    SchemaDoc{"CredentialsRemoved", "success:boolean removed:integer"},
    SchemaDoc{"ConnectionTest", "! connection?:string? user_id?:string"},
    SchemaDoc{"ConnectionVerdict",
              "ok:boolean provider:string connection:string action:string message:string "
              "error?:any run_id:string"},
    SchemaDoc{"Health",
              "status:healthy|unhealthy version:string database:DatabaseHealth "
              "timestamp:time"},
    SchemaDoc{"DatabaseHealth",
              "status:ok|error kind?:string schema_version?:integer bytes?:integer code?:string"},
    SchemaDoc{"Monitoring",
              "status:running|stopping version:string uptime_seconds:integer "
              "runs:OpenRuns engine:EngineLoad providers:integer actions:integer"},
    SchemaDoc{"OpenRuns", "open:integer"},
    SchemaDoc{"EngineLoad", "active:integer open:integer limit:integer"},
    SchemaDoc{"OpenApi", "openapi:string info:object paths:object components:object"},
};

}  // namespace

std::span<const SchemaDoc> other_schemas() { return kSchemas; }

}  // namespace pilot::api::openapi
