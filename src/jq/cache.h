// Compiled programs by their text, so that a step that runs a thousand times compiles once.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "jq/jq.h"

namespace pilot::jq {

// Bounded: the program that was not asked for longest makes room. Any thread.
class ProgramCache {
 public:
  enum class Use { program, filter };  // compile() or compile_filter()

  explicit ProgramCache(std::size_t capacity = 1'000) : capacity_(capacity) {}
  // Errors are compile()'s, and not kept.
  Result<ProgramPtr> get(Use use, std::string_view text, const std::vector<std::string>& vars);

 private:
  struct Entry {
    std::string key;
    ProgramPtr program;
  };
  std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
};

}  // namespace pilot::jq
