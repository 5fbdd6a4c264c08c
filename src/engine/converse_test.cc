// Calls of several exchanges: one deadline, one count, the same guard on each of them.
#include "engine/sign_in_fixture.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using testing::ElementsAre;
using testing::HasSubstr;

// Pages of one item each; `pages` of them.
class ConverseTest : public SignInTest {
 protected:
  http::Answer api(const http::Request& request) override {
    int page = 1;
    if (const auto at = request.url.find("?page="); at != std::string::npos) {
      page = std::stoi(request.url.substr(at + 6));
    }
    asked.push_back(page);
    world.clock.advance(each);
    if (page == dies_at && request.headers[0].value == "Bearer token-number-1") {
      return ScriptedTransport::reply(401, "{}");
    }
    if (const auto special = answers.find(page); special != answers.end()) return special->second;
    const std::string next =
        page < pages ? fmt::format(R"(,"next":"?page={}")", page + 1) : std::string();
    return ScriptedTransport::reply(200, fmt::format(R"({{"items":[{}]{}}})", page, next));
  }
  int pages = 3;
  int dies_at = 0;  // the page from which the first token is not good any more
  Millis each{0};
  std::map<int, http::Answer> answers;
  std::vector<int> asked;
};

TEST_F(ConverseTest, PagesBecomeOneResult) {
  const Executed done = execute(steps({step("list")}));
  EXPECT_EQ(to_json(*done.steps[0].output), "[1,2,3]");
  EXPECT_THAT(asked, ElementsAre(1, 2, 3));
  EXPECT_EQ(tokens, 1);
}

TEST_F(ConverseTest, TheStepsTimeoutIsForAllOfThem) {
  pages = 100;
  each = Millis{3'000};
  const Executed done = execute(steps({step("list", R"("timeout":"10s","retry":"none")")}));
  EXPECT_EQ(done.steps[0].status, "timeout");
  EXPECT_THAT(error_of(done), HasSubstr("within the step's timeout of 10 s"));
  EXPECT_THAT(asked, ElementsAre(1, 2, 3, 4));
  std::vector<std::int64_t> left;
  for (const auto& request : world.process().transport.requests()) {
    if (request.url.starts_with("https://api.")) left.push_back(request.timeout.count());
  }
  EXPECT_THAT(left, ElementsAre(10'000, 7'000, 4'000, 1'000));
}

TEST_F(ConverseTest, AListWithoutAnEndEnds) {
  pages = 1'000'000;
  const Executed done = execute(steps({step("list", R"("timeout":"1h")")}));
  EXPECT_EQ(done.steps[0].attempts, 1);
  EXPECT_THAT(error_of(done), HasSubstr("limit_exceeded"));
  EXPECT_EQ(asked.size(), 1'000u);
}

TEST_F(ConverseTest, ATokenThatEndsOnTheWayMeansFromTheStart) {
  dies_at = 2;
  const Executed done = execute(steps({step("list")}));
  EXPECT_EQ(to_json(*done.steps[0].output), "[1,2,3]");
  EXPECT_THAT(asked, ElementsAre(1, 2, 1, 2, 3));
  EXPECT_EQ(tokens, 2);
}

TEST_F(ConverseTest, EachExchangeIsGuardedAsTheFirst) {
  put("allowed_hosts", "api.acme.test, login.acme.test");
  execute(steps({step("list")}));
  for (const auto& request : world.process().transport.requests()) {
    ASSERT_EQ(request.allowed_hosts.size(), 1u) << request.url;
    EXPECT_TRUE(request.allowed_hosts[0]->has("api.acme.test", 443));
  }
}

TEST_F(ConverseTest, AFailureOnTheWayIsTriedAgainFromTheStart) {
  answers[3] = ScriptedTransport::failure("connect_failed", false, true);
  const Executed done = execute(steps({step("list", R"("retry":{"max_attempts":2})")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_THAT(asked, ElementsAre(1, 2, 3, 1, 2, 3));
  EXPECT_EQ(done.steps[0].attempts, 2);
}

TEST_F(ConverseTest, CancelEndsItBetweenTwoPages) {
  pages = 100;
  execute(steps({step("get")}));  // signs in
  world.process().transport.hold();
  const auto run = world.enqueue(steps({step("list")}));
  for (int i = 0; i < 3; ++i) {
    world.poll();
    ASSERT_TRUE(world.process().transport.release_one());
  }
  world.poll();
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, run->id)));
  EXPECT_EQ(world.find(run->id)->state, RunState::cancelled);
  EXPECT_EQ(asked.back(), 4);
}

}  // namespace
}  // namespace pilot::engine
