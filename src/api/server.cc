#include "api/server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/link.h"
#include "api/problem.h"
#include "api/session.h"

namespace pilot::api {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;
using ReusePort = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Error listen_error(const tcp::endpoint& endpoint, const error_code& ec) {
  const std::string where = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (ec == net::error::address_in_use) {
    return unavailable("address_in_use",
                       where + " is taken by another program; choose another with --port, or 0");
  }
  if (ec == net::error::access_denied) {
    return invalid("cannot_listen",
                   where + " may not be listened on by this user; ports under 1024 need rights");
  }
  return invalid("cannot_listen", fmt::format("cannot listen on {}: {}", where, ec.message()));
}

Status open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool share_port) {
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(net::socket_base::reuse_address(true), ec);
  if (!ec && share_port) acceptor.set_option(ReusePort(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (ec) return listen_error(endpoint, ec);
  return ok();
}

// With SO_REUSEPORT a second Pilot would quietly get half of the first one's connections, so a
// given port is first tried without it.
Status must_be_free(net::io_context& context, const tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return ok();
  tcp::acceptor probe(context);
  return open(probe, endpoint, false);
}

// Deadlines are looked at this often: late by a quarter at most, and never oftener than needed.
Millis sweep_interval(const ServerOptions& options) {
  const Millis least =
      std::min({options.read_timeout, options.write_timeout, options.keep_alive, options.linger});
  return std::clamp(least / 4, Millis{5}, Millis{1'000});
}

awaitable<void> sweep(std::shared_ptr<Server::Shard> shard) {
  const Millis interval = sweep_interval(shard->shared->options);
  while (!shard->sessions.empty()) {
    shard->sweep.expires_after(interval);
    co_await shard->sweep.async_wait(kAsTuple);
    const SteadyTime now = std::chrono::steady_clock::now();
    for (Session* session : shard->sessions) session->expire(now);
  }
  shard->sweeping = false;
}

void report(Log& log, std::string_view what, std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    log.error("{}: {}", what, e.what());
  }
}

awaitable<void> serve(std::shared_ptr<Session> session) { co_await session->run(); }

void start_session(tcp::socket socket, std::shared_ptr<Server::Shard> shard) {
  const auto executor = socket.get_executor();
  auto session = make_session(std::move(socket), shard);
  net::co_spawn(executor, serve(std::move(session)), [shard](std::exception_ptr failure) {
    report(shard->shared->log, "a connection ended by a bug", failure);
  });
  if (shard->sweeping) return;
  shard->sweeping = true;
  net::co_spawn(executor, sweep(shard), [shard](std::exception_ptr failure) {
    report(shard->shared->log, "the sweep of connections ended by a bug", failure);
  });
}

// Over the cap: said at once and without waiting for anything.
void turn_away(tcp::socket socket) {
  const Response refusal =
      problem(unavailable("too_many_connections", "too many connections; try again soon"));
  const std::string text = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: {}\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
      refusal.content_type, refusal.body.size(), refusal.body);
  error_code ec;
  socket.non_blocking(true, ec);
  std::array<char, 4096> ignored;  // unread bytes would turn the close into a reset
  socket.read_some(net::buffer(ignored), ec);
  socket.write_some(net::buffer(text), ec);
  socket.shutdown(tcp::socket::shutdown_send, ec);
}

awaitable<void> accept(std::shared_ptr<Server::Shard> shard) {
  Server::Shared& shared = *shard->shared;
  net::steady_timer pause(co_await net::this_coro::executor);
  while (shard->acceptor.is_open()) {
    auto [ec, socket] = co_await shard->acceptor.async_accept(kAsTuple);
    if (!shard->acceptor.is_open()) break;
    if (ec) {  // out of descriptors, most likely: those that end give some back
      if (ec == net::error::connection_aborted) continue;
      shared.log.warn("cannot accept a connection: {}", ec.message());
      pause.expires_after(Millis{100});
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    if (shared.connections.load(std::memory_order_relaxed) >= shared.options.max_connections) {
      turn_away(std::move(socket));
      continue;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    start_session(std::move(socket), shard);
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(const std::string& address, std::uint16_t port,
                                               std::vector<net::io_context*> shards,
                                               const Router& router, ServerOptions options,
                                               Log& log, std::shared_ptr<const Tls> tls) {
  error_code ec;
  const auto ip = net::ip::make_address(address, ec);
  if (ec || shards.empty()) {
    return invalid("bad_address", fmt::format("\"{}\" is not an IP address", address));
  }
  std::unique_ptr<Server> server(new Server);
  server->shared_ = std::make_shared<Shared>(options, std::move(tls), router, log);
  tcp::endpoint endpoint(ip, port);
  if (Status free = must_be_free(*shards.front(), endpoint); !free) return free.error();
  for (net::io_context* context : shards) {
    auto shard = std::make_shared<Shard>(server->shared_, server->shards_.size(), *context);
    if (Status opened = open(shard->acceptor, endpoint, shards.size() > 1); !opened) {
      return opened.error();
    }
    endpoint.port(shard->acceptor.local_endpoint().port());
    server->shards_.push_back(std::move(shard));
  }
  server->address_ = endpoint.address().to_string();
  server->port_ = endpoint.port();
  for (const auto& shard : server->shards_) {
    net::co_spawn(shard->acceptor.get_executor(), accept(shard),
                  [shard](std::exception_ptr failure) {
                    report(shard->shared->log, "accepting ended by a bug", failure);
                  });
  }
  return server;
}

Server::~Server() { stop_accepting(); }

ServerLoad Server::load() const { return {shared_->connections.load(), shared_->streams.load()}; }

void Server::stop_accepting() {
  for (const auto& shard : shards_) {
    net::post(shard->acceptor.get_executor(), [shard] {
      error_code ignored;
      shard->acceptor.close(ignored);
    });
  }
}

awaitable<void> Server::stop(Millis grace) {
  stop_accepting();
  shared_->draining = true;
  for (const auto& shard : shards_) {
    net::post(shard->acceptor.get_executor(), [shard] {
      for (Session* session : shard->sessions) session->drain();
    });
  }
  const std::shared_ptr<Shared> shared = shared_;
  net::steady_timer pause(co_await net::this_coro::executor);
  SteadyTime end = std::chrono::steady_clock::now() + grace;
  bool cut = false;
  while (shared->connections.load() > 0) {
    if (std::chrono::steady_clock::now() >= end) {
      if (cut) co_return;  // their handlers wait for something that does not come
      cut = true;
      end += Millis{500};
      for (const auto& shard : shards_) {
        net::post(shard->acceptor.get_executor(), [shard] {
          for (Session* session : shard->sessions) session->cut();
        });
      }
    }
    pause.expires_after(Millis{10});
    co_await pause.async_wait(kAsTuple);
  }
}

}  // namespace pilot::api
