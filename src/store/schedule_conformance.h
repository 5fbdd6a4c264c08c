// What the suites of every store's schedules share: short ways to make, save and fire them. A
// driver's test instantiates ScheduleConformance, too. For tests only.
#pragma once

#include "store/store_conformance.h"

namespace pilot::store {

using namespace std::chrono_literals;

inline StoredPlan make_scheduled_plan(const std::string& id, const UserId& user = kAda) {
  StoredPlan plan;
  plan.user = user;
  plan.id = {id};
  plan.name = "Plan " + id;
  plan.document = JsonObject{{"steps", JsonArray{JsonObject{{"provider", "logic"}}}}};
  plan.trigger = JsonObject{{"type", "schedule"}, {"cron_expression", "0 7 * * *"}};
  plan.created_at = plan.updated_at = kStart;
  return plan;
}

inline Schedule make_schedule(WallTime next, const std::string& expression = "0 7 * * *") {
  Schedule schedule;
  schedule.name = "Nightly";
  schedule.expression = expression;
  schedule.timezone = "Europe/Berlin";
  schedule.total_steps = 1;
  schedule.inputs = JsonObject{{"n", 1}};
  schedule.next_fire_at = next;
  schedule.fire_at = next;
  schedule.created_at = schedule.updated_at = kStart;
  return schedule;
}

inline StoredPlan scheduled(const std::string& id, WallTime next, const UserId& user = kAda) {
  StoredPlan plan = make_scheduled_plan(id, user);
  plan.schedule = make_schedule(next);
  return plan;
}

inline Fire make_fire(const Schedule& schedule, WallTime due) {
  Fire fire;
  fire.user = schedule.user;
  fire.schedule = schedule.id;
  fire.plan = schedule.plan;
  fire.due_at = fire.last_due_at = due;
  fire.lateness_ms = 5;
  fire.recorded_at = due + 5ms;
  return fire;
}

inline FiredInstant run_of(const Schedule& schedule, WallTime due) {
  FiredInstant instant;
  instant.fire = make_fire(schedule, due);
  Run run = make_idle_run(fmt::format("run-{}-{}", schedule.id.text, to_unix_micros(due)),
                          RunState::queued, {}, schedule.user);
  run.plan = schedule.plan;
  run.started_at.reset();
  instant.fire.run = run.id;
  instant.run = std::move(run);
  return instant;
}

inline Firing firing_of(const Schedule& seen, std::vector<FiredInstant> instants,
                        std::optional<WallTime> next) {
  return {.seen = seen, .next_fire_at = next, .fire_at = next, .instants = std::move(instants)};
}

inline void expect_same_schedule(const Schedule& a, const Schedule& b) {
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.plan_version, b.plan_version);
  EXPECT_EQ(a.total_steps, b.total_steps);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.expression, b.expression);
  EXPECT_EQ(a.dialect, b.dialect);
  EXPECT_EQ(a.timezone, b.timezone);
  EXPECT_EQ(a.dst, b.dst);
  EXPECT_EQ(a.starts_at, b.starts_at);
  EXPECT_EQ(a.ends_at, b.ends_at);
  EXPECT_EQ(a.misfire_grace_s, b.misfire_grace_s);
  EXPECT_EQ(a.coalesce, b.coalesce);
  EXPECT_EQ(a.max_instances, b.max_instances);
  EXPECT_EQ(a.jitter_s, b.jitter_s);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.next_fire_at, b.next_fire_at);
  EXPECT_EQ(a.fire_at, b.fire_at);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.updated_at, b.updated_at);
  EXPECT_EQ(a.revision, b.revision);
}

class ScheduleConformance : public StoreConformance {
 protected:
  void save(const StoredPlan& plan) { ASSERT_TRUE(wait(store().create_plan(plan))); }
  std::optional<Schedule> schedule(const std::string& id, const UserId& user = kAda) {
    auto found = wait(store().find_schedule(user, {id}));
    if (found) return *found;
    EXPECT_EQ(found.error().kind, ErrorKind::not_found);
    return std::nullopt;
  }
  FiringReport fire(Firing one) {
    std::vector<Firing> all;
    all.push_back(std::move(one));
    return fire(std::move(all));
  }
  FiringReport fire(std::vector<Firing> all) {
    const auto report = wait(store().fire(std::move(all)));
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : FiringReport{};
  }
  std::vector<Fire> fires(const std::string& id = {}, const UserId& user = kAda) {
    auto page = wait(store().list_fires(user, {{id}}, {.limit = 500, .cursor = {}}));
    EXPECT_TRUE(page);
    return page ? page->items : std::vector<Fire>{};
  }
  std::vector<std::string> due_ids(WallTime now, std::int64_t limit = 100) {
    std::vector<std::string> ids;
    const auto due = wait(store().due_schedules(now, limit));
    EXPECT_TRUE(due);
    if (due) {
      for (const DueSchedule& one : *due) ids.push_back(one.schedule.id.text);
    }
    return ids;
  }
};

}  // namespace pilot::store
