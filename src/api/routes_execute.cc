// Run and wait: the old service's /api/execute (also /api/execute-plan) and /api/execute-step. Same
// engine, same journal as /api/runs; only the answer waits.
#include "api/codec_plan.h"
#include "api/codec_run.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/start_run.h"

namespace pilot::api {
namespace {

Response still_running(const Run& run) {
  Response response = json_response(unfinished_json(run), 202);
  response.headers.emplace_back("Location", "/api/runs/" + run.id.text);
  return response;
}

awaitable<Response> execute(ApiPtr api, Request& request) {
  const Result<Millis> wait = read_wait(request);
  if (!wait) co_return bad_query(wait.error());
  Result<JsonObject> body = read_object(request);
  if (!body) co_return problem(body.error());
  Result<RunInput> input = read_run_input(std::move(*body));
  if (!input) co_return problem(input.error());
  Prepared prepared = co_await prepare_run(api, request, std::move(*input));
  if (prepared.refusal) co_return std::move(*prepared.refusal);
  Result<engine::Executed> executed =
      co_await api->services.engine.execute(request.shard, std::move(*prepared.start), *wait);
  if (!executed) co_return problem(executed.error());
  if (!is_terminal(executed->run.state)) co_return still_running(executed->run);
  co_return json_response(execution_json(std::move(*executed)));
}

// The body as the only step of a plan. Names stay as the client wrote them, so that pointers fit.
Result<Json> one_step(const JsonObject& body) {
  JsonObject step{{"id", "step"}};
  for (const auto& member : body) {
    const std::string_view key{member.key().data(), member.key().size()};
    if (key == "user_id" || key == "inputs" || key == "id") continue;
    step[member.key()] = member.value();
  }
  for (const std::string_view key : {"provider", "action"}) {
    const bool old_name = key == "action" && step.contains("action_id");
    if (step.contains(key) || old_name) continue;
    return invalid("missing_param", fmt::format("\"{}\" is missing", key), pointer_join("", key));
  }
  return Json(JsonObject{{"name", "execute-step"}, {"steps", JsonArray{std::move(step)}}});
}

Json step_result(engine::Executed executed) {
  JsonObject out;
  if (executed.steps.empty()) {  // the run itself failed before its step began
    out["success"] = false;
    out["output"] = nullptr;
    out["message"] = text(string_or(executed.run.error, "message"));
    out["error"] = executed.run.error;
  } else {
    engine::StepSummary& step = executed.steps.front();
    out["success"] = step.status == "success";
    out["output"] = std::move(step.output).take();
    out["message"] = text(step.message);
    out["error"] = std::move(step.error);
    out["attempts"] = step.attempts;
  }
  out["run_id"] = text(executed.run.id.text);
  out["status"] = text(to_string(executed.run.state));
  return out;
}

awaitable<Response> execute_step(ApiPtr api, Request& request) {
  const Result<Millis> wait = read_wait(request);
  if (!wait) co_return bad_query(wait.error());
  const Result<JsonObject> body = read_object(request);
  if (!body) co_return problem(body.error());
  Result<Json> document = one_step(*body);
  if (!document) co_return problem(document.error());
  const auto registry = co_await api->providers.of_document(request.principal, *document);
  if (!registry) co_return problem(registry.error());
  Checked checked = check_document(*document, "", "", *registry);
  if (!checked.compiled) {
    constexpr std::string_view kStep = "/steps/0";  // the client sent the step alone
    for (Problem& entry : checked.problems) {
      if (entry.pointer.starts_with(kStep)) entry.pointer.erase(0, kStep.size());
    }
    co_return problems_response(checked.problems);
  }
  engine::StartRun start;
  start.user = request.principal;
  start.id = request.run;
  start.document = std::move(*document);
  start.compiled = std::move(checked.compiled);
  if (const Json* inputs = find(*body, "inputs"); inputs != nullptr && inputs->is_object()) {
    start.inputs = *inputs;
  }
  Result<engine::Executed> executed =
      co_await api->services.engine.execute(request.shard, std::move(start), *wait);
  if (!executed) co_return problem(executed.error());
  if (!is_terminal(executed->run.state)) co_return still_running(executed->run);
  co_return json_response(step_result(std::move(*executed)));
}

}  // namespace

void register_execute(Router& router, const ApiPtr& api) {
  const std::string summary = "Runs a plan and waits for its end";
  router.add({Method::post, "/api/execute", Scope::run, "execute", summary},
             [api](Request& request) { return execute(api, request); });
  router.add({Method::post, "/api/execute-plan", Scope::run, "execute_plan", summary},
             [api](Request& request) { return execute(api, request); });
  router.add({Method::post, "/api/execute-step", Scope::run, "execute_step",
              "Runs one step as a plan of its own and waits for its end"},
             [api](Request& request) { return execute_step(api, request); });
}

}  // namespace pilot::api
