// Execute and its answers as the old service gave them, execute-step, the execution log, and the
// plans that the old service wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

class ApiExecute : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.up()); }
  std::string save(const std::string& document, const std::string& name = "P") const {
    const Answer made =
        server_.post("/api/plans", quoted("{'name':'" + name + "','plan_json':" + document + "}"));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.text("id");
  }
  // Saves an old plan and executes it; answers its execution.
  Json execute_old(const std::string& document) const {
    const Answer done = server_.post(
        "/api/execute", quoted("{'plan_id':'" + save(document) + "','user_id':'local'}"));
    EXPECT_EQ(done.status, 200) << done.body;
    return at(done.json, "execution");
  }
  TempDir dir_;
  Server server_{dir_.path() / "data"};
  FakeService service_{answer(200, R"({"items":[{"name":"Ann"},{"name":"Bob"},{"name":"Cy"}],
                                       "ok":"yes"})")};
};

TEST_F(ApiExecute, TheExactOldShape) {
  const std::string id = save(
      "{'steps':[{'provider':'logic','action':'set','params':{'x':1}},"
      "{'provider':'logic','action':'fail','params':{'message':'no luck'},'on_error':'continue'},"
      "{'provider':'logic','action':'template','params':{'template':'x=${steps.0.output.x}'}}]}");
  for (const std::string path : {"/api/execute", "/api/execute-plan"}) {
    const Answer done = server_.post(path, quoted("{'plan_id':'" + id + "','user_id':'local'}"));
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_THAT(keys(done.json), IsSupersetOf({"execution", "success"}));
    const Json& execution = at(done.json, "execution");
    EXPECT_THAT(keys(execution),
                IsSupersetOf({"plan_id", "user_id", "total_steps", "completed_steps",
                              "failed_steps", "step_outputs", "errors"}));
    EXPECT_EQ(text_at(execution, "plan_id"), id);
    EXPECT_EQ(text_at(execution, "user_id"), "local");
    EXPECT_EQ(at(execution, "total_steps"), Json(3));
    EXPECT_EQ(at(execution, "completed_steps"), Json(2));
    EXPECT_EQ(at(execution, "failed_steps"), Json(1));
    EXPECT_THAT(keys(at(execution, "step_outputs")), ElementsAre("0", "1", "2"));
    EXPECT_THAT(keys(at(execution, "step_outputs/0")),
                ElementsAre("provider", "action", "success", "output", "message"));
    EXPECT_EQ(to_json(at(execution, "step_outputs/0/output")), R"({"x":1})");
    EXPECT_EQ(at(execution, "step_outputs/1/success"), Json(false));
    EXPECT_EQ(text_at(execution, "step_outputs/2/output"), "x=1");
    EXPECT_EQ(to_json(at(execution, "errors")),
              R"([{"step":1,"provider":"logic","error":"no luck"}])");
    EXPECT_EQ(at(done.json, "success"), Json(true)) << "the step was allowed to fail";
  }
}

TEST_F(ApiExecute, AFailedPlanIsAnAnswerToo) {
  const Answer done =
      server_.post("/api/execute", quoted("{'plan':[{'provider':'logic','action':'fail'},"
                                          "{'provider':'logic','action':'set'}]}"));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done.json, "success"), Json(false));
  EXPECT_EQ(at(done.json, "execution/total_steps"), Json(2));
  EXPECT_EQ(at(done.json, "execution/completed_steps"), Json(0));
  EXPECT_EQ(at(done.json, "execution/failed_steps"), Json(1));
  EXPECT_EQ(at(done.json, "execution/errors/0/step"), Json(0));
  EXPECT_THAT(keys(at(done.json, "execution/step_outputs")), ElementsAre("0"));
}

TEST_F(ApiExecute, WhenTheWaitIsOverTheRunGoesOn) {
  const Answer waiting = server_.post(
      "/api/execute?wait=0.2",
      quoted("{'plan':[{'provider':'logic','action':'wait','params':{'seconds':3}}]}"));
  ASSERT_EQ(waiting.status, 202) << waiting.body;
  const std::string run = waiting.text("run_id");
  EXPECT_EQ(waiting.header("location"), "/api/runs/" + run);
  EXPECT_EQ(at(waiting.json, "success"), Json(false));
  EXPECT_EQ(text_at(server_.ended(run), "status"), "success");
}

TEST_F(ApiExecute, ExecuteStep) {
  const Answer done = server_.post(
      "/api/execute-step", quoted(fmt::format("{{'user_id':'local','provider':'custom_api',"
                                              "'action_id':'call_api','parameters':{{'base_url':"
                                              "'{}','endpoint':'/v1/x','method':'post',"
                                              "'headers':{{'X-A':'b'}},'body':{{'n':1}}}}}}",
                                              service_.url())));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done.json, "success"), Json(true)) << done.body;
  EXPECT_EQ(text_at(done.json, "output/body/ok"), "yes");
  ASSERT_EQ(service_.count("/v1/x"), 1u);
  const Seen seen = service_.seen("/v1/x")[0];
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.header("x-a"), "b");
  EXPECT_EQ(seen.body, R"({"n":1})");
  const Answer wrong =
      server_.post("/api/execute-step", quoted("{'provider':'http','action':'get','params':{}}"));
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(wrong.text("pointer"), HasSubstr("/params"));
}

TEST_F(ApiExecute, TheExecutionLog) {
  const std::string id = save(
      "[{'provider':'logic','action':'set','params':{'x':1}},"
      "{'provider':'logic','action':'fail','params':{'message':'no luck'}}]",
      "Logged");
  server_.post("/api/execute", quoted("{'plan_id':'" + id + "'}"));
  server_.post("/api/execute", quoted("{'plan':[{'provider':'logic','action':'set'}]}"));
  const Answer logs = server_.get("/api/execution-logs?plan_id=" + id + "&user_id=local");
  ASSERT_EQ(logs.status, 200);
  ASSERT_EQ(list_at(logs.json, "logs").size(), 2u) << logs.body;
  EXPECT_THAT(keys(at(logs.json, "logs/0")),
              IsSupersetOf({"id", "plan_id", "user_id", "plan_name", "step_number", "provider",
                            "action", "status", "message", "latency_ms", "output_preview", "error",
                            "timestamp", "created_at"}));
  EXPECT_EQ(text_at(logs.json, "logs/0/status"), "error") << "newest first";
  EXPECT_EQ(text_at(logs.json, "logs/0/error"), "no luck");
  EXPECT_EQ(text_at(logs.json, "logs/0/plan_name"), "Logged");
  EXPECT_EQ(at(logs.json, "logs/1/step_number"), Json(1));
  EXPECT_EQ(text_at(logs.json, "logs/1/output_preview"), R"({"x":1})");
  EXPECT_EQ(list_at(server_.get("/api/execution-logs").json, "logs").size(), 3u);
}

// From here on: what the old service wrote.

TEST_F(ApiExecute, OldListWithOldNames) {
  const Json execution = execute_old(fmt::format(
      "[{{'order':2,'provider':'logic','action_id':'set','parameters':"
      "{{'who':'{{{{step_1.output.body.items.1.name}}}}','all':'{{{{step_1.output.body.items}}}}',"
      "'text':'It was {{{{step_1.output.body.ok}}}}.'}},'depends_on':'step_1'}},"
      "{{'order':1,'provider':'custom_api','action_id':'call_api','parameters':"
      "{{'base_url':'{}','endpoint':'/a'}},'retries':2}}]",
      service_.url()));
  EXPECT_EQ(at(execution, "completed_steps"), Json(2)) << to_json(execution);
  EXPECT_EQ(text_at(execution, "step_outputs/1/output/who"), "Bob") << to_json(execution);
  EXPECT_EQ(list_at(execution, "step_outputs/1/output/all").size(), 3u);
  EXPECT_EQ(text_at(execution, "step_outputs/1/output/text"), "It was yes.");
}

// With the condition true the next step runs; false jumps to else_jump.
TEST_F(ApiExecute, OldConditionWithElseJump) {
  for (const auto& [wanted, ran] : {std::pair{"yes", "then "}, std::pair{"no", ""}}) {
    const Json execution = execute_old(fmt::format(
        "{{'steps':[{{'id':1,'provider':'http','action':'get','params':{{'url':'{}/c'}}}},"
        "{{'id':2,'type':'condition','condition':'{{{{step_1.output.body.ok}}}} == {}',"
        "'else_jump':4}},"
        "{{'id':3,'provider':'logic','action':'set','params':{{'x':'then'}}}},"
        "{{'id':4,'provider':'logic','action':'set','params':{{'x':'end'}}}}]}}",
        service_.url(), wanted));
    std::string seen;
    for (const char* position : {"2", "3"}) {
      const std::string x = text_at(execution, fmt::format("step_outputs/{}/output/x", position));
      if (!x.empty()) seen += x + " ";
    }
    EXPECT_EQ(seen, std::string(ran) + "end ") << to_json(execution);
  }
}

TEST_F(ApiExecute, OldLoop) {
  const Json execution = execute_old(fmt::format(
      "[{{'provider':'http','action':'get','params':{{'url':'{0}/list'}}}},"
      "{{'type':'loop','loop_config':{{'items_source':'step_1.output.body.items',"
      "'max_iterations':2}},"
      "'provider':'http','action':'get','parameters':{{'url':'{0}/each','query':{{"
      "'name':'{{{{item.name}}}}','n':'{{{{index}}}}'}}}}}},"
      "{{'provider':'logic','action':'set','params':{{'count':'${{steps.1.output | length}}'}}}}]",
      service_.url()));
  EXPECT_EQ(at(execution, "completed_steps"), Json(3)) << to_json(execution);
  EXPECT_EQ(at(execution, "step_outputs/2/output/count"), Json(2)) << to_json(execution);
  std::vector<std::string> targets;
  for (const Seen& seen : service_.seen("/each")) targets.push_back(seen.target);
  EXPECT_THAT(targets, ElementsAre("/each?name=Ann&n=0", "/each?name=Bob&n=1"));
}

TEST_F(ApiExecute, OldTriggersAreKept) {
  const std::string id = save(
      "{'steps':[{'provider':'logic','action':'set'}],'trigger':{'type':'schedule','config':"
      "{'cron_expression':'*/5 * * * *','timezone':'Europe/Berlin'}}}");
  const Json plan = at(server_.get("/api/plans/" + id).json, "plan");
  EXPECT_THAT(to_json(at(plan, "trigger")), HasSubstr("*/5 * * * *"));
  EXPECT_EQ(at(server_.post("/api/execute", quoted("{'plan_id':'" + id + "'}")).json, "success"),
            Json(true));
}

TEST_F(ApiExecute, AChangedPlanIsWhatRunsNext) {
  const std::string id = save("[{'provider':'logic','action':'set','params':{'v':1}}]");
  const std::string body = quoted("{'plan_id':'" + id + "'}");
  const auto value = [&] {
    return at(server_.post("/api/execute", body).json, "execution/step_outputs/0/output/v");
  };
  EXPECT_EQ(value(), Json(1));
  ASSERT_EQ(server_
                .put("/api/plans/" + id, quoted("{'plan_json':[{'provider':'logic','action':"
                                                "'set','params':{'v':2}}]}"))
                .status,
            200);
  // On a connection each, so that they reach both shards.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(value(), Json(2));
  server_.del("/api/plans/" + id);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server_.post("/api/execute", body).status, 404);
}

}  // namespace
}  // namespace pilot::e2e
