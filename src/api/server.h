// The HTTP/1.1 server: one acceptor per shard on one port (SO_REUSEPORT), sessions that stay on the
// shard that accepted them, limits on everything that a client sends. Serves any Router and knows
// nothing of Pilot.
//
// Made and started before the shards run, or on one of them. Keep it until the shards have stopped,
// or until stop() has answered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/limits.h"

namespace pilot::api {

class Tls;

struct ServerOptions {
  Millis read_timeout = limits::kReadTimeout;   // first byte of a request to its last
  Millis write_timeout = limits::kReadTimeout;  // one answer, or one piece of a stream
  Millis keep_alive = limits::kKeepAlive;       // between requests
  Millis linger = Millis{2'000};  // after refusing: for the client to read why, before the reset
  std::size_t max_body = limits::kBody;
  std::size_t max_connections = limits::kConnections;
  std::size_t max_streams = limits::kSseClients;
  LogLevel access_log = LogLevel::debug;  // of the line for each request
  // Bodies being read, all together; past it 503, so that uploads cannot take all memory.
  std::size_t max_bodies = 256u << 20;
};

struct ServerLoad {
  std::size_t connections = 0;
  std::size_t streams = 0;
};

class Server {
 public:
  // Port 0: the system chooses. With `tls` it speaks nothing else. Errors: address_in_use,
  // bad_address, cannot_listen; each says what to do. `router` and `log` outlive the shards.
  static Result<std::unique_ptr<Server>> listen(const std::string& address, std::uint16_t port,
                                                std::vector<boost::asio::io_context*> shards,
                                                const Router& router, ServerOptions options,
                                                Log& log, std::shared_ptr<const Tls> tls = {});
  ~Server();

  std::uint16_t port() const { return port_; }
  const std::string& address() const { return address_; }
  ServerLoad load() const;  // any thread

  // No new connections. Any thread; takes effect soon.
  void stop_accepting();
  // Also closes idle connections and streams, lets running answers finish (with Connection: close),
  // and cuts off what is left after `grace`. Any shard.
  boost::asio::awaitable<void> stop(Millis grace);

  struct Shared;
  struct Shard;

 private:
  Server() = default;
  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::string address_;
  std::uint16_t port_ = 0;
};

}  // namespace pilot::api
