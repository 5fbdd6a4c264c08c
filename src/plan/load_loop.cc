// What a step repeats (foreach, the old loop), how it is retried, and whether its parts fit
// together. See reader.h.
#include <fmt/format.h>

#include <array>

#include "model/limits.h"
#include "plan/legacy.h"
#include "plan/reader.h"
#include "plan/retry.h"

namespace pilot::plan {
namespace {

constexpr std::array<std::string_view, 2> kLoopKeys{"items_source", "max_iterations"};
constexpr std::array<std::string_view, 3> kTypes{"action", "condition", "loop"};

// The old loop took the first max_iterations items; today's foreach calls more items an error.
void read_old_loop(Fields& fields, Step& step) {
  const JsonObject* config = fields.object("loop_config");
  if (config == nullptr) return;
  Fields loop(*config, fields.at("loop_config"), fields.findings());
  loop.refuse_unknown(kLoopKeys, {});
  if (fields.has("foreach")) {
    fields.problem("loop_config", "invalid_value",
                   "a step has either `foreach` or the old `loop_config`, not both");
  }
  const Json* source = loop.get("items_source");
  if (source == nullptr) {
    loop.problem("items_source", "missing_key",
                 "a loop needs `items_source`, for example \"step_1.output\"");
  } else if (source->is_string()) {
    step.foreach = Json(reference_from_items_source(as_view(source->get_string())));
  } else if (source->is_array()) {
    step.foreach = *source;
  } else {
    loop.wrong_type("items_source", "a reference or a list");
  }
  step.cut_at_max = true;
  step.max_iterations = loop.integer("max_iterations", 1, limits::kForeachItems).value_or(0);
}

void check_call(Fields& fields) {
  for (const std::string_view name : {"provider", "action"}) {
    const std::string_view old = name == "action" ? "action_id" : name;
    if (fields.says(name) || fields.says(old)) continue;
    fields.findings().add(fields.pointer(), "missing_key",
                          fmt::format("a step needs a `provider` and an `action` (or `steps`); "
                                      "`{}` is missing",
                                      name));
  }
}

// A body is steps; what belongs to one call has no meaning there and must not be lost silently.
void check_body(Fields& fields, Step& step, bool has_call) {
  if (has_call) {
    fields.problem("steps", "invalid_value",
                   "a step either calls a provider or holds `steps`, not both");
  }
  if (!fields.list("steps")->size()) {
    fields.problem("steps", "missing_steps", "`steps` is empty; write at least one step");
  }
  for (const std::string_view key : {"retry", "on_unknown", "connection"}) {
    if (fields.has(key)) {
      fields.problem(key, "invalid_value",
                     fmt::format("`{}` belongs to a step that calls a provider; write it on the "
                                 "steps inside",
                                 key));
    }
  }
  if (step.mock) {
    fields.problem("mock", "invalid_value", "`mock` belongs to a step that calls a provider");
  }
  if (!step.params.get_object().empty()) {
    fields.problem(fields.has("params") ? "params" : "parameters", "invalid_value",
                   "`params` belong to a step that calls a provider; this one holds `steps`");
  }
  step.retry = {};
}

}  // namespace

void read_loop(Fields& fields, Step& step) {
  read_old_loop(fields, step);
  if (const Json* items = fields.get("foreach")) {
    if (items->is_string() || items->is_array()) {
      step.foreach = *items;
    } else {
      fields.wrong_type("foreach", "a list or a reference to one");
    }
  }
  if (const auto most = fields.integer("max_iterations", 1, limits::kForeachItems)) {
    step.max_iterations = *most;
  }
  step.concurrency = fields.integer("concurrency", 1, limits::kForeachConcurrency).value_or(1);
  if (fields.has("foreach") || fields.has("loop_config")) return;
  for (const std::string_view key : {"concurrency", "max_iterations"}) {
    if (fields.has(key)) {
      fields.problem(key, "invalid_value", fmt::format("`{}` needs `foreach` beside it", key));
    }
  }
}

void read_policy(Fields& fields, Step& step) {
  if (fields.has("retry") && fields.has("retries")) {
    fields.problem("retries", "invalid_value",
                   "`retry` and the old `retries` say the same thing; keep `retry`");
  }
  if (const auto extra = fields.integer("retries", 0, limits::kRetryAttempts - 1)) {
    step.retry.max_attempts = static_cast<int>(*extra) + 1;
  }
  if (const Json* retry = fields.get("retry")) {
    step.retry = read_retry(*retry, fields.at("retry"), fields.findings());
  }
  step.timeout = fields.duration("timeout", Millis{1}, limits::kStepTimeout);

  const std::string on_unknown = fields.text("on_unknown", limits::kNameLength).value_or("ask");
  if (on_unknown == "retry") {
    step.on_unknown = OnUnknown::retry;
  } else if (on_unknown == "fail") {
    step.on_unknown = OnUnknown::fail;
  } else if (on_unknown != "ask") {
    fields.problem("on_unknown", "invalid_value",
                   fmt::format("`on_unknown` is ask, retry or fail, not {}{}", quoted(on_unknown),
                               suggestion(on_unknown, {"ask", "retry", "fail"})));
  }
}

void check_shape(Fields& fields, Step& step) {
  const std::string type = fields.text("type", limits::kNameLength).value_or("action");
  const std::vector<std::string> types(kTypes.begin(), kTypes.end());
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    fields.problem("type", "invalid_value",
                   fmt::format("a step's `type` is action, condition or loop, not {}{}",
                               quoted(type), suggestion(type, types)));
  }
  const bool has_call =
      fields.says("provider") || fields.says("action") || fields.says("action_id");
  const JsonArray* body = fields.has("steps") ? fields.get("steps")->if_array() : nullptr;
  // The old editor wrote an empty list beside a call.
  const bool has_body = fields.has("steps") && !(has_call && body != nullptr && body->empty());
  if (type == "loop" && !fields.has("foreach") && !fields.has("loop_config")) {
    fields.findings().add(fields.pointer(), "missing_key",
                          "a step of type loop needs `loop_config` with `items_source`");
  }
  if (type == "condition" && !fields.says("condition") && !fields.says("if")) {
    fields.findings().add(fields.pointer(), "missing_key",
                          "a step of type condition needs `condition`");
  }
  if (type == "condition" && !has_call && !has_body) {
    step.provider = "logic";
    step.action = "set";
    return;
  }
  if (body != nullptr && has_body) {
    check_body(fields, step, has_call);
  } else if (!has_body) {
    check_call(fields);
  }
}

}  // namespace pilot::plan
