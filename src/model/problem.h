// One thing that is wrong with a document that somebody gave us. Several are told at once.
#pragma once

#include <string>
#include <vector>

namespace pilot {

struct Problem {
  std::string pointer;  // RFC 6901, "" is the whole document
  std::string code;     // stable, snake_case
  std::string message;  // what is wrong and what to do
};
using Problems = std::vector<Problem>;

}  // namespace pilot
