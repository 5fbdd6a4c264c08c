#include "store/sqlite/journal_batch.h"

#include "store/sqlite/run_rows.h"

namespace pilot::store::sqlite {

// Answers whether the owner owned the run, that is, whether anything was written.
Result<bool> JournalBatch::write(Connection& db, const JournalPart& part) {
  if (part.inserted != nullptr) {
    Status done = insert_run(db, *part.inserted, part.final_row());
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
  if (!parts_) parts_.emplace(writes_);
  WriteReport report;
  for (const JournalPart& part : parts_->all()) {
    const Result<bool> owned = write(db, part);
    if (!owned) return owned.error();
    if (!*owned || part.fenced) add_fenced(report, *part.run);
  }
  return report;
}

}  // namespace pilot::store::sqlite
