// The plan's own fields, and the limits on the document as a whole. Steps: load_step.cc,
// load_loop.cc; old forms: legacy.cc; the way back: document.cc.
#include "plan/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/limits.h"
#include "plan/legacy.h"
#include "plan/reader.h"

namespace pilot::plan {
namespace {

constexpr std::array<std::string_view, 9> kPlanKeys{"name",    "description",     "trigger",
                                                    "inputs",  "steps",           "tags",
                                                    "timeout", "on_failure_plan", "concurrency"};

constexpr auto kNul = '\0';

bool has_nul(const Json& value) {
  if (value.is_string()) return as_view(value.get_string()).find(kNul) != std::string_view::npos;
  if (const JsonArray* list = value.if_array()) {
    return std::any_of(list->begin(), list->end(), has_nul);
  }
  const JsonObject* object = value.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [](const auto& member) {
           return member.key().find(kNul) != member.key().npos || has_nul(member.value());
         });
}

// PostgreSQL cannot store U+0000 in a text; no store of ours takes it, so that plans can move.
void refuse_nul(const Json& value, const std::string& pointer, Findings& findings) {
  constexpr std::string_view kWhat = "a text may not hold the character U+0000";
  if (!has_nul(value)) return;
  if (value.is_string()) findings.add(pointer, "invalid_value", std::string(kWhat));
  if (const JsonArray* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size() && !findings.full(); ++i) {
      refuse_nul((*list)[i], pointer_join(pointer, i), findings);
    }
  }
  if (const JsonObject* object = value.if_object()) {
    for (const auto& member : *object) {
      if (findings.full()) return;
      const std::string_view key{member.key().data(), member.key().size()};
      if (key.find(kNul) != key.npos) findings.add(pointer, "invalid_value", std::string(kWhat));
      refuse_nul(member.value(), pointer_join(pointer, key), findings);
    }
  }
}

void read_inputs(Fields& fields, Plan& plan) {
  const JsonObject* inputs = fields.object("inputs");
  if (inputs == nullptr) return;
  plan.inputs = *inputs;
  const Json* type = find(*inputs, "type");
  if (type != nullptr && *type != Json("object")) {
    fields.findings().add(pointer_join(fields.at("inputs"), "type"), "invalid_value",
                          "`inputs` is the JSON Schema of an object: its `type` is \"object\"");
  }
}

void read_tags(Fields& fields, Plan& plan) {
  const JsonArray* tags = fields.list("tags");
  if (tags == nullptr) return;
  for (std::size_t i = 0; i < tags->size(); ++i) {
    const Json& tag = (*tags)[i];
    const std::string pointer = pointer_join(fields.at("tags"), i);
    if (!tag.is_string()) {
      fields.findings().add(pointer, "wrong_type", "a tag is a text");
    } else if (tag.get_string().size() > limits::kNameLength) {
      fields.findings().add(pointer, "plan_too_large",
                            fmt::format("a tag may have {} bytes", limits::kNameLength));
    } else {
      plan.tags.emplace_back(as_view(tag.get_string()));
    }
  }
}

void refuse_unbuilt(Fields& fields) {
  for (const std::string_view key : {"on_failure_plan", "concurrency"}) {
    if (!fields.has(key)) continue;
    fields.problem(key, "not_supported",
                   fmt::format("`{}` of a plan is not built yet; take it out", key));
  }
}

void read_steps(const JsonArray& list, const std::string& pointer, Loaded& loaded,
                Findings& findings) {
  if (list.empty()) {
    findings.add(pointer, "missing_steps", "a plan needs at least one step");
    return;
  }
  loaded.plan.steps = StepReader(findings).read_list(list, pointer, "step", 0);
}

void read_plan(const JsonObject& document, Loaded& loaded, Findings& findings) {
  Fields fields(document, "", findings);
  Plan& plan = loaded.plan;
  fields.refuse_unknown(kPlanKeys, kPlanDecorations);
  plan.name = fields.text("name", limits::kPlanName).value_or("");
  plan.description = fields.text("description", limits::kPlanBytes).value_or("");
  plan.trigger = normal_trigger(fields);
  read_inputs(fields, plan);
  plan.timeout = fields.duration("timeout", Millis{1}, limits::kWait);
  read_tags(fields, plan);
  refuse_unbuilt(fields);
  if (!fields.has("steps")) {
    findings.add("", "missing_steps", "a plan needs `steps`: a list with at least one step");
  } else if (const JsonArray* steps = fields.list("steps")) {
    read_steps(*steps, "/steps", loaded, findings);
  }
}

}  // namespace

Loaded load_plan(const Json& document) {
  Loaded loaded;
  Findings findings;
  const std::size_t size = json_size(document);
  if (size > limits::kPlanBytes) {
    findings.add(
        "", "plan_too_large",
        fmt::format("a plan may have {} bytes, this one has {}", limits::kPlanBytes, size));
  } else if (const JsonArray* steps = document.if_array()) {
    read_steps(*steps, "", loaded, findings);
    refuse_nul(document, "", findings);
  } else if (const JsonObject* object = document.if_object()) {
    read_plan(*object, loaded, findings);
    refuse_nul(document, "", findings);
  } else {
    findings.add("", "not_an_object",
                 fmt::format("a plan is an object with `steps` (or a list of steps), not {}",
                             json_type_name(document)));
  }
  loaded.problems = findings.take();
  return loaded;
}

}  // namespace pilot::plan
