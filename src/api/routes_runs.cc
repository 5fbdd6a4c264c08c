// Runs: start one without waiting, list, read, cancel, follow.
#include "api/codec_run.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/sse.h"
#include "api/start_run.h"

namespace pilot::api {
namespace {

awaitable<Response> start(ApiPtr api, Request& request) {
  Result<JsonObject> body = read_object(request);
  if (!body) co_return problem(body.error());
  if (Status known = refuse_unknown(*body, {"plan_id", "plan", "inputs", "trigger", "user_id"});
      !known) {
    co_return problem(known.error());
  }
  Result<RunInput> input = read_run_input(std::move(*body));
  if (!input) co_return problem(input.error());
  Prepared prepared = co_await prepare_run(api, request, std::move(*input));
  if (prepared.refusal) co_return std::move(*prepared.refusal);
  const Result<Run> run =
      co_await api->services.engine.enqueue(request.shard, std::move(*prepared.start));
  if (!run) co_return problem(run.error());
  Response response = json_response(run_json(*run), 202);
  response.headers.emplace_back("Location", "/api/runs/" + run->id.text);
  co_return response;
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  store::RunFilter filter;
  filter.plan.text = request.query_value("plan_id").value_or("");
  if (const auto status = request.query_value("status"); status && !status->empty()) {
    filter.state = run_state_from(*status);
    if (!filter.state) {
      co_return bad_query(invalid("invalid_value",
                                  "query parameter \"status\" must be queued, running, waiting, "
                                  "success, error or cancelled"));
    }
  }
  const auto found = co_await api->services.store.list_runs(request.principal, filter, *page);
  if (!found) co_return problem(found.error());
  JsonArray runs;
  for (const Run& run : found->items) runs.push_back(run_brief(run));
  co_return json_response(
      JsonObject{{"runs", std::move(runs)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

awaitable<Response> show(ApiPtr api, Request& request) {
  const RunId id{request.param("id")};
  const Result<Run> run = co_await api->services.store.find_run(request.principal, id);
  if (!run) co_return problem(run.error());
  Result<std::vector<Attempt>> attempts =
      co_await api->services.store.run_attempts(request.principal, id, -1);
  if (!attempts) co_return problem(attempts.error());
  JsonObject out = run_json(*run);
  JsonArray rows;
  rows.reserve(attempts->size());
  for (const Attempt& attempt : *attempts) rows.push_back(attempt_json(attempt));
  out["steps"] = steps_json(std::move(*attempts));
  out["attempts"] = std::move(rows);
  co_return json_response(out);
}

awaitable<Response> cancel(ApiPtr api, Request& request) {
  const Result<Run> run = co_await api->services.engine.cancel(request.shard, request.principal,
                                                               RunId{request.param("id")});
  if (!run) co_return problem(run.error());
  co_return json_response(run_json(*run));
}

}  // namespace

void register_runs(Router& router, const ApiPtr& api) {
  router.add({Method::post, "/api/runs", Scope::run, "create_run",
              "Starts a run; answers once it is durable"},
             [api](Request& request) { return start(api, request); });
  router.add({Method::get, "/api/runs", Scope::read, "list_runs", "Runs, newest first"},
             [api](Request& request) { return list(api, request); });
  router.add({Method::get, "/api/runs/{id}", Scope::read, "show_run",
              "One run with its steps and attempts"},
             [api](Request& request) { return show(api, request); });
  router.add({Method::post, "/api/runs/{id}/cancel", Scope::run, "cancel_run", "Cancels a run"},
             [api](Request& request) { return cancel(api, request); });
  router.add({Method::get, "/api/runs/{id}/events", Scope::read, "run_events",
              "What happens in a run, as server-sent events"},
             [api](Request& request) { return run_events(api, request); });
}

}  // namespace pilot::api
