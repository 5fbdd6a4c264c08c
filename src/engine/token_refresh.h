// Renews the access tokens of OAuth connections. One renewal at a time per connection: in this
// process by Flights, over all nodes by a lease in the store, which is no lock: nothing of the
// database is held while the vendor is asked. New tokens are in the store before anybody uses them,
// and only if the refresh token there is still the one that they were got with.
//
// A renewal belongs to no run: once the vendor has been asked, its answer is kept, whoever is
// cancelled; a vendor that gives a new refresh token each time has thrown the old one away.
//
// One per shard, on it only; held by shared_ptr, which a renewal under way holds, too.
#pragma once

#include "engine/connections.h"
#include "engine/flights.h"
#include "http/transport.h"
#include "providers/oauth_clients.h"

namespace pilot {
class Log;
}

namespace pilot::engine {

class TokenRefresh : public std::enable_shared_from_this<TokenRefresh> {
 public:
  struct Parts {
    store::Store& store;
    const vault::KeyHolder& keys;
    http::Transport& transport;
    Clock& clock;
    Timers& timers;
    Random& random;
    Log& log;
    boost::asio::any_io_executor executor;
    std::string node;
    std::shared_ptr<Flights> flights;  // of the process
    std::shared_ptr<const providers::OAuthClients> clients;
  };
  explicit TokenRefresh(Parts parts) : parts_(std::move(parts)) {}

  struct Order {
    store::ConnectionKey key;
    providers::Provider provider;  // its name, kind and oauth2: the plan that named it may go
    std::string stale;             // SHA-256 of the access token that is not good any more
    std::vector<http::HostListPtr> allowed_hosts;
  };
  // Ok: read the connection again. Codes: needs_reauth (the grant is dead, and is marked so);
  // token_refresh_failed and the store's (unavailable: later it may work; or final).
  boost::asio::awaitable<Status> refresh(Order order, CancelToken cancel);

  // `connection`: with the token that is to be replaced.
  static Order order_of(store::ConnectionKey key, const providers::Provider& provider,
                        const providers::Connection& connection,
                        std::vector<http::HostListPtr> allowed_hosts);

 private:
  static std::string print_of(const providers::Connection& connection);  // for `stale`
  static boost::asio::awaitable<void> run(std::shared_ptr<TokenRefresh> self, Order order,
                                          std::shared_ptr<Flights::Lead> lead);
  boost::asio::awaitable<Status> renew(Order order);
  boost::asio::awaitable<Result<bool>> claim(const Order& order);
  boost::asio::awaitable<Status> renew_claimed(const Order& order);
  boost::asio::awaitable<Result<providers::TokenGrant>> ask(const Order& order,
                                                            const OpenConnection& opened);
  boost::asio::awaitable<Status> keep(const Order& order, const OpenConnection& asked_with,
                                      providers::TokenGrant grant);
  boost::asio::awaitable<Status> dead(const Order& order, const OpenConnection& opened);
  bool is_stale(const Order& order, const OpenConnection& opened) const;

  Parts parts_;
};

// Whether the token should be renewed before a call: in the last 15 minutes of its life, or the
// last half of a shorter one.
bool is_due(const OpenConnection& opened, WallTime now);

}  // namespace pilot::engine
