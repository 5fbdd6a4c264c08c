// A small shop on loopback for the quickstart: an honest HTTP server that plans can call without an
// account. `pilot demo-server` runs it alone; the provider `demo` starts it inside this process.
//
//   GET  /orders            {orders: [{id, customer, country, total, express}]}
//   GET  /shipping?country= {country, days, price}
//   GET  /stock?key=K       503 with Retry-After twice for each new K, then {available}
//   POST /reports           201 {id, received}
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>

#include "api/server.h"
#include "providers/registry.h"

namespace pilot::app {

class DemoServer {
 public:
  DemoServer(std::vector<boost::asio::io_context*> shards, Log& log);
  ~DemoServer();

  // http://127.0.0.1:PORT; listens from the first call on (on a shard, or before they run).
  Result<std::string> url(std::uint16_t port = 0);

 private:
  api::Response orders() const;
  api::Response shipping(const api::Request& request) const;
  api::Response stock(const api::Request& request);
  api::Response report(const api::Request& request);

  std::vector<boost::asio::io_context*> shards_;
  Log& log_;
  std::mutex mutex_;  // requests come on any shard
  api::Router router_;
  std::unique_ptr<api::Server> server_;
  std::map<std::string, int> asked_;  // stock: how often, by key
  int reports_ = 0;
};

// Provider `demo` with the one action `start` -> {url}.
void register_demo(providers::Registry& registry, DemoServer* server);

}  // namespace pilot::app
