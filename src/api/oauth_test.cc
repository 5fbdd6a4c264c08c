// Connecting by OAuth: from the start to the tokens in the store, and all the ways in which
// somebody could try to get in between (B4 of the promises).
#include <gmock/gmock.h>

#include "api/identity_fixture.h"
#include "engine/connections.h"
#include "engine/refresh_fixture.h"

namespace pilot::api {
namespace {

using http::ScriptedTransport;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OAuthTest : public IdentityTest {
 protected:
  OAuthTest() {
    auto registry = std::make_shared<providers::Registry>(make_test_registry());
    engine::add_crm(*registry);
    auto clients = providers::OAuthClients::parse(
        *parse_json(R"({"crm":{"client_id":"d-id","client_secret":"s3cr3t-of-the-deployment"}})"));
    use_oauth(registry, std::move(*clients), transport_);
    services_->registry = registry;
    restart({.operator_token = std::string(kOperatorToken),
             .public_url = "https://pilot.test/",
             .password_threads = 0});
    key_ = make_key("ada", kEveryScope).secret;
    transport_.on_request([this](const http::Request& request) {
      EXPECT_EQ(request.url, "https://login.crm.test/token");
      form_ = request.body;
      return token_answer;
    });
  }

  // A session of the user in a browser.
  std::string session(const std::string& user = "ada") {
    const std::string token = random_token(*services_->random[0]);
    store::LoginSession row;
    row.user.text = user;
    row.id = make_uuid7(clock_.now(), *services_->random[0]);
    row.sha256 = token_hash(token);
    row.created_at = row.last_seen_at = clock_.now();
    row.expires_at = clock_.now() + std::chrono::hours{24};
    EXPECT_TRUE(run_sync(store_->create_session(row)));
    return "pilot_session=" + token;
  }
  Answer browse(const std::string& target, const std::string& cookies) {
    return ask(Method::get, target,
               {{"Cookie", cookies}, {"Accept", "text/html,application/xhtml+xml"}});
  }
  static std::string query_of(const std::string& url, const std::string& name) {
    const auto at = url.find("&" + name + "=");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 2;
    return url.substr(from, url.find('&', from) - from);
  }

  struct Begun {
    std::string url, state, cookies;
  };
  Begun begin_in_browser(const std::string& cookies, const std::string& more = "") {
    const Answer answer = browse("/api/oauth/crm/start" + more, cookies);
    EXPECT_EQ(answer.status, 303) << answer.body;
    Begun out;
    out.url = header_of(answer.response, "Location");
    out.state = query_of(out.url, "state");
    const std::string set = header_of(answer.response, "Set-Cookie");
    EXPECT_THAT(
        set, AllOf(StartsWith("__Host-pilot_oauth_"), HasSubstr("; HttpOnly"),
                   HasSubstr("; SameSite=Lax"), HasSubstr("; Secure"), HasSubstr("Max-Age=600")));
    out.cookies = cookies + "; " + set.substr(0, set.find(';'));
    return out;
  }
  std::string begin_by_key() {
    const Answer answer = ask_with(key_, Method::get, "/api/oauth/crm/start");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(header_of(answer.response, "Set-Cookie"), "");
    return query_of(json_text(answer.json, "authorize_url"), "state");
  }
  Answer back(const std::string& state, const std::string& cookies = "",
              const std::string& more = "&code=the-code") {
    return browse("/api/oauth/callback?state=" + state + more, cookies);
  }
  std::string stored(std::string_view type, const std::string& user = "ada") {
    const auto opened =
        run_sync(engine::read_connection(*store_, keys_, {UserId{user}, "crm", "default"}));
    return std::string(opened->connection.value(type).value_or(""));
  }

  ScriptedTransport transport_;
  std::string key_;
  std::string form_;
  http::Answer token_answer = ScriptedTransport::reply(
      200, R"({"access_token":"at-1","refresh_token":"rt-1","expires_in":3600,"scope":"a b",)"
           R"("instance":"eu7"})");
};

TEST_F(OAuthTest, ABrowserIsSentToTheVendorAndComesBackConnected) {
  const Begun begun = begin_in_browser(session());
  EXPECT_THAT(begun.url,
              StartsWith("https://login.crm.test/authorize?response_type=code&client_id=d-id"
                         "&redirect_uri=https%3A%2F%2Fpilot.test%2Fapi%2Foauth%2Fcallback&state="));
  EXPECT_GE(begun.state.size(), 43u);
  const Answer done = back(begun.state, begun.cookies);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_THAT(done.body, HasSubstr("<h1>Connected</h1>"));
  EXPECT_THAT(header_of(done.response, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(done.body, Not(HasSubstr("<script")));
  EXPECT_EQ(stored("access_token"), "at-1");
  EXPECT_EQ(stored("refresh_token"), "rt-1");
  EXPECT_EQ(stored("instance"), "eu7");
  EXPECT_THAT(form_, HasSubstr("code=the-code"));
  EXPECT_THAT(form_, HasSubstr("client_secret=s3cr3t-of-the-deployment"));
  // The verifier is that of the challenge in the URL.
  const std::string verifier = query_of("&" + form_, "code_verifier");
  EXPECT_EQ(providers::code_challenge(verifier), query_of(begun.url, "code_challenge"));
  const Answer list = ask_with(key_, Method::get, "/api/provider-credentials/crm");
  EXPECT_THAT(list.body, HasSubstr(R"("connections":[{"provider":"crm","connection":"default",)"
                                   R"("needs_reauth":false,"needs_reauth_since":null,)"
                                   R"("reason":null,"scopes":["a","b"]}])"));
  EXPECT_THAT(list.body, Not(HasSubstr("at-1")));
}

TEST_F(OAuthTest, AProgramIsToldWhereToSendItsUser) {
  EXPECT_EQ(back(begin_by_key()).status, 200) << "a browser that was never here";
  EXPECT_EQ(stored("access_token"), "at-1");
}

TEST_F(OAuthTest, AnOwnerConnectsItsUsers) {
  make_user("ada");
  make_user("end-user", "ada");
  const Answer answer =
      ask_with(key_, Method::get, "/api/oauth/crm/start?user_id=end-user&connection=default");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(back(query_of(json_text(answer.json, "authorize_url"), "state")).status, 200);
  EXPECT_EQ(stored("access_token", "end-user"), "at-1");
  EXPECT_EQ(stored("access_token"), "");
}

TEST_F(OAuthTest, AStateIsNeededAndGoodOnce) {
  EXPECT_EQ(browse("/api/oauth/callback?code=c", "").status, 400);
  EXPECT_EQ(back("made-up").status, 400);
  EXPECT_EQ(back(std::string(10'000, 'x')).status, 400);
  const std::string state = begin_by_key();
  EXPECT_EQ(back(state).status, 200);
  const Answer again = back(state);
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("finished already"));
  EXPECT_EQ(transport_.requests().size(), 1u) << "a replayed code goes nowhere";
}

TEST_F(OAuthTest, AStateIsGoodForTenMinutes) {
  const std::string early = begin_by_key();
  const std::string late = begin_by_key();
  clock_.advance(std::chrono::minutes{9});
  EXPECT_EQ(back(early).status, 200);
  clock_.advance(std::chrono::minutes{1});
  const Answer answer = back(late);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("ten minutes"));
  EXPECT_EQ(transport_.requests().size(), 1u);
}

TEST_F(OAuthTest, OnlyTheBrowserThatBeganCanFinish) {
  const std::string ada = session();
  const auto refused = [&](const std::string& state, const std::string& cookies) {
    const Answer answer = back(state, cookies);
    EXPECT_THAT(answer.body, HasSubstr("another browser"));
    return answer.status;
  };
  EXPECT_EQ(refused(begin_in_browser(ada).state, ""), 400) << "no cookie";
  EXPECT_EQ(refused(begin_in_browser(ada).state, ada), 400) << "the session alone";
  EXPECT_EQ(refused(begin_in_browser(ada).state, session("bob")), 400) << "another user";
  const Begun one = begin_in_browser(ada);
  const Begun two = begin_in_browser(ada);
  EXPECT_EQ(refused(one.state, two.cookies), 400) << "the cookie of another sign-in";
  // The cookie without the session that began: signed out, or another user at the same browser.
  const Begun third = begin_in_browser(ada);
  const std::string flow = third.cookies.substr(third.cookies.find("; ") + 2);
  EXPECT_EQ(refused(third.state, flow + "; " + session("bob")), 400);
  EXPECT_TRUE(transport_.requests().empty());
  EXPECT_EQ(stored("access_token"), "");
  EXPECT_EQ(back(two.state, two.cookies).status, 200);
}

TEST_F(OAuthTest, AnAnswerOfAnotherServerIsRefused) {
  for (const char* iss : {"https%3A%2F%2Fevil.test", "http%3A%2F%2Flogin.crm.test", "junk",
                          "https%3A%2F%2Flogin.crm.test.evil.test"}) {
    const Answer answer = back(begin_by_key(), "", std::string("&code=c&iss=") + iss);
    EXPECT_EQ(answer.status, 400) << iss;
    EXPECT_THAT(answer.body, HasSubstr("another server"));
  }
  EXPECT_TRUE(transport_.requests().empty()) << "the code goes to nobody";
  EXPECT_EQ(back(begin_by_key(), "", "&code=c&iss=https%3A%2F%2Flogin.crm.test%2Ftenant").status,
            200);
}

TEST_F(OAuthTest, ANoOfTheUserIsShownAndEscaped) {
  const Answer answer =
      back(begin_by_key(), "",
           "&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E%22%27%26");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("access_denied"));
  EXPECT_THAT(answer.body, Not(HasSubstr("<script")));
  EXPECT_THAT(answer.body, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
  EXPECT_TRUE(transport_.requests().empty());
  const std::string state = begin_by_key();
  const Answer json = ask(Method::get, "/api/oauth/callback?error=access_denied&state=" + state,
                          {{"Accept", "application/json"}});
  EXPECT_EQ(verdict(json), "400 oauth_refused");
}

TEST_F(OAuthTest, WhereTheBrowserGoesAtLastIsOurs) {
  for (const char* bad : {"//evil.test",
                          "/\\evil.test",
                          "\\\\evil.test",
                          "https://evil.test",
                          "http://pilot.test/x",
                          "https://pilot.test.evil.test/",
                          "https://pilot.test@evil.test/",
                          "https://pilot.test",
                          "https://pilot.test//evil.test",
                          "https:evil.test",
                          "javascript:alert(1)",
                          "evil.test",
                          "/a\tb",
                          "/a\r\nSet-Cookie:x",
                          " /a",
                          "https:///evil.test",
                          "https://pilot.test:444/",
                          "data:text/html,x",
                          "/\xE3\x80\x82",
                          "https://u:p@pilot.test/"}) {
    std::string encoded;
    for (const char c : std::string_view(bad)) {
      encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    const Answer answer = ask_with(key_, Method::get, "/api/oauth/crm/start?return_to=" + encoded);
    EXPECT_EQ(verdict(answer), "400 invalid_return_to") << bad;
  }
  for (const char* good : {"/connections", "/a?b=c#d", "https://pilot.test/done?x=1"}) {
    std::string encoded;
    for (const char c : std::string_view(good)) {
      encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    const Begun begun = begin_in_browser(session(), "?return_to=" + encoded);
    const Answer done = back(begun.state, begun.cookies);
    EXPECT_EQ(done.status, 303);
    EXPECT_EQ(header_of(done.response, "Location"), good);
  }
}

TEST_F(OAuthTest, BadTokenAnswersStoreNothingAndTellNoSecret) {
  const std::vector<http::Answer> answers = {
      ScriptedTransport::reply(200, "<html>sign in</html>", "text/html"),
      ScriptedTransport::reply(200, R"({"access_token":")" + std::string(1u << 20, 'a') + "\"}"),
      ScriptedTransport::reply(400, R"({"error":"invalid_grant"})"),
      ScriptedTransport::reply(
          400, R"({"error":"x","error_description":"the-code s3cr3t-of-the-deployment"})"),
      ScriptedTransport::reply(200, "{}")};
  for (const http::Answer& answer : answers) {
    token_answer = answer;
    const Answer said = back(begin_by_key());
    EXPECT_EQ(said.status, 400) << said.body;
    EXPECT_THAT(said.body, AllOf(Not(HasSubstr("s3cr3t")), Not(HasSubstr("the-code"))));
    EXPECT_EQ(stored("access_token"), "");
  }
  token_answer = ScriptedTransport::failure("connect_failed", false, true);
  EXPECT_EQ(back(begin_by_key()).status, 503);
}

TEST_F(OAuthTest, TheUsersOwnClientWins) {
  ask_with(key_, Method::post, "/api/provider-credentials/crm",
           R"({"credentials":{"client_id":"own-id","client_secret":"own-secret"}})");
  const Answer answer = ask_with(key_, Method::get, "/api/oauth/crm/start");
  const std::string url = json_text(answer.json, "authorize_url");
  EXPECT_THAT(url, HasSubstr("client_id=own-id"));
  back(query_of(url, "state"));
  EXPECT_THAT(form_, HasSubstr("client_secret=own-secret"));
  EXPECT_THAT(form_, Not(HasSubstr("deployment")));
}

TEST_F(OAuthTest, WhoMayBegin) {
  EXPECT_EQ(ask(Method::get, "/api/oauth/crm/start").status, 401);
  const std::string reader = make_key("ada", "read").secret;
  EXPECT_EQ(verdict(ask_with(reader, Method::get, "/api/oauth/crm/start")), "403 missing_scope");
  EXPECT_EQ(verdict(ask_with(key_, Method::get, "/api/oauth/crm/start?user_id=bob")),
            "403 user_mismatch");
  EXPECT_EQ(verdict(ask_with(key_, Method::get, "/api/oauth/chat/start")), "422 no_oauth");
  EXPECT_EQ(ask_with(key_, Method::get, "/api/oauth/nothing/start").status, 422);
}

TEST_F(OAuthTest, ALookAtALinkBeginsAndFinishesNothing) {
  const std::string state = begin_by_key();
  EXPECT_EQ(ask(Method::head, "/api/oauth/callback?code=c&state=" + state).status, 200);
  EXPECT_EQ(ask_with(key_, Method::head, "/api/oauth/crm/start").status, 200);
  EXPECT_TRUE(transport_.requests().empty());
  EXPECT_EQ(back(state).status, 200);
}

TEST_F(OAuthTest, StoredAnewMeansNotMarkedAndRunsGoOn) {
  const store::ConnectionKey key{UserId{"ada"}, "crm", "default"};
  const auto park = [&](const std::string& id) {
    pilot::Run run;
    run.user.text = "ada";
    run.id.text = id;
    run.state = RunState::waiting;
    run.reason = "needs_reauth";
    run.created_at = clock_.now();
    run.wake_at = clock_.now() + std::chrono::hours{1};
    run.inputs = JsonObject{};
    run.trigger = JsonObject{{"type", "manual"}};
    EXPECT_TRUE(run_sync(store_->write({store::InsertRun{run}})));
  };
  park("r1");
  ASSERT_TRUE(*run_sync(store_->mark_connection(key, "invalid_grant", clock_.now(), "")));
  const Answer list = ask_with(key_, Method::get, "/api/provider-credentials");
  EXPECT_THAT(list.body, HasSubstr(R"("needs_reauth":true)"));
  EXPECT_THAT(list.body, HasSubstr(R"("reason":"invalid_grant")"));
  EXPECT_EQ(back(begin_by_key()).status, 200);
  EXPECT_EQ(run_sync(store_->find_run(key.user, RunId{"r1"}))->wake_at, clock_.now());
  EXPECT_EQ(engine_.woken, 1);
  EXPECT_EQ(run_sync(store_->connection_state(key))->reason, "");

  park("r2");
  ASSERT_TRUE(*run_sync(store_->mark_connection(key, "invalid_grant", clock_.now(), "")));
  ask_with(key_, Method::post, "/api/provider-credentials/crm",
           R"({"type":"access_token","value":"by-hand"})");
  EXPECT_EQ(run_sync(store_->find_run(key.user, RunId{"r2"}))->wake_at, clock_.now());
  EXPECT_EQ(engine_.woken, 2);
  EXPECT_EQ(run_sync(store_->connection_state(key))->reason, "");
}

TEST_F(OAuthTest, BeginningAndFinishingStandInTheAuditTrail) {
  back(begin_by_key());
  back("made-up");  // nobody's
  run_sync([](Services& services) -> awaitable<bool> {
    co_await services.wind_up();
    co_return true;
  }(*services_));
  const auto rows = run_sync(store_->list_audit(UserId{"ada"}, {.limit = 10}));
  std::vector<std::string> told;
  for (const auto& row : rows->items) told.push_back(fmt::format("{} {}", row.route, row.status));
  EXPECT_THAT(told, testing::UnorderedElementsAre("/api/oauth/callback 200",
                                                  "/api/oauth/{provider}/start 200"));
}

TEST_F(OAuthTest, AUsersOwnProviderConnectsWithItsOwnClient) {
  CustomIntegration own;
  own.user = UserId{"ada"};
  own.id = {"01890a5d-ac96-774b-bcce-b302099a8057"};
  own.name = "acme";
  own.base_url = "https://api.acme.test";
  own.auth_type = "oauth";
  own.oauth_config = *parse_json(R"({"authorization_url":"https://login.acme.test/authorize",
      "token_url":"https://login.crm.test/token","client_id":"acmes-client"})");
  own.created_at = own.updated_at = clock_.now();
  ASSERT_TRUE(run_sync(store_->create_integration(own)));
  const Answer begun = ask_with(key_, Method::get, "/api/oauth/acme/start");
  const std::string url = json_text(begun.json, "authorize_url");
  EXPECT_THAT(url, StartsWith("https://login.acme.test/authorize?"));
  EXPECT_THAT(url, HasSubstr("client_id=acmes-client&"));
  EXPECT_EQ(back(query_of(url, "state")).status, 200);
  EXPECT_THAT(form_, HasSubstr("client_id=acmes-client"));
  EXPECT_THAT(form_, Not(HasSubstr("s3cr3t-of-the-deployment")));
  const auto kept =
      run_sync(store_->connection_credentials(own.user, "custom_" + own.id.text, "default"));
  EXPECT_FALSE(kept->empty());
  const std::string bob = make_key("bob", kEveryScope).secret;
  EXPECT_EQ(verdict(ask_with(bob, Method::get, "/api/oauth/acme/start")), "422 no_oauth");
}

TEST_F(OAuthTest, NothingSecretIsKeptInClear) {
  const std::string state = begin_by_key();
  const auto taken = run_sync(store_->take_oauth_state(UserId{"ada"}, token_hash(state)));
  ASSERT_TRUE(*taken);
  EXPECT_THAT((*taken)->verifier, StartsWith("gAAAA"));
  EXPECT_EQ((*taken)->state_sha256, token_hash(state));
}

}  // namespace
}  // namespace pilot::api
