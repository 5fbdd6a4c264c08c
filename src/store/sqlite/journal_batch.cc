#include "store/sqlite/journal_batch.h"

#include "store/sqlite/run_rows.h"

namespace pilot::store::sqlite {

JournalBatch::JournalBatch(std::vector<JournalWrite> writes) : writes_(std::move(writes)) {}

JournalBatch::Part& JournalBatch::part_of(const UserId& user, const RunId& run,
                                          const std::string& owner, std::int64_t epoch) {
  const Key key{user.text, run.text, owner, epoch};
  const auto [place, fresh] = places_.try_emplace(key, parts_.size());
  if (fresh) parts_.push_back({.user = &user, .run = &run, .owner = &owner, .epoch = epoch});
  return parts_[place->second];
}

void JournalBatch::add(Part& part, const UpdateRun& update) {
  const Run* before = part.updated != nullptr ? part.updated : part.inserted;
  const bool owned = before == nullptr || before->node == update.owner;
  const bool ended = before != nullptr && is_terminal(before->state);
  if (!owned || ended || update.owner.empty()) {
    part.fenced = true;
  } else {
    part.updated = &update.run;
  }
}

void JournalBatch::add(Part& part, const Attempt& attempt) {
  const auto by_seq = [](const Attempt* known, std::int64_t seq) { return known->seq < seq; };
  auto& all = part.attempts;
  const auto place = std::lower_bound(all.begin(), all.end(), attempt.seq, by_seq);
  if (place != all.end() && (*place)->seq == attempt.seq) {
    *place = &attempt;
  } else {
    all.insert(place, &attempt);
  }
}

void JournalBatch::arrange() {
  for (const JournalWrite& write : writes_) {
    if (const auto* insert = std::get_if<InsertRun>(&write)) {
      const Run& run = insert->run;
      Part& part = part_of(run.user, run.id, run.node, run.epoch);
      part.inserted_twice = part.inserted != nullptr;
      part.inserted = &run;
    } else if (const auto* update = std::get_if<UpdateRun>(&write)) {
      const Run& run = update->run;
      add(part_of(run.user, run.id, update->owner, run.epoch), *update);
    } else if (const auto* put = std::get_if<PutAttempt>(&write)) {
      add(part_of(put->attempt.user, put->attempt.run, put->owner, put->epoch), put->attempt);
    }
  }
}

// Answers whether the owner owned the run, that is, whether anything was written.
Result<bool> JournalBatch::write(Connection& db, const Part& part) {
  if (part.inserted != nullptr) {
    const Run& now = part.updated != nullptr ? *part.updated : *part.inserted;
    Status done = insert_run(db, *part.inserted, now);
    if (done && part.inserted_twice) done = conflict("duplicate_id", "the same run twice");
    if (!done) return done.error().prefixed("run " + part.run->text);
    if (part.owner->empty()) return part.attempts.empty();
  } else {
    // The update is its own check; only attempts alone need to ask first.
    // (An update without an owner was dropped; then this asks for nobody's run, and hears no.)
    const Result<bool> owned = part.updated != nullptr
                                   ? update_run(db, *part.updated, *part.owner)
                                   : owns_run(db, *part.user, *part.run, *part.owner, part.epoch);
    if (!owned || !*owned) return owned;
  }
  for (const Attempt* attempt : part.attempts) {
    if (Status put = put_attempt(db, *attempt); !put) return put.error();
  }
  return true;
}

Result<WriteReport> JournalBatch::operator()(Connection& db) {
  if (!arranged_) arrange();
  arranged_ = true;
  WriteReport report;
  for (const Part& part : parts_) {
    const Result<bool> owned = write(db, part);
    if (!owned) return owned.error();
    const bool listed =
        std::find(report.fenced.begin(), report.fenced.end(), *part.run) != report.fenced.end();
    if ((!*owned || part.fenced) && !listed) report.fenced.push_back(*part.run);
  }
  return report;
}

}  // namespace pilot::store::sqlite
