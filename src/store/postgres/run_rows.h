// Rows of `runs` and `execution_logs`: between the structs of model/run.h and the columns.
#pragma once

#include "model/run.h"
#include "store/postgres/params.h"
#include "store/postgres/rows.h"
#include "store/read_rows.h"

namespace pilot::store::postgres {

// New runs of one tenant, as one statement.
class InsertRuns {
 public:
  // What never changes from `made`, the rest from `now` (the same run, or a later change of it).
  void add(const Run& made, const Run& now);
  bool empty() const { return id_.size() == 0; }
  std::size_t bytes() const;  // of what may be large
  Command command(const UserId& user) const;

 private:
  Column id_{Type::text}, plan_{Type::text}, plan_version_{Type::int4}, plan_name_{Type::text},
      state_{Type::text}, reason_{Type::text}, wake_at_{Type::timestamptz},
      created_at_{Type::timestamptz}, started_at_{Type::timestamptz},
      finished_at_{Type::timestamptz}, deadline_{Type::timestamptz}, retry_of_{Type::text},
      node_{Type::text}, epoch_{Type::int8}, revision_{Type::int8}, total_steps_{Type::int4},
      error_{Type::json}, inputs_{Type::json}, trigger_{Type::json}, document_{Type::json},
      output_{Type::json};
};

// Locks those of some runs that (owner, epoch) owns and that are not terminal, so that nobody takes
// them before the transaction ends. Answers their positions, from 1.
class LockRuns {
 public:
  void add(const RunId& run, const std::string& owner, std::int64_t epoch);
  bool empty() const { return id_.size() == 0; }
  std::int32_t size() const { return id_.size(); }
  Command command(const UserId& user) const;

 private:
  Column id_{Type::text}, owner_{Type::text}, epoch_{Type::int8};
};

// Changes of runs that (owner, epoch) owns and that are not terminal.
class UpdateRuns {
 public:
  void add(const Run& run, const std::string& owner);
  bool empty() const { return id_.size() == 0; }
  std::size_t bytes() const;
  Command command(const UserId& user) const;

 private:
  Column id_{Type::text}, owner_{Type::text}, epoch_{Type::int8}, state_{Type::text},
      reason_{Type::text}, wake_at_{Type::timestamptz}, started_at_{Type::timestamptz},
      finished_at_{Type::timestamptz}, deadline_{Type::timestamptz}, node_{Type::text},
      revision_{Type::int8}, error_{Type::json}, output_{Type::json};
};

// Attempts of one tenant. Of runs that this transaction made: inserted. Of others: inserted, or
// replaced as a whole, if (owner, epoch) owns the run.
class PutAttempts {
 public:
  explicit PutAttempts(bool of_new_runs) : of_new_runs_(of_new_runs) {}
  void add(const Attempt& attempt, const std::string& owner, std::int64_t epoch);
  bool empty() const { return run_.size() == 0; }
  std::size_t bytes() const;
  Command command(const UserId& user) const;

 private:
  void add_readable(const Attempt& attempt);
  bool of_new_runs_;
  Column run_{Type::text}, seq_{Type::int8}, revision_{Type::int8}, plan_{Type::text},
      plan_name_{Type::text}, step_number_{Type::int4}, step_id_{Type::text},
      item_path_{Type::text}, visit_{Type::int4}, attempt_{Type::int4}, provider_{Type::text},
      action_{Type::text}, status_{Type::text}, message_{Type::text}, latency_ms_{Type::int8},
      idempotency_key_{Type::text}, http_status_{Type::int4}, wake_at_{Type::timestamptz},
      started_at_{Type::timestamptz}, finished_at_{Type::timestamptz}, error_{Type::json},
      metadata_{Type::json}, output_{Type::json}, message_of_error_{Type::text},
      code_of_error_{Type::text}, preview_{Type::text}, owner_{Type::text}, epoch_{Type::int8};
};

}  // namespace pilot::store::postgres
