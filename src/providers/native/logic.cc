// Provider `logic`: steps that ask nobody else. Runs on the shard, never waits itself: `wait` and
// `stop` tell the engine what to do. `transform` and `filter` are in providers/jq_actions.cc.
//
// What the engine gives for `wait` when it is over: output {waited_until: RFC 3339}.
#include <cmath>

#include "providers/duration.h"
#include "providers/jq_actions.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

using std::chrono::microseconds;

LogicOutcome failure(std::string code, std::string message) {
  return ProviderResult::fail({.code = std::move(code), .message = std::move(message)});
}

LogicOutcome failure(const Error& error) {
  return failure(std::string(error.code_or_kind()), error.message);
}

LogicOutcome run_set(const Call& call) { return ProviderResult::ok(call.params); }

// The references are resolved by now; what is left to do is to make text of it.
LogicOutcome run_template(const Call& call) {
  const Json* text = find(call.params, "template");
  if (text == nullptr) text = find(call.params, "text");
  if (text == nullptr) return failure("missing_param", "template is missing");
  if (text->is_string()) return ProviderResult::ok(*text);
  return ProviderResult::ok(Json(to_json(*text)));
}

void merge_into(JsonObject& target, const JsonObject& more, bool deep) {
  for (const auto& member : more) {
    Json& slot = target[member.key()];
    if (deep && slot.is_object() && member.value().is_object()) {
      merge_into(slot.get_object(), member.value().get_object(), deep);
    } else {
      slot = member.value();
    }
  }
}

LogicOutcome run_merge(const Call& call) {
  const Json* deep_param = find(call.params, "deep");
  const bool deep = deep_param != nullptr && deep_param->is_bool() && deep_param->get_bool();
  JsonObject object;
  JsonArray list;
  bool objects = false;
  bool lists = false;
  for (const Json& value : find(call.params, "values")->get_array()) {
    if (value.is_object()) {
      objects = true;
      merge_into(object, value.get_object(), deep);
    } else if (value.is_array()) {
      lists = true;
      list.insert(list.end(), value.get_array().begin(), value.get_array().end());
    }  // null: a step that was skipped has nothing to add
  }
  if (objects && lists) {
    return failure("invalid_value", "values: objects and lists cannot be merged with each other");
  }
  return ProviderResult::ok(lists ? Json(std::move(list)) : Json(std::move(object)));
}

Result<WallTime> wait_end(const Call& call) {
  const Json* seconds = find(call.params, "seconds");
  const Json* duration = find(call.params, "duration");
  const Json* until = find(call.params, "until");
  const int given = (seconds != nullptr) + (duration != nullptr) + (until != nullptr);
  if (given != 1) {
    return invalid(given == 0 ? "missing_param" : "invalid_value",
                   "give one of seconds, duration and until", "/seconds");
  }
  const WallTime last = call.now + limits::kWait;
  const Error too_long = invalid("wait_too_long", "a wait may last 366 days at most");
  if (until != nullptr) {
    Result<WallTime> when = parse_rfc3339(as_view(until->get_string()));
    if (!when) return invalid("invalid_value", "until: " + when.error().message, "/until");
    if (*when > last) return too_long;
    return std::max(*when, call.now);
  }
  microseconds wait{0};
  if (duration != nullptr) {
    Result<microseconds> parsed = parse_duration(as_view(duration->get_string()));
    if (!parsed) return parsed.error().prefixed("duration");
    wait = *parsed;
  } else {
    const double count = seconds->to_number<double>();
    if (count > 1e9) return too_long;
    wait = microseconds{std::llround(count * 1e6)};
  }
  if (wait > limits::kWait) return too_long;
  return call.now + wait;
}

LogicOutcome run_wait(const Call& call) {
  Result<WallTime> when = wait_end(call);
  if (!when) return failure(when.error());
  return SleepUntil{*when};
}

LogicOutcome run_fail(const Call& call) {
  StepError error{.code = std::string(string_or(call.params, "code", "failed")),
                  .message = std::string(string_or(call.params, "message"))};
  if (const Json* details = find(call.params, "details")) error.details = *details;
  return ProviderResult::fail(std::move(error));
}

LogicOutcome run_stop(const Call& call) {
  const Json* output = find(call.params, "output");
  return StopRun{output == nullptr ? Json(nullptr) : *output,
                 std::string(string_or(call.params, "message"))};
}

constexpr std::string_view kSetParams = R"({
  "type": "object",
  "description": "Any names; the resolved object is the output as it is.",
  "additionalProperties": true
})";

constexpr std::string_view kTemplateParams = R"({
  "type": "object",
  "properties": {
    "template": {"description": "Text with references; what is no text becomes JSON text."},
    "text": {"description": "Another name of template."}
  },
  "anyOf": [{"required": ["template"]}, {"required": ["text"]}],
  "additionalProperties": false
})";

constexpr std::string_view kMergeParams = R"({
  "type": "object",
  "properties": {
    "values": {
      "type": "array",
      "description": "Objects (the later one wins) or lists (joined); null counts as nothing.",
      "items": {"type": ["object", "array", "null"]},
      "minItems": 1
    },
    "deep": {"type": "boolean", "default": false,
             "description": "Merge objects inside objects, too, instead of replacing them."}
  },
  "required": ["values"],
  "additionalProperties": false
})";

constexpr std::string_view kWaitParams = R"({
  "type": "object",
  "properties": {
    "seconds": {"type": "number", "minimum": 0, "description": "How long, in seconds."},
    "duration": {"type": "string",
                 "description": "90s, 5m, 2h30m, 1d; 366 days at most."},
    "until": {"type": "string", "format": "date-time",
              "description": "Until when, RFC 3339; what has passed ends the wait at once."}
  },
  "anyOf": [{"required": ["seconds"]}, {"required": ["duration"]}, {"required": ["until"]}],
  "additionalProperties": false
})";

constexpr std::string_view kFailParams = R"({
  "type": "object",
  "properties": {
    "message": {"type": "string", "default": "This step was asked to fail.",
                "description": "What people are to read."},
    "code": {"type": "string", "default": "failed", "pattern": "^[a-z][a-z0-9_]{0,63}$",
             "description": "Error code for programs, snake_case."},
    "details": {"description": "Anything more, put into the error as it is."}
  },
  "additionalProperties": false
})";

constexpr std::string_view kStopParams = R"({
  "type": "object",
  "properties": {
    "output": {"description": "The run's output."},
    "message": {"type": "string", "description": "Why it ends here."}
  },
  "additionalProperties": false
})";

Action logic(std::string name, std::string title, std::string description, std::string_view params,
             LogicOutcome (*run)(const Call&)) {
  return {.name = std::move(name),
          .title = std::move(title),
          .description = std::move(description),
          .params = params_schema(params),
          .effect = EffectClass::pure,
          .body = LogicAction{run}};
}

}  // namespace

void register_logic(Registry& registry) {
  Provider& provider = registry.add({.name = "logic",
                                     .title = "Logic",
                                     .description = "Steps inside the run: values, text, waits.",
                                     .category = "core"});
  provider.add(logic("set", "Set values", "Gives its params as output.", kSetParams, run_set))
      .add(transform_action(run_template))
      .add(filter_action())
      .add(logic("template", "Fill in a text", "Gives the text with its references put in.",
                 kTemplateParams, run_template))
      .add(logic("merge", "Merge", "Merges objects, or joins lists.", kMergeParams, run_merge))
      .add(logic("wait", "Wait", "Sleeps for seconds up to months, through restarts.", kWaitParams,
                 run_wait))
      .add(logic("fail", "Fail", "Fails with a message of your own; never retried.", kFailParams,
                 run_fail))
      .add(logic("stop", "Stop", "Ends the run here with success.", kStopParams, run_stop));
}

}  // namespace pilot::providers
