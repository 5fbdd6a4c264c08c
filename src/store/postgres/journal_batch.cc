#include "store/postgres/journal_batch.h"

#include <map>

#include "store/postgres/run_rows.h"

namespace pilot::store::postgres {

Result<JournalBatch> JournalBatch::make(std::vector<JournalWrite> writes) {
  const JournalParts parts(writes);
  std::map<std::string_view, std::vector<const JournalPart*>> tenants;
  for (const JournalPart& part : parts.all()) {
    if (part.inserted_twice) {
      return conflict("duplicate_id", "the same run twice").prefixed("run " + part.run->text);
    }
    tenants[part.user->text].push_back(&part);
  }
  JournalBatch batch;
  for (const auto& [user, theirs] : tenants) batch.add_tenant(*theirs.front()->user, theirs);
  return batch;
}

// The lock comes first: what it finds is what the other statements may touch. Attempts go before
// the update, which may hand the run on.
void JournalBatch::add_tenant(const UserId& user, const std::vector<const JournalPart*>& parts) {
  InsertRuns runs;
  LockRuns locks;
  UpdateRuns updates;
  PutAttempts of_new(true);
  PutAttempts of_old(false);
  Lock lock;
  for (const JournalPart* part : parts) {
    const bool nobody = part->owner->empty();
    const bool lost = part->inserted != nullptr ? nobody && !part->attempts.empty() : nobody;
    if (part->fenced || lost) add_fenced(known_, *part->run);
    if (part->inserted != nullptr) runs.add(*part->inserted, part->final_row());
    if (part->inserted != nullptr || part->updated != nullptr) {
      const Run& row = part->final_row();
      leaves_work_ = leaves_work_ || (row.node.empty() && row.state == RunState::queued);
    }
    if (nobody) continue;
    for (const Attempt* attempt : part->attempts) {
      (part->inserted != nullptr ? of_new : of_old).add(*attempt, *part->owner, part->epoch);
    }
    if (part->inserted != nullptr) continue;
    locks.add(*part->run, *part->owner, part->epoch);
    lock.asked.push_back(*part->run);
    if (part->updated != nullptr) updates.add(*part->updated, *part->owner);
  }
  Step& step = steps_.emplace_back();
  step.user = user.text;
  if (!runs.empty()) step.commands.push_back(runs.command(user));
  if (!of_new.empty()) step.commands.push_back(of_new.command(user));
  if (!locks.empty()) {
    lock.command = commands_ + step.commands.size();
    locks_.push_back(std::move(lock));
    step.commands.push_back(locks.command(user));
  }
  if (!of_old.empty()) step.commands.push_back(of_old.command(user));
  if (!updates.empty()) step.commands.push_back(updates.command(user));
  commands_ += step.commands.size();
}

Result<WriteReport> JournalBatch::read(Answers answers) const {
  WriteReport report = known_;
  for (const Lock& lock : locks_) {
    std::vector<bool> owned(lock.asked.size());
    Rows& rows = answers[lock.command];
    while (rows.next()) {
      const auto place = static_cast<std::size_t>(rows.integer());
      if (place >= 1 && place <= owned.size()) owned[place - 1] = true;
    }
    for (std::size_t i = 0; i < owned.size(); ++i) {
      if (!owned[i]) add_fenced(report, lock.asked[i]);
    }
  }
  return report;
}

}  // namespace pilot::store::postgres
