#include "engine/machine_view.h"

#include <charconv>
#include <set>

#include "params/condition.h"

namespace pilot::engine {
namespace {

std::optional<params::StepView> view_of(const Cell& cell) {
  if (cell.state != Cell::State::done || cell.view.is_null()) return std::nullopt;
  return params::StepView{&cell.view, &*cell.output};
}

}  // namespace

const Json* MachineView::root(std::string_view name) const {
  if (name == "inputs") return &roots_.inputs;
  if (name == "trigger") return &roots_.trigger;
  if (name == "run") return &roots_.run;
  if (name == "plan") return &roots_.plan;
  if (name == "user") return &roots_.user;
  if (name == "vars") return &roots_.vars;
  if (name == "item" || name == "index") {
    for (const Frame* frame = cell_.frame; frame != nullptr; frame = frame->parent) {
      if (frame->has_item) return name == "item" ? &frame->item : &frame->index;
    }
  }
  return nullptr;
}

std::optional<params::StepView> MachineView::step(std::string_view key) const {
  if (!key.empty() && key.front() >= '0' && key.front() <= '9') {
    std::size_t position = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), position);
    if (error != std::errc{} || end != key.data() + key.size()) return std::nullopt;
    const auto& cells = machine_.root().cells;
    return position < cells.size() ? view_of(cells[position]) : std::nullopt;
  }
  for (const Frame* frame = cell_.frame; frame != nullptr; frame = frame->parent) {
    for (const Cell& cell : frame->cells) {
      if (!cell.per_item_call && cell.step->spec.id == key) return view_of(cell);
    }
  }
  return std::nullopt;
}

Result<bool> MachineView::holds(const jq::Program& program) const {
  jq::View all;
  jq::View steps;
  // The nearest step of a name is first, and the first of a name counts.
  std::set<std::string_view> seen;
  for (const Frame* frame = cell_.frame; frame != nullptr; frame = frame->parent) {
    for (const Cell& cell : frame->cells) {
      const auto step = cell.per_item_call ? std::nullopt : view_of(cell);
      if (!step || !seen.insert(cell.step->spec.id).second) continue;
      jq::View fields;
      fields.members.push_back({"output", {step->output, {}}});
      for (const auto& [name, value] : step->fields->get_object()) {
        fields.members.push_back({std::string(name), {&value, {}}});
      }
      steps.members.push_back({cell.step->spec.id, std::move(fields)});
    }
  }
  all.members.push_back({"steps", std::move(steps)});
  for (const char* name : {"trigger", "inputs", "item", "index"}) {
    if (const Json* value = root(name)) all.members.push_back({name, {value, {}}});
  }
  const Result<std::optional<Json>> output =
      jq::run_first(program, all, {.budget = {}, .now = cell_.started_at});
  if (!output) return output.error();
  return output->has_value() && params::is_true(**output);
}

}  // namespace pilot::engine
