// Connecting by OAuth 2: a user is sent to the vendor and comes back with a code.
//
// A browser that begins (a session, or the one user of a server without keys) gets a cookie, and
// only that browser, with that session, can finish: whoever is talked into opening somebody else's
// link connects nothing. A program that begins (an API key) sends a browser that this server has
// never seen: there the state alone binds, to the key's user; docs/oauth.md says what that asks of
// its maker.
#include "api/body.h"
#include "api/connection_stored.h"
#include "api/head_rules.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/services.h"
#include "api/token.h"
#include "base/crypto.h"
#include "engine/oauth_connect.h"

namespace pilot::api {
namespace {

constexpr std::chrono::seconds kLife{600};  // of the cookie: as long as the state
constexpr std::string_view kCallback = "/api/oauth/callback";

bool accepts(const Request& request, std::string_view type) {
  return request.header("Accept").value_or("").find(type) != std::string_view::npos;
}

bool wants_page(const Request& request) { return accepts(request, "text/html"); }

std::string base_url(const ApiPtr& api) {
  const std::string& given = api->identity.options().public_url;
  std::string url = given.empty() ? api->services.url : given;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string own_origin(const ApiPtr& api) {
  const std::string& origin = api->identity.public_origin();
  return origin.empty() ? api->services.url : origin;
}

// Of one flow. __Host-: no other server of the same domain can plant it.
std::string cookie_name(const ApiPtr& api, std::string_view state) {
  return fmt::format("{}pilot_oauth_{}", api->identity.is_secure() ? "__Host-" : "",
                     token_hash(state).substr(0, 16));
}

std::string cookie(const ApiPtr& api, const std::string& name, std::string_view value,
                   std::chrono::seconds life) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}", name, value,
                     life.count(), api->identity.is_secure() ? "; Secure" : "");
}

std::string cookie_value(const Request& request, std::string_view name) {
  for (const HeaderView& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
        return std::string(pair.substr(name.size() + 1));
      }
    }
  }
  return "";
}

std::string binding(std::string_view cookie, std::string_view session) {
  return token_hash(fmt::format("{}\n{}", cookie, session));
}

Response no_store(Response response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

Error not_available() {
  return unavailable("no_oauth_here", "this server was started without OAuth");
}

struct Start {
  engine::OAuthConnect::Begin begin;
  std::string cookie;  // empty: an API client begins
};

Result<Start> read_start(const ApiPtr& api, Request& request) {
  Start out;
  auto& begin = out.begin;
  begin.connection = std::string(request.query_value("connection").value_or("default"));
  if (!is_name(begin.connection)) {
    return invalid("invalid_value", "connection is no name of a connection");
  }
  begin.return_to = std::string(request.query_value("return_to").value_or(""));
  if (Status own = engine::check_return_to(begin.return_to, own_origin(api)); !own) {
    return own.error();
  }
  begin.user = request.principal;
  begin.redirect_uri = base_url(api) + std::string(kCallback);
  begin.state = random_token(api->random(request));
  const Principal& caller = request.caller;
  const bool browser = caller.kind == Principal::Kind::session ||
                       (caller.kind == Principal::Kind::loopback && wants_page(request));
  if (browser) {
    const std::string secret = random_token(api->random(request));
    begin.browser_sha256 = binding(secret, caller.credential);
    out.cookie = cookie(api, cookie_name(api, begin.state), secret, kLife);
  }
  return out;
}

awaitable<Response> start(ApiPtr api, Request& request) {
  // What looks at links before a person does must not begin anything.
  if (request.method == Method::head) co_return text_response("");
  engine::OAuthConnect* connect = api->services.oauth;
  if (connect == nullptr) co_return problem(not_available());
  Result<Start> read = read_start(api, request);
  if (!read) co_return bad_query(read.error());
  read->begin.provider = request.param("provider");
  const std::string browser = read->cookie;
  const Result<std::string> url =
      co_await connect->begin(std::move(read->begin), api->random(request));
  if (!url) co_return problem(url.error());
  const bool page = wants_page(request) || (!browser.empty() && !accepts(request, "json"));
  Response response =
      page
          ? text_response("", 303)
          : json_response(JsonObject{{"authorize_url", text(*url)}, {"expires_in", kLife.count()}});
  if (page) response.headers.emplace_back("Location", *url);
  if (!browser.empty()) response.headers.emplace_back("Set-Cookie", browser);
  response.shown_once = true;
  co_return no_store(std::move(response));
}

Response failed(const Request& request, const Error& error) {
  const int status = error.kind == ErrorKind::unavailable ? 503
                     : error.kind == ErrorKind::internal  ? 500
                                                          : 400;
  Response said = problem(error, status);
  if (wants_page(request)) {
    // What an internal error says is for the log, as ever.
    const std::string detail =
        status == 500 ? "Something went wrong on our side." : error.message + ".";
    Response shown = page(status, "Not connected", detail);
    shown.note = said.note;
    shown.code = said.code;
    said = std::move(shown);
  }
  return no_store(std::move(said));
}

// Is it the browser that began, with the session that it had then?
awaitable<Result<bool>> same_browser(ApiPtr api, const Request& request, std::string_view state,
                                     const store::OAuthState& taken) {
  if (taken.browser_sha256.empty()) co_return true;
  const std::string secret = cookie_value(request, cookie_name(api, state));
  std::string session;
  if (const Presented shown = presented(request); shown.kind == Presented::Kind::cookie) {
    const auto found = co_await api->identity.cache(request.shard).session(token_hash(shown.token));
    if (!found) co_return found.error();
    if (*found && (*found)->expires_at > api->services.clock.now()) session = (*found)->id;
  }
  co_return crypto::constant_time_equal(binding(secret, session), taken.browser_sha256);
}

awaitable<Status> finish(ApiPtr api, Request& request, const std::string& state,
                         store::OAuthState taken) {
  const Result<bool> same = co_await same_browser(api, request, state, taken);
  if (!same) co_return same.error();
  if (!*same) {
    co_return invalid("oauth_other_browser",
                      "this sign-in began in another browser or session; nothing was stored");
  }
  request.caller.user = taken.user;  // for the audit trail: from here on it is theirs
  const store::ConnectionKey key{taken.user, taken.provider, taken.connection};
  const auto given = [&request](std::string_view name) {
    return std::string(request.query_value(name).value_or(""));
  };
  engine::OAuthConnect::Answer answer{.code = given("code"),
                                      .error = given("error"),
                                      .error_description = given("error_description"),
                                      .iss = given("iss"),
                                      .redirect_uri = base_url(api) + std::string(kCallback)};
  const Status done = co_await api->services.oauth->finish(std::move(taken), std::move(answer),
                                                           api->random(request));
  if (!done) co_return done;
  co_return co_await connection_stored(api, key);
}

awaitable<Response> callback(ApiPtr api, Request& request) {
  if (request.method == Method::head) co_return text_response("");
  if (api->services.oauth == nullptr) co_return problem(not_available());
  const std::string state(request.query_value("state").value_or(""));
  if (state.empty() || state.size() > 200) {
    co_return failed(request, invalid("oauth_state_missing",
                                      "vendors send their users back to this address; without a "
                                      "state it belongs to no sign-in"));
  }
  Result<store::OAuthState> taken = co_await api->services.oauth->take(state);
  if (!taken) co_return failed(request, taken.error());
  const std::string return_to = taken->return_to;
  const std::string what = fmt::format("{} is connected as \"{}\" of {}.", taken->provider,
                                       taken->connection, taken->user.text);
  const Status done = co_await finish(api, request, state, std::move(*taken));
  Response response = !done ? failed(request, done.error())
                      : return_to.empty()
                          ? page(200, "Connected", what + " You can close this page.")
                          : text_response("", 303);
  if (done && !return_to.empty()) response.headers.emplace_back("Location", return_to);
  if (done) response = no_store(std::move(response));
  response.headers.emplace_back("Set-Cookie",
                                cookie(api, cookie_name(api, state), "", std::chrono::seconds{0}));
  co_return response;
}

}  // namespace

void register_oauth(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/oauth/{provider}/start", Scope::credentials, "oauth_start",
              "Sends a user to the vendor to connect, or (to a program) tells where to"},
             [api](Request& request) { return start(api, request); });
  router.add({Method::get, std::string(kCallback), std::nullopt, "oauth_callback",
              "Where the vendor sends the user back to"},
             [api](Request& request) { return callback(api, request); });
}

}  // namespace pilot::api
