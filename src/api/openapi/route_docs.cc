// What each route takes and answers. Its method, path, scope and summary stand with the route.
#include <array>
#include <stdexcept>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

constexpr std::array kRoutes{
    RouteDoc{"front_page", "token", "", "200:text 303:text 403:text"},
    RouteDoc{"health", "", "", "200:Health 503:Health"},
    RouteDoc{"healthz", "", "", "200:text"},
    RouteDoc{"readyz", "", "", "200:text"},
    RouteDoc{"monitoring_status", "", "", "200:Monitoring"},
    RouteDoc{"openapi", "", "", "200:OpenApi"},

    RouteDoc{"list_providers", "", "", "200:ProviderList"},
    RouteDoc{"show_provider", "", "", "200:Provider"},
    RouteDoc{"describe_request", "", "RequestOf?", "200:RequestView"},

    RouteDoc{"list_plans", "limit cursor plan_status", "", "200:PlanList"},
    RouteDoc{"create_plan", "", "AnyPlan", "201:PlanSaved"},
    RouteDoc{"validate_plan_document", "", "AnyPlan", "200:Verdict"},
    RouteDoc{"show_plan", "", "", "200:PlanSaved"},
    RouteDoc{"update_plan", "", "AnyPlan", "200:PlanSaved"},
    RouteDoc{"remove_plan", "", "", "200:Done"},
    RouteDoc{"list_plan_versions", "", "", "200:PlanVersions"},
    RouteDoc{"validate_plan", "", "Nothing?", "200:Verdict"},
    RouteDoc{"show_plan_schedule", "", "", "200:ScheduleAnswer"},
    RouteDoc{"schedule_plan", "", "ScheduleSet", "200:ScheduleAnswer"},
    RouteDoc{"unschedule_plan", "", "Nothing?", "200:Unscheduled"},

    RouteDoc{"list_execution_plans", "limit cursor plan_status", "", "200:PlanList"},
    RouteDoc{"create_execution_plan", "", "AnyPlan", "201:PlanSaved"},
    RouteDoc{"validate_execution_plan_document", "", "AnyPlan", "200:Verdict"},
    RouteDoc{"show_execution_plan", "", "", "200:PlanSaved"},
    RouteDoc{"update_execution_plan", "", "AnyPlan", "200:PlanSaved"},
    RouteDoc{"remove_execution_plan", "", "", "200:Done"},
    RouteDoc{"list_execution_plan_versions", "", "", "200:PlanVersions"},
    RouteDoc{"validate_execution_plan", "", "Nothing?", "200:Verdict"},
    RouteDoc{"show_execution_plan_schedule", "", "", "200:ScheduleAnswer"},
    RouteDoc{"schedule_execution_plan", "", "ScheduleSet", "200:ScheduleAnswer"},
    RouteDoc{"unschedule_execution_plan", "", "Nothing?", "200:Unscheduled"},
    RouteDoc{"list_scheduler_jobs", "limit cursor", "", "200:JobList"},
    RouteDoc{"list_scheduler_fires", "limit cursor plan_id", "", "200:FireList"},

    RouteDoc{"execute", "wait", "Execute", "200:Execution 202:Unfinished"},
    RouteDoc{"execute_plan", "wait", "Execute", "200:Execution 202:Unfinished"},
    RouteDoc{"execute_step", "wait", "ExecuteStep", "200:StepResult 202:Unfinished"},
    RouteDoc{"create_run", "", "RunStart", "202:Run"},
    RouteDoc{"list_runs", "limit cursor run_status plan_id", "", "200:RunList"},
    RouteDoc{"show_run", "", "", "200:RunDetail"},
    RouteDoc{"cancel_run", "", "Nothing?", "200:Run"},
    RouteDoc{"run_events", "last_event_id", "", "200:events 204"},
    RouteDoc{"list_execution_logs", "limit cursor plan_id run_id", "", "200:LogList"},

    RouteDoc{"list_credentials", "", "", "200:CredentialList"},
    RouteDoc{"list_provider_credentials", "", "", "200:ProviderCredentials"},
    RouteDoc{"test_connection", "", "ConnectionTest?", "200:ConnectionVerdict"},
    RouteDoc{"oauth_start", "connection return_to", "", "200:OAuthStarted 303:text"},
    RouteDoc{"oauth_callback", "state code error iss", "", "200:page 303:text"},
    RouteDoc{"set_credentials", "", "CredentialSet", "201:CredentialsSaved"},
    RouteDoc{"remove_connection", "connection", "", "200:CredentialsRemoved"},
    RouteDoc{"remove_credential", "connection", "", "200:CredentialsRemoved"},
    RouteDoc{"list_custom_integrations", "limit cursor", "", "200:IntegrationList"},
    RouteDoc{"create_custom_integration", "", "IntegrationSet", "201:IntegrationSaved"},
    RouteDoc{"show_custom_integration", "", "", "200:IntegrationShown"},
    RouteDoc{"update_custom_integration", "", "IntegrationSet", "200:IntegrationSaved"},
    RouteDoc{"remove_custom_integration", "", "", "200:Done"},
    RouteDoc{"set_custom_credentials", "", "CredentialSet", "201:IntegrationCredentials"},
    RouteDoc{"test_custom_integration", "", "IntegrationTest?", "200:ConnectionVerdict"},
    RouteDoc{"get_keyring", "", "", "200:Keyring"},
    RouteDoc{"rotate_keyring", "", "Rotate?", "200:Rotated"},
    RouteDoc{"drop_key", "", "", "200:Dropped"},
    RouteDoc{"list_nodes", "", "", "200:NodeList"},

    RouteDoc{"create_key", "", "NewKey", "201:MadeKey"},
    RouteDoc{"list_keys", "limit cursor", "", "200:KeyList"},
    RouteDoc{"revoke_key", "", "", "200:Done"},
    RouteDoc{"create_user", "", "NewUser", "201:UserSaved"},
    RouteDoc{"list_users", "limit cursor", "", "200:UserList"},
    RouteDoc{"update_user", "", "UserChange", "200:UserSaved"},
    RouteDoc{"remove_user", "", "", "200:Done"},
    RouteDoc{"sign_in", "", "SignIn", "201:SignedIn"},
    RouteDoc{"change_password", "", "NewPassword", "200:SignedIn"},
    RouteDoc{"show_session", "", "", "200:Caller"},
    RouteDoc{"sign_out", "", "", "200:SignedOut"},
    RouteDoc{"list_audit", "limit cursor", "", "200:AuditList"},
};

struct Query {
  std::string_view name;  // in this file
  std::string_view sent;  // in the request
  std::string_view schema;
  std::string_view description;
};

constexpr std::array kQueries{
    Query{"limit", "limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
          "how many rows at most"},
    Query{"cursor", "cursor", R"({"type":"string","maxLength":500})",
          "next_cursor of the page before"},
    Query{"plan_status", "status", R"({"type":"string","enum":["","active","draft","archived"]})",
          "plans in that status only"},
    Query{"run_status", "status",
          R"({"type":"string","enum":["","queued","running","waiting","success","error",)"
          R"("cancelled"]})",
          "runs in that status only"},
    Query{"plan_id", "plan_id", R"({"type":"string"})", "of that plan only"},
    Query{"run_id", "run_id", R"({"type":"string"})", "of that run only"},
    Query{"wait", "wait", R"({"type":"number","minimum":0,"maximum":300,"default":60})",
          "seconds to wait for the end"},
    Query{"connection", "connection", R"({"type":"string","default":"default"})",
          "the connection's name"},
    Query{"return_to", "return_to", R"({"type":"string","maxLength":2000})",
          "where the browser goes at last: a path of this server, or a URL of its own"},
    Query{"state", "state", R"({"type":"string"})", "as the vendor was given it"},
    Query{"code", "code", R"({"type":"string"})", "to be traded for tokens"},
    Query{"error", "error", R"({"type":"string"})", "why there is no code"},
    Query{"iss", "iss", R"({"type":"string"})", "who answers (RFC 9207)"},
    Query{"last_event_id", "last_event_id", R"({"type":"integer","minimum":0})",
          "go on after that event; as the header Last-Event-ID"},
    Query{"token", "token", R"({"type":"string"})", "of the address that the server printed"},
    Query{"user_id", "user_id", R"({"type":"string"})",
          "the caller, or a user for whom the caller may act (scope act-as)"},
};

}  // namespace

std::span<const RouteDoc> route_docs() { return kRoutes; }

Json query_parameter(std::string_view name) {
  for (const Query& query : kQueries) {
    if (query.name != name) continue;
    return JsonObject{{"name", query.sent},
                      {"in", "query"},
                      {"description", query.description},
                      {"schema", parse_json(query.schema).value()}};
  }
  throw std::logic_error("OpenAPI: no query parameter " + std::string(name));
}

}  // namespace pilot::api::openapi
