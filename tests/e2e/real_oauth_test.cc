// Users and programs that sign in at oauth2-mock-server of npm, which signs its tokens and checks
// PKCE (tests/node/oauth.js).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"
#include "real_server.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Headers kBrowser{{"Accept", "text/html"}};

// `idp`: a user's sign-in. `machine`: a program's, with its client in the Authorization header.
constexpr const char* kIdp = R"yaml(id: idp
name: Idp
category: security
docs: https://idp.example.com/docs
base: {0}
auth: {{oauth2: {{authorize: '{0}/authorize', token: '{0}/token', scopes: [openid, profile]}}}}
actions: {{me: {{do: GET /userinfo}}}}
)yaml";
constexpr const char* kMachine = R"yaml(id: machine
name: Machine
category: security
docs: https://idp.example.com/docs
base: {0}
auth: {{oauth2: {{grant: client, token: '{0}/token', scopes: [a, b], client_auth: basic}}}}
actions: {{me: {{do: GET /userinfo}}}}
)yaml";

class RealOAuth : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_package("oauth2-mock-server"); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  // The vendor, whose first tokens live so long, and Pilot as its client.
  void start(int seconds, const std::string& secret = "s3cret-s3cret") {
    vendor_ = std::make_unique<NodeServer>(
        "oauth.js", Arguments{"pilot", "s3cret-s3cret", std::to_string(seconds)});
    ASSERT_FALSE(vendor_->url().empty());
    std::filesystem::create_directories(dir_.path() / "catalog");
    dir_.write("catalog/idp.yaml", fmt::format(fmt::runtime(kIdp), vendor_->url()));
    dir_.write("catalog/machine.yaml", fmt::format(fmt::runtime(kMachine), vendor_->url()));
    const std::string clients = dir_.write(
        "clients.yaml", fmt::format("idp: {{client_id: pilot, client_secret: {}}}\n", secret));
    std::filesystem::permissions(clients, std::filesystem::perms{0600});
    pilot_ = std::make_unique<Server>(
        dir_.path() / "data",
        Arguments{"--oauth-clients", clients, "--catalog", (dir_.path() / "catalog").string()});
  }
  // A browser that begins, is sent to the vendor, agrees there and comes back; `on_the_way` may
  // change the address that it was sent to.
  Answer connect(const std::function<void(std::string&)>& on_the_way = {}) const {
    const Answer sent = call(pilot_->url(), "GET", "/api/oauth/idp/start", {}, kBrowser);
    EXPECT_EQ(sent.status, 303) << sent.body;
    std::string there = sent.header("location");
    EXPECT_THAT(there, StartsWith(vendor_->url("/authorize?")));
    EXPECT_THAT(there, HasSubstr("code_challenge_method=S256"));
    if (on_the_way) on_the_way(there);
    const Answer agreed =
        call(vendor_->url(), "GET", there.substr(vendor_->url().size()), {}, kBrowser);
    const std::string back = agreed.header("location");
    EXPECT_THAT(back, StartsWith(pilot_->url() + "/api/oauth/callback?")) << agreed.body;
    const std::string cookie = sent.header("set-cookie");
    Headers headers = kBrowser;
    headers.emplace_back("Cookie", cookie.substr(0, cookie.find(';')));
    return call(pilot_->url(), "GET", back.substr(pilot_->url().size()), {}, headers);
  }
  Json me(const std::string& provider) const {
    return pilot_
        ->post("/api/execute-step", fmt::format(R"({{"provider":"{}","action":"me"}})", provider))
        .json;
  }
  void set(const std::string& type, const std::string& value) const {
    EXPECT_EQ(pilot_
                  ->post("/api/provider-credentials/machine",
                         fmt::format(R"({{"type":"{}","value":"{}"}})", type, value))
                  .status,
              201);
  }

  TempDir dir_;
  std::unique_ptr<NodeServer> vendor_;
  std::unique_ptr<Server> pilot_;
};

TEST_F(RealOAuth, AUserConnectsAndPlansCallWithTheToken) {
  start(3600);
  const Answer page = connect();
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_THAT(page.body, HasSubstr("Connected"));
  const Json called = me("idp");
  EXPECT_EQ(text_at(called, "output/grant"), "authorization_code") << to_json(called);
  EXPECT_EQ(text_at(called, "output/sub"), "johndoe");
}

TEST_F(RealOAuth, ATokenThatRunsOutIsRenewedOnceAndTheNewOneIsKept) {
  start(2);
  ASSERT_EQ(connect().status, 200);
  Json called;
  EXPECT_TRUE(eventually([&] {
    called = me("idp");
    EXPECT_EQ(text_at(called, "status"), "success") << to_json(called);
    return text_at(called, "output/grant") == "refresh_token";
  })) << to_json(called);
  EXPECT_EQ(text_at(me("idp"), "output/grant"), "refresh_token") << "it lives for an hour";
}

TEST_F(RealOAuth, AnotherChallengeThanTheVerifiersIsRefused) {
  start(3600);
  const Answer page = connect([](std::string& address) {
    const std::size_t begin = address.find("code_challenge=") + 15;
    address[begin] = address[begin] == 'A' ? 'B' : 'A';
  });
  EXPECT_EQ(page.status, 400) << page.body;
  EXPECT_THAT(page.body, HasSubstr("code_verifier"));
  EXPECT_THAT(pilot_->get("/api/provider-credentials").body, Not(HasSubstr("access_token")));
}

TEST_F(RealOAuth, AWrongClientIsToldAndNothingIsKept) {
  start(3600, "not-it-not-it");
  const Answer page = connect();
  EXPECT_EQ(page.status, 400) << page.body;
  EXPECT_THAT(page.body, HasSubstr("invalid_client"));
  EXPECT_THAT(page.body, Not(HasSubstr("not-it-not-it")));
  EXPECT_THAT(pilot_->get("/api/provider-credentials").body, Not(HasSubstr("access_token")));
}

TEST_F(RealOAuth, AProgramSignsInWithItsOwnClient) {
  start(3600);
  set("client_id", "pilot");
  set("client_secret", "not-it-not-it");
  const Json refused = me("machine");
  EXPECT_EQ(text_at(refused, "status"), "error") << to_json(refused);
  EXPECT_THAT(to_json(refused), HasSubstr("invalid_client"));
  EXPECT_THAT(to_json(refused), Not(HasSubstr("not-it-not-it")));
  set("client_secret", "s3cret-s3cret");
  const Json called = me("machine");
  EXPECT_EQ(text_at(called, "output/grant"), "client_credentials") << to_json(called);
  EXPECT_EQ(text_at(called, "output/scope"), "a b");
}

}  // namespace
}  // namespace pilot::e2e
