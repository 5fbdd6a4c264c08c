// What the journal already holds of a run, by step, item path and visit. Pure.
#pragma once

#include <unordered_map>

#include "model/outcome.h"
#include "model/run.h"
#include "plan/compiled_plan.h"

namespace pilot::engine {

class Recorded {
 public:
  Recorded() = default;
  explicit Recorded(std::vector<Attempt> attempts);

  bool empty() const { return by_key_.empty(); }
  std::int64_t last_seq() const { return last_seq_; }
  std::int64_t last_revision() const { return last_revision_; }
  std::size_t size() const { return count_; }

  // The attempts of one visit of one step, in order; null when there are none.
  const std::vector<Attempt>* find(const std::string& step_id, const std::string& item_path,
                                   int visit) const;
  // Frees them: they have been taken over into memory.
  void forget(const std::string& step_id, const std::string& item_path, int visit);

 private:
  std::unordered_map<std::string, std::vector<Attempt>> by_key_;
  std::int64_t last_seq_ = 0;
  std::int64_t last_revision_ = 0;
  std::size_t count_ = 0;
};

}  // namespace pilot::engine
