// Several nodes on one PostgreSQL, and what happens to some of them: killed, stopped and continued,
// told by the database that their lease is over, terminated. Nothing accepted is lost, nothing is
// done twice, the others go on.
#include <gtest/gtest.h>

#include "cluster_audit.h"

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

void sleep(milliseconds time) { std::this_thread::sleep_for(time); }

TEST(Cluster, OneNodeIsKilledEveryFiveSeconds) {
  ClusterWorld world;
  world.begin_load(5);
  for (int kill = 0; kill < 6; ++kill) {
    sleep(seconds{5});
    const std::size_t victim = world.random(3);
    world.kill(victim);
    world.start(victim);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  sleep(seconds{1});
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  check_cluster(world, world.service());
  EXPECT_FALSE(take_overs(world, "kill").empty()) << "no kill met a run";
}

// Longer than its lease: others take its runs, and it must not know better when it goes on.
TEST(Cluster, AStoppedNodeGoesOnAfterItsLease) {
  ClusterWorld world({.latency = milliseconds{400}});
  world.begin_load(6);
  sleep(seconds{4});
  const std::size_t victim = world.random(3);
  world.stop(victim);
  sleep(seconds{20});
  const Sql sql(world.url());
  const std::string owned = fmt::format(
      "SELECT count(*) FROM runs r JOIN audit.owners o ON o.node = r.node WHERE o.writer = '{}'"
      " AND r.state IN ('queued', 'running', 'waiting')",
      world.process(victim));
  EXPECT_EQ(sql.number(owned), 0) << "its runs lie still";
  const Wall back = std::chrono::system_clock::now();
  const std::size_t sent = world.service().count();
  world.go_on(victim);
  EXPECT_TRUE(eventually([&] { return world.node(victim).get("/readyz").status == 200; }));
  sleep(seconds{4});
  EXPECT_GT(world.service().count(), sent);
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  EXPECT_GT(writes(world, world.process(victim), back), 0) << "it does not work any more";
  EXPECT_FALSE(take_overs(world, "stop").empty()) << "it had no runs";
  check_cluster(world, world.service());
}

TEST(Cluster, TheLeaseOfALiveNodeIsOver) {
  ClusterWorld world({.latency = milliseconds{400}});
  world.begin_load(6);
  for (int times = 0; times < 8; ++times) {
    sleep(seconds{2});
    world.expire_lease(world.random(3));
  }
  sleep(seconds{3});
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  EXPECT_FALSE(take_overs(world, "lease").empty()) << "nobody took anything";
  check_cluster(world, world.service());
}

// From the signal on not ready; gone within ten seconds; others have its runs two seconds later.
TEST(Cluster, TerminatedUnderLoad) {
  ClusterWorld world({.latency = milliseconds{300}});
  world.begin_load(6);
  for (int stop = 0; stop < 3; ++stop) {
    sleep(seconds{3});
    const std::size_t victim = world.random(3);
    Connection kept(world.node(victim).url());
    EXPECT_EQ(kept.send("GET", "/readyz").status, 200);
    const auto begin = Clock::now();
    std::thread ending([&] {
      const Finished ended = world.terminate(victim);
      EXPECT_EQ(ended.code, 0) << ended.err;
    });
    int status = 200;
    while (status == 200 && Clock::now() - begin < seconds{1}) {
      status = kept.send("GET", "/readyz").status;
      sleep(milliseconds{1});
    }
    const auto unready = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    ending.join();
    const auto gone = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    fmt::print("/readyz says {} after {} ms, gone after {} ms\n", status, unready.count(),
               gone.count());
    EXPECT_EQ(status, 503);
    EXPECT_LE(unready, milliseconds{500});
    EXPECT_LE(gone, seconds{10});
    world.start(victim);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  check_cluster(world, world.service());
  const auto handed_on = hand_overs(world);
  ASSERT_FALSE(handed_on.empty()) << "no stop met a run";
  fmt::print("{} runs handed on: median {} ms, p99 {} ms, most {} ms\n", handed_on.size(),
             percentile(handed_on, 50).count(), percentile(handed_on, 99).count(),
             handed_on.back().count());
  EXPECT_LE(percentile(handed_on, 99), seconds{2});
  // Nothing was repeated: every call that is not a read was sent once.
  std::map<std::string, int> sends;
  for (const Seen& seen : world.service().seen()) {
    if (seen.path != "/get") ++sends[seen.query("c")];
  }
  for (const auto& [call, count] : sends) EXPECT_EQ(count, 1) << call;
}

}  // namespace
}  // namespace pilot::e2e
