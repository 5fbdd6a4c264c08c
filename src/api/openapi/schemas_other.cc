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
              "effect_depends_on_params?:boolean verified_by?:string timeout_ms?:integer "
              "docs?:string example?:object"},
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
              "error?:any output?:any run_id:string success?:boolean is_valid?:boolean?"},
    SchemaDoc{"IntegrationTest",
              "! action_id?:string? params?:any parameters?:any connection?:string? "
              "user_id?:string"},
    SchemaDoc{"IntegrationSet",
              "! name?:string? display_name?:string? description?:string? "
              "auth_type?:api_key|oauth base_url?:string? auth_header?:string? "
              "auth_prefix?:string? oauth_config?:object? is_active?:boolean "
              "actions?:[IntegrationActionSet] openapi?:any include?:[string] "
              "source_url?:string? user_id?:string"},
    SchemaDoc{"IntegrationActionSet",
              "! id?:any action_id:string action_name?:string? description?:string? "
              "http_method?:string endpoint?:string parameters?:any created_at?:any "
              "updated_at?:any integration_id?:any"},
    SchemaDoc{"IntegrationAction",
              "id:string integration_id:string action_id:string action_name:string "
              "description:string http_method:string endpoint:string parameters:any "
              "created_at:time updated_at:time"},
    SchemaDoc{"Integration",
              "id:string user_id:string name:string display_name:string description:string "
              "auth_type:string base_url:string auth_header:string? auth_prefix:string? "
              "oauth_config:any is_active:boolean imported:boolean auth:[AuthField] "
              "oauth2:boolean action_names:[string] created_at:time updated_at:time "
              "created_by:string updated_by:string actions:[IntegrationAction]"},
    SchemaDoc{"IntegrationList", "integrations:[Integration] next_cursor:string?"},
    SchemaDoc{"IntegrationSaved",
              "success:boolean id:string integration:Integration notes?:[ImportNote] "
              "operations?:integer actions?:integer hosts?:[IntegrationHost]"},
    SchemaDoc{"IntegrationHost", "host:string for:base|operations|sign_in operations?:integer"},
    SchemaDoc{"ImportNote", "code:string message:string pointer:string count:integer"},
    SchemaDoc{"IntegrationShown",
              "success:boolean id:string integration:Integration credential_types:[string] "
              "credentials:[CredentialTested] hosts:[IntegrationHost] manifest:object"},
    SchemaDoc{"CredentialTested", "type:string is_valid:boolean last_validated_at:time?"},
    SchemaDoc{"IntegrationCredentials", "success:boolean id:string types:[string]"},
    SchemaDoc{"Health",
              "status:healthy|unhealthy version:string database:DatabaseHealth "
              "timestamp:time"},
    SchemaDoc{"DatabaseHealth",
              "status:ok|error kind?:string schema_version?:integer bytes?:integer code?:string"},
    SchemaDoc{"Monitoring",
              "status:running|stopping version:string uptime_seconds:integer "
              "runs:OpenRuns engine?:EngineLoad providers:integer actions:integer"},
    SchemaDoc{"OpenRuns", "open:integer"},
    SchemaDoc{"EngineLoad", "active:integer open:integer limit:integer"},
    SchemaDoc{"OpenApi", "openapi:string info:object paths:object components:object"},
};

}  // namespace

std::span<const SchemaDoc> other_schemas() { return kSchemas; }

}  // namespace pilot::api::openapi
