// Steps looked up and compiled, one list after the other, from the outside in.
#include "plan/compile_step.h"

#include <fmt/format.h>

#include "model/limits.h"
#include "plan/fields.h"
#include "plan/graph.h"
#include "plan/references_check.h"
#include "providers/request_view.h"

namespace pilot::plan {
namespace {

std::vector<std::string> ids_of(const Body& body) {
  std::vector<std::string> ids;
  for (const CompiledStep& step : body.steps) ids.push_back(step.spec.id);
  return ids;
}

// The first text in a param that is code with a reference in it; its pointer, or none. "${" is
// refused in any form: even an escaped one would be changed on its way.
std::optional<std::string> reference_in(const Json& value, const std::string& pointer) {
  if (value.is_string()) {
    const std::string_view text = as_view(value.get_string());
    const bool found = text.find("${") != text.npos || params::has_reference(text);
    return found ? std::optional(pointer) : std::nullopt;
  }
  if (const JsonArray* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (auto found = reference_in((*list)[i], pointer_join(pointer, i))) return found;
    }
  }
  if (const JsonObject* object = value.if_object()) {
    for (const auto& member : *object) {
      const std::string_view key{member.key().data(), member.key().size()};
      if (auto found = reference_in(member.value(), pointer_join(pointer, key))) return found;
    }
  }
  return std::nullopt;
}

}  // namespace

Body StepCompiler::compile_body(std::vector<Step> steps) {
  Body body;
  body.steps.reserve(steps.size());
  for (Step& step : steps) {
    body.steps.push_back(compile_step(std::move(step), static_cast<int>(body.steps.size())));
  }
  Positions positions;
  for (const CompiledStep& step : body.steps) positions.emplace(step.spec.id, step.position);
  link(body, positions);
  link_jumps(body, positions);
  return body;
}

CompiledStep StepCompiler::compile_step(Step step, int position) {
  std::vector<Step> inside = std::move(step.steps);
  step.steps.clear();
  CompiledStep out;
  out.spec = std::move(step);
  out.number = count_++;
  out.position = position;
  find_call(out);
  compile_params(out);
  compile_condition(out);
  compile_foreach(out);
  const std::optional<Millis> usual = out.action != nullptr ? out.action->timeout : std::nullopt;
  out.timeout = out.spec.timeout ? *out.spec.timeout : usual.value_or(limits::kDefaultStepTimeout);
  out.body = compile_body(std::move(inside));
  return out;
}

void StepCompiler::find_call(CompiledStep& step) {
  const Step& spec = step.spec;
  if (spec.provider.empty() || spec.action.empty()) return;  // a body, or load_plan has told
  step.provider = registry_.find(spec.provider);
  if (step.provider == nullptr) {
    const std::string pointer = pointer_join(spec.pointer, "provider");
    if (const providers::Unusable* why = registry_.why_not(spec.provider)) {
      findings_.add(pointer, why->code, why->message);
      return;
    }
    findings_.add(pointer, "unknown_provider",
                  fmt::format("there is no provider {}{}; `pilot providers list` shows all",
                              quoted(spec.provider), suggestion(spec.provider, registry_.names())));
    return;
  }
  providers_.insert(step.provider->name);
  step.action = step.provider->find(spec.action);
  if (step.action != nullptr) return;
  findings_.add(
      written(step, "action", "action_id"), "unknown_action",
      fmt::format("provider {} has no action {}{}; `pilot providers show {}` shows all",
                  quoted(step.provider->name), quoted(spec.action),
                  suggestion(spec.action, step.provider->action_names()), step.provider->name));
}

void StepCompiler::compile_params(CompiledStep& step) {
  const std::string pointer = written(step, "params", "parameters");
  if (step.action != nullptr) providers::rename_old_params(*step.action, step.spec.params);
  const bool is_clean = refuse_references_in_code(step, pointer);
  std::optional<params::ParamTree> tree;
  if (is_clean) tree = params::ParamTree::compile(step.spec.params, pointer, findings_.list());
  if (!tree) tree = params::ParamTree::compile(JsonObject{}, pointer, findings_.list());
  step.params = std::move(*tree);
  if (step.action == nullptr || !is_clean || findings_.full()) return;
  const auto unknown_yet = [](const Json& value) {
    return value.is_string() && params::has_reference(as_view(value.get_string()));
  };
  Problems problems = step.action->schema.check(step.spec.params, pointer, 20, unknown_yet);
  if (problems.empty() && step.action->check) {
    step.action->check(step.spec.params, pointer, problems);
  }
  for (Problem& problem : problems) findings_.list().push_back(std::move(problem));
}

bool StepCompiler::refuse_references_in_code(const CompiledStep& step, const std::string& pointer) {
  if (step.action == nullptr) return true;
  for (const std::string& name : step.action->code_params) {
    const Json* code = find(step.spec.params, name);
    if (code == nullptr) continue;
    const auto found = reference_in(*code, pointer_join(pointer, name));
    if (!found) continue;
    findings_.add(
        *found, "reference_in_code",
        fmt::format("`{}` is code and is taken as it stands: a reference in it would make "
                    "data into code; hand values over in another param",
                    name));
    return false;
  }
  return true;
}

void StepCompiler::compile_condition(CompiledStep& step) {
  const Step& spec = step.spec;
  if (spec.condition.empty() && spec.legacy_condition.empty()) return;
  const std::string pointer = condition_pointer(spec);
  Result<params::Condition> condition =
      spec.condition.empty() ? params::Condition::compile_legacy(spec.legacy_condition)
                             : params::Condition::compile_if(spec.condition);
  if (condition) {
    step.condition = std::move(*condition);
    return;
  }
  // A reference that is wrong in itself is told as such, wherever it stands.
  const std::string& text = spec.condition.empty() ? spec.legacy_condition : spec.condition;
  const Result<params::Template> whole = params::Template::compile(text);
  if (!whole) {
    findings_.add(pointer, whole.error().code_or_kind(), whole.error().message);
  } else if (spec.condition.empty()) {
    findings_.add(pointer, condition.error().code_or_kind(), condition.error().message);
  } else if (whole->has_references()) {
    findings_.add(
        pointer, "reference_in_code",
        "`if` takes one reference, like \"${steps.check.output.ok}\", or a jq program; in "
        "a program it is .steps.check.output.ok");
  } else {
    compile_condition_program(step, pointer);
  }
}

// A jq program over {steps, trigger, inputs, item, index}.
void StepCompiler::compile_condition_program(CompiledStep& step, const std::string& pointer) {
  if (step.spec.condition.find_first_not_of(" \t\r\n") == std::string::npos) {
    findings_.add(pointer, "invalid_value", "`if` is blank; leave it out, or say what must hold");
    return;
  }
  Result<jq::ProgramPtr> program = jq::compile(step.spec.condition);
  if (!program) {
    findings_.add(pointer, program.error().code_or_kind(), program.error().message);
    return;
  }
  const std::vector<std::string> roots{"steps", "trigger", "inputs", "item", "index"};
  for (const jq::Mention& mention : jq::mentions(**program)) {
    if (std::find(roots.begin(), roots.end(), mention.first) != roots.end()) continue;
    findings_.add(pointer, "unresolvable_reference",
                  fmt::format("{}: there is no .{} in a condition{}; it sees .steps, .trigger, "
                              ".inputs, .item and .index",
                              mention.place, mention.first, suggestion(mention.first, roots)));
  }
  step.condition_program = std::move(*program);
}

void StepCompiler::compile_foreach(CompiledStep& step) {
  const Json& items = step.spec.foreach;
  if (items.is_null()) return;
  const std::string pointer = foreach_pointer(step.spec);
  if (items.is_string()) {
    const Result<params::Template> text = params::Template::compile(as_view(items.get_string()));
    if (text && !text->is_one_reference()) {
      findings_.add(pointer, "invalid_value",
                    "`foreach` takes a list or exactly one reference to one, like "
                    "\"${steps.fetch.output.items}\"");
      return;
    }
  }
  const std::int64_t most =
      step.spec.max_iterations > 0 ? step.spec.max_iterations : limits::kForeachItems;
  const JsonArray* list = items.if_array();
  if (list != nullptr && static_cast<std::int64_t>(list->size()) > most && !step.spec.cut_at_max) {
    findings_.add(pointer, "invalid_value",
                  fmt::format("the list has {} items, `foreach` takes {}", list->size(), most));
  }
  step.foreach = params::ParamTree::compile(items, pointer, findings_.list());
}

void StepCompiler::link(Body& body, const Positions& positions) {
  Edges edges;
  for (CompiledStep& step : body.steps) {
    std::vector<int> usual;
    if (step.position > 0) usual.push_back(step.position - 1);
    if (!step.spec.depends_on_given) step.depends_on = usual;
    for (const std::string& name : step.spec.depends_on) {
      if (const auto found = positions.find(name); found != positions.end()) {
        step.depends_on.push_back(found->second);
        continue;
      }
      if (findings_.full()) break;
      findings_.add(pointer_join(step.spec.pointer, "depends_on"), "unknown_dependency",
                    fmt::format("there is no step {} in this list of steps{}", quoted(name),
                                suggestion(name, ids_of(body))));
    }
    if (step.depends_on != usual) body.in_order = false;
    edges.push_back(step.depends_on);
  }
  const std::vector<int> cycle = find_cycle(edges);
  if (!cycle.empty()) report_cycle(body, cycle);
}

void StepCompiler::report_cycle(const Body& body, const std::vector<int>& cycle) {
  has_cycle_ = true;
  std::string names;
  for (const int position : cycle) {
    if (!names.empty()) names += " -> ";
    names += body.steps[static_cast<std::size_t>(position)].spec.id;
  }
  const CompiledStep& first = body.steps[static_cast<std::size_t>(cycle.front())];
  findings_.add(pointer_join(first.spec.pointer, "depends_on"), "dependency_cycle",
                fmt::format("these steps wait for each other: {}", names));
}

void StepCompiler::link_jumps(Body& body, const Positions& positions) {
  for (CompiledStep& step : body.steps) {
    if (step.spec.on_error.kind == OnError::Kind::jump) {
      step.error_jump = jump_target(body, positions, step, step.spec.on_error.target, "on_error");
    }
    if (!step.spec.else_jump.empty()) {
      step.else_jump = jump_target(body, positions, step, step.spec.else_jump, "else_jump");
    }
  }
}

std::optional<int> StepCompiler::jump_target(const Body& body, const Positions& positions,
                                             const CompiledStep& step, std::string_view target,
                                             std::string_view key) {
  const std::string pointer = pointer_join(step.spec.pointer, key);
  const auto found = positions.find(target);
  if (found == positions.end()) {
    std::vector<std::string> names = ids_of(body);
    if (key == "on_error") names.insert(names.end(), {"stop", "continue"});
    findings_.add(pointer, "invalid_jump",
                  fmt::format("there is no step {} in this list of steps to jump to{}",
                              quoted(target), suggestion(target, names)));
    return std::nullopt;
  }
  if (!body.in_order) {
    findings_.add(pointer, "invalid_jump",
                  "a jump needs a plain list of steps that runs in order; take out `depends_on`");
    return std::nullopt;
  }
  if (found->second == step.position) {
    findings_.add(pointer, "invalid_jump", "a step cannot jump to itself; `retry` tries it again");
    return std::nullopt;
  }
  return found->second;
}

std::string StepCompiler::written(const CompiledStep& step, std::string_view key,
                                  std::string_view old_key) const {
  boost::system::error_code failure;
  const Json* at = document_.find_pointer(step.spec.pointer, failure);
  const bool is_old = at != nullptr && find(*at, key) == nullptr && find(*at, old_key) != nullptr;
  return pointer_join(step.spec.pointer, is_old ? old_key : key);
}

}  // namespace pilot::plan
