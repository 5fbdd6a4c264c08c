// Reads the steps of a plan document, at any depth. One per document; internal to load*.cc.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/plan.h"
#include "plan/fields.h"
#include "plan/findings.h"

namespace pilot::plan {

class StepReader {
 public:
  explicit StepReader(Findings& findings) : findings_(findings) {}

  // `prefix` is what default ids begin with: "step", or the id of the step that holds the list.
  std::vector<Step> read_list(const JsonArray& list, const std::string& pointer,
                              std::string_view prefix, std::size_t depth);

 private:
  Step read_step(const JsonObject& object, const std::string& pointer, std::string_view prefix,
                 std::size_t n, std::size_t depth);
  void read_id(Fields& fields, Step& step, std::string_view prefix, std::size_t n);

  Findings& findings_;
  std::size_t steps_ = 0;
  std::unordered_map<std::string, std::string> ids_;  // id -> pointer of its step
};

// The parts of one step; each reports what is wrong and leaves its fields as they were.
// load_step.cc
void read_call(Fields& fields, Step& step);  // provider, action, params, connection, mock
void read_flow(Fields& fields, Step& step, std::string_view prefix);  // depends_on, if, jumps
// load_loop.cc
void read_loop(Fields& fields, Step& step);    // foreach, loop_config, concurrency, max_iterations
void read_policy(Fields& fields, Step& step);  // retry, retries, timeout, on_unknown
void check_shape(Fields& fields, Step& step);  // one call or a body; `type`

}  // namespace pilot::plan
