// One batch of journal writes, put in order so that each row is written once: a run that begins and
// changes in the same batch is one row, an attempt that is put twice is the later one, and who owns
// a run is asked once. What both drivers make their statements of. A value on the shard or the
// writer; pure.
#pragma once

#include <unordered_map>
#include <vector>

#include "store/run_store.h"

namespace pilot::store {

// What a batch says about one run in the name of one owner. Points into the batch.
struct JournalPart {
  const UserId* user;
  const RunId* run;
  const std::string* owner;
  std::int64_t epoch;
  const Run* inserted = nullptr;
  const Run* updated = nullptr;          // the last that counts
  std::vector<const Attempt*> attempts;  // by seq, each once: the last that was put
  bool inserted_twice = false;
  bool fenced = false;  // changed after its end, or after it was handed on

  // The row as it is to be: what the batch left of an inserted run.
  const Run& final_row() const { return updated != nullptr ? *updated : *inserted; }
};

class JournalParts {
 public:
  // `writes` stay where they are as long as the parts are used.
  explicit JournalParts(const std::vector<JournalWrite>& writes);
  JournalParts(const JournalParts&) = delete;
  JournalParts& operator=(const JournalParts&) = delete;

  const std::vector<JournalPart>& all() const { return parts_; }

 private:
  struct Key {
    std::string_view user, run, owner;
    std::int64_t epoch;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return std::hash<std::string_view>{}(key.run); }
  };
  JournalPart& part_of(const UserId& user, const RunId& run, const std::string& owner,
                       std::int64_t epoch);

  std::vector<JournalPart> parts_;
  std::unordered_map<Key, std::size_t, KeyHash> places_;  // in parts_
};

// Says that a run's writes did nothing; once for each run.
void add_fenced(WriteReport& report, const RunId& run);

}  // namespace pilot::store
