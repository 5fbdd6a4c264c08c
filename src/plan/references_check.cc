// References against the graph: only what is surely done by then may be named.
#include "plan/references_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "model/limits.h"
#include "plan/fields.h"
#include "plan/graph.h"

namespace pilot::plan {
namespace {

// Where a step stands: a list, and the position in it.
struct Place {
  const Body* body = nullptr;
  int position = 0;
  const CompiledStep* holder = nullptr;  // the step whose body it is; null at the top
};

// A list of steps being checked, and the place in the list around it.
struct Scope {
  const Body* body = nullptr;
  const Ancestors* before = nullptr;
  int position = 0;
  const Scope* outer = nullptr;
};

std::optional<std::size_t> as_position(std::string_view step) {
  std::size_t position = 0;
  const char* const end = step.data() + step.size();
  const auto [stop, failure] = std::from_chars(step.data(), end, position);
  if (step.empty() || stop != end) return std::nullopt;
  return failure == std::errc{} ? position : limits::kPlanSteps;  // out of every list
}

// What a program reads from {steps, inputs, ...}, as references.
void list_mentions(const jq::Program& program, const std::string& pointer,
                   std::vector<params::ReferenceInfo>& out) {
  for (const jq::Mention& mention : jq::mentions(program)) {
    params::ReferenceInfo info;
    info.text = "." + mention.first + "." + mention.second;
    info.root = mention.first;
    if (mention.first == "steps") {
      info.step = mention.second;
    } else {
      info.path = {mention.second};
    }
    info.pointer = pointer;
    out.push_back(std::move(info));
  }
}

class Checker {
 public:
  Checker(const CompiledPlan& plan, Findings& findings);
  void run() { check_body(plan_.root, nullptr, false); }

 private:
  void index(const Body& body, const CompiledStep* holder);
  void check_body(const Body& body, const Scope* outer, bool has_item);
  void check_all(const std::vector<params::ReferenceInfo>& references, const Scope& scope,
                 bool has_item);
  void check_step(const params::ReferenceInfo& reference, const Scope& scope);
  void check_input(const params::ReferenceInfo& reference);
  std::optional<Place> find_step(const params::ReferenceInfo& reference);
  void refuse(const params::ReferenceInfo& reference, std::string_view code, std::string message);

  const CompiledPlan& plan_;
  Findings& findings_;
  std::unordered_map<std::string_view, Place> places_;
  std::vector<std::string> ids_;
  const JsonObject* closed_inputs_ = nullptr;  // properties, when there can be no others
  std::size_t count_ = 0;
};

Checker::Checker(const CompiledPlan& plan, Findings& findings) : plan_(plan), findings_(findings) {
  index(plan.root, nullptr);
  const Json* properties = find(plan.plan.inputs, "properties");
  const Json* others = find(plan.plan.inputs, "additionalProperties");
  const bool patterns = find(plan.plan.inputs, "patternProperties") != nullptr;
  if (properties != nullptr && others != nullptr && *others == Json(false) && !patterns) {
    closed_inputs_ = properties->if_object();
  }
}

void Checker::index(const Body& body, const CompiledStep* holder) {
  for (const CompiledStep& step : body.steps) {
    places_.emplace(step.spec.id, Place{&body, step.position, holder});
    ids_.push_back(step.spec.id);
    index(step.body, &step);
  }
}

void Checker::check_body(const Body& body, const Scope* outer, bool has_item) {
  if (body.steps.empty()) return;
  Edges edges;
  for (const CompiledStep& step : body.steps) edges.push_back(step.depends_on);
  const Ancestors before(edges);

  for (const CompiledStep& step : body.steps) {
    if (findings_.full()) return;
    const Scope scope{&body, &before, step.position, outer};
    // Condition and list are looked at once, before there is an item.
    std::vector<params::ReferenceInfo> once;
    if (step.condition) step.condition->list(once, condition_pointer(step.spec));
    if (step.condition_program)
      list_mentions(*step.condition_program, condition_pointer(step.spec), once);
    check_all(once, scope, has_item);
    if (step.foreach) check_all(step.foreach->references(), scope, has_item);
    check_all(step.params.references(), scope, has_item || step.foreach);
    check_body(step.body, &scope, has_item || step.foreach);
  }
}

void Checker::check_all(const std::vector<params::ReferenceInfo>& references, const Scope& scope,
                        bool has_item) {
  for (const params::ReferenceInfo& reference : references) {
    if (findings_.full()) return;
    if (++count_ == limits::kPlanReferences + 1) {
      findings_.add("", "plan_too_large",
                    fmt::format("a plan may have {} references", limits::kPlanReferences));
    }
    if (count_ > limits::kPlanReferences) return;
    if (reference.root == "steps") {
      check_step(reference, scope);
    } else if (reference.root == "inputs") {
      check_input(reference);
    } else if ((reference.root == "item" || reference.root == "index") && !has_item) {
      refuse(reference, "unresolvable_reference",
             fmt::format("`{}` is there only inside a foreach (in its `steps`, or in the params "
                         "of the step that it repeats)",
                         reference.root));
    }
  }
}

std::optional<Place> Checker::find_step(const params::ReferenceInfo& reference) {
  if (const auto position = as_position(reference.step)) {
    if (*position < plan_.root.steps.size()) {
      return Place{&plan_.root, static_cast<int>(*position), nullptr};
    }
    refuse(reference, "unknown_step",
           fmt::format("there is no step at position {}: the plan has {}, counted from 0",
                       utf8_prefix(reference.step, 20), plan_.root.steps.size()));
    return std::nullopt;
  }
  const auto found = places_.find(reference.step);
  if (found != places_.end()) return found->second;
  refuse(reference, "unknown_step",
         fmt::format("there is no step {}{}", quoted(reference.step),
                     suggestion(reference.step, ids_)));
  return std::nullopt;
}

void Checker::check_step(const params::ReferenceInfo& reference, const Scope& scope) {
  const std::optional<Place> place = find_step(reference);
  if (!place) return;
  const std::string name =
      quoted(place->body->steps[static_cast<std::size_t>(place->position)].spec.id);
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    if (at->body != place->body) continue;
    if (at->position == place->position) {
      refuse(reference, "forward_reference",
             at == &scope
                 ? fmt::format("step {} refers to itself; it has no output before it has run", name)
                 : fmt::format("step {} has no output while the steps inside it run", name));
    } else if (!at->before->has(at->position, place->position)) {
      refuse(reference, "forward_reference",
             fmt::format("step {} does not surely run before this one; put it before, or name it "
                         "in `depends_on`",
                         name));
    }
    return;
  }
  refuse(reference, "unresolvable_reference",
         fmt::format("step {} is inside step {} and cannot be seen from here; refer to the output "
                     "of {}{}",
                     name, quoted(place->holder->spec.id), quoted(place->holder->spec.id),
                     place->holder->foreach ? " (the list of what its items gave)" : ""));
}

void Checker::check_input(const params::ReferenceInfo& reference) {
  if (closed_inputs_ == nullptr || reference.path.empty()) return;
  const std::string& name = reference.path.front();
  if (closed_inputs_->contains(name)) return;
  std::vector<std::string> names;
  for (const auto& member : *closed_inputs_) {
    names.emplace_back(member.key().data(), member.key().size());
  }
  refuse(reference, "unresolvable_reference",
         fmt::format("the plan's `inputs` have no {}{}", quoted(name), suggestion(name, names)));
}

void Checker::refuse(const params::ReferenceInfo& reference, std::string_view code,
                     std::string message) {
  findings_.add(reference.pointer, code, fmt::format("{}: {}", quoted(reference.text), message));
}

}  // namespace

void check_references(const CompiledPlan& plan, Findings& findings) {
  Checker(plan, findings).run();
}

std::string condition_pointer(const Step& step) {
  return pointer_join(step.pointer, step.condition.empty() ? "condition" : "if");
}

std::string foreach_pointer(const Step& step) {
  if (!step.cut_at_max) return pointer_join(step.pointer, "foreach");
  return pointer_join(pointer_join(step.pointer, "loop_config"), "items_source");
}

}  // namespace pilot::plan
