// What the rows of the table run: W1 (GET, set, POST against nginx) and W2 (three logic steps), by
// POST /api/execute, with everything durable before the answer. And the 100 executions at once.
#pragma once

#include <functional>

#include "report.h"
#include "servers.h"

namespace pilot::bench {

struct Workload {
  std::string name;
  std::string plan_id;
};

JsonArray w2_steps();  // three logic steps

// Saves the plan and executes it once, to see that it does what the table says it does.
Result<Workload> prepare_w1(const PilotServer& server, const NginxTarget& target);
Result<Workload> prepare_w2(const PilotServer& server);

struct Servers {
  const PilotServer& pilot;
  const NginxTarget& nginx;
  std::function<double()> database_cpu = {};  // seconds so far; empty: the server is the database
};

// Executions without a row, before the first one: SQLite's log is slower while it grows than when
// it is written over (each flush of a growing file also flushes where it lies), and every row is to
// meet it in the same state.
Status warm_up(const Workload& workload, const PilotServer& server);
Result<Row> measure_row(const Workload& workload, const Servers& servers, int connections,
                        double seconds);
Result<Acceptance> measure_acceptance(const Workload& workload, const PilotServer& server);

// What the load client and nginx do without Pilot between them: the most that W1 could show.
Result<double> measure_nginx(const NginxTarget& target, double seconds);

}  // namespace pilot::bench
