// Leases, nodes, requests to cancel, and the months of the big tables.
#include "store/postgres/postgres_store.h"

namespace pilot::store::postgres {

awaitable<Status> PostgresStore::renew_lease(NodeLease lease) {
  static constexpr char kRenew[] = "SELECT renew_lease($1, $2, $3, $4, $5, $6)";
  Command command{kRenew, {}};
  command.params.text(lease.id).text(lease.name).text(lease.roles).text(lease.version);
  command.params.integer(lease.ttl.count()).boolean(lease.draining);
  return writing(system_step(std::move(command)), [](Answers) -> Status { return ok(); });
}

awaitable<Status> PostgresStore::forget_node(std::string node) {
  static constexpr char kForget[] = "SELECT forget_node($1)";
  Command command{kForget, {}};
  command.params.text(node);
  return writing(system_step(std::move(command)), [](Answers) -> Status { return ok(); });
}

awaitable<Result<std::vector<NodeInfo>>> PostgresStore::list_nodes() {
  static constexpr char kList[] =
      "SELECT id, name, roles, version, started_at, heartbeat_at, lease_ms, draining, runs"
      " FROM list_nodes()";
  auto read = [](Answers answers) -> Result<std::vector<NodeInfo>> {
    std::vector<NodeInfo> all;
    Rows& rows = answers[0];
    while (rows.next()) {
      NodeInfo& node = all.emplace_back();
      node.lease.id = rows.text();
      node.lease.name = rows.text();
      node.lease.roles = rows.text();
      node.lease.version = rows.text();
      node.started_at = rows.time();
      node.heartbeat_at = rows.time();
      node.left = Millis{rows.integer()};
      node.lease.draining = rows.boolean();
      node.runs = rows.integer();
    }
    return all;
  };
  return reading(system_step({kList, {}}), read);
}

void PostgresStore::watch(std::function<void()> on_news) {
  listener_.reset();
  if (on_news) listener_ = std::make_unique<Listener>(options_.url, std::move(on_news), log_);
}

awaitable<Result<bool>> PostgresStore::request_cancel(UserId user, RunId run) {
  static constexpr char kRequest[] =
      "UPDATE runs SET cancel_requested = true WHERE user_id = $1 AND id = $2 AND node <> ''"
      " AND state IN ('queued', 'running', 'waiting')";
  Command command{kRequest, {}};
  command.params.text(user.text).text(run.text);
  auto read = [](Answers answers) -> Result<bool> { return answers[0].affected() == 1; };
  return writing(one_step(user, std::move(command)), read);
}

awaitable<Result<std::vector<UserRun>>> PostgresStore::cancel_requests(std::string node) {
  static constexpr char kRequests[] = "SELECT user_id, id FROM cancel_requests($1)";
  Command command{kRequests, {}};
  command.params.text(node);
  auto read = [](Answers answers) -> Result<std::vector<UserRun>> {
    std::vector<UserRun> all;
    Rows& rows = answers[0];
    while (rows.next()) {
      UserRun& one = all.emplace_back();
      one.user = {rows.text()};
      one.run = {rows.text()};
    }
    return all;
  };
  return reading(system_step(std::move(command)), read);
}

awaitable<Result<std::int64_t>> PostgresStore::tidy(WallTime now,
                                                    std::optional<std::chrono::days> keep) {
  static constexpr int kMonthsAhead = 3;
  static constexpr char kMake[] = "SELECT make_partitions($1, $2)";
  static constexpr char kDrop[] = "SELECT count(*) FROM drop_partitions($1)";
  Steps steps = system_step({kMake, {}});
  steps[0].commands[0].params.time(now).small(kMonthsAhead);
  if (keep) {
    steps[0].commands.push_back({kDrop, {}});
    steps[0].commands[1].params.time(now - *keep);
  }
  auto read = [dropping = keep.has_value()](Answers answers) -> Result<std::int64_t> {
    return dropping && answers[1].next() ? answers[1].integer() : std::int64_t{0};
  };
  return writing(std::move(steps), read);
}

}  // namespace pilot::store::postgres
