// Execute, runs and logs: the fake engine says how runs end, the store is real.
#include <gtest/gtest.h>

#include "api/codec_run.h"
#include "api/test_api.h"

namespace pilot::api {
namespace {

using RunsApi = ApiTest;

TEST_F(RunsApi, ExecuteAnswersInTheOldShape) {
  const std::string id = new_plan();
  const Answer done =
      post("/api/execute", fmt::format(R"({{"plan_id":"{}","user_id":"local"}})", id));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json.at("success"), true);
  const Json& execution = done.json.at("execution");
  EXPECT_EQ(json_text(execution, "plan_id"), id);
  EXPECT_EQ(execution.at("user_id"), "local");
  EXPECT_EQ(execution.at("total_steps"), 1);
  EXPECT_EQ(execution.at("completed_steps"), 1);
  EXPECT_EQ(execution.at("failed_steps"), 0);
  EXPECT_EQ(execution.at("errors").get_array().size(), 0u);
  EXPECT_EQ(to_json(execution.at("step_outputs")),
            R"({"0":{"provider":"logic","action":"set","success":true,"output":{"x":1},)"
            R"("message":"done"}})");
  EXPECT_EQ(execution.at("run_id"), done.json.at("run_id"));
  EXPECT_EQ(engine_.last_wait, Millis{60'000});
  EXPECT_EQ(engine_.last->plan_version, 1);
  EXPECT_TRUE(engine_.last->document.is_null());
}

TEST_F(RunsApi, AFailedRunIs200AndNoSuccess) {
  engine_.outcome = RunState::error;
  const Answer done =
      post("/api/execute-plan", R"({"plan":{"steps":[{"provider":"logic","action":"set"}]}})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json.at("success"), false);
  EXPECT_EQ(to_json(done.json.at("execution").at("errors")),
            R"([{"step":0,"provider":"logic","error":"it broke"}])");
  EXPECT_EQ(done.json.at("execution").at("failed_steps"), 1);
  EXPECT_TRUE(done.json.at("execution").at("plan_id").is_null());
}

TEST_F(RunsApi, WhenTheWaitIsOverTheRunIsAnswered) {
  engine_.outcome = RunState::running;
  const std::string body =
      R"({"plan":[{"provider":"logic","action":"set"}],"inputs":{"a":1},"trigger":{"type":"x"}})";
  const Answer waiting = post("/api/execute?wait=0.5", body);
  ASSERT_EQ(waiting.status, 202) << waiting.body;
  EXPECT_EQ(engine_.last_wait, Millis{500});
  EXPECT_EQ(waiting.json.at("run").at("status"), "running");
  EXPECT_EQ(waiting.json.at("success"), false);
  EXPECT_EQ(header_of(waiting.response, "Location"),
            "/api/runs/" + json_text(waiting.json, "run_id"));
  EXPECT_EQ(engine_.last->inputs.at("a"), 1);
  EXPECT_EQ(engine_.last->trigger.at("type"), "x");
  for (const std::string_view wait : {"-1", "301", "x", "", "nan", "inf", "1s"}) {
    EXPECT_EQ(post(fmt::format("/api/execute?wait={}", wait), body).status, 400) << wait;
  }
}

TEST_F(RunsApi, WhatCannotRunIsSaid) {
  const auto code = [&](std::string body) {
    const Answer answer = post("/api/execute", std::move(body));
    return fmt::format("{} {} {}", answer.status, json_text(answer.json, "code"),
                       json_text(answer.json, "pointer"));
  };
  EXPECT_EQ(code("{}"), "422 missing_param /plan_id");
  EXPECT_EQ(code(R"({"plan_id":7})"), "422 wrong_type /plan_id");
  EXPECT_EQ(code(R"({"plan_id":"a","plan":{}})"), "422 invalid_value /plan");
  EXPECT_EQ(code(R"({"plan_id":"a","inputs":[]})"), "422 wrong_type /inputs");
  EXPECT_EQ(code(R"({"plan_id":"no-such"})"), "404 not_found ");
  EXPECT_EQ(code(R"({"plan_id":"no-such","user_id":"x"})"), "403 user_mismatch ");
  EXPECT_EQ(code(R"({"plan":{"steps":[{"provider":"logic","action":"st"}]}})"),
            "422 unknown_action /plan/steps/0/action");
  engine_.refuse = unavailable("overloaded", "too many runs", std::chrono::seconds{3});
  const Answer busy = post("/api/execute", R"({"plan":[{"provider":"logic","action":"set"}]})");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(header_of(busy.response, "Retry-After"), "3");
}

TEST_F(RunsApi, ChangesAndArchivingReachTheNextExecution) {
  const std::string id = new_plan();
  const std::string body = fmt::format(R"({{"plan_id":"{}"}})", id);
  EXPECT_EQ(post("/api/execute", body).status, 200);
  const auto first = engine_.last->compiled;
  EXPECT_EQ(post("/api/execute", body).status, 200);
  EXPECT_EQ(engine_.last->compiled, first);  // from the cache
  new_plan();  // another plan's change does not compile this one again
  EXPECT_EQ(post("/api/execute", body).status, 200);
  EXPECT_EQ(engine_.last->compiled, first);
  call(Method::put, "/api/plans/" + id, R"({"name":"renamed"})");
  EXPECT_EQ(post("/api/execute", body).status, 200);
  EXPECT_EQ(engine_.last->plan_version, 2);
  EXPECT_EQ(engine_.last->compiled->plan.name, "renamed");
  call(Method::put, "/api/plans/" + id, R"({"status":"archived"})");
  EXPECT_EQ(post("/api/execute", body).status, 409);
  call(Method::del, "/api/plans/" + id);
  EXPECT_EQ(post("/api/execute", body).status, 404);
}

TEST_F(RunsApi, ExecuteStepTakesOldAndNewNames) {
  for (const std::string body :
       {R"({"provider":"logic","action":"set","params":{"x":2},"user_id":"local"})",
        R"({"provider":"logic","action_id":"set","parameters":{"x":2}})"}) {
    const Answer done = post("/api/execute-step", body);
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.json.at("success"), true);
    EXPECT_EQ(done.json.at("output").at("x"), 2);
    EXPECT_EQ(done.json.at("message"), "done");
    EXPECT_TRUE(done.json.at("error").is_null());
    EXPECT_FALSE(json_text(done.json, "run_id").empty());
  }
  const auto pointer = [&](std::string body) {
    const Answer answer = post("/api/execute-step", std::move(body));
    return fmt::format("{} {}", answer.status, json_text(answer.json, "pointer"));
  };
  EXPECT_EQ(pointer("{}"), "422 /provider");
  EXPECT_EQ(pointer(R"({"provider":"logic"})"), "422 /action");
  EXPECT_EQ(pointer(R"({"provider":"nope","action":"set"})"), "422 /provider");
  EXPECT_EQ(pointer(R"({"provider":"chat","action":"complete","params":{"prompt":7}})"),
            "422 /params/prompt");
  engine_.outcome = RunState::error;
  const Answer failed = post("/api/execute-step", R"({"provider":"logic","action":"set"})");
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.json.at("success"), false);
  EXPECT_EQ(failed.json.at("error").at("code"), "boom");
}

TEST_F(RunsApi, StartListShowCancel) {
  const std::string id = new_plan();
  const Answer started = post("/api/runs", fmt::format(R"({{"plan_id":"{}"}})", id));
  ASSERT_EQ(started.status, 202) << started.body;
  EXPECT_EQ(started.json.at("status"), "queued");
  const std::string run = json_text(started.json, "id");
  EXPECT_EQ(header_of(started.response, "Location"), "/api/runs/" + run);
  EXPECT_EQ(get("/api/runs").json.at("runs").get_array().size(), 1u);
  EXPECT_EQ(get("/api/runs?plan_id=" + id).json.at("runs").get_array().size(), 1u);
  EXPECT_EQ(get("/api/runs?plan_id=other").json.at("runs").get_array().size(), 0u);
  EXPECT_EQ(get("/api/runs?status=success").json.at("runs").get_array().size(), 0u);
  EXPECT_EQ(get("/api/runs?status=odd").status, 400);
  EXPECT_EQ(get("/api/runs/" + run).json.at("steps").get_array().size(), 0u);
  EXPECT_EQ(post("/api/runs/" + run + "/cancel").json.at("status"), "cancelled");
  EXPECT_EQ(post("/api/runs/" + run + "/cancel").status, 409);
  EXPECT_EQ(get("/api/runs/nope").status, 404);
  EXPECT_EQ(post("/api/runs/nope/cancel").status, 404);
  EXPECT_EQ(json_text(post("/api/runs", R"({"plan_id":"a","input":{}})").json, "code"),
            "unknown_key");
}

Attempt attempt(std::int64_t seq, std::string step, AttemptStatus status, int number) {
  Attempt out;
  out.user.text = "local";
  out.seq = out.revision = seq;
  out.step_id = std::move(step);
  out.attempt = number;
  out.provider = "logic";
  out.action = "set";
  out.status = status;
  out.latency_ms = 10;
  out.started_at = from_unix_micros(seq * 1'000'000);
  out.finished_at = from_unix_micros(seq * 1'000'000 + 10'000);
  if (status == AttemptStatus::success) {
    out.output = JsonObject{{"n", seq}};
  } else {
    out.error = JsonObject{{"code", "boom"}, {"message", "it broke"}};
  }
  return out;
}

TEST_F(RunsApi, AttemptsFoldIntoStepsAndLogs) {
  engine_.node = "n";
  post("/api/runs", R"({"plan":[{"provider":"logic","action":"set"}]})");
  const std::string id = json_text(get("/api/runs").json.at("runs").at(0), "id");
  std::vector<store::JournalWrite> batch;
  for (Attempt row :
       {attempt(1, "a", AttemptStatus::retrying, 1), attempt(2, "b", AttemptStatus::success, 1),
        attempt(3, "a", AttemptStatus::success, 2)}) {
    row.run.text = id;
    batch.push_back(store::PutAttempt{std::move(row), "n", 0});
  }
  ASSERT_TRUE(run_sync(store_->write(std::move(batch)))->fenced.empty());

  const Json run = get("/api/runs/" + id).json;
  const JsonArray& steps = run.at("steps").get_array();
  ASSERT_EQ(steps.size(), 2u) << to_json(run);
  EXPECT_EQ(steps[0].at("id"), "a");
  EXPECT_EQ(steps[0].at("status"), "success");
  EXPECT_EQ(steps[0].at("attempts"), 2);
  EXPECT_EQ(steps[0].at("latency_ms"), 20);
  EXPECT_EQ(steps[0].at("output").at("n"), 3);
  EXPECT_EQ(steps[0].at("started_at"), "1970-01-01T00:00:01Z");
  EXPECT_EQ(run.at("attempts").get_array().size(), 3u);

  const Answer logs = get("/api/execution-logs?run_id=" + id + "&user_id=local");
  ASSERT_EQ(logs.json.at("logs").get_array().size(), 3u) << logs.body;
  const Json& newest = logs.json.at("logs").at(0);
  for (const char* key : {"id", "plan_id", "user_id", "plan_name", "step_number", "provider",
                          "action", "status", "message", "latency_ms", "output_preview", "error",
                          "timestamp", "created_at", "run_id", "step_id"}) {
    EXPECT_TRUE(newest.get_object().contains(key)) << key;
  }
  EXPECT_EQ(newest.at("output_preview"), "{\"n\":3}");
  const Json& failed = logs.json.at("logs").at(2);
  EXPECT_EQ(failed.at("error"), "it broke");
  EXPECT_EQ(failed.at("error_code"), "boom");
  EXPECT_EQ(failed.at("status"), "retrying");
  EXPECT_EQ(get("/api/execution-logs?limit=2").json.at("logs").get_array().size(), 2u);
}

TEST(RunCodec, LargeValuesStayOutOfEventsAndLists) {
  Attempt large = attempt(1, "a", AttemptStatus::success, 1);
  large.output = std::string(20'000, 'x');
  const JsonObject event = attempt_event(large);
  EXPECT_TRUE(event.at("output").is_null());
  EXPECT_EQ(event.at("output_truncated"), true);
  EXPECT_EQ(event.at("output_preview").get_string().size(), 500u);
  pilot::Run run;
  run.inputs = JsonObject{{"a", std::string(20'000, 'x')}};
  EXPECT_TRUE(run_brief(run).at("inputs").is_null());
  EXPECT_FALSE(run_json(run).at("inputs").is_null());
  run.output_cut = true;  // the list did not read it
  EXPECT_EQ(run_brief(run).at("output_truncated"), true);
}

}  // namespace
}  // namespace pilot::api
