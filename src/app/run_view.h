// What `pilot run` shows of a run: a table of its steps that is redrawn on a terminal, one line an
// event when piped. Pure but for print calls in the command; fed with the API's events.
#pragma once

#include <set>

#include "app/output.h"
#include "plan/compiled_plan.h"

namespace pilot::app {

class RunView {
 public:
  RunView(const plan::CompiledPlan& plan, Output output);

  // An `attempt` event's data. Answers the line for a pipe; empty when there is nothing to tell.
  std::string on_attempt(const Json& attempt);

  // The table as it stands, one line a step.
  std::string draw(std::size_t width) const;

 private:
  struct Row {
    std::string id, call, status;
    int depth = 0;
    std::int64_t attempts = 0;
    std::int64_t latency_ms = 0;
    std::string preview;
    std::set<std::string> items_done;  // item paths, inside a foreach
    bool in_foreach = false;
    bool is_container = false;
  };
  void add_rows(const plan::Body& body, int depth, bool in_foreach);

  Output output_;
  std::string plan_name_;
  std::vector<Row> rows_;
  std::map<std::string, std::size_t, std::less<>> by_id_;
};

// The --json shape of a finished run: {run_id, status, steps: [{id, status, attempts, output,
// error}]}.
Json run_summary(const Json& run);

}  // namespace pilot::app
