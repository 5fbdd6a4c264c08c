// Browser sessions: B2, B3, B5 of promises.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/identity_fixture.h"

namespace pilot::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPlan = R"({"name":"p","steps":[{"provider":"logic","action":"set",
    "params":{"x":1}}]})";

class SessionApi : public IdentityTest {
 protected:
  SessionApi() {
    make_user("ada", "", "correct horse");
    make_user("bob");
  }
  struct SignedIn {
    std::string cookie;  // "pilot_session=..."
    std::string csrf;
  };
  Answer try_in(std::string_view name, std::string_view password, Headers headers = {}) {
    return ask(Method::post, "/api/session", std::move(headers),
               fmt::format(R"({{"name":"{}","password":"{}"}})", name, password));
  }
  static std::string cookie_of(const Answer& answer) {
    const std::string set = header_of(answer.response, "Set-Cookie");
    return set.substr(0, set.find(';'));
  }
  SignedIn sign_in(Headers headers = {}) {
    const Answer in = try_in("ada", "correct horse", std::move(headers));
    EXPECT_EQ(in.status, 201) << in.body;
    return {cookie_of(in), json_text(in.json, "csrf_token")};
  }
  static Headers with(const SignedIn& in, bool csrf = true) {
    Headers headers{{"Cookie", in.cookie}};
    if (csrf) headers.emplace_back("X-CSRF-Token", in.csrf);
    return headers;
  }
};

TEST_F(SessionApi, SignsInAndOut) {
  const SignedIn in = sign_in();
  const Answer who = ask(Method::get, "/api/session", with(in, false));
  EXPECT_EQ(who.status, 200);
  EXPECT_EQ(json_text(who.json, "user"), "ada");
  EXPECT_EQ(json_text(who.json, "kind"), "session");
  EXPECT_EQ(json_text(who.json, "csrf_token"), in.csrf);
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in, false)).status, 200);
  EXPECT_EQ(ask(Method::post, "/api/plans", with(in), std::string(kPlan)).status, 201);
  const Answer out = ask(Method::del, "/api/session", with(in));
  EXPECT_EQ(out.status, 200);
  EXPECT_THAT(header_of(out.response, "Set-Cookie"), HasSubstr("Max-Age=0"));
  // The cookie is of no use any more, here or on another node.
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in)).status, 401);
  restart(services_->identity);
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in)).status, 401);
}

TEST_F(SessionApi, TheCookieIsLockedDown) {
  const std::string plain = header_of(try_in("ada", "correct horse").response, "Set-Cookie");
  for (const std::string_view part :
       {"; HttpOnly", "; SameSite=Lax", "; Path=/", "Max-Age=1209600"}) {
    EXPECT_THAT(plain, HasSubstr(part));
  }
  EXPECT_THAT(plain, Not(HasSubstr("Secure")));
  EXPECT_THAT(plain, Not(HasSubstr("Domain")));
  for (const bool tls : {true, false}) {
    restart({.public_url = tls ? "" : "https://pilot.example.com/x",
             .tls = tls,
             .password_threads = 0});
    EXPECT_THAT(header_of(try_in("ada", "correct horse").response, "Set-Cookie"),
                HasSubstr("; Secure"));
  }
}

TEST_F(SessionApi, OnlyTheHashIsStored) {
  const SignedIn in = sign_in();
  const std::string token = in.cookie.substr(in.cookie.find('=') + 1);
  EXPECT_EQ(token.size(), kTokenLength);
  EXPECT_FALSE(*run_sync(store_->find_session_by_hash(token)));
  EXPECT_TRUE(*run_sync(store_->find_session_by_hash(token_hash(token))));
}

TEST_F(SessionApi, EachSignInIsANewSession) {
  const SignedIn first = sign_in();
  // Whatever the browser was made to bring along.
  const SignedIn second = sign_in({{"Cookie", first.cookie}});
  const SignedIn third =
      sign_in({{"Cookie", "pilot_session=chosen-by-somebody-else-entirely-xxxxxxxxxxx"}});
  EXPECT_NE(first.cookie, second.cookie);
  EXPECT_NE(second.cookie, third.cookie);
  EXPECT_NE(first.csrf, second.csrf);
  EXPECT_THAT(third.cookie, Not(HasSubstr("chosen")));
}

TEST_F(SessionApi, WritesNeedTheCsrfToken) {
  const SignedIn in = sign_in();
  const SignedIn other = sign_in();
  const auto write = [&](Headers headers) {
    return verdict(ask(Method::post, "/api/plans", std::move(headers), std::string(kPlan)));
  };
  EXPECT_EQ(write(with(in, false)), "403 bad_csrf_token");
  for (const std::string& wrong : {std::string(), other.csrf, in.csrf.substr(1), in.csrf + "x",
                                   in.cookie.substr(in.cookie.find('=') + 1)}) {
    EXPECT_EQ(write({{"Cookie", in.cookie}, {"X-CSRF-Token", wrong}}), "403 bad_csrf_token");
  }
  EXPECT_EQ(verdict(ask(Method::del, "/api/session", with(in, false))), "403 bad_csrf_token");
  EXPECT_EQ(write(with(in)), "201 ");
  // No other place, no other method, no simple content type.
  EXPECT_EQ(verdict(ask(Method::post, "/api/plans?csrf_token=" + in.csrf, with(in, false),
                        std::string(kPlan))),
            "403 bad_csrf_token");
  Headers overridden = with(in, false);
  overridden.emplace_back("X-HTTP-Method-Override", "DELETE");
  EXPECT_EQ(ask(Method::get, "/api/session", overridden).status, 200);
  EXPECT_EQ(ask(Method::get, "/api/session", with(in, false)).status, 200);
  Headers form = with(in);
  form.emplace_back("Content-Type", "text/plain");
  EXPECT_EQ(write(form), "415 unsupported_media_type");
}

TEST_F(SessionApi, PagesOfOtherSitesAreRefused) {
  restart({.public_url = "https://pilot.example.com", .password_threads = 0});
  const SignedIn in = sign_in();
  const auto from = [&](Method method, std::string_view origin) {
    Headers headers = with(in);
    headers.emplace_back("Host", "pilot.example.com");
    headers.emplace_back("Origin", std::string(origin));
    return verdict(ask(method, "/api/plans", headers,
                       method == Method::post ? std::string(kPlan) : std::string()));
  };
  EXPECT_EQ(from(Method::post, "https://pilot.example.com"), "201 ");
  for (const std::string_view origin :
       {"null", "https://evil.test", "https://x.pilot.example.com", "https://pilot.example.com.x",
        "https://example.com", "https://pilot.example.com:8443"}) {
    EXPECT_EQ(from(Method::post, origin), "403 bad_origin") << origin;
    EXPECT_EQ(from(Method::get, origin), "403 bad_origin") << origin;
  }
  // Nor may they sign a browser in as somebody else.
  EXPECT_EQ(verdict(try_in("ada", "correct horse",
                           {{"Host", "pilot.example.com"}, {"Origin", "https://evil.test"}})),
            "403 bad_origin");
  // No answer ever says that another site may read it.
  const Answer own = ask(Method::get, "/api/plans", with(in));
  const Answer preflight = ask(Method::options, "/api/plans", with(in));
  for (const Answer* answer : {&own, &preflight}) {
    for (const auto& [name, value] : answer->response.headers) {
      EXPECT_THAT(name, Not(HasSubstr("Access-Control")));
    }
  }
}

TEST_F(SessionApi, WhetherAnAccountExistsDoesNotShow) {
  ASSERT_TRUE(run_sync(store_->update_user({"bob"}, {.disabled = true})));
  make_user("off", "", "correct horse");
  ASSERT_TRUE(run_sync(store_->update_user({"off"}, {.disabled = true})));
  std::set<std::string> answers;
  for (const std::string_view name : {"ada", "bob", "off", "nobody", "ADA", "ada ", "*", "%"}) {
    const bool right = name == "off";
    Answer answer = try_in(name, right ? "correct horse" : "wrong horse!");
    EXPECT_EQ(verdict(answer), "401 sign_in_failed") << name;
    EXPECT_EQ(header_of(answer.response, "Set-Cookie"), "");
    answer.json.get_object().erase("request_id");
    answers.insert(to_json(answer.json));
  }
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(SessionApi, TriesAreLimitedByAccount) {
  for (int i = 0; i < 10; ++i) {
    peer_ = fmt::format("192.0.2.{}", i);
    EXPECT_EQ(try_in("ada", "wrong horse!").status, 401) << i;
  }
  peer_ = "192.0.2.99";
  const Answer over = try_in("ada", "correct horse");  // the right one, too
  EXPECT_EQ(verdict(over), "429 rate_limited");
  EXPECT_EQ(header_of(over.response, "Retry-After"), "6");
  EXPECT_EQ(try_in("nobody", "wrong horse!").status, 401);  // another account is not held up
  clock_.advance(6s);
  EXPECT_EQ(try_in("ada", "correct horse").status, 201);
  EXPECT_EQ(try_in("ada", "correct horse").status, 429);
}

TEST_F(SessionApi, TriesAreLimitedByAddress) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(try_in(fmt::format("user{}", i), "wrong horse!").status, 401) << i;
  }
  EXPECT_EQ(try_in("ada", "correct horse").status, 429);
  peer_ = "198.51.100.7";
  EXPECT_EQ(try_in("ada", "correct horse").status, 201);
}

TEST_F(SessionApi, AHugePasswordIsRefusedBeforeItIsHashed) {
  const Answer refused = try_in("ada", std::string(9u << 20, 'x'));
  EXPECT_EQ(verdict(refused), "422 invalid_password");
  for (const std::string_view body :
       {"{}", R"({"name":"ada"})", R"({"password":"x"})", R"({"name":5,"password":"x"})",
        R"({"name":"","password":""})", R"({"name":"ada","password":"x","user_id":"bob"})"}) {
    const int status = ask(Method::post, "/api/session", {}, std::string(body)).status;
    EXPECT_TRUE(status == 422 || status == 403) << body << status;
  }
  // None of these was a try.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(try_in("ada", "wrong horse!").status, 401);
}

TEST_F(SessionApi, ASessionSlidesForFourteenDays) {
  const SignedIn in = sign_in();
  for (int i = 0; i < 5; ++i) {
    clock_.advance(13 * 24h);
    const Answer who = ask(Method::get, "/api/session", with(in, false));
    EXPECT_EQ(who.status, 200) << i;
    EXPECT_THAT(header_of(who.response, "Set-Cookie"), HasSubstr(in.cookie));
  }
  clock_.advance(14 * 24h);
  EXPECT_EQ(ask(Method::get, "/api/session", with(in, false)).status, 401);
}

TEST_F(SessionApi, ADisabledUserAndANewPasswordEndIt) {
  const SignedIn in = sign_in();
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in)).status, 200);
  EXPECT_EQ(ask_with(kOperatorToken, Method::put, "/api/users/ada", R"({"password":"another one"})")
                .status,
            200);
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in)).status, 401);
  EXPECT_EQ(try_in("ada", "correct horse").status, 401);
  const Answer again = try_in("ada", "another one");
  ASSERT_EQ(again.status, 201);
  ASSERT_TRUE(run_sync(store_->update_user({"ada"}, {.disabled = true})));
  clock_.advance(1s);
  EXPECT_EQ(ask(Method::get, "/api/plans", {{"Cookie", cookie_of(again)}}).status, 401);
}

class OwnPassword : public SessionApi {
 protected:
  Answer change(Headers headers, std::string_view before, std::string_view after) {
    return ask(Method::post, "/api/session/password", std::move(headers),
               fmt::format(R"({{"old_password":"{}","new_password":"{}"}})", before, after));
  }
};

TEST_F(OwnPassword, IsChangedByWhoKnowsTheOldOneAndEndsTheOtherSessions) {
  const SignedIn other = sign_in();
  const SignedIn mine = sign_in();
  const Answer changed = change(with(mine), "correct horse", "battery staple");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(json_text(changed.json, "user"), "ada");
  EXPECT_TRUE(changed.response.shown_once);
  for (const SignedIn& old : {other, mine}) {
    EXPECT_EQ(ask(Method::get, "/api/plans", with(old, false)).status, 401);
  }
  const SignedIn now{cookie_of(changed), json_text(changed.json, "csrf_token")};
  EXPECT_EQ(ask(Method::post, "/api/plans", with(now), std::string(kPlan)).status, 201);
  EXPECT_EQ(try_in("ada", "correct horse").status, 401);
  EXPECT_EQ(try_in("ada", "battery staple").status, 201);
}

TEST_F(OwnPassword, StaysAsItIsOtherwise) {
  const SignedIn in = sign_in();
  EXPECT_EQ(verdict(change(with(in), "wrong horse", "battery staple")), "403 wrong_password");
  EXPECT_EQ(verdict(change(with(in), "correct horse", "short")), "422 invalid_password");
  EXPECT_EQ(verdict(change(with(in), "correct horse", std::string(1'025, 'x'))),
            "422 invalid_password");
  EXPECT_EQ(verdict(change(with(in), std::string(1'025, 'x'), "battery staple")),
            "422 invalid_password");
  EXPECT_EQ(verdict(change(with(in), "", "battery staple")), "422 missing_param");
  EXPECT_EQ(verdict(change(with(in), "correct horse", "")), "422 missing_param");
  EXPECT_EQ(verdict(change(with(in, false), "correct horse", "battery staple")),
            "403 bad_csrf_token");
  EXPECT_EQ(verdict(change({}, "correct horse", "battery staple")), "401 unauthenticated");
  for (const std::string_view more :
       {R"("user_id":"bob")", R"("user":"bob")", R"("id":"bob")", R"("password":"x")"}) {
    const Answer refused =
        ask(Method::post, "/api/session/password", with(in),
            fmt::format(R"({{"old_password":"correct horse","new_password":"battery staple",{}}})",
                        more));
    EXPECT_GE(refused.status, 403) << more;
    EXPECT_THAT(refused.body, Not(HasSubstr("horse")));
  }
  EXPECT_EQ(ask(Method::get, "/api/plans", with(in, false)).status, 200);
  EXPECT_EQ(try_in("ada", "correct horse").status, 201);
}

TEST_F(OwnPassword, IsNotChangedWithAKey) {
  const MadeKey key = make_key("ada", kEveryScope);
  for (const std::string_view token : {std::string_view(key.secret), kOperatorToken}) {
    EXPECT_EQ(verdict(change(bearer(token), "correct horse", "battery staple")), "422 no_session");
  }
  EXPECT_EQ(try_in("ada", "correct horse").status, 201);
}

// An open session is no way to try out passwords faster than at the door.
TEST_F(OwnPassword, TriesCountLikeThoseToSignIn) {
  const SignedIn in = sign_in();
  int refused = 0;
  while (refused < 50 &&
         verdict(change(with(in), "wrong", "battery staple")) == "403 wrong_password") {
    ++refused;
  }
  EXPECT_EQ(refused, limits::kLoginTries - 1) << "the sign-in was one";
  EXPECT_EQ(verdict(change(with(in), "correct horse", "battery staple")), "429 rate_limited");
  EXPECT_EQ(try_in("ada", "correct horse").status, 429);
  clock_.advance(6s);
  EXPECT_EQ(change(with(in), "correct horse", "battery staple").status, 200);
}

TEST_F(SessionApi, AKeyHasNoSessionToEnd) {
  const MadeKey key = make_key("ada", "read");
  EXPECT_EQ(verdict(ask_with(key.secret, Method::del, "/api/session")), "422 no_session");
  EXPECT_EQ(json_text(ask_with(key.secret, Method::get, "/api/session").json, "id"), key.id);
}

class BrowserToken : public IdentityTest {};

TEST_F(BrowserToken, BeginsOneSessionOnce) {
  EXPECT_EQ(ask(Method::get, "/").status, 200);
  for (const std::string wrong : {"", "x", "the-browsers-toke", "the-browsers-tokenx"}) {
    const Answer refused = ask(Method::get, "/?token=" + wrong);
    EXPECT_EQ(refused.status, 403) << wrong;
    EXPECT_THAT(refused.response.content_type, HasSubstr("text/plain"));
    EXPECT_EQ(header_of(refused.response, "Set-Cookie"), "");
  }
  // A link preview does not use it up.
  EXPECT_EQ(ask(Method::head, "/?token=the-browsers-token").status, 200);
  const Answer in = ask(Method::get, "/?token=the-browsers-token");
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(header_of(in.response, "Location"), "/");
  const std::string set = header_of(in.response, "Set-Cookie");
  const std::string cookie = set.substr(0, set.find(';'));
  EXPECT_EQ(ask(Method::get, "/?token=the-browsers-token").status, 403);
  make_key("ada", "read");  // from now on everybody has to say who they are
  clock_.advance(1s);
  const Answer who = ask(Method::get, "/api/session", {{"Cookie", cookie}});
  EXPECT_EQ(who.status, 200);
  EXPECT_EQ(json_text(who.json, "user"), "local");
  EXPECT_EQ(ask(Method::get, "/api/plans?token=the-browsers-token").status, 401);
}

TEST_F(BrowserToken, AStaleCookieIsNoReasonToRefuseInLoopbackMode) {
  const Headers stale{{"Cookie", "pilot_session=" + std::string(43, 'A')}};
  EXPECT_EQ(ask(Method::get, "/api/plans", stale).status, 200);
  restart({.browser_token = "", .password_threads = 0});
  EXPECT_EQ(ask(Method::get, "/?token=").status, 403);
}

}  // namespace
}  // namespace pilot::api
