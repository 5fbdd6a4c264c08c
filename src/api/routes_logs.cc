// The execution log over all runs, newest first: the old service's /api/execution-logs.
#include "api/codec_run.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  store::AttemptFilter filter;
  filter.plan.text = request.query_value("plan_id").value_or("");
  filter.run.text = request.query_value("run_id").value_or("");
  const auto found = co_await api->services.store.list_attempts(request.principal, filter, *page);
  if (!found) co_return problem(found.error());
  JsonArray logs;
  for (const Attempt& attempt : found->items) logs.push_back(log_json(attempt));
  co_return json_response(
      JsonObject{{"logs", std::move(logs)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

}  // namespace

void register_logs(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/execution-logs", Scope::read, "list_execution_logs",
              "Attempts of steps over all runs, newest first"},
             [api](Request& request) { return list(api, request); });
}

}  // namespace pilot::api
