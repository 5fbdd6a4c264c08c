// What one node knows and does of another's runs: follow, cancel, list, and leave them to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_audit.h"

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

// A call that the service answers when it is told to.
std::string slow_run(ClusterWorld& world, std::size_t node) {
  const Answer started = world.node(node).post(
      "/api/runs", quoted(fmt::format("{{'plan':[{{'id':'slow','provider':'http','action':'get',"
                                      "'params':{{'url':'{}'}}}}]}}",
                                      world.service().url("/slow"))));
  EXPECT_EQ(started.status, 202) << started.body;
  return started.text("id");
}

TEST(ClusterNodes, EventsOfARunOnAnotherNode) {
  ClusterWorld world({.nodes = 2});
  world.service().on("/slow", after(seconds{3}, answer(200, "{}")));
  const std::string run = slow_run(world, 1);
  EventStream stream(world.node(0).url(), "/api/runs/" + run + "/events");
  ASSERT_EQ(stream.status(), 200);
  std::int64_t before = 0;
  std::string status;
  while (const auto event = stream.next()) {
    EXPECT_GT(std::stoll(event->id), before);
    before = std::stoll(event->id);
    if (event->type == "run") status = text_at(event->data, "status");
  }
  const auto told = Clock::now();
  EXPECT_EQ(status, "success");
  const Sql sql(world.url());
  const std::string late = sql.value(
      "SELECT (extract(epoch FROM clock_timestamp() - finished_at) * 1000)::bigint FROM runs WHERE"
      " id = '" +
      run + "'");
  fmt::print("told of the end {} ms after it\n", std::stoll(late) - since(told).count());
  EXPECT_LE(std::stoll(late), 3'000);
}

TEST(ClusterNodes, ARunOfAnotherNodeIsCancelled) {
  ClusterWorld world({.nodes = 2});
  world.service().on("/slow", never());
  const std::string run = slow_run(world, 1);
  ASSERT_TRUE(world.service().wait_for("/slow", 1));
  const auto begin = Clock::now();
  const Answer cancelled = world.node(0).post("/api/runs/" + run + "/cancel", "{}");
  fmt::print("cancelled through another node after {} ms\n", since(begin).count());
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_LE(since(begin), seconds{3});
  EXPECT_EQ(text_at(world.node(1).ended(run), "status"), "cancelled");
  EXPECT_EQ(world.node(0).post("/api/runs/" + run + "/cancel", "{}").status, 409);
  EXPECT_EQ(world.service().count("/slow"), 1u);
}

// Its data directory says that the one before it is dead: nobody waits for that one's lease.
TEST(ClusterNodes, AServerThatIsStartedAgainTakesUpItsRunsAtOnce) {
  ClusterWorld world({.nodes = 1});
  world.service().on("/slow", never());
  const std::string run = slow_run(world, 0);
  ASSERT_TRUE(world.service().wait_for("/slow", 1));
  world.kill(0);
  world.service().on("/slow", answer(200, "{}"));
  const auto begin = Clock::now();
  world.start(0);
  EXPECT_EQ(text_at(world.node(0).ended(run), "status"), "success");
  fmt::print("ended {} ms after the start\n", since(begin).count());
  EXPECT_LE(since(begin), seconds{8}) << "the lease of the old one has 15";
}

// A run of the dead one that is to be cancelled is, by whoever takes it over.
TEST(ClusterNodes, AreListedAndTheDeadOneIsNotAlive) {
  ClusterWorld world;
  world.service().on("/slow", never());
  const std::string run = slow_run(world, 2);
  ASSERT_TRUE(world.service().wait_for("/slow", 1));
  const auto listed = [&] { return pilot_json(world.data_dir(0), {"nodes"}); };
  Json nodes = listed();
  EXPECT_EQ(at(nodes, "shared"), Json(true));
  ASSERT_EQ(list_at(nodes, "nodes").size(), 3u) << to_json(nodes);
  for (const Json& node : list_at(nodes, "nodes")) EXPECT_EQ(at(node, "alive"), Json(true));
  const pid_t dead = world.node(2).process().pid();
  world.kill(2);
  const Answer busy = world.node(0).post("/api/runs/" + run + "/cancel", "{}");
  if (busy.status != 200) EXPECT_EQ(busy.text("code"), "run_busy") << busy.body;
  const std::string name = fmt::format(":{}", dead);
  const auto alive = [&] {
    nodes = listed();
    const JsonArray& all = list_at(nodes, "nodes");
    return std::count_if(all.begin(), all.end(),
                         [](const Json& node) { return at(node, "alive") == Json(true); });
  };
  EXPECT_TRUE(eventually([&] { return alive() == 2; }, seconds{20})) << to_json(nodes);
  ASSERT_EQ(list_at(nodes, "nodes").size(), 3u) << "a dead one is shown for a day";
  for (const Json& node : list_at(nodes, "nodes")) {
    EXPECT_EQ(at(node, "alive"), Json(!text_at(node, "name").ends_with(name))) << to_json(node);
  }
  EXPECT_TRUE(eventually(
      [&] { return world.node(0).get("/api/runs/" + run).text("status") == "cancelled"; },
      seconds{10}));
}

// NOTIFY wakes the worker: it does not wait for its next look, which is five seconds away.
TEST(ClusterNodes, AnApiNodeLeavesItsRunsToAWorker) {
  ClusterWorld world({.nodes = 2,
                      .more = {{"--roles", "api"}, {"--roles", "worker"}},
                      .latency = milliseconds{5}});
  std::vector<milliseconds> times;
  const std::string plan =
      quoted("{'plan':[{'id':'a','provider':'logic','action':'set','params':{'x':1}}]}");
  std::vector<std::string> runs;
  for (int i = 0; i < 20; ++i) {
    const Answer started = world.node(0).post("/api/runs", plan);
    ASSERT_EQ(started.status, 202) << started.body;
    runs.push_back(started.text("id"));
    static_cast<void>(world.node(0).ended(runs.back()));  // each finds a worker that sleeps
  }
  ASSERT_TRUE(world.all_ended());
  const Sql sql(world.url());
  for (const Row& row : sql.rows("SELECT r.state, a.writer,"
                                 " (extract(epoch FROM a.at - r.created_at) * 1000)::bigint"
                                 " FROM runs r JOIN audit.runs a ON a.run = r.id"
                                 " AND a.state = 'success'")) {
    EXPECT_EQ(row[0], "success");
    EXPECT_EQ(row[1], world.process(1));
    times.emplace_back(std::stoll(row[2]));
  }
  ASSERT_EQ(times.size(), runs.size());
  std::sort(times.begin(), times.end());
  fmt::print("done by the worker: median {} ms, most {} ms after the call\n",
             percentile(times, 50).count(), times.back().count());
  EXPECT_LE(percentile(times, 90), seconds{1});
  // Whoever waits for a run is answered by the node that was asked.
  const Answer done = world.node(0).post("/api/execute", plan);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done.json, "success"), Json(true));
}

// A key that is made at one node closes all of them: also what plans may call, at a worker that
// nobody ever talks to.
TEST(ClusterNodes, TheFirstKeyClosesTheOtherNodesToo) {
  ClusterWorld world({.nodes = 2, .more = {{"--roles", "api"}, {"--roles", "worker"}}});
  const std::string plan = quoted(
      fmt::format("{{'plan':[{{'id':'a','provider':'http','action':'get','params':{{'url':'{}'}}}}]"
                  "}}",
                  world.service().url("/inside")));
  const std::string before = world.node(0).post("/api/runs", plan).text("id");
  EXPECT_EQ(text_at(world.node(0).ended(before), "status"), "success");
  ASSERT_EQ(world.service().count("/inside"), 1u);
  Finished made =
      pilot(world.data_dir(0), {"keys", "create", "--name", "k", "--scopes", "read,run"});
  ASSERT_EQ(made.code, 0) << made.err;
  while (made.out.ends_with('\n')) made.out.pop_back();
  const Headers key{{"Authorization", "Bearer " + made.out}};
  const auto run_ends = [&] {
    const Answer started = call(world.node(0).url(), "POST", "/api/runs", plan, key);
    EXPECT_EQ(started.status, 202) << started.body;
    Answer now;
    EXPECT_TRUE(eventually([&] {
      now = call(world.node(0).url(), "GET", "/api/runs/" + started.text("id"), "", key);
      return now.text("status") == "error" || now.text("status") == "success";
    }));
    return now.text("status");
  };
  ASSERT_TRUE(eventually([&] { return run_ends() == "error"; })) << "it never closes";
  const std::size_t called = world.service().count("/inside");
  EXPECT_EQ(run_ends(), "error");
  EXPECT_EQ(world.service().count("/inside"), called) << "and stays closed";
  EXPECT_EQ(world.node(1).get("/api/runs").status, 401) << "no key, and another node";
  // Revoked at one, it opens no other.
  EXPECT_EQ(call(world.node(1).url(), "GET", "/api/runs", "", key).status, 200);
  const Json keys = pilot_json(world.data_dir(0), {"keys", "list"});
  EXPECT_EQ(pilot(world.data_dir(0), {"keys", "revoke", text_at(keys, "0/id")}).code, 0);
  EXPECT_TRUE(eventually(
      [&] { return call(world.node(1).url(), "GET", "/api/runs", "", key).status == 401; }));
}

// Asked twice, at two nodes, at the same time: it is one run.
TEST(ClusterNodes, AnIdempotencyKeyIsOneRunOnAllNodes) {
  ClusterWorld world;
  const std::string plan = quoted("{'plan':[{'id':'a','provider':'logic','action':'set'}]}");
  for (int round = 0; round < 10; ++round) {
    const Headers key{{"Idempotency-Key", fmt::format("order-{}", round)}};
    std::vector<std::string> ids(3);
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < 3; ++i) {
      clients.emplace_back([&, i] {
        Answer answer;
        do {  // 409 while another carries it out
          answer = call(world.node(i).url(), "POST", "/api/runs", plan, key);
        } while (answer.status == 409);
        ids[i] = answer.status == 202 ? answer.text("id") : answer.body;
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_FALSE(ids[0].empty());
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_EQ(ids[0], ids[2]);
  }
  EXPECT_EQ(Sql(world.url()).number("SELECT count(*) FROM runs"), 10);
}

}  // namespace
}  // namespace pilot::e2e
