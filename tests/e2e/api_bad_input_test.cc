// Bad input at the API: 4xx with problem+json that names the place, and nothing has changed. The
// server is as well afterwards as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bad_plans.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::StartsWith;

// One server for all of them: it must survive each.
class ApiBadInput : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.up()); }
  void expect_nothing_changed() const {
    EXPECT_EQ(at(server_.get("/api/runs").json, "runs"), Json(JsonArray{}));
    EXPECT_EQ(at(server_.get("/api/plans").json, "plans"), Json(JsonArray{}));
    EXPECT_EQ(at(server_.get("/api/execution-logs").json, "logs"), Json(JsonArray{}));
  }
  TempDir dir_;
  Server server_{dir_.path() / "data"};
};

void expect_problem(const Answer& answer, const BadPlan& bad, const std::string& place) {
  EXPECT_EQ(answer.status, bad.status) << bad.name << answer.body;
  EXPECT_EQ(answer.header("content-type"), "application/problem+json") << bad.name;
  EXPECT_THAT(keys(answer.json),
              IsSupersetOf({"type", "title", "status", "detail", "code", "error", "pointer"}))
      << bad.name;
  EXPECT_EQ(answer.text("code"), bad.code) << bad.name << answer.body;
  EXPECT_THAT(answer.text("pointer"), StartsWith(place)) << bad.name;
  EXPECT_THAT(answer.text("detail"), HasSubstr(bad.words)) << bad.name;
  EXPECT_EQ(answer.text("error"), answer.text("detail")) << bad.name;
}

TEST_F(ApiBadInput, PlansThatAreRefused) {
  for (const BadPlan& bad : bad_plans()) {
    // A place in the text is told by its line, one in the document as a pointer to it.
    const bool by_line = bad.place.starts_with("line");
    const auto place = [&](const std::string& prefix) {
      return by_line ? bad.place : prefix + bad.place;
    };
    for (const char* path : {"/api/runs", "/api/execute"}) {
      expect_problem(server_.post(path, "{\"plan\":" + bad.text + "}"), bad, place("/plan"));
    }
    expect_problem(server_.post("/api/plans", "{\"plan_json\":" + bad.text + "}"), bad,
                   place("/plan_json"));
    expect_problem(server_.post("/api/plans", bad.text), bad, place(""));
    if (by_line) continue;
    const Answer told = server_.post("/api/plans/validate", bad.text);
    EXPECT_EQ(told.status, 200) << bad.name;
    EXPECT_EQ(text_at(told.json, "problems/0/code"), bad.code) << bad.name << told.body;
  }
  expect_nothing_changed();
  EXPECT_TRUE(server_.healthy());
}

TEST_F(ApiBadInput, LargePlansAndBodies) {
  const std::string large = R"({"plan":{"description":")" + std::string(2u << 20, 'x') +
                            R"(","steps":[{"provider":"logic","action":"set"}]}})";
  const Answer refused = server_.post("/api/runs", large);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(refused.text("code"), "plan_too_large");
  std::string keys = R"({"plan":{"steps":[{"provider":"logic","action":"set","params":{"a0":0)";
  for (int i = 1; i <= 100'000; ++i) keys += fmt::format(",\"a{}\":0", i);
  const Answer many = server_.post("/api/runs", keys + "}}]}}");
  EXPECT_EQ(many.status, 400) << many.body.substr(0, 500);
  EXPECT_EQ(many.text("code"), "json_too_many_keys");
  const std::string number(2'000, '7');
  const Answer digits = server_.post("/api/runs", "{\"plan\":" + number + "}");
  EXPECT_EQ(digits.status, 400);
  EXPECT_THAT(digits.text("code"), AnyOf(Eq("json_number_too_long"), Eq("number_out_of_range")));
  // Told before it has been sent.
  Connection connection(server_.url());
  connection.write(
      "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 99999999999\r\n\r\n{");
  const Answer body = connection.read_answer();
  EXPECT_EQ(body.status, 413);
  EXPECT_EQ(body.text("code"), "body_too_large");
  EXPECT_NE(at(body.json, "limit"), Json(nullptr)) << body.body;
  expect_nothing_changed();
}

TEST_F(ApiBadInput, BodiesThatAreSomethingElse) {
  for (const char* path : {"/api/runs", "/api/execute", "/api/plans", "/api/execute-step",
                           "/api/provider-credentials/http"}) {
    for (const char* body : {"7", "\"text\"", "null", "{}", "[1]", "{\"plan_id\":7}",
                             "{\"plan\":7}", "{\"plan\":{}}", "{\"inputs\":[]}"}) {
      const Answer answer = server_.post(path, body);
      EXPECT_TRUE(answer.status >= 400 && answer.status < 500) << path << body << answer.body;
      EXPECT_FALSE(answer.text("error").empty()) << path << body;
      EXPECT_FALSE(answer.text("code").empty()) << path << body;
    }
    EXPECT_EQ(call(server_.url(), "POST", path, "", {{"Content-Type", "application/json"}}).status,
              400)
        << path;
  }
  expect_nothing_changed();
}

TEST_F(ApiBadInput, InputsAreChecked) {
  const std::string plan = quoted(
      "'plan':{'inputs':{'type':'object','required':['n'],'properties':{'n':{'type':'integer'}}},"
      "'steps':[{'provider':'logic','action':'set'}]}");
  for (const char* inputs : {R"({"n":"x"})", R"({"n":1.5})", "{}"}) {
    const Answer answer =
        server_.post("/api/runs", fmt::format("{{{},\"inputs\":{}}}", plan, inputs));
    EXPECT_EQ(answer.status, 422) << inputs;
    EXPECT_EQ(answer.text("code"), "inputs_invalid") << inputs;
    EXPECT_THAT(answer.text("pointer"), StartsWith("/inputs")) << inputs;
  }
  expect_nothing_changed();
}

}  // namespace
}  // namespace pilot::e2e
