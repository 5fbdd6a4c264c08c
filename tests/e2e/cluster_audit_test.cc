// The checker itself: what must not happen is made to happen, and it says so.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "cluster_audit.h"

namespace pilot::e2e {
namespace {

std::string complaints(const ClusterWorld& world, FakeService& service) {
  testing::TestPartResultArray results;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &results);
    check_cluster(world, service);
  }
  std::string all;
  for (int i = 0; i < results.size(); ++i) {
    if (results.GetTestPartResult(i).failed()) all += results.GetTestPartResult(i).message();
  }
  return all;
}

class ClusterAudit : public testing::Test {
 protected:
  void SetUp() override {
    run_ = world_.post_run(0).value_or("");
    ASSERT_TRUE(world_.all_ended());
    ASSERT_EQ(complaints(world_, world_.service()), "");
  }
  void expect_complaint(const std::string& change, const std::string& words) {
    static_cast<void>(Sql(world_.url()).rows(change));
    const std::string said = complaints(world_, world_.service());
    EXPECT_NE(said.find(words), std::string::npos) << change << "\n" << said;
  }
  ClusterWorld world_{{.nodes = 1}};
  std::string run_;
};

TEST_F(ClusterAudit, NoticesWhatMustNotBe) {
  expect_complaint("UPDATE execution_logs SET message = 'x' WHERE step_id = 'hook'",
                   "a log was written by a process that does not own the run");
  expect_complaint("UPDATE runs SET revision = revision + 1", "an end was changed");
  expect_complaint("UPDATE runs SET revision = revision + 1",
                   "a run was written by a process that does not own it");
  expect_complaint("UPDATE runs SET epoch = epoch - 1", "an epoch went back");
  expect_complaint("UPDATE runs SET node = ''", "to which nothing had happened");
  static_cast<void>(call(world_.service().url(), "PUT", "/put?c=" + run_ + ".put", "{}"));
  expect_complaint("SELECT 1", ".put was sent more often than it was marked");
  static_cast<void>(call(world_.service().url(), "POST", "/order?c=" + run_ + ".order", "{}"));
  expect_complaint("SELECT 1", ".order is unsafe");
  static_cast<void>(call(world_.service().url(), "POST", "/hook?c=" + run_ + ".hook", "{}",
                         {{"webhook-id", "another"}}));
  expect_complaint("SELECT 1", "Expected equality");
  expect_complaint("DELETE FROM execution_logs WHERE step_id = 'nap'",
                   "steps of a successful run are missing");
  expect_complaint("DELETE FROM runs", "is lost");
}

}  // namespace
}  // namespace pilot::e2e
