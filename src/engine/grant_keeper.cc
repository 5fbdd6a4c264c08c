#include "engine/grant_keeper.h"

#include "base/log.h"
#include "base/spawn.h"

namespace pilot::engine {

using boost::asio::awaitable;

namespace {

constexpr Millis kFirst{60'000};  // not in the way of starting
constexpr Millis kEvery{3'600'000};
constexpr std::int64_t kPage = 100;

}  // namespace

GrantKeeper::~GrantKeeper() { stop(); }

void GrantKeeper::start() { arm(kFirst); }

void GrantKeeper::stop() {
  cancel_.cancel();
  if (timer_ != 0) parts_.timers.cancel(timer_);
  timer_ = 0;
}

void GrantKeeper::arm(Millis wait) {
  timer_ = parts_.timers.call_at(parts_.clock.steady() + wait, [this] {
    timer_ = 0;
    spawn(parts_.executor, work());
  });
}

// The keeper may be gone after each wait: its token tells.
awaitable<void> GrantKeeper::work() {
  const CancelToken stopped = cancel_.token();
  Tally tally;
  const Status done = co_await round(parts_.clock.now() - limits::kIdleGrant, tally);
  if (stopped.cancelled()) co_return;
  if (!done) parts_.log.warn("looking for grants that nobody uses: {}", done.error().message);
  if (tally.renewed > 0) parts_.log.info("{} unused grants renewed", tally.renewed);
  if (tally.failed > 0) {
    parts_.log.warn("{} unused grants could not be renewed; the first: {}", tally.failed,
                    tally.why);
  }
  arm(kEvery);
}

awaitable<Status> GrantKeeper::round(WallTime before, Tally& tally) {
  const CancelToken stopped = cancel_.token();
  UserId after;
  for (;;) {
    const auto users = co_await parts_.store.users_with_idle_grants(before, after, kPage);
    if (stopped.cancelled()) co_return ok();
    if (!users) co_return users.error();
    for (const UserId& user : *users) {
      const Status done = co_await round_of(user, before, tally);
      if (!done || stopped.cancelled()) co_return done;
    }
    if (static_cast<std::int64_t>(users->size()) < kPage) co_return ok();
    after = users->back();
  }
}

awaitable<Status> GrantKeeper::round_of(UserId user, WallTime before, Tally& tally) {
  const CancelToken stopped = cancel_.token();
  const auto grants = co_await parts_.store.idle_grants(std::move(user), before);
  if (stopped.cancelled()) co_return ok();
  if (!grants) co_return grants.error();
  for (const store::ConnectionKey& grant : *grants) {
    const Result<bool> renewed = co_await renew(grant, before);
    if (stopped.cancelled()) co_return ok();
    if (renewed) {
      tally.renewed += *renewed ? 1 : 0;
    } else if (tally.failed++ == 0) {
      tally.why = fmt::format("connection {} of {}: {}", grant.connection, grant.provider,
                              renewed.error().message);
    }
  }
  co_return ok();
}

awaitable<Result<bool>> GrantKeeper::renew(store::ConnectionKey key, WallTime before) {
  const CancelToken stopped = cancel_.token();
  auto order = co_await order_of(std::move(key), before);
  if (!order) co_return order.error();
  if (!*order || stopped.cancelled()) co_return false;
  const Status done = co_await parts_.refresh->refresh(std::move(**order), stopped);
  if (!done) co_return done.error();
  co_return true;
}

// None if it was used meanwhile, or its provider has no OAuth (any more).
awaitable<Result<std::optional<TokenRefresh::Order>>> GrantKeeper::order_of(
    store::ConnectionKey key, WallTime before) {
  std::optional<TokenRefresh::Order> none;
  const CancelToken stopped = cancel_.token();
  const auto opened = co_await read_connection(parts_.store, parts_.keys, key);
  if (stopped.cancelled()) co_return none;
  if (!opened) co_return opened.error();
  if (opened->token_since >= before || opened->state.needs_reauth_at) co_return none;

  const auto known = co_await providers_.named(key.user, {key.provider});
  if (stopped.cancelled()) co_return none;
  if (!known) co_return known.error();
  const providers::Provider* provider = (*known)->find(key.provider);
  if (provider == nullptr || !provider->oauth2) co_return none;

  auto hosts = co_await hosts_.of(key.user);
  if (!hosts) co_return hosts.error();
  co_return TokenRefresh::order_of(std::move(key), *provider, opened->connection,
                                   std::move(*hosts));
}

}  // namespace pilot::engine
