#include "engine/token_refresh.h"

#include <boost/asio/post.hpp>

#include "base/crypto.h"
#include "base/log.h"
#include "base/spawn.h"
#include "engine/pause.h"
#include "engine/seal_grant.h"
#include "providers/redact.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

// A lease outlives the exchange with the vendor and the commit; who died with it delays the others
// by so much at most.
constexpr Millis kLease{45'000};
constexpr Millis kLook{100};         // at what another node is doing
constexpr Millis kCommitPause{500};  // between tries to keep what the vendor gave
constexpr int kCommitTries = 60;
constexpr int kSwapTries = 5;  // the key ring may seal the rows anew meanwhile
constexpr std::string_view kFailed = "token_refresh_failed";

Error failed(const Error& error) {
  Error out = error;
  // Words of the vendor's that need somebody to act stay as they are.
  if (error.kind == ErrorKind::unavailable) out.code = kFailed;
  return out.prefixed("renewing the access token");
}

Error from_transport(const http::SendError& error) {
  return {.kind = error.retryable ? ErrorKind::unavailable : ErrorKind::invalid_argument,
          .code = error.code,
          .message = error.message};
}

std::string flight_key(const store::ConnectionKey& key) {
  return key.user.text + '\0' + key.provider + '\0' + key.connection;
}

}  // namespace

bool is_due(const OpenConnection& opened, WallTime now) {
  if (!opened.token_until) return false;
  const auto life = *opened.token_until - opened.token_since;
  const auto margin = std::min<WallTime::duration>(std::chrono::minutes{15}, life / 2);
  return now > *opened.token_until - std::max(margin, WallTime::duration::zero());
}

std::string TokenRefresh::print_of(const providers::Connection& connection) {
  return crypto::hex(crypto::sha256(connection.value("access_token").value_or("")));
}

TokenRefresh::Order TokenRefresh::order_of(store::ConnectionKey key,
                                           const providers::Provider& provider,
                                           const providers::Connection& connection,
                                           std::vector<http::HostListPtr> allowed_hosts) {
  Order order;
  order.key = std::move(key);
  order.provider.name = provider.name;
  order.provider.kind = provider.kind;
  order.provider.oauth2 = provider.oauth2;
  order.stale = print_of(connection);
  order.allowed_hosts = std::move(allowed_hosts);
  return order;
}

bool TokenRefresh::is_stale(const Order& order, const OpenConnection& opened) const {
  return print_of(opened.connection) == order.stale;
}

awaitable<Status> TokenRefresh::refresh(Order order, CancelToken cancel) {
  const std::string key = flight_key(order.key);
  if (auto first = parts_.flights->board(key)) {
    // Posted: it must not be over before anybody waits for it.
    auto lead = std::make_shared<Flights::Lead>(std::move(*first));
    boost::asio::post(parts_.executor, [self = shared_from_this(), order = std::move(order),
                                        lead = std::move(lead)]() mutable {
      const auto executor = self->parts_.executor;
      spawn(executor, run(std::move(self), std::move(order), std::move(lead)));
    });
  }
  return parts_.flights->landed(key, std::move(cancel));
}

awaitable<void> TokenRefresh::run(std::shared_ptr<TokenRefresh> self, Order order,
                                  std::shared_ptr<Flights::Lead> lead) {
  const Status done = co_await self->renew(std::move(order));
  if (!done) lead->fail(done.error());
}

awaitable<Status> TokenRefresh::renew(Order order) {
  for (;;) {
    const Result<bool> claimed = co_await claim(order);
    if (!claimed) co_return failed(claimed.error());
    if (*claimed) break;
    // Another node does it. What it has written tells how it went.
    co_await pause(parts_.clock, parts_.timers, kLook);
    const auto opened = co_await read_connection(parts_.store, parts_.keys, order.key);
    if (!opened) co_return failed(opened.error());
    if (!is_stale(order, *opened)) co_return ok();
  }
  const Status done = co_await renew_claimed(order);
  if (!done) {
    // Whatever went wrong: the next one may try at once.
    const Status released = co_await parts_.store.release_refresh(order.key, parts_.node);
    if (!released)
      parts_.log.warn("token lease of {}: {}", order.key.provider, released.error().message);
  }
  co_return done;
}

awaitable<Result<bool>> TokenRefresh::claim(const Order& order) {
  return parts_.store.claim_refresh(order.key, parts_.node, parts_.clock.now(), kLease);
}

// With the lease. A refresh token that is refused is read again before it counts as dead: somebody
// may have stored a new one.
awaitable<Status> TokenRefresh::renew_claimed(const Order& order) {
  for (int tries = 0;; ++tries) {
    const auto opened = co_await read_connection(parts_.store, parts_.keys, order.key);
    if (!opened) co_return failed(opened.error());
    if (!is_stale(order, *opened)) {
      co_return co_await parts_.store.release_refresh(order.key, parts_.node);
    }
    if (opened->sealed_refresh_token.empty() || opened->state.reason == kInvalidGrant) {
      co_return needs_reauth(order.key);
    }
    Result<providers::TokenGrant> grant = co_await ask(order, *opened);
    if (grant) co_return co_await keep(order, *opened, std::move(*grant));
    if (grant.error().code != "invalid_grant") co_return failed(grant.error());
    if (tries > 0) co_return co_await dead(order, *opened);
  }
}

awaitable<Result<providers::TokenGrant>> TokenRefresh::ask(const Order& order,
                                                           const OpenConnection& opened) {
  const auto& oauth = *order.provider.oauth2;
  const Result<providers::OAuthClient> client =
      providers::oauth_client_of(order.provider, opened.connection, *parts_.clients);
  if (!client) co_return client.error();
  const auto token = opened.connection.value("refresh_token");
  Result<http::Request> request = providers::refresh_request(
      oauth, order.provider.name, opened.connection, *client, token.value_or(std::string_view{}));
  if (!request) co_return request.error();
  request->timeout = limits::kSignInTimeout;
  request->allowed_hosts = order.allowed_hosts;
  if (opened.named_hosts) request->allowed_hosts.push_back(opened.named_hosts);
  http::Request ready = std::move(*request);
  // Nobody's cancel: the answer may hold the only refresh token that is good from now on.
  http::Answer answer = co_await parts_.transport.send(std::move(ready), {});
  Result<providers::TokenGrant> grant =
      answer.error ? from_transport(*answer.error)
                   : providers::read_token_answer(oauth, *answer.response, parts_.clock.now());
  if (!grant) {
    providers::Redactor redactor(opened.connection);
    std::map<std::string, Secret, std::less<>> ours;
    ours.emplace("client_secret", client->secret.clone());
    redactor.add(ours);
    grant.error().message = redactor.text(grant.error().message);
  }
  co_return grant;
}

// The tokens exist only here until they are in the store, so that is tried for a while.
awaitable<Status> TokenRefresh::keep(const Order& order, const OpenConnection& asked_with,
                                     providers::TokenGrant grant) {
  const std::string token(asked_with.connection.value("refresh_token").value_or(""));
  std::string old = asked_with.sealed_refresh_token;
  int swaps = 0;
  for (int tries = 0; tries < kCommitTries; ++tries) {
    store::StoredGrant stored =
        seal_grant(grant, order.key, *parts_.keys.ring(), parts_.clock.now(), parts_.random);
    if (!asked_with.refresh_token_elsewhere) stored.old_refresh_token = old;
    const Result<bool> committed = co_await parts_.store.commit_grant(std::move(stored));
    if (committed && *committed) co_return ok();
    const auto now = co_await read_connection(parts_.store, parts_.keys, order.key);
    if (now && !is_stale(order, *now)) co_return ok();  // ours after all, or somebody's newer ones
    if (committed && now) {
      if (now->connection.value("refresh_token").value_or("") != token || ++swaps > kSwapTries) {
        co_return ok();  // connected anew meanwhile: that counts
      }
      old = now->sealed_refresh_token;  // the same token under another key
      continue;
    }
    co_await pause(parts_.clock, parts_.timers, kCommitPause);
  }
  co_return unavailable(std::string(kFailed),
                        "the new access token could not be stored; is the database there?");
}

awaitable<Status> TokenRefresh::dead(const Order& order, const OpenConnection& opened) {
  const Result<bool> marked = co_await parts_.store.mark_connection(
      order.key, std::string(kInvalidGrant), parts_.clock.now(),
      opened.refresh_token_elsewhere ? "" : opened.sealed_refresh_token);
  if (!marked) co_return failed(marked.error());
  if (*marked) {
    parts_.log.warn("connection {} of {}: its refresh token is not good any more",
                    order.key.connection, order.key.provider);
  }
  co_return needs_reauth(order.key);
}

}  // namespace pilot::engine
