// The problems found so far in one document. Bounded: a hostile document must not make an answer
// larger than itself. Used by load*.cc and compile.cc, on the caller's thread.
#pragma once

#include <string>
#include <string_view>

#include "model/problem.h"

namespace pilot::plan {

class Findings {
 public:
  static constexpr std::size_t kMost = 100;

  Findings() = default;
  explicit Findings(Problems problems) : problems_(std::move(problems)) {}

  void add(std::string pointer, std::string_view code, std::string message) {
    if (full()) return;
    problems_.push_back({std::move(pointer), std::string(code), std::move(message)});
  }
  bool full() const { return problems_.size() >= kMost; }
  bool empty() const { return problems_.empty(); }
  Problems& list() { return problems_; }  // for those who append themselves
  Problems take() {
    if (problems_.size() > kMost) problems_.resize(kMost);
    return std::move(problems_);
  }

 private:
  Problems problems_;
};

}  // namespace pilot::plan
