// Connections that are traded for a token: one for all calls, a new one in time, and once on 401.
#include "engine/sign_in_fixture.h"
#include "http/url.h"

namespace pilot::engine {
namespace {

using http::ScriptedTransport;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(SignInTest, OneTokenServesAllCallsAtOnceAndLater) {
  execute(steps({step("get", R"("foreach":[1,2,3,4,5,6,7,8],"concurrency":8)")}));
  EXPECT_EQ(tokens, 1);
  EXPECT_EQ(carried_tokens.size(), 8u);
  EXPECT_THAT(carried_tokens, testing::Each("Bearer token-number-1"));
  EXPECT_EQ(execute(steps({step("get")})).run.state, RunState::success);
  EXPECT_EQ(tokens, 1);
}

TEST_F(SignInTest, ANewTokenComesAMinuteBeforeTheOldOneEnds) {
  execute(steps({step("get")}));
  world.pass(std::chrono::seconds{lifetime - 62});
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 1);
  world.pass(std::chrono::seconds{5});
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(carried_tokens.back(), "Bearer token-number-2");
}

TEST_F(SignInTest, AShortLifeIsUsedForItsFirstHalf) {
  lifetime = 20;
  execute(steps({step("get")}));
  world.pass(std::chrono::seconds{9});
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 1);
  world.pass(std::chrono::seconds{2});
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 2);
}

TEST_F(SignInTest, ARefusedTokenIsReplacedOnceAndTheCallMadeAgain) {
  execute(steps({step("get")}));
  refused.insert("Bearer token-number-1");
  const Executed done = execute(steps({step("post")}));
  EXPECT_EQ(done.run.state, RunState::success);
  EXPECT_EQ(done.steps[0].attempts, 1);
  EXPECT_EQ(tokens, 2);
  EXPECT_THAT(carried_tokens, ElementsAre("Bearer token-number-1", "Bearer token-number-1",
                                          "Bearer token-number-2"));
}

TEST_F(SignInTest, ASecondRefusalIsAnError) {
  refused = {"Bearer token-number-1", "Bearer token-number-2"};
  const Executed done = execute(steps({step("get")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(done.steps[0].attempts, 1);
  EXPECT_THAT(error_of(done), HasSubstr(R"("code":"unauthorized")"));
  EXPECT_EQ(tokens, 2);
}

TEST_F(SignInTest, ANewPasswordIsANewToken) {
  execute(steps({step("get")}));
  put("client_secret", "an0ther-of-acme");
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 2);
}

TEST_F(SignInTest, AnotherUserHasATokenOfTheirOwn) {
  execute(steps({step("get")}));
  world.user = UserId{"bob"};
  put("client_secret", "s3cr3t-of-acme");  // the same one
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 2);
}

TEST_F(SignInTest, AConnectionThatNeedsNoTokenGetsNone) {
  world.user = UserId{"bob"};
  put("access_token", "made-by-hand");
  execute(steps({step("get")}));
  EXPECT_EQ(tokens, 0);
  EXPECT_THAT(carried_tokens, ElementsAre("Bearer made-by-hand"));
}

TEST_F(SignInTest, ABusyTokenEndpointIsTriedAgain) {
  token_answer = ScriptedTransport::reply(503, "busy");
  const Executed done = execute(steps({step("post")}));
  EXPECT_EQ(done.run.state, RunState::error);
  EXPECT_EQ(done.steps[0].attempts, 3);
  EXPECT_THAT(error_of(done), HasSubstr("sign_in_failed"));
  EXPECT_TRUE(carried_tokens.empty());
  token_answer.reset();
  EXPECT_EQ(execute(steps({step("post")})).run.state, RunState::success);
}

TEST_F(SignInTest, AnUnreachableTokenEndpointIsTriedAgainEvenBeforeAnUnsafeCall) {
  token_answer = ScriptedTransport::failure("connection_lost", true, true);
  const Executed done = execute(steps({step("post")}));
  EXPECT_EQ(done.run.state, RunState::error) << "nothing of the action was sent";
  EXPECT_EQ(done.steps[0].attempts, 3);
  EXPECT_THAT(error_of(done), HasSubstr("connection_lost"));
  EXPECT_THAT(error_of(done), HasSubstr("signing in to acme"));
}

TEST_F(SignInTest, AWrongPasswordIsToldAndMasked) {
  token_answer = ScriptedTransport::reply(400, "no client has the secret s3cr3t-of-acme");
  const Executed done = execute(steps({step("get")}));
  EXPECT_EQ(done.steps[0].attempts, 1);
  EXPECT_THAT(error_of(done), HasSubstr("no client has the secret ***"));
  EXPECT_THAT(error_of(done), Not(HasSubstr("s3cr3t")));
}

TEST_F(SignInTest, AHugeTokenAnswerIsRefusedByTheTransport) {
  execute(steps({step("get")}));
  EXPECT_LE(world.process().transport.requests().front().max_response_bytes, limits::kTokenAnswer);
}

// The API echoes what it was sent.
class EchoTest : public SignInTest {
 protected:
  http::Answer api(const http::Request& request) override {
    return ScriptedTransport::reply(200, to_json(JsonObject{{"said", request.headers[0].value}}));
  }
};

TEST_F(EchoTest, TokensAreMaskedAsTheConnectionsValuesAre) {
  const Executed done = execute(steps({step("get")}));
  EXPECT_EQ(to_json(*done.steps[0].output), R"({"said":"Bearer ***"})");
}

TEST_F(SignInTest, ABaseUrlDoesNotBindTheTokenEndpointAListOfHostsDoes) {
  const auto of_token = [this] {
    const auto& all = world.process().transport.requests();
    const auto it = std::find_if(all.rbegin(), all.rend(), [](const auto& request) {
      return request.url == "https://login.acme.test/token";
    });
    return it->allowed_hosts;
  };
  put("base_url", "https://api.acme.test");
  execute(steps({step("get")}));
  EXPECT_TRUE(of_token().empty());
  EXPECT_EQ(world.process().transport.requests().back().allowed_hosts.size(), 1u);
  put("allowed_hosts", "api.acme.test");
  put("client_secret", "an0ther-of-acme");  // so that it has to sign in again
  execute(steps({step("get")}));
  ASSERT_EQ(of_token().size(), 1u);
  EXPECT_FALSE(of_token()[0]->has("login.acme.test", 443));
}

TEST_F(SignInTest, ARunThatWaitsForAnothersSignInCanBeCancelled) {
  world.process().transport.hold();
  const auto first = world.enqueue(steps({step("get")}));
  const auto second = world.enqueue(steps({step("get")}));
  world.poll();
  EXPECT_EQ(world.process().transport.held(), 1u) << "one asks, the other waits";
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, second->id)));
  EXPECT_EQ(world.find(second->id)->state, RunState::cancelled);
  world.process().transport.release();
  EXPECT_TRUE(world.until(first->id, RunState::success));
  EXPECT_EQ(tokens, 1);
}

TEST_F(SignInTest, IfTheOneThatSignsInIsCancelledAnotherDoesIt) {
  world.process().transport.hold();
  const auto first = world.enqueue(steps({step("get")}));
  const auto second = world.enqueue(steps({step("get")}));
  world.poll();
  EXPECT_TRUE(world.run(world.engine().cancel(0, world.user, first->id)));
  world.process().transport.release();
  EXPECT_TRUE(world.until(second->id, RunState::success));
  EXPECT_EQ(tokens, 2);
}

}  // namespace
}  // namespace pilot::engine
