// Plans and their versions. Every call is by user: what is not theirs is not_found. Called on a
// shard; the work happens elsewhere and the answer comes back on the same shard.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/json.h"
#include "model/schedule.h"
#include "store/page.h"

namespace pilot::store {

using boost::asio::awaitable;

struct StoredPlan {
  UserId user;
  PlanId id;
  std::string name;
  std::string original_prompt;
  Json document;  // plan_json as the user gave it (only checked)
  std::vector<std::string> plain_english_steps;
  std::vector<std::string> required_providers;
  Json trigger;
  std::string status = "active";  // draft, active, archived
  int version = 1;
  WallTime created_at;
  WallTime updated_at;
  // What its trigger makes of it while it is active; none: it has no schedule. Written with the
  // plan, in the same transaction (see ScheduleStore::put_schedule; plan and version are set by the
  // store); not read with it.
  std::optional<Schedule> schedule;
};

struct PlanVersion {
  PlanId plan;
  int version = 0;
  std::string name;
  Json document;
  WallTime created_at;
};

class PlanStore {
 public:
  virtual ~PlanStore() = default;
  // Row of execution_plans, version 1 and its schedule, in one transaction. Code
  // too_many_schedules.
  virtual awaitable<Status> create_plan(StoredPlan plan) = 0;
  // Replaces it and its schedule; version becomes the stored one + 1 and is answered.
  // `expected_version` (0: any) must be the stored one, else conflict/version_conflict.
  virtual awaitable<Result<int>> update_plan(StoredPlan plan, int expected_version) = 0;
  virtual awaitable<Result<StoredPlan>> find_plan(UserId user, PlanId id) = 0;
  // Newest first. `status` empty: all.
  virtual awaitable<Result<Page<StoredPlan>>> list_plans(UserId user, std::string status,
                                                         PageRequest page) = 0;
  // Its schedule goes with it. Its versions stay: runs that were accepted still need them.
  virtual awaitable<Status> remove_plan(UserId user, PlanId id) = 0;
  virtual awaitable<Result<PlanVersion>> find_version(UserId user, PlanId id, int version) = 0;
  virtual awaitable<Result<std::vector<PlanVersion>>> list_versions(UserId user, PlanId id) = 0;
};

}  // namespace pilot::store
