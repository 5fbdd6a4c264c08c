// Machine: what a cell is when its turn comes (its condition, its list, its params).
#include <fmt/format.h>

#include "engine/machine.h"
#include "engine/machine_view.h"
#include "model/limits.h"

namespace pilot::engine {

void Machine::activate(Cell& cell) {
  cell.state = Cell::State::active;
  ++cell.frame->open;
  cell.visit = next_visit(cell);
  cell.attempt = 0;
}

Entry Machine::enter(Cell& cell) {
  const MachineView view{*this, roots_, cell};
  const auto failed = [](const Error& error) {
    Entry entry{Entry::Kind::finished, nullptr, {}};
    entry.outcome.status = AttemptStatus::error;
    entry.outcome.message = error.message;
    entry.outcome.error =
        StepError{.code = std::string(error.code_or_kind()), .message = error.message};
    return entry;
  };

  if (!cell.per_item_call) {
    if (cell.step->condition || cell.step->condition_program) {
      const Result<bool> holds = cell.step->condition ? cell.step->condition->evaluate(view)
                                                      : view.holds(*cell.step->condition_program);
      if (!holds) return failed(holds.error());
      if (!*holds) {
        Entry entry{Entry::Kind::finished, nullptr, {}};
        entry.outcome.status = AttemptStatus::skipped;
        entry.outcome.message = "its condition is false";
        entry.outcome.jump_else = true;
        return entry;
      }
    }
    if (cell.step->foreach) {
      Result<Json> list = cell.step->foreach->evaluate(view);
      if (!list) return failed(list.error());
      return enter_foreach(cell, std::move(*list));
    }
    if (cell.step->action == nullptr) {
      cell.next_item = 0;
      open_frame(&cell, 0, nullptr, false);
      return {Entry::Kind::opened, nullptr, {}};
    }
  }
  Result<Json> params = cell.step->params.evaluate(view);
  if (!params) return failed(params.error());
  return {Entry::Kind::call, std::move(*params), {}};
}

Entry Machine::enter_foreach(Cell& cell, Json list) {
  Entry entry{Entry::Kind::finished, nullptr, {}};
  const auto fail_with = [&](std::string code, std::string message) {
    entry.outcome.status = AttemptStatus::error;
    entry.outcome.message = message;
    entry.outcome.error = StepError{.code = std::move(code), .message = std::move(message)};
    return std::move(entry);
  };
  if (!list.is_array()) {
    return fail_with("not_a_list",
                     fmt::format("foreach needs a list, this is {}", json_type_name(list)));
  }
  const Step& spec = cell.step->spec;
  cell.items = std::move(list.get_array());
  const std::int64_t most = spec.max_iterations > 0 ? spec.max_iterations : limits::kForeachItems;
  if (static_cast<std::int64_t>(cell.items.size()) > most) {
    if (!spec.cut_at_max) {
      return fail_with("limit_exceeded", fmt::format("the list has {} items, the limit is {}",
                                                     cell.items.size(), most));
    }
    cell.items.resize(static_cast<std::size_t>(most));
  }
  cell.next_item = 0;
  cell.outputs.clear();
  if (cell.items.empty()) {
    entry.outcome.output = JsonArray{};
    return entry;
  }
  cell.outputs.resize(cell.items.size());
  open_items(cell);
  return {Entry::Kind::opened, nullptr, {}};
}

}  // namespace pilot::engine
