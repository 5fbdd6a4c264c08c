#include "api/codec_run.h"

#include "store/preview.h"

namespace pilot::api {
namespace {

constexpr std::size_t kSmall = 16u << 10;  // bytes of JSON that an event or a list row may carry

Json member_or_null(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  return value == nullptr ? Json() : *value;
}

// The old columns hold a text where Pilot has {code, message, ...}.
Json error_text(const Json& error) {
  if (error.is_string()) return error;
  return text_or_null(string_or(error, "message"));
}

void put_if_small(JsonObject& out, std::string_view key, const Json& value, bool cut = false) {
  if (!cut && json_size(value) <= kSmall) {
    out[key] = value;
  } else {
    out[key] = nullptr;
    out[std::string(key) + "_truncated"] = true;
  }
}

JsonObject run_head(const Run& run) {
  JsonObject out;
  out.reserve(24);
  out["id"] = text(run.id.text);
  out["run_id"] = text(run.id.text);
  out["plan_id"] = text_or_null(run.plan.text);
  out["plan_version"] = run.plan.empty() ? Json() : Json(run.plan_version);
  out["plan_name"] = text(run.plan_name);
  out["user_id"] = text(run.user.text);
  out["status"] = text(to_string(run.state));
  out["reason"] = text_or_null(run.reason);
  out["error"] = run.error;
  out["total_steps"] = run.total_steps;
  out["wake_at"] = time_or_null(run.wake_at);
  out["created_at"] = text(to_rfc3339(run.created_at));
  out["started_at"] = time_or_null(run.started_at);
  out["finished_at"] = time_or_null(run.finished_at);
  out["deadline"] = time_or_null(run.deadline);
  out["retry_of"] = text_or_null(run.retry_of.text);
  out["revision"] = run.revision;
  return out;
}

}  // namespace

JsonObject run_json(const Run& run) {
  JsonObject out = run_head(run);
  out["inputs"] = run.inputs;
  out["trigger"] = run.trigger;
  out["output"] = *run.output;
  if (!run.document.is_null()) out["plan"] = run.document;
  return out;
}

JsonObject run_brief(const Run& run) {
  JsonObject out = run_head(run);
  put_if_small(out, "inputs", run.inputs, run.inputs_cut);
  put_if_small(out, "trigger", run.trigger, run.trigger_cut);
  put_if_small(out, "output", *run.output, run.output_cut);
  return out;
}

JsonObject attempt_json(const Attempt& attempt) {
  JsonObject out;
  out.reserve(24);
  out["run_id"] = text(attempt.run.text);
  out["seq"] = attempt.seq;
  out["revision"] = attempt.revision;
  out["step_number"] = attempt.step_number;
  out["step_id"] = text(attempt.step_id);
  out["item_path"] = text(attempt.item_path);
  out["visit"] = attempt.visit;
  out["attempt"] = attempt.attempt;
  out["provider"] = text(attempt.provider);
  out["action"] = text(attempt.action);
  out["status"] = text(to_string(attempt.status));
  out["message"] = text(attempt.message);
  out["output_preview"] = text(store::output_preview(*attempt.output));
  out["error"] = attempt.error;
  out["http_status"] = attempt.http_status ? Json(*attempt.http_status) : Json();
  out["idempotency_key"] = text_or_null(attempt.idempotency_key);
  out["wake_at"] = time_or_null(attempt.wake_at);
  out["started_at"] = text(to_rfc3339(attempt.started_at));
  out["finished_at"] = time_or_null(attempt.finished_at);
  out["latency_ms"] = attempt.latency_ms;
  return out;
}

JsonObject attempt_event(const Attempt& attempt) {
  JsonObject out = attempt_json(attempt);
  put_if_small(out, "output", *attempt.output);
  return out;
}

JsonObject log_json(const Attempt& attempt) {
  JsonObject out = attempt_json(attempt);
  out["id"] = text(fmt::format("{}:{}", attempt.run.text, attempt.seq));
  out["plan_id"] = text_or_null(attempt.plan.text);
  out["user_id"] = text(attempt.user.text);
  out["plan_name"] = text(attempt.plan_name);
  out["error"] = error_text(attempt.error);
  out["error_code"] = member_or_null(attempt.error, "code");
  out["timestamp"] = text(to_rfc3339(attempt.finished_at.value_or(attempt.started_at)));
  out["created_at"] = text(to_rfc3339(attempt.started_at));
  return out;
}

JsonArray steps_json(std::vector<Attempt> attempts) {
  using Key = std::tuple<std::string, std::string, std::int32_t>;
  struct Fold {
    Attempt* last = nullptr;
    WallTime started_at;
    std::int64_t latency_ms = 0;
  };
  std::vector<Fold> folds;
  std::map<Key, std::size_t> places;
  for (Attempt& attempt : attempts) {
    const Key key{attempt.step_id, attempt.item_path, attempt.visit};
    const auto [place, added] = places.emplace(key, folds.size());
    if (added) folds.push_back({nullptr, attempt.started_at, 0});
    Fold& fold = folds[place->second];
    fold.last = &attempt;
    fold.latency_ms += attempt.latency_ms;
  }
  JsonArray out;
  out.reserve(folds.size());
  for (Fold& fold : folds) {
    Attempt& last = *fold.last;
    JsonObject step;
    step.reserve(14);
    step["id"] = text(last.step_id);
    step["item_path"] = text(last.item_path);
    step["visit"] = last.visit;
    step["status"] = text(to_string(last.status));
    step["attempts"] = last.attempt;
    step["provider"] = text(last.provider);
    step["action"] = text(last.action);
    step["output"] = std::move(last.output).take();
    step["message"] = text(last.message);
    step["error"] = std::move(last.error);
    step["started_at"] = text(to_rfc3339(fold.started_at));
    step["finished_at"] = time_or_null(last.finished_at);
    step["latency_ms"] = fold.latency_ms;
    out.push_back(std::move(step));
  }
  return out;
}

Json execution_json(engine::Executed executed) {
  const Run& run = executed.run;
  JsonObject outputs;
  JsonArray errors;
  int completed = 0;
  int failed = 0;
  for (engine::StepSummary& step : executed.steps) {
    if (step.status == "pending" || step.status == "skipped") continue;
    const bool success = step.status == "success";
    ++(success ? completed : failed);
    if (!success) {
      const Json message = error_text(step.error);
      errors.push_back(JsonObject{{"step", step.position},
                                  {"provider", text(step.provider)},
                                  {"error", message.is_null() ? text(step.message) : message}});
    }
    outputs[std::to_string(step.position)] = JsonObject{{"provider", text(step.provider)},
                                                        {"action", text(step.action)},
                                                        {"success", success},
                                                        {"output", std::move(step.output).take()},
                                                        {"message", text(step.message)}};
  }
  if (errors.empty() && run.state != RunState::success) {  // the run as a whole: its time-out, ...
    const Json message = error_text(run.error);
    errors.push_back(
        JsonObject{{"step", nullptr},
                   {"provider", nullptr},
                   {"error", message.is_null() ? text(to_string(run.state)) : message}});
  }
  JsonObject execution{{"plan_id", text_or_null(run.plan.text)},
                       {"user_id", text(run.user.text)},
                       {"total_steps", executed.steps.size()},
                       {"completed_steps", completed},
                       {"failed_steps", failed},
                       {"step_outputs", std::move(outputs)},
                       {"errors", std::move(errors)},
                       {"run_id", text(run.id.text)},
                       {"status", text(to_string(run.state))}};
  return JsonObject{{"execution", std::move(execution)},
                    {"success", run.state == RunState::success},
                    {"run_id", text(run.id.text)}};
}

Json unfinished_json(const Run& run) {
  return JsonObject{{"run", run_json(run)},
                    {"run_id", text(run.id.text)},
                    {"status", text(to_string(run.state))},
                    {"success", false}};
}

Result<RunInput> read_run_input(JsonObject body) {
  RunInput out;
  Result<std::string> plan_id = text_member(body, "plan_id");
  if (!plan_id) return plan_id.error();
  out.plan_id.text = std::move(*plan_id);
  for (const std::string_view key : {"plan", "plan_json"}) {
    Json* document = body.if_contains(key);
    if (document == nullptr || document->is_null()) continue;
    if (!out.plan_id.empty() || !out.document.is_null()) {
      return invalid("invalid_value", "give either \"plan_id\" or \"plan\", not both", "/plan");
    }
    out.document = std::move(*document);
    out.pointer = pointer_join("", key);
  }
  if (out.plan_id.empty() && out.document.is_null()) {
    return invalid("missing_param", "\"plan_id\" is missing (or \"plan\": the plan itself)",
                   "/plan_id");
  }
  for (const auto& [key, target] :
       {std::pair{"inputs", &out.inputs}, std::pair{"trigger", &out.trigger}}) {
    Json* value = body.if_contains(key);
    if (value == nullptr || value->is_null()) continue;
    if (!value->is_object()) {
      return invalid("wrong_type",
                     fmt::format("\"{}\" must be an object, not {}", key, json_type_name(*value)),
                     pointer_join("", key));
    }
    *target = std::move(*value);
  }
  return out;
}

}  // namespace pilot::api
