#include "engine/oauth_connect.h"

#include "base/crypto.h"
#include "engine/connections.h"
#include "engine/seal_grant.h"
#include "engine/user_hosts.h"
#include "http/url.h"
#include "providers/redact.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

constexpr std::chrono::minutes kStateLife{10};
constexpr std::int64_t kStates = 100;      // of one user, under way
constexpr std::size_t kVendorWords = 300;  // of an error that came by the browser
constexpr std::size_t kReturnTo = 2'000;

std::string sha256_hex(std::string_view text) { return crypto::hex(crypto::sha256(text)); }

// What came by the browser is anybody's text: cut, and one line.
std::string tidy(std::string_view text) {
  std::string out;
  for (const char c : utf8_prefix(text, kVendorWords)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}

// RFC 9207: who answers says who they are. The origin is compared, not the whole: issuers have
// paths of tenants that the authorize URL has, too, in other places.
Status check_issuer(const std::string& iss, const std::string& authorize_url) {
  if (iss.empty()) return ok();
  const Result<http::Url> said = http::parse_url(iss);
  const Result<http::Url> meant = http::parse_url(authorize_url);
  if (said && meant && said->same_origin(*meant)) return ok();
  return invalid("oauth_mix_up",
                 "the answer comes from another server than the one that you were sent to; nothing "
                 "was stored");
}

Error from_transport(const http::SendError& error) {
  return {.kind = error.retryable ? ErrorKind::unavailable : ErrorKind::invalid_argument,
          .code = error.code,
          .message = error.message};
}

}  // namespace

awaitable<Result<OAuthConnect::Ready>> OAuthConnect::ready(store::ConnectionKey key) {
  Ready out;
  auto registry = co_await providers_.named(key.user, {key.provider});
  if (!registry) co_return registry.error();
  out.registry = std::move(*registry);
  out.provider = out.registry->find(key.provider);
  if (out.provider == nullptr || !out.provider->oauth2 ||
      out.provider->oauth2->grant != providers::OAuth2::Grant::code) {
    co_return invalid("no_oauth", fmt::format("{} is not connected by OAuth in a browser; set its "
                                              "credentials instead",
                                              key.provider));
  }
  key.provider = out.provider->credential_name();
  auto opened = co_await read_connection(parts_.store, parts_.keys, key);
  if (!opened) co_return opened.error();
  out.connection = std::move(opened->connection);
  out.named_hosts = std::move(opened->named_hosts);
  Result<providers::OAuthClient> client =
      providers::oauth_client_of(*out.provider, out.connection, *parts_.clients);
  if (!client) co_return client.error();
  out.client = std::move(*client);
  co_return out;
}

awaitable<Result<std::string>> OAuthConnect::begin(Begin order, Random& random) {
  const Result<Ready> with = co_await ready({order.user, order.provider, order.connection});
  if (!with) co_return with.error();
  std::string bytes(32, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  const std::string verifier = providers::make_code_verifier(bytes);
  Result<std::string> url =
      providers::authorize_url(*with->provider->oauth2, with->provider->name, with->connection,
                               {.client_id = with->client.id,
                                .redirect_uri = order.redirect_uri,
                                .state = order.state,
                                .code_verifier = verifier});
  if (!url) co_return url;
  const WallTime now = parts_.clock.now();
  vault::Sealed sealed = parts_.keys.ring()->seal(verifier, now, random);
  store::OAuthState state;
  state.user = std::move(order.user);
  state.state_sha256 = sha256_hex(order.state);
  state.provider = with->provider->credential_name();
  state.connection = std::move(order.connection);
  state.return_to = std::move(order.return_to);
  state.browser_sha256 = std::move(order.browser_sha256);
  state.verifier = std::move(sealed.token);
  state.key_id = std::move(sealed.key_id);
  state.created_at = now;
  state.expires_at = now + kStateLife;
  const Status put = co_await parts_.store.put_oauth_state(std::move(state), kStates);
  if (!put) co_return put.error();
  co_return url;
}

awaitable<Result<store::OAuthState>> OAuthConnect::take(std::string state) {
  const std::string sha256 = sha256_hex(state);
  const auto owner = co_await parts_.store.oauth_state_owner(sha256);
  if (!owner) co_return owner.error();
  std::optional<store::OAuthState> found;
  if (*owner) {
    auto taken = co_await parts_.store.take_oauth_state(**owner, sha256);
    if (!taken) co_return taken.error();
    found = std::move(*taken);
  }
  if (!found) {
    co_return invalid("oauth_state_unknown",
                      "this sign-in was finished already, or did not begin here; begin again");
  }
  if (found->expires_at <= parts_.clock.now()) {
    co_return invalid("oauth_state_expired",
                      "this sign-in took more than ten minutes; begin again");
  }
  co_return std::move(*found);
}

awaitable<Status> OAuthConnect::finish(store::OAuthState state, Answer answer, Random& random) {
  const store::ConnectionKey key{state.user, state.provider, state.connection};
  const Result<Ready> with = co_await ready(key);
  if (!with) co_return with.error();
  const Result<std::string> meant = providers::oauth_url(with->provider->oauth2->authorize,
                                                         with->provider->name, with->connection);
  if (!meant) co_return meant.error();
  if (Status same = check_issuer(answer.iss, *meant); !same) co_return same;
  if (!answer.error.empty()) {
    co_return invalid(
        "oauth_refused",
        fmt::format("{} did not connect: {}{}{}", with->provider->title, tidy(answer.error),
                    answer.error_description.empty() ? "" : ": ", tidy(answer.error_description)));
  }
  if (answer.code.empty())
    co_return invalid("oauth_no_code", "the answer has no code; begin again");
  const Result<providers::TokenGrant> grant = co_await trade(*with, state, answer);
  if (!grant) co_return grant.error();
  // A grant without a refresh token leaves the one before in its place, unless that one is dead.
  const auto before = co_await parts_.store.connection_state(key);
  if (!before) co_return before.error();
  if (before->reason == "invalid_grant" && !grant->values.contains("refresh_token")) {
    const auto gone = co_await parts_.store.remove_credentials(key.user, key.provider,
                                                               key.connection, "refresh_token");
    if (!gone) co_return gone.error();
  }
  store::StoredGrant stored =
      seal_grant(*grant, key, *parts_.keys.ring(), parts_.clock.now(), random);
  const Result<bool> kept = co_await parts_.store.commit_grant(std::move(stored));
  if (!kept) co_return kept.error();
  co_return ok();
}

awaitable<Result<providers::TokenGrant>> OAuthConnect::trade(const Ready& with,
                                                             const store::OAuthState& state,
                                                             const Answer& answer) {
  const auto& oauth = *with.provider->oauth2;
  const Result<Secret> verifier = parts_.keys.open(state.verifier, state.key_id);
  if (!verifier) co_return verifier.error();
  const providers::AuthorizeOrder order{.client_id = with.client.id,
                                        .redirect_uri = answer.redirect_uri,
                                        .state = {},
                                        .code_verifier = std::string(verifier->reveal())};
  Result<http::Request> request = providers::code_request(
      oauth, with.provider->name, with.connection, with.client, answer.code, order);
  if (!request) co_return request.error();
  request->timeout = limits::kSignInTimeout;
  UserHosts user_hosts(parts_.store);
  auto hosts = co_await user_hosts.of(state.user);
  if (!hosts) co_return hosts.error();
  request->allowed_hosts = std::move(*hosts);
  if (with.named_hosts) request->allowed_hosts.push_back(with.named_hosts);
  http::Request sent = std::move(*request);
  http::Answer said = co_await parts_.transport.send(std::move(sent), {});
  Result<providers::TokenGrant> grant =
      said.error ? from_transport(*said.error)
                 : providers::read_token_answer(oauth, *said.response, parts_.clock.now());
  if (!grant) {
    providers::Redactor redactor(with.connection);
    std::map<std::string, Secret, std::less<>> ours;
    ours.emplace("client_secret", with.client.secret.clone());
    ours.emplace("code", Secret(answer.code));
    ours.emplace("code_verifier", verifier->clone());
    redactor.add(ours);
    grant.error().message = redactor.text(grant.error().message);
  }
  co_return grant;
}

Status check_return_to(std::string_view return_to, std::string_view own_origin) {
  if (return_to.empty()) return ok();
  const bool odd = std::any_of(return_to.begin(), return_to.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
           c == '\\' || c == '"' || c == '<' || c == '>';
  });
  std::string_view path = return_to;
  if (!own_origin.empty() && path.starts_with(own_origin)) path.remove_prefix(own_origin.size());
  // "//evil.test" is another host to a browser, and so is "https://pilot.test@evil.test".
  const bool own = path.starts_with('/') && !path.starts_with("//");
  if (!odd && own && return_to.size() <= kReturnTo) return ok();
  return invalid("invalid_return_to",
                 "return_to is a path of this server, like /connections, or a URL of its own");
}

}  // namespace pilot::engine
