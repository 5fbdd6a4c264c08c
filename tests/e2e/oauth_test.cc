// Users connected by OAuth, as they and their vendors see it: the way through the browser, tokens
// that are renewed once, however many runs on however many servers need them, and a grant that
// died.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth_vendor.h"
#include "pilot.h"
#include "postgres.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Headers kBrowser{{"Accept", "text/html,application/xhtml+xml"}};

class OAuth : public testing::Test {
 protected:
  std::filesystem::path data(const std::string& node = "data") const { return dir_.path() / node; }

  Arguments options() const {
    const std::string clients =
        dir_.write("clients.yaml", "crm: {client_id: pilot, client_secret: fake}\n");
    std::filesystem::permissions(clients, std::filesystem::perms{0600});
    dir_.write("crm.yaml", vendor_.manifest());
    std::filesystem::create_directories(dir_.path() / "catalog");
    std::filesystem::rename(dir_.path() / "crm.yaml", dir_.path() / "catalog" / "crm.yaml");
    return {"--oauth-clients", clients, "--catalog", (dir_.path() / "catalog").string()};
  }
  // A browser that goes all the way; the last page.
  Answer connect(const Server& server) {
    const Answer sent = call(server.url(), "GET", "/api/oauth/crm/start", {}, kBrowser);
    EXPECT_EQ(sent.status, 303) << sent.body;
    const std::string back = vendor_.agree(sent.header("location"));
    EXPECT_THAT(back, StartsWith(server.url() + "/api/oauth/callback?"));
    const std::string cookie = sent.header("set-cookie");
    Headers headers = kBrowser;
    headers.emplace_back("Cookie", cookie.substr(0, cookie.find(';')));
    return call(server.url(), "GET", back.substr(server.url().size()), {}, headers);
  }
  static std::string start(const Server& server, int n = 0) {
    return server
        .post("/api/runs", quoted(fmt::format("{{'plan': [{{'provider': 'crm', 'action': 'me', "
                                              "'params': {{'n': {}}}}}]}}",
                                              n)))
        .text("id");
  }

  TempDir dir_;
  OAuthVendor vendor_;
};

TEST_F(OAuth, AUserIsSentToTheVendorAndComesBackConnected) {
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  const Answer page = connect(server);
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_THAT(page.body, HasSubstr("Connected"));
  EXPECT_EQ(vendor_.trades(), 1);
  EXPECT_EQ(text_at(server.ended(start(server)), "status"), "success");
  EXPECT_EQ(vendor_.service().count("/me"), 1u);

  const Answer listed = server.get("/api/provider-credentials/crm");
  EXPECT_THAT(listed.body, HasSubstr(R"("types":["access_token","plan","refresh_token"])"));
  EXPECT_THAT(listed.body, HasSubstr(R"("needs_reauth":false)"));
  EXPECT_THAT(listed.body, Not(HasSubstr("access-")));
}

TEST_F(OAuth, ADeadGrantHoldsTheRunUntilTheUserHasConnectedAgain) {
  const Server server(data(), options());
  ASSERT_TRUE(server.up());
  vendor_.live_for(1);
  ASSERT_EQ(connect(server).status, 200);
  vendor_.forget_grants();
  // Its token lives for a second; until that is over, a run may use it.
  std::string id;
  ASSERT_TRUE(eventually([&] {
    id = start(server);
    Answer run;
    EXPECT_TRUE(eventually([&] {
      run = server.get("/api/runs/" + id);
      return run.text("reason") == "needs_reauth" || run.text("status") == "success";
    })) << run.body;
    return run.text("status") != "success";
  }));
  EXPECT_THAT(server.get("/api/provider-credentials").body, HasSubstr(R"("needs_reauth":true)"));
  const Answer tested = server.post("/api/provider-credentials/crm/test", "{}");
  EXPECT_EQ(tested.status, 200) << tested.body;
  EXPECT_EQ(text_at(tested.json, "error/code"), "needs_reauth") << tested.body;
  EXPECT_EQ(server.get("/api/runs/" + tested.text("run_id")).text("status"), "cancelled");

  vendor_.live_for(3600);
  ASSERT_EQ(connect(server).status, 200);
  EXPECT_EQ(text_at(server.ended(id), "status"), "success");
}

// The promise: 100 runs on 3 nodes with an expired token make one refresh.
TEST_F(OAuth, AHundredRunsOnThreeNodesMakeOneRefresh) {
  const TestDatabase database;
  const std::string file = dir_.write("database.url", database.url() + "\n");
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  const Arguments key{"/usr/bin/env", "PILOT_ENCRYPTION_KEYS=" + std::string(43, 'a') + "="};
  std::vector<std::unique_ptr<Server>> nodes;
  for (const std::string name : {"a", "b", "c"}) {
    use_database_url_file(data(name), file);
    nodes.push_back(std::make_unique<Server>(data(name), options(), key));
    ASSERT_TRUE(nodes.back()->up());
  }
  ASSERT_EQ(connect(*nodes[0]).status, 200);
  Sql(database.url())
      .value(
          "UPDATE provider_credentials SET expires_at = now() - interval '1 minute', "
          "updated_at = now() - interval '1 hour' WHERE type = 'access_token'");
  vendor_.answer_after(std::chrono::milliseconds{500});

  std::vector<std::string> runs;
  for (int n = 0; n < 100; ++n) {
    runs.push_back(start(*nodes[static_cast<std::size_t>(n) % nodes.size()], n));
    ASSERT_NE(runs.back(), "");
  }
  for (const std::string& id : runs) {
    EXPECT_EQ(text_at(nodes[0]->ended(id), "status"), "success") << id;
  }
  EXPECT_EQ(vendor_.refreshes(), 1);
  EXPECT_EQ(vendor_.refusals(), 0);
  std::set<std::string> called;
  for (const Seen& seen : vendor_.service().seen("/me")) called.insert(seen.query("n"));
  EXPECT_EQ(called.size(), 100u);
}

}  // namespace
}  // namespace pilot::e2e
