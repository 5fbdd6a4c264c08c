// One step of a document: its id, its call and where it stands in the flow. See reader.h.
#include <fmt/format.h>

#include <array>

#include "model/limits.h"
#include "plan/legacy.h"
#include "plan/reader.h"

namespace pilot::plan {
namespace {

constexpr std::array<std::string_view, 25> kStepKeys{
    "id",         "name",      "provider",  "action",      "params",         "connection",
    "depends_on", "if",        "foreach",   "concurrency", "max_iterations", "steps",
    "retry",      "timeout",   "on_error",  "on_unknown",  "undo",           "mock",
    "condition",  "else_jump", "action_id", "parameters",  "loop_config",    "retries",
    "type"};
constexpr std::size_t kIdLength = 64;

bool is_step_id(std::string_view id) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (id.empty() || id.size() > kIdLength || !letter(id.front())) return false;
  for (const char c : id) {
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return id != "stop" && id != "continue";
}

void read_depends_on(Fields& fields, Step& step, std::string_view prefix) {
  const Json* value = fields.get("depends_on");
  if (!fields.says("depends_on")) return;
  step.depends_on_given = true;
  const auto add = [&](const Json& written) {
    std::string name = step_name(written, prefix);
    if (name.empty()) return false;
    step.depends_on.push_back(std::move(name));
    return true;
  };
  constexpr std::string_view kWanted = "`depends_on` takes ids of steps";
  const JsonArray* list = value->if_array();
  if (list == nullptr) {
    if (!add(*value)) fields.problem("depends_on", "wrong_type", std::string(kWanted));
    return;
  }
  for (std::size_t i = 0; i < list->size() && !fields.findings().full(); ++i) {
    if (add((*list)[i])) continue;
    fields.findings().add(pointer_join(fields.at("depends_on"), i), "wrong_type",
                          std::string(kWanted));
  }
}

void read_else_jump(Fields& fields, Step& step, std::string_view prefix) {
  const Json* value = fields.get("else_jump");
  if (!fields.says("else_jump")) return;
  step.else_jump = step_name(*value, prefix);
  if (step.else_jump.empty()) fields.wrong_type("else_jump", "the id of a step");
  if (!fields.says("condition") && !fields.says("if")) {
    fields.problem("else_jump", "invalid_value",
                   "`else_jump` says where to go on when the condition is false; this step has no "
                   "`condition`");
  }
}

}  // namespace

std::vector<Step> StepReader::read_list(const JsonArray& list, const std::string& pointer,
                                        std::string_view prefix, std::size_t depth) {
  std::vector<Step> body;
  if (depth > limits::kPlanNesting) {
    findings_.add(
        pointer, "plan_too_large",
        fmt::format("steps may be nested {} deep, these are deeper", limits::kPlanNesting));
    return body;
  }
  if (steps_ + list.size() > limits::kPlanSteps) {
    findings_.add(pointer, "plan_too_large",
                  fmt::format("a plan may have at most {} steps, this one has at least {}",
                              limits::kPlanSteps, steps_ + list.size()));
    return body;
  }
  steps_ += list.size();
  body.reserve(list.size());
  for (const std::size_t index : reading_order(list)) {
    const std::string here = pointer_join(pointer, index);
    const JsonObject* object = list[index].if_object();
    if (object == nullptr) {
      findings_.add(here, "not_an_object",
                    fmt::format("a step is an object, not {}", json_type_name(list[index])));
      continue;
    }
    body.push_back(read_step(*object, here, prefix, body.size() + 1, depth));
  }
  resolve_numbered_names(body, prefix);
  return body;
}

Step StepReader::read_step(const JsonObject& object, const std::string& pointer,
                           std::string_view prefix, std::size_t n, std::size_t depth) {
  Fields fields(object, pointer, findings_);
  fields.refuse_unknown(kStepKeys, kStepDecorations);
  Step step;
  step.pointer = pointer;
  read_id(fields, step, prefix, n);
  step.name = fields.text("name", limits::kPlanName).value_or("");
  read_call(fields, step);
  read_flow(fields, step, prefix);
  read_loop(fields, step);
  read_policy(fields, step);
  if (fields.has("undo")) {
    fields.problem("undo", "not_supported", "`undo` is not built yet; take it out of the step");
  }
  if (const JsonArray* list = fields.list("steps")) {
    step.steps = read_list(*list, fields.at("steps"), step.id, depth + 1);
  }
  check_shape(fields, step);
  return step;
}

void StepReader::read_id(Fields& fields, Step& step, std::string_view prefix, std::size_t n) {
  const Json* given = fields.get("id");
  step.id = given != nullptr ? step_name(*given, prefix) : default_id(fields, prefix, n);
  const std::string pointer = given != nullptr ? fields.at("id") : fields.pointer();
  if (!is_step_id(step.id)) {
    findings_.add(pointer, "invalid_step_id",
                  fmt::format("{} cannot be a step's id: letters, digits, _ and - (64 at most, the "
                              "first no digit), and not \"stop\" or \"continue\"",
                              step.id.empty() && given != nullptr ? to_json(*given).substr(0, 100)
                                                                  : quoted(step.id)));
    return;
  }
  const auto [first, is_new] = ids_.emplace(step.id, fields.pointer());
  if (is_new) return;
  findings_.add(
      pointer, "duplicate_step_id",
      fmt::format("two steps have the id {}: this one{} and the one at {}; ids are unique "
                  "in the whole plan",
                  quoted(step.id), given == nullptr ? " (by default)" : "", first->second));
}

void read_call(Fields& fields, Step& step) {
  step.provider = fields.text("provider", limits::kNameLength).value_or("");
  std::string_view name;
  fields.either("action", "action_id", name);
  step.action = fields.text(name, limits::kNameLength).value_or("");
  fields.either("params", "parameters", name);
  if (const JsonObject* params = fields.object(name)) step.params = *params;
  step.connection = fields.text("connection", limits::kNameLength).value_or("default");
  if (step.connection.empty()) {
    fields.problem("connection", "invalid_value", "`connection` is the name of a connection");
  }
  // The one member where null means something: a call that answers nothing.
  if (const Json* mock = find(fields.members(), "mock")) step.mock = *mock;
}

void read_flow(Fields& fields, Step& step, std::string_view prefix) {
  read_depends_on(fields, step, prefix);
  step.condition = fields.text("if", limits::kTemplateBytes).value_or("");
  step.legacy_condition = fields.text("condition", limits::kTemplateBytes).value_or("");
  if (!step.condition.empty() && !step.legacy_condition.empty()) {
    fields.problem("condition", "invalid_value",
                   "a step has either `if` or the old `condition`, not both");
  }
  if (fields.has("if") && !fields.says("if")) {
    fields.problem("if", "invalid_value", "`if` is empty; write one reference or take it out");
  }
  read_else_jump(fields, step, prefix);

  const std::string on_error = fields.text("on_error", limits::kNameLength).value_or("");
  if (on_error == "continue") {
    step.on_error.kind = OnError::Kind::proceed;
  } else if (!on_error.empty() && on_error != "stop") {
    step.on_error = {OnError::Kind::jump, on_error};
  }
}

}  // namespace pilot::plan
