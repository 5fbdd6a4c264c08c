// Plans: list, make, read, change, remove, their versions, and checking them. Under /api/plans and
// the old service's other name, /api/execution-plans.
#include "api/codec_plan.h"
#include "api/codec_schedule.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

Response plan_response(const store::StoredPlan& plan, int status = 200) {
  return json_response(
      JsonObject{{"success", true}, {"id", text(plan.id.text)}, {"plan", plan_json(plan)}}, status);
}

awaitable<Response> list(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  const std::string status(request.query_value("status").value_or(""));
  if (!status.empty() && !is_plan_status(status)) {
    co_return bad_query(
        invalid("invalid_value", "query parameter \"status\" must be active, draft or archived"));
  }
  const auto found = co_await api->services.store.list_plans(request.principal, status, *page);
  if (!found) co_return problem(found.error());
  JsonArray plans;
  for (const store::StoredPlan& plan : found->items) plans.push_back(plan_json(plan));
  co_return json_response(
      JsonObject{{"plans", std::move(plans)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

// What the document that it will have can name.
awaitable<Result<engine::RegistryPtr>> providers_of(ApiPtr api, const Request& request,
                                                    const PlanInput& input,
                                                    const store::StoredPlan& plan) {
  return api->providers.of_document(request.principal,
                                    input.document ? *input.document : plan.document);
}

awaitable<Response> create(ApiPtr api, Request& request) {
  Services& services = api->services;
  Result<Json> body = read_json(request);
  if (!body) co_return problem(body.error());
  const Result<PlanInput> input = read_plan_input(request, std::move(*body));
  if (!input) co_return problem(input.error());
  const WallTime now = services.clock.now();
  store::StoredPlan plan;
  plan.user = request.principal;
  plan.id.text = make_uuid7(now, api->random(request));
  plan.created_at = plan.updated_at = now;
  const auto registry = co_await providers_of(api, request, *input, plan);
  if (!registry) co_return problem(registry.error());
  Applied applied = apply(*input, plan, *registry);
  set_schedule(plan, applied, nullptr, now, api->random(request));
  if (!applied.problems.empty()) co_return problems_response(applied.problems);
  const Status created = co_await services.store.create_plan(plan);
  if (!created) co_return problem(created.error());
  api->generation.raise();
  tell_engine(services.engine, plan.schedule);
  Response response = plan_response(plan, 201);
  response.headers.emplace_back("Location", "/api/plans/" + plan.id.text);
  co_return response;
}

awaitable<Response> show(ApiPtr api, Request& request) {
  const auto plan =
      co_await api->services.store.find_plan(request.principal, PlanId{request.param("id")});
  if (!plan) co_return problem(plan.error());
  co_return plan_response(*plan);
}

awaitable<Response> update(ApiPtr api, Request& request) {
  Services& services = api->services;
  Result<Json> body = read_json(request);
  if (!body) co_return problem(body.error());
  const Result<PlanInput> input = read_plan_input(request, std::move(*body));
  if (!input) co_return problem(input.error());
  Result<store::StoredPlan> plan =
      co_await services.store.find_plan(request.principal, PlanId{request.param("id")});
  if (!plan) co_return problem(plan.error());
  plan->updated_at = services.clock.now();
  const Json old_trigger = plan->trigger;
  const auto registry = co_await providers_of(api, request, *input, *plan);
  if (!registry) co_return problem(registry.error());
  Applied applied = apply(*input, *plan, *registry);
  set_schedule(*plan, applied, &old_trigger, plan->updated_at, api->random(request));
  if (!applied.problems.empty()) co_return problems_response(applied.problems);
  // What was read is what is changed: somebody else's save in between is not undone unseen.
  const int expected = input->expected_version > 0 ? input->expected_version : plan->version;
  const Result<int> version = co_await services.store.update_plan(*plan, expected);
  if (!version) co_return problem(version.error());
  api->generation.raise();
  tell_engine(services.engine, plan->schedule);
  plan->version = *version;
  co_return plan_response(*plan);
}

awaitable<Response> remove(ApiPtr api, Request& request) {
  const PlanId id{request.param("id")};
  const Status removed = co_await api->services.store.remove_plan(request.principal, id);
  if (!removed) co_return problem(removed.error());
  api->generation.raise();
  co_return json_response(JsonObject{{"success", true}, {"id", text(id.text)}});
}

awaitable<Response> versions(ApiPtr api, Request& request) {
  const auto found =
      co_await api->services.store.list_versions(request.principal, PlanId{request.param("id")});
  if (!found) co_return problem(found.error());
  JsonArray out;
  for (const store::PlanVersion& version : *found) out.push_back(version_json(version));
  co_return json_response(JsonObject{{"versions", std::move(out)}});
}

Response verdict(const Problems& problems) {
  return json_response(JsonObject{{"ok", problems.empty()}, {"problems", to_json_value(problems)}});
}

awaitable<Response> validate(ApiPtr api, Request& request) {
  Result<Json> body = read_json(request);
  if (!body) co_return problem(body.error());
  const Result<DocumentInput> input = read_document(request, std::move(*body));
  if (!input) co_return problem(input.error());
  const auto registry = co_await api->providers.of_document(request.principal, input->document);
  if (!registry) co_return problem(registry.error());
  Checked checked = check_document(input->document, "", input->pointer, *registry);
  check_trigger(input->document, input->pointer, checked);
  co_return verdict(checked.problems);
}

awaitable<Response> validate_stored(ApiPtr api, Request& request) {
  const auto plan =
      co_await api->services.store.find_plan(request.principal, PlanId{request.param("id")});
  if (!plan) co_return problem(plan.error());
  const auto registry = co_await api->providers.of_document(request.principal, plan->document);
  if (!registry) co_return problem(registry.error());
  Checked checked = check_document(plan->document, plan->name, "", *registry);
  check_trigger(plan->document, "", checked);
  co_return verdict(checked.problems);
}

}  // namespace

void register_plans(Router& router, const ApiPtr& api) {
  using Function = awaitable<Response> (*)(ApiPtr, Request&);
  const auto add = [&](Route route, Function function) {
    router.add(std::move(route),
               [api, function](Request& request) { return function(api, request); });
  };
  struct Name {
    std::string path;
    std::string plan;  // in ids
  };
  for (const Name& name :
       {Name{"/api/plans", "plan"}, {"/api/execution-plans", "execution_plan"}}) {
    const std::string one = name.path + "/{id}";
    add({Method::get, name.path, Scope::read, "list_" + name.plan + "s", "Plans, newest first"},
        list);
    add({Method::post, name.path, Scope::write, "create_" + name.plan, "Makes a plan"}, create);
    add({Method::post, name.path + "/validate", Scope::read, "validate_" + name.plan + "_document",
         "Says what is wrong with a plan; nothing is stored"},
        validate);
    add({Method::get, one, Scope::read, "show_" + name.plan, "One plan"}, show);
    add({Method::put, one, Scope::write, "update_" + name.plan, "Changes a plan: a new version"},
        update);
    add({Method::del, one, Scope::write, "remove_" + name.plan, "Removes a plan"}, remove);
    add({Method::get, one + "/versions", Scope::read, "list_" + name.plan + "_versions",
         "All versions of a plan"},
        versions);
    add({Method::post, one + "/validate", Scope::read, "validate_" + name.plan,
         "Says what is wrong with a stored plan"},
        validate_stored);
  }
}

}  // namespace pilot::api
