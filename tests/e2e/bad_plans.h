// Plans that must be refused, each with what must be told. For the command line and the API alike.
#pragma once

#include <string>
#include <vector>

namespace pilot::e2e {

struct BadPlan {
  std::string name;  // of the test
  std::string text;  // JSON, or meant to be
  std::string code;
  std::string place;  // JSON pointer into the plan, or "line N"; empty: the whole
  std::string words;  // what the message must say besides
  int status = 422;   // of the API
};

std::vector<BadPlan> bad_plans();

// Names a parameterised test.
inline void PrintTo(const BadPlan& bad, std::ostream* out) { *out << bad.name; }

}  // namespace pilot::e2e
