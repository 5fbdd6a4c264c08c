// The processes that serve one database, and the lease by which each holds its runs. A lease is
// judged on the database's clock alone. A store that only one process can have open (SQLite) has
// nothing to coordinate: shared() is false, and the process owns everything. Called on a shard;
// answered there.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/ids.h"

namespace pilot::store {

using boost::asio::awaitable;

struct NodeLease {
  std::string id;       // a fresh uuid per process
  std::string name;     // host and pid, for people
  std::string roles;    // "api,worker,scheduler"
  std::string version;  // of the program
  Millis ttl{15'000};
  bool draining = false;
};

struct NodeInfo {
  NodeLease lease;
  WallTime started_at;
  WallTime heartbeat_at;
  Millis left{0};         // of its lease; negative: dead
  std::int64_t runs = 0;  // that it owns
};

struct UserRun {
  UserId user;
  RunId run;
};

class NodeStore {
 public:
  virtual ~NodeStore() = default;
  virtual bool shared() const = 0;
  // Makes or renews it: `ttl` from now on.
  virtual awaitable<Status> renew_lease(NodeLease lease) = 0;
  // It has stopped in order.
  virtual awaitable<Status> forget_node(std::string node) = 0;
  virtual awaitable<Result<std::vector<NodeInfo>>> list_nodes() = 0;

  // `on_news` is called, on any thread, when another process has left runs to be claimed, and once
  // at first. Empty: no more, from when this returns. Polling stays the safety net.
  virtual void watch(std::function<void()> on_news) = 0;

  // Asks whoever owns the run to cancel it. Answers false when nobody does or it has ended.
  virtual awaitable<Result<bool>> request_cancel(UserId user, RunId run) = 0;
  // Runs of this node that somebody wants cancelled; each is told until it has ended.
  virtual awaitable<Result<std::vector<UserRun>>> cancel_requests(std::string node) = 0;

  // Makes room for what is to come; finished runs older than `keep` (none: all are kept) go, with
  // their log. Answers how many: runs on SQLite, months on PostgreSQL, which keeps whole ones.
  virtual awaitable<Result<std::int64_t>> tidy(WallTime now,
                                               std::optional<std::chrono::days> keep) = 0;
};

}  // namespace pilot::store
