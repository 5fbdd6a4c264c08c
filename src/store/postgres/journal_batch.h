// One batch of journal writes as statements: tenant by tenant, each kind of row in one statement
// with arrays. Built on the shard; what the database answered says which runs were fenced.
#pragma once

#include "store/journal_parts.h"
#include "store/postgres/job.h"

namespace pilot::store::postgres {

class JournalBatch {
 public:
  // An error: the batch is wrong in itself, and nothing of it is to be written.
  static Result<JournalBatch> make(std::vector<JournalWrite> writes);

  Steps take_steps() { return std::move(steps_); }
  bool leaves_work() const { return leaves_work_; }  // runs that somebody has to claim
  Result<WriteReport> read(Answers answers) const;

 private:
  struct Lock {
    std::size_t command = 0;   // over all steps
    std::vector<RunId> asked;  // in the order of their positions
  };
  void add_tenant(const UserId& user, const std::vector<const JournalPart*>& parts);

  Steps steps_;
  std::size_t commands_ = 0;
  std::vector<Lock> locks_;
  bool leaves_work_ = false;
  WriteReport known_;  // fenced whatever the database says
};

}  // namespace pilot::store::postgres
