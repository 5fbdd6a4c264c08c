#include "engine/recorded.h"

namespace pilot::engine {
namespace {

std::string key_of(const std::string& step_id, const std::string& item_path, int visit) {
  return step_id + '|' + item_path + '|' + std::to_string(visit);  // ids have no '|'
}

}  // namespace

Recorded::Recorded(std::vector<Attempt> attempts) : count_(attempts.size()) {
  for (Attempt& attempt : attempts) {
    last_seq_ = std::max(last_seq_, attempt.seq);
    last_revision_ = std::max(last_revision_, attempt.revision);
    by_key_[key_of(attempt.step_id, attempt.item_path, attempt.visit)].push_back(
        std::move(attempt));
  }
}

const std::vector<Attempt>* Recorded::find(const std::string& step_id, const std::string& item_path,
                                           int visit) const {
  if (by_key_.empty()) return nullptr;
  const auto it = by_key_.find(key_of(step_id, item_path, visit));
  return it == by_key_.end() ? nullptr : &it->second;
}

void Recorded::forget(const std::string& step_id, const std::string& item_path, int visit) {
  by_key_.erase(key_of(step_id, item_path, visit));
}

}  // namespace pilot::engine
