// Renews the OAuth grants that nobody has used for a week (limits::kIdleGrant): vendors drop them
// after some time. Looks soon after the start and then every hour, takes one after the other, and
// leaves marked connections alone. On several nodes at once each grant is renewed by one of them,
// as TokenRefresh sees to that. Lives on the first shard.
#pragma once

#include "engine/token_refresh.h"
#include "engine/user_hosts.h"
#include "engine/user_providers.h"

namespace pilot::engine {

class GrantKeeper {
 public:
  struct Parts {
    store::Store& store;
    const vault::KeyHolder& keys;
    Clock& clock;
    Timers& timers;
    Log& log;
    boost::asio::any_io_executor executor;
    RegistryPtr registry;
    std::shared_ptr<TokenRefresh> refresh;  // of this shard
  };
  explicit GrantKeeper(Parts parts)
      : parts_(std::move(parts)), providers_(parts_.store, parts_.registry), hosts_(parts_.store) {}
  ~GrantKeeper();
  GrantKeeper(const GrantKeeper&) = delete;
  GrantKeeper& operator=(const GrantKeeper&) = delete;

  void start();  // on its shard
  void stop();   // on its shard; whoever has been asked for a token is still heard

 private:
  struct Tally {
    int renewed = 0;
    int failed = 0;
    std::string why;  // of the first that failed
  };
  void arm(Millis wait);
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<Status> round(WallTime before, Tally& tally);
  boost::asio::awaitable<Status> round_of(UserId user, WallTime before, Tally& tally);
  // False: there is nothing to renew after all.
  boost::asio::awaitable<Result<bool>> renew(store::ConnectionKey key, WallTime before);
  boost::asio::awaitable<Result<std::optional<TokenRefresh::Order>>> order_of(
      store::ConnectionKey key, WallTime before);

  Parts parts_;
  UserProviders providers_;
  UserHosts hosts_;
  CancelSource cancel_;
  Timers::Id timer_ = 0;
};

}  // namespace pilot::engine
