// The database away from the nodes: cut off from one of them, silent, refused, restarted. Calls
// meanwhile hear 503 with Retry-After; afterwards all goes on within seconds, nothing is lost and
// nothing is done twice.
#include <gtest/gtest.h>

#include "cluster_audit.h"
#include "store/postgres/cluster_under_test.h"
#include "store/postgres/fault_proxy.h"

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using store::postgres::Cluster;
using store::postgres::FaultProxy;

constexpr seconds kPatience{60};

// The load goes on until the nodes have taken so many runs more.
void accept_more(const ClusterWorld& world, std::size_t runs) {
  const std::size_t before = world.accepted().size();
  EXPECT_TRUE(eventually([&] { return world.accepted().size() >= before + runs; }, kPatience));
}

// And until its clients have heard no so many times more.
void refuse_more(const ClusterWorld& world, std::size_t times) {
  const std::size_t before = world.refusals().size();
  EXPECT_TRUE(eventually([&] { return world.refusals().size() >= before + times; }, kPatience));
}

bool is_away(ClusterWorld& world, std::size_t node) {
  return world.node(node).get("/readyz").status == 503;
}

// How long until the node takes runs again.
milliseconds until_back(ClusterWorld& world, std::size_t node) {
  const auto begin = Clock::now();
  EXPECT_TRUE(eventually([&] { return world.post_run(node).has_value(); }, seconds{20}));
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

// Whoever was refused was told when to come again.
void check_refusals(const ClusterWorld& world) {
  std::map<std::string, int> counts;
  for (const Refusal& refusal : world.refusals()) {
    ++counts[fmt::format("{} {}", refusal.status, refusal.code)];
    EXPECT_EQ(refusal.status, 503) << refusal.code << " of node " << refusal.node;
    EXPECT_NE(refusal.retry_after, "") << refusal.code;
  }
  for (const auto& [what, count] : counts) fmt::print("{} times {}\n", count, what);
  EXPECT_FALSE(counts.empty()) << "nobody noticed anything";
}

class ClusterNetwork : public testing::Test {
 protected:
  static std::uint16_t database_port() {
    const std::string url = cluster_url();
    const std::size_t colon = url.rfind(':');
    return static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1)));
  }
  // Only the first node goes through the proxy.
  ClusterOptions options() {
    return {.latency = milliseconds{300},
            .route = [this](std::size_t node, const std::string& url) {
              return node == 0 ? store::postgres::with_port(url, proxy_.port()) : url;
            }};
  }
  FaultProxy proxy_{database_port()};
};

TEST_F(ClusterNetwork, CutOffAndRefusedForAWhile) {
  ClusterWorld world(options());
  world.begin_load(5);
  for (int round = 0; round < 4; ++round) {
    accept_more(world, 20);
    world.note(0, "cut");
    if (round % 2 == 1) {
      proxy_.refuse(true);
      proxy_.cut_all(FaultProxy::How::reset);
      EXPECT_TRUE(eventually([&] { return is_away(world, 0); }, kPatience));
      refuse_more(world, 10);
      EXPECT_EQ(world.node(0).get("/healthz").status, 200) << "the process lives";
      proxy_.refuse(false);
    } else {
      proxy_.cut_all();
    }
    const milliseconds back = until_back(world, 0);
    fmt::print("back after {} ms\n", back.count());
    EXPECT_LE(back, seconds{5});
    EXPECT_TRUE(world.node(0).process().running());
  }
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  check_refusals(world);
  check_cluster(world, world.service());
}

// What the node asks arrives, what the database answers does not, until others have its runs.
TEST_F(ClusterNetwork, AnswersDoNotComeForLongerThanTheLease) {
  ClusterWorld world(options());
  world.begin_load(5);
  accept_more(world, 30);
  world.note(0, "silence");
  proxy_.hold(true);
  EXPECT_TRUE(eventually([&] { return !take_overs(world, "silence").empty(); }, kPatience));
  proxy_.hold(false);
  const milliseconds back = until_back(world, 0);
  fmt::print("back after {} ms\n", back.count());
  EXPECT_LE(back, seconds{5});
  EXPECT_TRUE(world.node(0).process().running());
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  check_cluster(world, world.service());
}

TEST(ClusterDatabase, IsStoppedAtOnceAndStartedAgainUnderLoad) {
  Cluster cluster;
  ClusterWorld world({.cluster = cluster.url()});
  world.begin_load(5);
  for (const std::size_t refused : {0u, 50u}) {  // short, and until many have been told
    accept_more(world, 30);
    for (std::size_t i = 0; i < 3; ++i) world.note(i, "database");
    cluster.stop(SIGQUIT);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(eventually([&] { return is_away(world, i); }, kPatience));
    }
    refuse_more(world, refused);
    cluster.start();
    milliseconds back{0};
    for (std::size_t i = 0; i < 3; ++i) back = std::max(back, until_back(world, i));
    fmt::print("{} refused, back after {} ms\n", refused, back.count());
    EXPECT_LE(back, seconds{5});
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(world.node(i).process().running());
  }
  world.end_load();
  EXPECT_TRUE(world.all_ended());
  check_refusals(world);
  check_cluster(world, world.service());
}

}  // namespace
}  // namespace pilot::e2e
