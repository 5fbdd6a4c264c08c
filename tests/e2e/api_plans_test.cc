// The old service's endpoints on a real server: health, providers, plans, credentials, and what a
// browser or a hostile page may not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class ApiPlans : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.up()); }
  TempDir dir_;
  Server server_{dir_.path() / "data"};
};

TEST_F(ApiPlans, Health) {
  const Answer health = server_.get("/api/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.text("status"), "healthy");
  EXPECT_EQ(health.header("content-type"), "application/json");
  EXPECT_EQ(server_.get("/healthz").status, 200);
  EXPECT_EQ(server_.get("/readyz").status, 200);
  const Answer status = server_.get("/api/monitoring/status");
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(at(status.json, "runs/open"), Json(0));
}

TEST_F(ApiPlans, Providers) {
  const Answer all = server_.get("/api/providers");
  ASSERT_EQ(all.status, 200);
  std::vector<std::string> names;
  for (const Json& provider : list_at(all.json, "providers")) {
    names.push_back(text_at(provider, "name"));
    EXPECT_THAT(keys(provider), IsSupersetOf({"name", "kind", "auth", "actions"}));
  }
  EXPECT_THAT(names,
              IsSupersetOf({"http", "webhook", "custom_api", "logic", "openai", "groq", "email"}));
  const Answer one = server_.get("/api/providers/http");
  EXPECT_EQ(text_at(one.json, "actions/0/params/type"), "object") << one.body;
  const Answer none = server_.get("/api/providers/htttp");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.text("error"), HasSubstr("\"http\""));
}

// Made, listed, read, changed and removed, by either of its two names.
void plans_life(const Server& server, const std::string& base) {
  const Answer made = server.post(
      base, quoted("{'name':'Daily','user_id':'local','original_prompt':'greet','plan_json':"
                   "{'steps':[{'provider':'logic','action':'set','params':{'x':1}}]},"
                   "'plain_english_steps':['say hello'],'required_providers':['logic'],"
                   "'trigger':{'type':'cron','cron_expression':'0 9 * * *'},'status':'active'}"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(at(made.json, "success"), Json(true));
  const std::string id = made.text("id");
  EXPECT_EQ(made.header("location"), "/api/plans/" + id);

  const Json plan = at(server.get(base + "/" + id).json, "plan");
  EXPECT_THAT(keys(plan), IsSupersetOf({"id", "user_id", "name", "original_prompt", "plan_json",
                                        "plain_english_steps", "required_providers", "trigger",
                                        "status", "created_at", "updated_at"}));
  EXPECT_EQ(text_at(plan, "user_id"), "local");
  EXPECT_EQ(text_at(plan, "original_prompt"), "greet");
  EXPECT_EQ(text_at(plan, "plain_english_steps/0"), "say hello");
  EXPECT_EQ(text_at(plan, "trigger/cron_expression"), "0 9 * * *");
  EXPECT_EQ(at(plan, "plan_json/steps/0/params/x"), Json(1)) << "the document as it was written";
  EXPECT_EQ(text_at(server.get(base + "?user_id=local").json, "plans/0/id"), id);

  const Answer changed = server.put(base + "/" + id, R"({"name":"Nightly","user_id":"local"})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(text_at(server.get(base + "/" + id).json, "plan/name"), "Nightly");
  EXPECT_EQ(list_at(server.get(base + "/" + id + "/versions").json, "versions").size(), 2u);
  EXPECT_EQ(server.del(base + "/" + id).status, 200);
  EXPECT_EQ(server.get(base + "/" + id).status, 404);
  EXPECT_EQ(server.del(base + "/" + id).status, 404);
}

TEST_F(ApiPlans, PlansAndTheirOldName) {
  plans_life(server_, "/api/plans");
  plans_life(server_, "/api/execution-plans");
  EXPECT_EQ(server_.get("/api/plans").json, server_.get("/api/execution-plans").json);
}

TEST_F(ApiPlans, PagesHaveEachPlanOnce) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(
        server_.post("/api/plans", R"([{"provider":"logic","action":"set"}])").text("id"));
  }
  std::vector<std::string> seen;
  std::string target = "/api/plans?limit=2";
  for (int pages = 0; pages < 5 && !target.empty(); ++pages) {
    const Json page = server_.get(target).json;
    for (const Json& plan : list_at(page, "plans")) seen.push_back(text_at(plan, "id"));
    const std::string cursor = text_at(page, "next_cursor");
    target = cursor.empty() ? "" : "/api/plans?limit=2&cursor=" + cursor;
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(made));
}

TEST_F(ApiPlans, Credentials) {
  EXPECT_EQ(server_
                .post("/api/provider-credentials/openai",
                      quoted("{'user_id':'local','type':'api_key','value':'sk-canary-77'}"))
                .status,
            201);
  EXPECT_EQ(server_
                .post("/api/provider-credentials/chatgpt",
                      quoted("{'credentials':{'base_url':'http://127.0.0.1:1'}}"))
                .status,
            201);
  const Answer listed = server_.get("/api/provider-credentials/openai?user_id=local");
  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(list_at(listed.json, "types").size(), 2u) << listed.body;
  EXPECT_THAT(listed.body, AllOf(HasSubstr("api_key"), Not(HasSubstr("sk-canary"))));
  EXPECT_EQ(server_.del("/api/provider-credentials/openai/api_key").status, 200);
  const Answer bad = server_.post("/api/provider-credentials/openai",
                                  quoted("{'type':'api_key','value':['sk-canary-77']}"));
  EXPECT_EQ(bad.status, 422);
  EXPECT_THAT(bad.body, Not(HasSubstr("sk-canary")));
}

TEST_F(ApiPlans, ProblemsAreProblemJson) {
  const Answer none = server_.get("/api/plans/nope");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.header("content-type"), "application/problem+json");
  EXPECT_THAT(keys(none.json),
              IsSupersetOf({"type", "title", "status", "detail", "code", "error"}));
  EXPECT_EQ(at(none.json, "status"), Json(404));
  EXPECT_EQ(none.text("error"), none.text("detail"));
  const Answer route = server_.get("/api/nothing/here");
  EXPECT_EQ(route.status, 404);
  EXPECT_EQ(route.header("content-type"), "application/problem+json");
  const Answer method = call(server_.url(), "PATCH", "/api/plans", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.header("allow"), HasSubstr("POST"));
  EXPECT_EQ(server_.get("/api/plans?limit=0").status, 400);
  EXPECT_EQ(server_.get("/api/plans?user_id=somebody").status, 403);
  EXPECT_EQ(server_.post("/api/plans", R"({"user_id":"somebody","steps":[]})").status, 403);
}

TEST_F(ApiPlans, NoPageOfAnotherSiteGetsIn) {
  const std::string url = server_.url();
  const std::string plan = R"([{"provider":"logic","action":"set"}])";
  const auto status = [&](const Headers& headers) {
    return call(url, "POST", "/api/plans", plan, headers).status;
  };
  EXPECT_EQ(status({{"Origin", "http://evil.test"}}), 403);
  EXPECT_EQ(status({{"Origin", "null"}}), 403);
  EXPECT_EQ(status({{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/x-www-form-urlencoded"}}), 415);
  EXPECT_EQ(status({{"Origin", url}}), 201);
  // DNS rebinding: a name of theirs that leads here.
  Connection rebound(url);
  rebound.write("GET /api/plans HTTP/1.1\r\nHost: evil.test\r\n\r\n");
  EXPECT_EQ(rebound.read_answer().status, 403);
}

TEST_F(ApiPlans, RequestsThatAreNone) {
  for (const std::string bytes :
       {"\r\n\r\n", "GET\r\n\r\n", "GET /api/health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "POST /api/plans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\n{}",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"}) {
    Connection connection(server_.url());
    connection.write(bytes);
    const int status = connection.read_answer().status;
    EXPECT_TRUE(status == 0 || (status >= 400 && status < 600)) << status << " for " << bytes;
  }
  Connection large(server_.url());
  const Answer refused = large.send("POST", "/api/plans", std::string(11u << 20, ' '));
  EXPECT_TRUE(refused.status == 413 || refused.status == 0) << refused.status;
  Connection wide(server_.url());
  EXPECT_EQ(wide.send("GET", "/api/plans?x=" + std::string(20'000, 'a')).status, 414);
  Headers many;
  for (int i = 0; i < 200; ++i) many.emplace_back(fmt::format("X-{}", i), "1");
  EXPECT_EQ(call(server_.url(), "GET", "/api/plans", "", many).status, 431);
  EXPECT_TRUE(server_.healthy());
}

}  // namespace
}  // namespace pilot::e2e
