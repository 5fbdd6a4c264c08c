// A plan as written, in one normal form: what the old service's forms become, too. Made by
// plan/load.h from JSON; nothing here is checked against the registry yet. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/retry_policy.h"

namespace pilot {

// What doing an action twice would mean (design.md, Words).
enum class EffectClass { pure, read, idempotent, keyed, unsafe };
std::string_view to_string(EffectClass effect);
// `pure` and `read` change nothing outside: no flush before, no mark.
inline bool has_effect(EffectClass e) { return e != EffectClass::pure && e != EffectClass::read; }

enum class OnUnknown { ask, retry, fail };  // outcome of an unsafe call is not known

struct OnError {
  enum class Kind { stop, proceed, jump };  // `proceed` is written "continue"
  Kind kind = Kind::stop;
  std::string target;  // step id, for jump
  bool operator==(const OnError&) const = default;
};

struct Step {
  std::string id;
  std::string name;
  std::string provider;  // empty for a group: a step with only `steps`
  std::string action;
  Json params = JsonObject{};
  std::string connection = "default";
  std::vector<std::string> depends_on;
  bool depends_on_given = false;  // else: the step before, in its list
  std::string condition;          // `if`: exactly one reference; empty: always
  std::string legacy_condition;   // the old `condition` text with == or !=
  std::string else_jump;          // the old way: step to go on at when the condition is false
  Json foreach;                   // a list, or a text with a reference to one; null: none
  std::int64_t concurrency = 1;
  std::int64_t max_iterations = 0;  // 0: the limit; more items than this is an error
  bool cut_at_max = false;          // the old loop's meaning: take the first max_iterations items
  std::vector<Step> steps;          // body of foreach or group
  RetryPolicy retry;
  std::optional<Millis> timeout;
  OnError on_error;
  OnUnknown on_unknown = OnUnknown::ask;
  std::optional<Json> mock;  // pinned output; the call is not made
  std::string pointer;       // where it stands in the document, for messages
};

struct Plan {
  std::string name;
  std::string description;
  Json trigger;  // as written, normalised; null: manual
  Json inputs;   // JSON Schema of an object, or null
  std::vector<Step> steps;
  std::optional<Millis> timeout;
  std::vector<std::string> tags;
};

}  // namespace pilot
