// A plan's normal form as a document again, in the words of design.md. The two things that only old
// documents can say (a `condition` with its jump, a loop that is cut) keep their old words.
#include "plan/durations.h"
#include "plan/load.h"
#include "plan/retry.h"

namespace pilot::plan {
namespace {

JsonArray texts(const std::vector<std::string>& list) {
  JsonArray out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

void write_text(JsonObject& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

void write_call(JsonObject& out, const Step& step) {
  write_text(out, "provider", step.provider);
  write_text(out, "action", step.action);
  if (const JsonObject* params = step.params.if_object(); params && !params->empty()) {
    out["params"] = *params;
  }
  if (step.connection != "default") out["connection"] = step.connection;
  if (step.mock) out["mock"] = *step.mock;
}

void write_flow(JsonObject& out, const Step& step) {
  if (step.depends_on_given) out["depends_on"] = texts(step.depends_on);
  write_text(out, "if", step.condition);
  write_text(out, "condition", step.legacy_condition);
  write_text(out, "else_jump", step.else_jump);
  if (step.on_error.kind == OnError::Kind::proceed) out["on_error"] = "continue";
  if (step.on_error.kind == OnError::Kind::jump) out["on_error"] = step.on_error.target;
  if (step.on_unknown == OnUnknown::retry) out["on_unknown"] = "retry";
  if (step.on_unknown == OnUnknown::fail) out["on_unknown"] = "fail";
}

void write_loop(JsonObject& out, const Step& step) {
  if (step.foreach.is_null()) return;
  if (step.cut_at_max) {
    JsonObject config{{"items_source", step.foreach}};
    if (step.max_iterations != 0) config["max_iterations"] = step.max_iterations;
    out["type"] = "loop";
    out["loop_config"] = std::move(config);
  } else {
    out["foreach"] = step.foreach;
    if (step.max_iterations != 0) out["max_iterations"] = step.max_iterations;
  }
  if (step.concurrency != 1) out["concurrency"] = step.concurrency;
}

JsonArray step_documents(const std::vector<Step>& steps) {
  JsonArray list;
  for (const Step& step : steps) {
    JsonObject out;
    out["id"] = step.id;
    write_text(out, "name", step.name);
    write_call(out, step);
    write_flow(out, step);
    write_loop(out, step);
    if (step.retry != RetryPolicy{}) out["retry"] = retry_to_json(step.retry);
    if (step.timeout) out["timeout"] = duration_to_json(*step.timeout);
    if (!step.steps.empty()) out["steps"] = step_documents(step.steps);
    list.emplace_back(std::move(out));
  }
  return list;
}

}  // namespace

Json to_document(const Plan& plan) {
  JsonObject out;
  write_text(out, "name", plan.name);
  write_text(out, "description", plan.description);
  if (!plan.trigger.is_null()) out["trigger"] = plan.trigger;
  if (!plan.inputs.is_null()) out["inputs"] = plan.inputs;
  if (plan.timeout) out["timeout"] = duration_to_json(*plan.timeout);
  if (!plan.tags.empty()) out["tags"] = texts(plan.tags);
  out["steps"] = step_documents(plan.steps);
  return out;
}

}  // namespace pilot::plan
