// The steps of a take-over; its report: take_over_report.cc.
#include "app/take_over.h"

#include "app/registry.h"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/asio/io_context.hpp>

#include "api/codec_schedule.h"
#include "app/app.h"
#include "base/run_here.h"
#include "engine/user_providers.h"

namespace pilot::app {
namespace {

using Registry = std::shared_ptr<const providers::Registry>;

store::TakeOverOptions options_of(const vault::KeyRing* keys, const Registry& registry) {
  store::TakeOverOptions options;
  options.provider_name = [registry](const std::string& was) {
    const providers::Provider* provider = registry->find(was);
    if (provider == nullptr) provider = registry->find(boost::algorithm::to_lower_copy(was));
    return provider == nullptr ? was : provider->name;
  };
  if (keys != nullptr) {
    options.can_open = [keys](std::string_view token) { return keys->open(token).has_value(); };
    options.seal = [keys, clock = std::shared_ptr(make_system_clock()),
                    random = std::shared_ptr(make_system_random())](std::string_view secret) {
      vault::Sealed sealed = keys->seal(secret, clock->now(), *random);
      return store::SealedText{std::move(sealed.token), std::move(sealed.key_id)};
    };
  }
  return options;
}

// Looks at the plans one after the other, and makes the schedules that are missing.
class Plans {
 public:
  Plans(store::Store& store, boost::asio::io_context& io, TakeOver& out)
      : store_(store), io_(io), out_(out) {}

  Status look_at(const store::PlanKey& key) {
    const auto plan = run_here(io_, store_.find_plan(key.user, key.id));
    if (!plan && plan.error().kind == ErrorKind::not_found) return ok();  // removed since, or left
    if (!plan) return plan.error();
    ++out_.plans;
    const std::string_view kind = string_or(plan->trigger, "type");
    if (kind == "webhook" || kind == "event") ++out_.hooks;
    const auto registry = run_here(io_, own_.of_document(key.user, plan->document));
    if (!registry) return registry.error();
    const api::Checked checked = api::check_document(plan->document, plan->name, "", *registry);
    if (!checked.problems.empty()) add(out_.plans_wrong, *plan, checked.problems.front());
    // A later version is somebody's own, and has the schedule that they wanted.
    if (plan->status != "active" || plan->version != 1 || !plan::is_schedule(plan->trigger)) {
      return ok();
    }
    const auto known = run_here(io_, store_.find_schedule(key.user, ScheduleId{key.id.text}));
    if (known) return ok();
    if (known.error().kind != ErrorKind::not_found) return known.error();
    if (find(plan->trigger, "dialect") == nullptr) {
      add(out_.not_made, *plan, {"/trigger", "trigger_off", "the trigger is switched off"});
      return ok();
    }
    if (checked.compiled == nullptr) {
      add(out_.not_made, *plan, {"", "plan_invalid", "the plan does not compile (see above)"});
      return ok();
    }
    return make(*plan, *checked.compiled);
  }

 private:
  static void add(std::vector<PlanProblem>& list, const store::StoredPlan& plan, Problem problem) {
    list.push_back({{plan.user, plan.id}, plan.name, plan.status, std::move(problem)});
  }

  Status make(const store::StoredPlan& plan, const plan::CompiledPlan& compiled) {
    plan::Findings findings;
    auto schedule = api::make_schedule(plan, plan.trigger, &compiled, "/trigger", true,
                                       clock_->now(), *random_, findings);
    if (!schedule || !findings.empty()) {
      add(out_.not_made, plan, findings.take().front());
      return ok();
    }
    // The plan was not changed just now: only written otherwise.
    schedule->created_at = schedule->updated_at = plan.updated_at;
    const Status put = run_here(io_, store_.put_schedule(*schedule, plan::to_trigger(*schedule)));
    if (!put && put.error().kind == ErrorKind::unavailable) return put;
    if (!put) {
      add(out_.not_made, plan, {"", std::string(put.error().code_or_kind()), put.error().message});
      return ok();
    }
    const bool zone_given = !string_or(plan.trigger, "timezone").empty();
    out_.made.push_back({std::move(*schedule), zone_given});
    return ok();
  }

  store::Store& store_;
  boost::asio::io_context& io_;
  TakeOver& out_;
  engine::UserProviders own_{store_, make_registry({})};  // plans may call custom integrations
  std::unique_ptr<Clock> clock_ = make_system_clock();
  std::unique_ptr<Random> random_ = make_system_random();
};

Status look_at_plans(const std::string& url, TakeOver& out, Log& log) {
  const auto keys = store::old_plans(url);
  if (!keys) return keys.error();
  boost::asio::io_context io{1};  // before the store: it outlives it
  auto store = store::open_postgres({.url = url, .readers = 1}, log);
  if (!store) return store.error();
  Plans plans(**store, io, out);
  for (const store::PlanKey& key : *keys) {
    if (Status looked = plans.look_at(key); !looked) return looked;
  }
  return ok();
}

}  // namespace

Result<TakeOver> take_over(const std::string& url, const vault::KeyRing* keys, Log& log) {
  auto tables = store::take_over_postgres(url, options_of(keys, make_registry({})), log);
  if (!tables) return tables.error();
  TakeOver out{.tables = std::move(*tables)};
  if (!out.tables.at) return out;
  Status looked = look_at_plans(url, out, log);
  if (looked) looked = store::finish_take_over(url);
  if (looked) return out;
  return looked.error().prefixed(
      "the tables are taken over, but not all schedules are made yet; run pilot migrate --from-old "
      "again");
}

}  // namespace pilot::app
