// One batch of journal writes, put in order so that each row is written once: a run that begins and
// changes in the same batch is one INSERT, an attempt that is put twice is the later one, and who
// owns a run is asked once. Built on the shard, run by the writer, perhaps more than once.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "store/run_store.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

class JournalBatch {
 public:
  explicit JournalBatch(std::vector<JournalWrite> writes);

  Result<WriteReport> operator()(Connection& db);
  std::size_t rows() const { return writes_.size(); }

 private:
  // What the batch says about one run in the name of one owner.
  struct Part {
    const UserId* user;
    const RunId* run;
    const std::string* owner;
    std::int64_t epoch;
    const Run* inserted = nullptr;
    const Run* updated = nullptr;          // the last that counts
    std::vector<const Attempt*> attempts;  // by seq, each once: the last that was put
    bool inserted_twice = false;
    bool fenced = false;  // changed after its end, or after it was handed on
  };

  struct Key {
    std::string_view user, run, owner;
    std::int64_t epoch;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return std::hash<std::string_view>{}(key.run); }
  };

  void arrange();
  Part& part_of(const UserId& user, const RunId& run, const std::string& owner, std::int64_t epoch);
  static void add(Part& part, const UpdateRun& update);
  static void add(Part& part, const Attempt& attempt);
  static Result<bool> write(Connection& db, const Part& part);

  std::vector<JournalWrite> writes_;
  std::vector<Part> parts_;
  std::unordered_map<Key, std::size_t, KeyHash> places_;  // in parts_
  bool arranged_ = false;
};

}  // namespace pilot::store::sqlite
