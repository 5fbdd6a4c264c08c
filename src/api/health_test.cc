// What a server tells of itself, and to whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

class MonitoringApi : public IdentityTest {
 protected:
  MonitoringApi() {
    make_user("acme");
    make_user("acme.alice", "acme");
    for (const auto& [user, id] : std::vector<std::pair<std::string, std::string>>{
             {"acme", "1"}, {"acme", "2"}, {"acme.alice", "3"}, {"other", "4"}}) {
      pilot::Run run;
      run.id.text = "run-" + id;
      run.user.text = user;
      run.state = RunState::queued;
      run.node = "of-somebody-else";
      run.created_at = clock_.now();
      EXPECT_TRUE(run_sync(store_->write({store::InsertRun{run}})));
    }
  }
  // {open runs, whether the engine's load is told}
  std::pair<std::int64_t, bool> told(std::string_view token, const std::string& user = "") {
    const Answer answer = ask_with(
        token, Method::get, "/api/monitoring/status" + (user.empty() ? "" : "?user_id=" + user));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {answer.json.at("runs").at("open").to_number<std::int64_t>(),
            find(answer.json, "engine") != nullptr};
  }
};

TEST_F(MonitoringApi, ATenantHearsOfItsOwnRunsOnly) {
  EXPECT_EQ(told(make_key("acme", "read").secret), std::pair(std::int64_t{2}, false));
  EXPECT_EQ(told(make_key("acme", kEveryScope).secret), std::pair(std::int64_t{2}, false));
  EXPECT_EQ(told(make_key("acme", "read,act-as").secret, "acme.alice"),
            std::pair(std::int64_t{1}, false));
  EXPECT_EQ(told(make_key("nobody", "read").secret), std::pair(std::int64_t{0}, false));
}

TEST_F(MonitoringApi, TheOperatorHearsOfAll) {
  EXPECT_EQ(told(kOperatorToken), std::pair(std::int64_t{4}, true));
  EXPECT_EQ(told(kOperatorToken, "acme"), std::pair(std::int64_t{2}, false));
}

}  // namespace
}  // namespace pilot::api
