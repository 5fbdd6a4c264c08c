// kill -9 in the middle of 200 runs, ten times over; kills during the start; SIGTERM under load.
// Nothing accepted is lost, nothing recorded is done again, each call keeps its one key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crash_world.h"

namespace pilot::e2e {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

TEST(Crash, KilledTenTimesInTheMiddleOf200Runs) {
  CrashWorld world;
  for (int kill = 0; kill < 10; ++kill) {
    world.start();
    ASSERT_FALSE(testing::Test::HasFailure());
    if (kill == 0) world.submit_until(200);
    world.keep_open(200);
    std::this_thread::sleep_for(world.between(50, 1'000));
    const std::size_t open = world.open_runs();
    world.kill();
    fmt::print("kill {}: {} accepted so far, {} open\n", kill + 1, world.accepted(), open);
  }
  EXPECT_GE(world.accepted(), 200u);
  world.start();
  world.wait_until_all_ended();
  world.check_runs();
  world.kill();
  world.check_sends(true);
}

TEST(Crash, KilledWhileItStarts) {
  CrashWorld world;
  world.start();
  world.submit_until(200);
  world.kill();
  for (int kill = 0; kill < 10; ++kill) world.start_and_kill_after(world.between(0, 250));
  world.start();
  world.wait_until_all_ended();
  world.check_runs();
  world.kill();
  world.check_sends(true);
}

TEST(Crash, TerminatedUnderLoad) {
  CrashWorld world;
  for (int stop = 0; stop < 3; ++stop) {
    world.start();
    ASSERT_FALSE(testing::Test::HasFailure());
    world.keep_open(200);
    std::this_thread::sleep_for(world.between(100, 800));
    const auto begin = Clock::now();
    const Finished ended = world.terminate();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_LE(Clock::now() - begin, seconds{10});
  }
  world.start();
  world.wait_until_all_ended();
  world.check_runs();
  EXPECT_EQ(world.terminate().code, 0);
  world.check_sends(false);
}

// A call that does not end holds the stop up for as long as was promised, and is made again.
TEST(Crash, TerminatedWhileACallHangs) {
  TempDir dir;
  FakeService service(answer(200, "{}"));
  service.on("/slow", never());
  std::string run;
  {
    Server server(dir.path() / "data");
    ASSERT_TRUE(server.up());
    run = server
              .post("/api/runs", fmt::format(R"({{"plan":[{{"provider":"http","action":"get",
        "timeout":"5m","params":{{"url":"{}"}}}}]}})",
                                             service.url("/slow")))
              .text("id");
    ASSERT_TRUE(service.wait_for("/slow", 1));
    const auto begin = Clock::now();
    EXPECT_EQ(server.stop().code, 0);
    EXPECT_LE(Clock::now() - begin, seconds{15}) << "10 s, and some for a busy machine";
  }
  service.on("/slow", answer(200, "{}"));
  Server again(dir.path() / "data");
  ASSERT_TRUE(again.up());
  EXPECT_EQ(text_at(again.ended(run), "status"), "success");
  EXPECT_EQ(service.count("/slow"), 2u);
}

// An unsafe call that was under way is not made again: somebody is asked.
TEST(Crash, AnUnsafeCallUnderWayIsAsked) {
  TempDir dir;
  FakeService service(answer(200, "{}"));
  service.on("/order", never());
  std::string run;
  {
    Server server(dir.path() / "data");
    ASSERT_TRUE(server.up());
    run = server
              .post("/api/runs", fmt::format(R"({{"plan":[{{"provider":"http","action":"post",
        "params":{{"url":"{}","json":{{}}}}}}]}})",
                                             service.url("/order")))
              .text("id");
    ASSERT_TRUE(service.wait_for("/order", 1));
    server.kill();
  }
  for (int restart = 0; restart < 2; ++restart) {
    Server again(dir.path() / "data");
    ASSERT_TRUE(again.up());
    const Json asked = again.ended(run);
    EXPECT_EQ(text_at(asked, "status"), "waiting") << to_json(asked);
    EXPECT_EQ(text_at(asked, "reason"), "outcome_unknown");
    EXPECT_EQ(service.count("/order"), 1u);
    again.kill();
  }
}

}  // namespace
}  // namespace pilot::e2e
