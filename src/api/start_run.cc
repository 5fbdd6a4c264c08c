#include "api/start_run.h"

#include "api/codec_plan.h"
#include "api/problem.h"

namespace pilot::api {

awaitable<Prepared> prepare_run(ApiPtr api, Request& request, RunInput input) {
  engine::StartRun start;
  start.user = request.principal;
  start.id = request.run;
  start.inputs = std::move(input.inputs);
  start.trigger = std::move(input.trigger);
  if (input.plan_id.empty()) {
    const auto registry = co_await api->providers.of_document(request.principal, input.document);
    if (!registry) co_return Prepared{std::nullopt, problem(registry.error())};
    Checked checked = check_document(input.document, "", input.pointer, *registry);
    if (!checked.compiled) co_return Prepared{std::nullopt, problems_response(checked.problems)};
    start.document = std::move(input.document);
    start.compiled = std::move(checked.compiled);
    co_return Prepared{std::move(start), std::nullopt};
  }
  Result<ReadyPlan> plan =
      co_await api->plans(request).get(request.principal, std::move(input.plan_id));
  if (!plan) co_return Prepared{std::nullopt, problem(plan.error())};
  start.plan = std::move(plan->id);
  start.plan_version = plan->version;
  start.compiled = std::move(plan->compiled);
  co_return Prepared{std::move(start), std::nullopt};
}

}  // namespace pilot::api
