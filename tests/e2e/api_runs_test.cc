// /api/runs on a real server: accept, list, read, cancel, and follow by server-sent events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "fake_service.h"
#include "pilot.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

class ApiRuns : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.up()); }
  std::string start(const std::string& plan) const {
    const Answer started = server_.post("/api/runs", quoted("{'plan':" + plan + "}"));
    EXPECT_EQ(started.status, 202) << started.body;
    return started.text("id");
  }
  std::string status_of(const std::string& run) const {
    return server_.get("/api/runs/" + run).text("status");
  }
  TempDir dir_;
  FakeService service_{answer(200, "{}")};
  Server server_{dir_.path() / "data"};
};

TEST_F(ApiRuns, AcceptedListedAndRead) {
  const Answer started = server_.post(
      "/api/runs", quoted("{'plan':{'name':'Sum','steps':[{'id':'a','provider':'logic','action':"
                          "'set','params':{'x':'${inputs.x}'}}]},'inputs':{'x':5},"
                          "'trigger':{'type':'manual','body':{'y':1}},'user_id':'local'}"));
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string id = started.text("id");
  EXPECT_EQ(started.header("location"), "/api/runs/" + id);
  EXPECT_EQ(started.text("user_id"), "local");
  const Json run = server_.ended(id);
  EXPECT_THAT(keys(run), IsSupersetOf({"id", "plan_id", "plan_name", "user_id", "status", "reason",
                                       "error", "created_at", "started_at", "finished_at", "inputs",
                                       "trigger", "output", "steps", "attempts"}));
  EXPECT_EQ(text_at(run, "status"), "success");
  EXPECT_EQ(text_at(run, "plan_name"), "Sum");
  EXPECT_EQ(to_json(at(run, "output")), R"({"x":5})");
  EXPECT_EQ(at(run, "trigger/body/y"), Json(1));
  EXPECT_EQ(text_at(run, "steps/0/id"), "a");
  EXPECT_EQ(at(run, "steps/0/attempts"), Json(1));

  const std::string other = start("[{'provider':'logic','action':'fail'}]");
  EXPECT_EQ(text_at(server_.ended(other), "status"), "error");
  const Json all = server_.get("/api/runs").json;
  ASSERT_EQ(list_at(all, "runs").size(), 2u);
  EXPECT_EQ(text_at(all, "runs/0/id"), other) << "newest first";
  EXPECT_EQ(list_at(server_.get("/api/runs?status=success").json, "runs").size(), 1u);
  EXPECT_EQ(server_.get("/api/runs?status=odd").status, 400);
  const Json page = server_.get("/api/runs?limit=1").json;
  EXPECT_EQ(text_at(server_.get("/api/runs?limit=1&cursor=" + text_at(page, "next_cursor")).json,
                    "runs/0/id"),
            id);
}

TEST_F(ApiRuns, OfASavedPlan) {
  const std::string plan =
      server_.post("/api/plans", R"({"name":"S","steps":[{"provider":"logic","action":"set"}]})")
          .text("id");
  const Answer started = server_.post("/api/runs", quoted("{'plan_id':'" + plan + "'}"));
  ASSERT_EQ(started.status, 202);
  EXPECT_EQ(text_at(server_.ended(started.text("id")), "status"), "success");
  EXPECT_EQ(text_at(server_.get("/api/runs?plan_id=" + plan).json, "runs/0/plan_id"), plan);
  EXPECT_EQ(server_.post("/api/runs", R"({"plan_id":"nope"})").status, 404);
  EXPECT_EQ(server_.post("/api/runs", R"({"plan_id":"nope","input":{}})").text("code"),
            "unknown_key");
}

TEST_F(ApiRuns, CancelWhileACallIsUnderWay) {
  service_.on("/slow", never());
  const std::string run =
      start(fmt::format("[{{'provider':'http','action':'get','params':{{'url':'{0}/slow'}}}},"
                        "{{'provider':'http','action':'get','params':{{'url':'{0}/never'}}}}]",
                        service_.url()));
  ASSERT_TRUE(service_.wait_for("/slow", 1));
  const Answer cancelled = server_.post("/api/runs/" + run + "/cancel");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(cancelled.text("status"), "cancelled");
  EXPECT_EQ(status_of(run), "cancelled");
  const Answer again = server_.post("/api/runs/" + run + "/cancel");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.header("content-type"), "application/problem+json");
  EXPECT_EQ(service_.count("/never"), 0u);
  EXPECT_EQ(server_.post("/api/runs/nope/cancel").status, 404);
}

TEST_F(ApiRuns, CancelOfRunsThatSleep) {
  // Less than two seconds are slept in memory.
  const std::string soon = start("[{'provider':'logic','action':'wait','params':{'seconds':1.9}}]");
  const Answer first = server_.post("/api/runs/" + soon + "/cancel");
  const bool too_late = first.status == 409 && status_of(soon) == "success";  // a busy machine
  if (!too_late) EXPECT_EQ(first.text("status"), "cancelled") << first.body;
  const std::string parked = start(
      "[{'provider':'logic','action':'wait','params':{'duration':'30d'}},"
      "{'provider':'logic','action':'set'}]");
  ASSERT_TRUE(eventually([&] { return status_of(parked) == "waiting"; }));
  EXPECT_EQ(server_.get("/api/runs/" + parked).text("reason"), "timer");
  EXPECT_EQ(server_.post("/api/runs/" + parked + "/cancel").text("status"), "cancelled");
  EXPECT_EQ(status_of(parked), "cancelled");
}

TEST_F(ApiRuns, AWaitOutlivesTheServer) {
  const std::string run = start(
      "[{'provider':'logic','action':'wait','params':{'seconds':4}},"
      "{'provider':'logic','action':'set','params':{'x':'${steps.0.output.waited_until}'}}]");
  ASSERT_TRUE(eventually([&] { return status_of(run) == "waiting"; }));
  server_.kill();
  Server again(dir_.path() / "data");
  ASSERT_TRUE(again.up());
  EXPECT_EQ(text_at(again.ended(run), "status"), "success");
}

// All events of the run from after `last_id`; ends with the stream.
std::vector<Event> events_of(const Server& server, const std::string& run,
                             const std::string& last_id = {}) {
  EventStream stream(server.url(), "/api/runs/" + run + "/events", last_id);
  EXPECT_EQ(stream.status(), 200);
  EXPECT_EQ(stream.head().header("content-type"), "text/event-stream");
  std::vector<Event> out;
  while (auto event = stream.next()) out.push_back(std::move(*event));
  return out;
}

std::vector<std::string> ids_of(const std::vector<Event>& events) {
  std::vector<std::string> out;
  for (const Event& event : events) out.push_back(event.id);
  return out;
}

TEST_F(ApiRuns, EventsAsTheyHappenAndAfterwards) {
  service_.on("/gate", after(std::chrono::milliseconds{300}, answer(200, R"({"a":1})")));
  const std::string run = start(fmt::format(
      "[{{'id':'gate','provider':'http','action':'get','params':{{'url':'{}/gate'}}}},"
      "{{'id':'each','foreach':[1,2,3],'provider':'logic','action':'set','params':{{'n':"
      "'${{item}}'}}}}]",
      service_.url()));
  const std::vector<Event> live = events_of(server_, run);
  ASSERT_FALSE(live.empty());
  EXPECT_EQ(live.back().type, "run");
  EXPECT_EQ(text_at(live.back().data, "status"), "success");
  std::int64_t before = 0;
  std::map<std::string, int> successes;
  for (const Event& event : live) {
    EXPECT_GT(std::stoll(event.id), before) << "ids rise";
    before = std::stoll(event.id);
    if (event.type == "attempt" && text_at(event.data, "status") == "success") {
      ++successes[text_at(event.data, "step_id") + text_at(event.data, "item_path")];
    }
  }
  const std::map<std::string, int> wanted{
      {"gate", 1}, {"each", 1}, {"each0", 1}, {"each1", 1}, {"each2", 1}};
  EXPECT_EQ(successes, wanted);

  // Whoever comes later sees each row once, in order; and nothing more after the last.
  const std::vector<std::string> all = ids_of(events_of(server_, run));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i + 1 == all.size()) break;
    const std::vector<std::string> rest = ids_of(events_of(server_, run, all[i]));
    EXPECT_EQ(rest, std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                             all.end()));
  }
  EventStream over(server_.url(), "/api/runs/" + run + "/events", all.back());
  EXPECT_EQ(over.status(), 204);
  EXPECT_EQ(server_.get("/api/runs/nope/events").status, 404);
  EXPECT_EQ(call(server_.url(), "GET", "/api/runs/" + run + "/events", "", {{"Last-Event-ID", "x"}})
                .status,
            400);
}

// A client that loses its connection again and again while the run goes on: what it has seen in all
// is each final attempt once, no gap and no repeat.
TEST_F(ApiRuns, ResumingWhileTheRunGoesOn) {
  service_.on("/item", after(std::chrono::milliseconds{5}, answer(200, "{}")));
  std::string list = "0";
  for (int i = 1; i < 60; ++i) list += "," + std::to_string(i);
  const std::string run = start(fmt::format(
      "[{{'id':'each','foreach':[{}],'concurrency':3,'provider':'http','action':'get','params':"
      "{{'url':'{}/item'}}}}]",
      list, service_.url()));
  std::vector<Event> seen;
  bool over = false;
  for (int connections = 0; !over && connections < 500; ++connections) {
    EventStream stream(server_.url(), "/api/runs/" + run + "/events",
                       seen.empty() ? "" : seen.back().id);
    ASSERT_EQ(stream.status(), 200);
    for (int i = 0; i < 4 && !over; ++i) {  // then it is cut off
      auto event = stream.next();
      if (!event) break;
      over = event->type == "run" && text_at(event->data, "status") == "success";
      seen.push_back(std::move(*event));
    }
  }
  ASSERT_TRUE(over);
  std::map<std::string, int> finals;
  std::int64_t before = 0;
  for (const Event& event : seen) {
    EXPECT_GT(std::stoll(event.id), before);
    before = std::stoll(event.id);
    const std::string path = text_at(event.data, "item_path");
    if (event.type == "attempt" && !path.empty() && text_at(event.data, "status") == "success") {
      ++finals[path];
    }
  }
  EXPECT_EQ(finals.size(), 60u) << "a gap";
  for (const auto& [path, count] : finals) EXPECT_EQ(count, 1) << "item " << path;
}

}  // namespace
}  // namespace pilot::e2e
