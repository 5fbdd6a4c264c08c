#include "store/journal_parts.h"

#include <algorithm>

namespace pilot::store {
namespace {

void add(JournalPart& part, const UpdateRun& update) {
  const Run* before = part.updated != nullptr ? part.updated : part.inserted;
  const bool owned = before == nullptr || before->node == update.owner;
  const bool ended = before != nullptr && is_terminal(before->state);
  if (!owned || ended || update.owner.empty()) {
    part.fenced = true;
  } else {
    part.updated = &update.run;
  }
}

void add(JournalPart& part, const Attempt& attempt) {
  const auto by_seq = [](const Attempt* known, std::int64_t seq) { return known->seq < seq; };
  auto& all = part.attempts;
  const auto place = std::lower_bound(all.begin(), all.end(), attempt.seq, by_seq);
  if (place != all.end() && (*place)->seq == attempt.seq) {
    *place = &attempt;
  } else {
    all.insert(place, &attempt);
  }
}

}  // namespace

JournalParts::JournalParts(const std::vector<JournalWrite>& writes) {
  for (const JournalWrite& write : writes) {
    if (const auto* insert = std::get_if<InsertRun>(&write)) {
      const Run& run = insert->run;
      JournalPart& part = part_of(run.user, run.id, run.node, run.epoch);
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

JournalPart& JournalParts::part_of(const UserId& user, const RunId& run, const std::string& owner,
                                   std::int64_t epoch) {
  const Key key{user.text, run.text, owner, epoch};
  const auto [place, fresh] = places_.try_emplace(key, parts_.size());
  if (fresh) parts_.push_back({.user = &user, .run = &run, .owner = &owner, .epoch = epoch});
  return parts_[place->second];
}

void add_fenced(WriteReport& report, const RunId& run) {
  auto& all = report.fenced;
  if (std::find(all.begin(), all.end(), run) == all.end()) all.push_back(run);
}

}  // namespace pilot::store
