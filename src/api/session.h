// One connection of a client, and what it shares with the others of its shard and of its server.
// Inside of the server: included by server.cc and the session's own files only.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_set>

#include "api/answer_head.h"
#include "api/server.h"
#include "api/tls.h"
#include "base/random.h"

namespace pilot::api {

class Session;

// Of the whole server; counters are touched by all shards.
struct Server::Shared {
  Shared(ServerOptions o, std::shared_ptr<const Tls> t, const Router& r, Log& l)
      : options(o), router(r), log(l), tls(std::move(t)) {}
  const ServerOptions options;
  const Router& router;
  Log& log;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<bool> draining{false};
  std::shared_ptr<const Tls> tls;  // null: plain
};

// Of one shard; its thread only.
struct Server::Shard {
  Shard(std::shared_ptr<Shared> s, std::size_t i, boost::asio::io_context& context)
      : shared(std::move(s)), index(i), acceptor(context), sweep(context) {}
  std::shared_ptr<Shared> shared;
  std::size_t index;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer sweep;  // runs only while there are sessions
  bool sweeping = false;
  std::unordered_set<Session*> sessions;
  DateText date;
  std::unique_ptr<Random> random = make_system_random();
};

// Takes the socket for the connection's life. Starts nothing.
class Session {
 public:
  virtual ~Session() = default;
  virtual awaitable<void> run() = 0;
  virtual void expire(SteadyTime now) = 0;  // cuts what is past its deadline
  virtual void drain() = 0;                 // finish what runs, then go
  virtual void cut() = 0;                   // now
};
std::shared_ptr<Session> make_session(boost::asio::ip::tcp::socket socket,
                                      std::shared_ptr<Server::Shard> shard);

}  // namespace pilot::api
