// Taking over the old service's PostgreSQL database: what the store cannot do by itself, because it
// takes keys, plans and cron expressions. Blocking; for one command, main thread.
#pragma once

#include "base/log.h"
#include "model/problem.h"
#include "model/schedule.h"
#include "store/take_over.h"
#include "vault/key_ring.h"

namespace pilot::app {

struct PlanProblem {
  store::PlanKey plan;
  std::string name;
  std::string status;
  Problem problem;  // the first one
};

struct MadeSchedule {
  Schedule schedule;
  bool zone_given = false;  // else it is UTC now, and was the old server's own
};

struct TakeOver {
  store::TakeOverReport tables;
  std::int64_t plans = 0;                // looked at: those that are there
  std::int64_t hooks = 0;                // of them, with a webhook's or an event's trigger
  std::vector<PlanProblem> plans_wrong;  // kept as they are
  std::vector<MadeSchedule> made;        // by this call
  std::vector<PlanProblem> not_made;     // of active plans with a time trigger
};

// `keys`: null when there are none to try. Does what is still to be done, so that it can be
// called again after an interruption; of what is done already it changes nothing. Codes: those of
// store::take_over_postgres.
Result<TakeOver> take_over(const std::string& url, const vault::KeyRing* keys, Log& log);

Json to_json_value(const TakeOver& done);
// For people, on stdout.
void print(const TakeOver& done);

}  // namespace pilot::app
