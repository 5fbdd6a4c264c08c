// Schedules over the API: with the plan, on their own, and what is told of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_api.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SchedulesApi : public ApiTest {
 protected:
  static std::string plan_with(std::string_view trigger, std::string_view more = "") {
    return fmt::format(R"({{"name":"Daily","trigger":{},"plan_json":{{"steps":[
        {{"provider":"logic","action":"set","params":{{"x":1}}}}]{}}}}})",
                       trigger, more);
  }
  std::string new_scheduled(std::string_view expression = "0 7 * * *") {
    const Answer made =
        post("/api/plans",
             plan_with(fmt::format(R"({{"type":"schedule","cron_expression":"{}"}})", expression)));
    EXPECT_EQ(made.status, 201) << made.body;
    return json_text(made.json, "id");
  }
  std::string next_run(const std::string& id) {
    const Answer got = get("/api/plans/" + id + "/schedule");
    return got.status == 200 ? json_text(got.json, "next_run") : std::to_string(got.status);
  }
};

TEST_F(SchedulesApi, APlanWithATimeTriggerIsScheduledWhenSaved) {
  const std::string id = new_scheduled();
  const Answer got = get("/api/plans/" + id + "/schedule");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.json.at("plan_id"), Json(id));
  const Json& schedule = got.json.at("schedule");
  EXPECT_EQ(schedule.at("cron_expression"), "0 7 * * *");
  EXPECT_EQ(schedule.at("timezone"), "UTC");
  EXPECT_EQ(schedule.at("misfire_grace_time"), 60);
  EXPECT_EQ(schedule.at("coalesce"), true);
  EXPECT_EQ(schedule.at("max_instances"), 1);
  EXPECT_EQ(schedule.at("upcoming").get_array().size(), 10u);
  EXPECT_EQ(schedule.at("upcoming").at(0), got.json.at("next_run"));
  EXPECT_THAT(json_text(schedule, "description"), HasSubstr("07:00"));
  EXPECT_EQ(engine_.next_due, parse_rfc3339(json_text(got.json, "next_run")).value());
  // And not any more when it is a draft, is archived, or has another trigger.
  const std::string path = "/api/plans/" + id;
  for (const char* change : {R"({"status":"draft"})", R"({"status":"archived"})"}) {
    EXPECT_EQ(call(Method::put, path, change).status, 200);
    EXPECT_EQ(get(path + "/schedule").status, 404);
    EXPECT_EQ(call(Method::put, path, R"({"status":"active"})").status, 200);
    EXPECT_EQ(get(path + "/schedule").status, 200);
  }
  EXPECT_EQ(call(Method::put, path, R"({"trigger":{"type":"manual"}})").status, 200);
  EXPECT_EQ(get(path + "/schedule").status, 404);
}

TEST_F(SchedulesApi, TheDocumentsOwnTriggerCountsToo) {
  const Answer made = post("/api/plans", R"({"name":"d","trigger":{"type":"cron",
      "cron_expression":"*/5 * * * *"},"steps":[{"provider":"logic","action":"set"}]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(get("/api/plans/" + json_text(made.json, "id") + "/schedule").status, 200);
}

TEST_F(SchedulesApi, WhatIsWrongIsToldWithItsPlace) {
  const auto pointer_of = [&](const std::string& body) {
    const Answer bad = post("/api/plans", body);
    EXPECT_EQ(bad.status, 422) << bad.body;
    return json_text(bad.json, "pointer") + " " + json_text(bad.json, "code");
  };
  EXPECT_EQ(pointer_of(plan_with(R"({"type":"schedule","cron_expression":"61 * * * *"})")),
            "/trigger/cron_expression invalid_cron");
  EXPECT_EQ(pointer_of(plan_with(R"({"type":"schedule","cron_expression":"0 0 31 2 *"})")),
            "/trigger/cron_expression never_fires");
  EXPECT_EQ(pointer_of(plan_with(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "timezone":"Europe/Berlim"})")),
            "/trigger/timezone unknown_timezone");
  EXPECT_EQ(pointer_of(plan_with(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "end":"2020-01-01T00:00:00Z"})")),
            "/trigger/end never_fires");
  EXPECT_EQ(pointer_of(R"({"plan_json":{"steps":[{"provider":"logic","action":"set"}],
      "trigger":{"type":"schedule","cron_expression":"x"}}})"),
            "/plan_json/trigger/cron_expression invalid_cron");
  const std::string inputs = R"(,"inputs":{"type":"object","required":["n"],
      "properties":{"n":{"type":"integer"}}})";
  EXPECT_THAT(pointer_of(plan_with(R"({"type":"schedule","cron_expression":"0 7 * * *"})", inputs)),
              HasSubstr("/trigger/inputs"));
  EXPECT_EQ(post("/api/plans", plan_with(R"({"type":"schedule","cron_expression":"0 7 * * *",
      "inputs":{"n":1}})",
                                         inputs))
                .status,
            201);
  // A draft may be wrong.
  EXPECT_EQ(post("/api/plans", R"({"status":"draft","name":"d","trigger":{"type":"schedule"},
      "plan_json":{"steps":[{"provider":"logic","action":"set"}]}})")
                .status,
            201);
}

TEST_F(SchedulesApi, ValidateChecksTheTrigger) {
  const Answer bad = post("/api/plans/validate", R"({"steps":[{"provider":"logic","action":"set"}],
      "trigger":{"type":"schedule","cron_expression":"0 7 * * *","timezon":"UTC"}})");
  EXPECT_EQ(bad.json.at("ok"), false) << bad.body;
  EXPECT_EQ(bad.json.at("problems").at(0).at("pointer"), "/trigger/timezon");
}

TEST_F(SchedulesApi, AChangeKeepsTheNextInstantUnlessTheRuleChanged) {
  const std::string id = new_scheduled("0 */6 * * *");
  const std::string before = next_run(id);
  clock_.advance(24h);
  EXPECT_EQ(call(Method::put, "/api/plans/" + id, R"({"name":"renamed"})").status, 200);
  EXPECT_EQ(next_run(id), before) << "what was due meanwhile is still due";
  EXPECT_EQ(get("/api/scheduler/jobs").json.at("jobs").at(0).at("name"), "renamed");
  EXPECT_EQ(post("/api/plans/" + id + "/schedule", R"({"cron_expression":"0 5 * * *"})").status,
            200);
  EXPECT_GT(*parse_rfc3339(next_run(id)), clock_.now());
}

TEST_F(SchedulesApi, AnExpiredScheduleDoesNotForbidOtherChanges) {
  const Answer made = post("/api/plans", plan_with(R"({"type":"schedule",
      "cron_expression":"* * * * *","end":")" + to_rfc3339(clock_.now() + 1h) +
                                                   "\"}"));
  ASSERT_EQ(made.status, 201) << made.body;
  clock_.advance(48h);
  const std::string path = "/api/plans/" + json_text(made.json, "id");
  EXPECT_EQ(call(Method::put, path, R"({"name":"q"})").status, 200);
}

TEST_F(SchedulesApi, TheOldRoutesScheduleAndUnschedule) {
  const std::string id = new_plan();
  const std::string path = "/api/plans/" + id;
  EXPECT_EQ(get(path + "/schedule").status, 404);
  const Answer set = post(path + "/schedule",
                          R"({"cron_expression":"30 8 * * 1-5","timezone":"Europe/Berlin",
                              "user_id":"local"})");
  ASSERT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(set.json.at("success"), true);
  EXPECT_EQ(set.json.at("scheduled"), true);
  EXPECT_FALSE(set.json.at("next_run").is_null());
  const Json plan = get(path).json.at("plan");
  EXPECT_EQ(plan.at("trigger").at("type"), "schedule");
  EXPECT_EQ(plan.at("trigger").at("timezone"), "Europe/Berlin");
  EXPECT_EQ(plan.at("version"), 1);
  const Answer jobs = get("/api/scheduler/jobs");
  ASSERT_EQ(jobs.json.at("jobs").get_array().size(), 1u);
  const Json& job = jobs.json.at("jobs").at(0);
  EXPECT_EQ(job.at("id"), Json(id));
  EXPECT_EQ(job.at("name"), "p");
  EXPECT_EQ(job.at("trigger"), "cron[30 8 * * 1-5] Europe/Berlin");
  EXPECT_EQ(job.at("next_run"), set.json.at("next_run"));
  // A save that says nothing of the trigger keeps it.
  EXPECT_EQ(call(Method::put, path, R"({"name":"q"})").status, 200);
  EXPECT_EQ(get(path + "/schedule").status, 200);
  for (int twice = 0; twice < 2; ++twice) {
    const Answer unset = post(path + "/unschedule", "{}");
    EXPECT_EQ(unset.status, 200) << unset.body;
    EXPECT_EQ(unset.json.at("scheduled"), false);
  }
  EXPECT_EQ(post(path + "/unschedule").status, 200);
  EXPECT_EQ(get("/api/scheduler/jobs").json.at("jobs").get_array().size(), 0u);
  EXPECT_EQ(get(path).json.at("plan").at("trigger").at("type"), "manual");
}

TEST_F(SchedulesApi, BadSchedulesAreRefused) {
  const std::string path = "/api/plans/" + new_plan() + "/schedule";
  const Answer none = post(path, "{}");
  EXPECT_EQ(none.status, 422) << none.body;
  EXPECT_EQ(none.json.at("pointer"), "/cron_expression");
  EXPECT_EQ(none.json.at("code"), "missing_key");
  EXPECT_EQ(post(path, R"({"cron_expression":"0 0 30 2 *"})").json.at("code"), "never_fires");
  EXPECT_EQ(
      post(path, R"({"cron_expression":"0 7 * * *","timezone":"Mars/Base"})").json.at("pointer"),
      "/timezone");
  EXPECT_EQ(post(path, R"({"cron_expression":"0 7 * * *","type":"webhook"})").status, 422);
  EXPECT_EQ(post(path, R"({"cron_expression":"0 7 * * *","user_id":"bob"})").status, 403);
  EXPECT_EQ(post(path, "[]").status, 422);
  EXPECT_EQ(post("/api/plans/nope/schedule", R"({"cron_expression":"0 7 * * *"})").status, 404);
  EXPECT_EQ(post("/api/plans/nope/unschedule", "{}").status, 404);
  for (const char* status : {"draft", "archived"}) {
    const std::string id = new_plan();
    call(Method::put, "/api/plans/" + id, fmt::format(R"({{"status":"{}"}})", status));
    EXPECT_EQ(post("/api/plans/" + id + "/schedule", R"({"cron_expression":"0 7 * * *"})").status,
              409);
  }
  EXPECT_EQ(get("/api/scheduler/jobs?limit=0").status, 400);
  EXPECT_EQ(get("/api/scheduler/fires?cursor=zzz").status, 400);
}

TEST_F(SchedulesApi, JobsComeInPages) {
  for (int i = 0; i < 5; ++i) {
    new_scheduled();
    clock_.advance(1ms);
  }
  const Answer first = get("/api/scheduler/jobs?limit=3");
  EXPECT_EQ(first.json.at("jobs").get_array().size(), 3u);
  const Answer second =
      get("/api/scheduler/jobs?limit=3&cursor=" + json_text(first.json, "next_cursor"));
  EXPECT_EQ(second.json.at("jobs").get_array().size(), 2u);
  EXPECT_TRUE(second.json.at("next_cursor").is_null());
}

TEST_F(SchedulesApi, FiresAreListedByPlan) {
  const std::string id = new_scheduled();
  const auto due = run_sync(store_->due_schedules(clock_.now() + 48h, 10));
  ASSERT_TRUE(due);
  ASSERT_EQ(due->size(), 1u);
  const Schedule& schedule = due->at(0).schedule;
  Fire fire;
  fire.user = schedule.user;
  fire.schedule = schedule.id;
  fire.plan = schedule.plan;
  fire.due_at = *schedule.next_fire_at;
  fire.last_due_at = fire.due_at + 24h;
  fire.count = 2;
  fire.status = Fire::Status::missed;
  fire.cause = "down";
  fire.recorded_at = fire.due_at + 25h;
  std::vector<store::Firing> firings{
      {.seen = schedule, .next_fire_at = {}, .fire_at = {}, .instants = {{fire, {}}}}};
  ASSERT_TRUE(run_sync(store_->fire(std::move(firings))));
  const Answer got = get("/api/scheduler/fires?plan_id=" + id);
  ASSERT_EQ(got.json.at("fires").get_array().size(), 1u) << got.body;
  const Json& row = got.json.at("fires").at(0);
  EXPECT_EQ(row.at("status"), "missed");
  EXPECT_EQ(row.at("cause"), "down");
  EXPECT_EQ(row.at("count"), 2);
  EXPECT_TRUE(row.at("run_id").is_null());
  EXPECT_EQ(get("/api/scheduler/fires?plan_id=other").json.at("fires").get_array().size(), 0u);
  EXPECT_EQ(get("/api/scheduler/fires").json.at("fires").get_array().size(), 1u);
}

}  // namespace
}  // namespace pilot::api
