// Schedules on three nodes while one of them is killed every five seconds: each due instant, as
// this test counts them, is one row, and each that fired has one run, which ends.
#include <gtest/gtest.h>

#include "cluster_audit.h"
#include "schedule_world.h"

namespace pilot::e2e {
namespace {

using std::chrono::seconds;

struct Planned {
  std::string id;
  Seconds step = 1;
};

// The instants are `first`, `first` + step, ...
Planned save(ClusterWorld& world, Seconds first, Seconds step, bool coalesce) {
  const std::string body = quoted(fmt::format(
      "{{'name':'s','trigger':{{'type':'schedule','cron_expression':'*/{} * * * * *','start':'{}',"
      "'coalesce':{},'max_instances':50}},"
      "'plan_json':{{'steps':[{{'provider':'webhook','action':'send','params':"
      "{{'url':'{}/fire?c=${{run.id}}','payload':{{}}}}}}]}}}}",
      step, moment_of(first), coalesce, world.service().url()));
  const Answer made = world.node(world.random(3)).post("/api/plans", body);
  EXPECT_EQ(made.status, 201) << made.body;
  return {made.text("id"), step};
}

// Walks over the rows of one schedule; adds the runs of what fired.
void check_plan(const Sql& sql, const Planned& plan, Seconds first, Seconds until,
                std::set<std::string>& runs, std::map<std::string, int>& rows_of) {
  Seconds expected = first;
  for (const Row& row : sql.rows(
           "SELECT extract(epoch FROM due_at)::bigint, extract(epoch FROM last_due_at)::bigint,"
           " status, cause, run_id FROM schedule_fires WHERE schedule_id = '" +
           plan.id + "' ORDER BY due_at")) {
    const Seconds begin = std::stoll(row[0]);
    const Seconds end = std::stoll(row[1]);
    ASSERT_EQ(begin, expected) << "an instant without a row, or with two";
    expected = end + plan.step;
    if (row[2] == "fired") {
      EXPECT_EQ(begin, end);
      EXPECT_TRUE(runs.insert(row[4]).second) << row[4] << " is of two instants";
      ++rows_of["fired"];
    } else {
      EXPECT_EQ(row[2], "missed");
      EXPECT_FALSE(row[3].empty()) << "missed without a cause";
      EXPECT_EQ(row[4], "");
      ++rows_of[row[3]];
    }
  }
  EXPECT_GT(expected, until) << "instants are missing at the end";
}

TEST(ClusterSchedules, OneNodeIsKilledEveryFiveSeconds) {
  ClusterWorld world({.latency = std::chrono::milliseconds{30}});
  const Seconds first = (wall_seconds() / 15 + 2) * 15 -
                        15 * (wall_seconds() % 15 < 10);  // an instant of all of them
  std::vector<Planned> plans;
  for (int i = 0; i < 12; ++i) plans.push_back(save(world, first, 1, i % 2 == 0));
  for (int i = 0; i < 8; ++i) plans.push_back(save(world, first, i % 2 == 0 ? 3 : 5, i % 4 < 2));
  ASSERT_LT(wall_seconds(), first) << "this machine is too slow for this test";
  EXPECT_TRUE(eventually([&] { return wall_seconds() >= first; }));
  const Sql sql(world.url());
  const auto fired_until = [&] {
    return std::max<Seconds>(first, sql.number("SELECT coalesce(max(extract(epoch FROM"
                                               " last_due_at)), 0)::bigint FROM schedule_fires"));
  };
  for (int kill = 0; kill < 6; ++kill) {
    const Seconds enough = fired_until() + 5;
    ASSERT_TRUE(eventually([&] { return fired_until() >= enough; })) << "nothing is fired any more";
    const std::size_t victim = world.random(3);
    world.kill(victim);
    world.start(victim);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  const Seconds until = wall_seconds();
  for (const Planned& plan : plans) {
    const std::string last =
        "SELECT coalesce(max(extract(epoch FROM last_due_at)), 0)::bigint FROM schedule_fires WHERE"
        " schedule_id = '" +
        plan.id + "'";
    EXPECT_TRUE(eventually([&] { return sql.number(last) >= until - plan.step; }));
    EXPECT_EQ(world.node(0).post("/api/plans/" + plan.id + "/unschedule", "{}").status, 200);
  }
  EXPECT_TRUE(world.all_ended());
  std::set<std::string> fired;
  std::map<std::string, int> rows_of;
  for (const Planned& plan : plans) {
    SCOPED_TRACE("schedule " + plan.id);
    check_plan(sql, plan, first, until - plan.step, fired, rows_of);
  }
  std::set<std::string> made;
  for (const Row& row : sql.rows("SELECT id, state FROM runs")) {
    made.insert(row[0]);
    EXPECT_EQ(row[1], "success") << row[0];
  }
  EXPECT_EQ(made, fired) << made.size() << " runs of " << fired.size() << " fired instants";
  for (const auto& [what, count] : rows_of) fmt::print("{} {}, ", count, what);
  fmt::print("{} runs of {} schedules from {} to {}\n", made.size(), plans.size(), first, until);
  std::map<std::string, std::set<std::string>> keys;
  for (const Seen& seen : world.service().seen("/fire")) {
    keys[seen.query("c")].insert(seen.header("webhook-id"));
  }
  for (const auto& [run, all] : keys) EXPECT_EQ(all.size(), 1u) << run << " sent with two keys";
  EXPECT_EQ(keys.size(), made.size());
}

}  // namespace
}  // namespace pilot::e2e
