// Schedules of plans: set, take away, look at; what will run next and what became of each due
// instant. POST /api/plans/{id}/schedule and /unschedule and GET /api/scheduler/jobs are the old
// service's.
#include "api/codec_schedule.h"
#include "api/problem.h"
#include "api/services.h"

namespace pilot::api {
namespace {

constexpr int kUpcoming = 10;

Response schedule_response(const Schedule& schedule, WallTime now) {
  return json_response(JsonObject{{"success", true},
                                  {"plan_id", text(schedule.plan.text)},
                                  {"scheduled", true},
                                  {"next_run", time_or_null(schedule.next_fire_at)},
                                  {"schedule", schedule_json(schedule, now, kUpcoming)}});
}

Status check_active(const store::StoredPlan& plan) {
  if (plan.status == "active") return ok();
  if (plan.status == "archived") {
    return conflict("plan_archived", "this plan is archived; make it active to schedule it");
  }
  return conflict("plan_not_active",
                  fmt::format("this plan is a {}; make it active to schedule it", plan.status));
}

// The body is the trigger: {cron_expression, timezone, ...}.
awaitable<Response> set(ApiPtr api, Request& request) {
  Services& services = api->services;
  Result<JsonObject> body = read_object(request);
  if (!body) co_return problem(body.error());
  body->erase("user_id");
  if (!body->contains("type")) body->emplace("type", "schedule");
  const Json trigger = std::move(*body);
  if (!plan::is_schedule(trigger)) {
    co_return problem(invalid("invalid_value", "`type` of a schedule is \"schedule\"", "/type"));
  }
  const PlanId id{request.param("id")};
  const auto plan = co_await services.store.find_plan(request.principal, id);
  if (!plan) co_return problem(plan.error());
  if (Status active = check_active(*plan); !active) co_return problem(active.error());
  const auto registry = co_await api->providers.of_document(request.principal, plan->document);
  if (!registry) co_return problem(registry.error());
  const Checked checked = check_document(plan->document, plan->name, "", *registry);
  plan::Findings findings;
  const WallTime now = services.clock.now();
  const auto schedule = make_schedule(*plan, trigger, checked.compiled.get(), "", true, now,
                                      api->random(request), findings);
  if (!findings.empty()) co_return problems_response(findings.take());
  const Status put = co_await services.store.put_schedule(*schedule, plan::to_trigger(*schedule));
  if (!put) co_return problem(put.error());
  tell_engine(services.engine, schedule);
  const auto stored = co_await services.store.find_schedule(request.principal, ScheduleId{id.text});
  if (!stored) co_return problem(stored.error());
  co_return schedule_response(*stored, now);
}

awaitable<Response> unset(ApiPtr api, Request& request) {
  const Result<JsonObject> body = read_optional_object(request);
  if (!body) co_return problem(body.error());
  const PlanId id{request.param("id")};
  const Json manual = JsonObject{{"type", "manual"}};
  const Status removed = co_await api->services.store.remove_schedule(request.principal, id, manual,
                                                                      api->services.clock.now());
  if (!removed) co_return problem(removed.error());
  co_return json_response(
      JsonObject{{"success", true}, {"plan_id", text(id.text)}, {"scheduled", false}});
}

awaitable<Response> show(ApiPtr api, Request& request) {
  const ScheduleId id{request.param("id")};
  const auto schedule = co_await api->services.store.find_schedule(request.principal, id);
  if (!schedule) {
    if (schedule.error().kind != ErrorKind::not_found) co_return problem(schedule.error());
    co_return problem(not_found("this plan has no schedule (or there is no such plan)"));
  }
  co_return schedule_response(*schedule, api->services.clock.now());
}

awaitable<Response> jobs(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  const auto found = co_await api->services.store.list_schedules(request.principal, *page);
  if (!found) co_return problem(found.error());
  JsonArray out;
  for (const Schedule& schedule : found->items) out.push_back(job_json(schedule));
  co_return json_response(
      JsonObject{{"jobs", std::move(out)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

awaitable<Response> fires(ApiPtr api, Request& request) {
  const Result<store::PageRequest> page = read_page(request);
  if (!page) co_return bad_query(page.error());
  store::FireFilter filter;
  filter.schedule.text = std::string(request.query_value("plan_id").value_or(""));
  const auto found = co_await api->services.store.list_fires(request.principal, filter, *page);
  if (!found) co_return problem(found.error());
  JsonArray out;
  for (const Fire& fire : found->items) out.push_back(fire_json(fire));
  co_return json_response(
      JsonObject{{"fires", std::move(out)}, {"next_cursor", text_or_null(found->next_cursor)}});
}

}  // namespace

void register_schedules(Router& router, const ApiPtr& api) {
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
    add({Method::get, one + "/schedule", Scope::read, "show_" + name.plan + "_schedule",
         "When a plan runs next"},
        show);
    add({Method::post, one + "/schedule", Scope::write, "schedule_" + name.plan,
         "Sets when a plan runs"},
        set);
    add({Method::post, one + "/unschedule", Scope::write, "unschedule_" + name.plan,
         "Takes a plan's schedule away"},
        unset);
  }
  add({Method::get, "/api/scheduler/jobs", Scope::read, "list_scheduler_jobs",
       "All schedules, the next due first"},
      jobs);
  add({Method::get, "/api/scheduler/fires", Scope::read, "list_scheduler_fires",
       "What became of each due instant, newest first"},
      fires);
}

}  // namespace pilot::api
