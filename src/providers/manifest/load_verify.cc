// `verify` of an action (see load_parts.h).
#include "providers/duration.h"
#include "providers/manifest/load_parts.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::chrono::seconds kUsualWait{2};
constexpr std::chrono::minutes kLongestWait{5};

// What both programs may look at beside their input.
const std::vector<std::string>& lost_vars() {
  static const std::vector<std::string> kVars{"params", "since", "key"};
  return kVars;
}

JsonObject vars_of(const LostCall& lost) {
  return {{"params", lost.params},
          {"since", to_rfc3339(lost.since)},
          {"key", Json(boost::json::string(lost.key))}};
}

Millis read_wait(const Map& map) {
  if (!map.has("wait")) return kUsualWait;
  const auto wait = parse_duration(map.text("wait"));
  if (wait && *wait >= std::chrono::microseconds{0} && *wait <= kLongestWait) {
    return std::chrono::duration_cast<Millis>(*wait);
  }
  map.fault("wait", "invalid_value", "`wait` is a time up to 5m, like 10s");
  return {};
}

}  // namespace

std::shared_ptr<const Verify> read_verify(const Map& action) {
  const auto map = action.map("verify");
  if (!map) return nullptr;
  map->only({"action", "params", "found", "absent", "wait"});
  auto out = std::make_shared<Verify>();
  out->action = map->text("action");
  if (out->action.empty()) map->fault("", "missing_key", "`verify` needs `action`: one that reads");
  out->wait = read_wait(*map);
  const std::string absent = map->text("absent", "ask");
  out->absent_is_proof = absent == "retry";
  if (absent != "ask" && absent != "retry") {
    map->fault("absent", "invalid_value", "`absent` is ask or retry");
  }
  const jq::ProgramPtr params = map->program("params", lost_vars());
  const jq::ProgramPtr found = map->program("found", lost_vars());
  if (!map->has("found")) {
    map->fault("", "missing_key",
               "`verify` needs `found`: jq from the answer to what the call would have given; "
               "false, null or nothing when it is not there");
  }
  out->params = [params](const LostCall& lost) -> Result<Json> {
    if (!params) return Json(JsonObject{});
    Result<std::optional<Json>> made = jq::run_first(*params, lost.params, vars_of(lost));
    if (!made) return made.error();
    return *made ? std::move(**made) : Json(JsonObject{});
  };
  out->found = [found](const LostCall& lost, const Json& output) -> Result<std::optional<Json>> {
    Result<std::optional<Json>> made = jq::run_first(*found, output, vars_of(lost));
    if (!made) return made.error();
    const bool none = !*made || (*made)->is_null() || **made == Json(false);
    return none ? std::nullopt : std::move(*made);
  };
  return out;
}

void check_verifies(const Map& map, const Provider& provider) {
  const auto actions = map.map("actions");
  if (!actions || !map.faults().none()) return;
  for (const Action& action : provider.actions) {
    if (!action.verify) continue;
    const std::string pointer = pointer_join(actions->at(action.name), "verify");
    const Action* looks = provider.find(action.verify->action);
    if (looks == nullptr) {
      map.faults().add(pointer, "unknown_action",
                       fmt::format("there is no action \"{}\"", action.verify->action));
    } else if (looks->effect != EffectClass::read || looks->effect_of) {
      map.faults().add(
          pointer, "not_a_read",
          fmt::format("`verify` must not change anything: {} is no read", action.verify->action));
    }
  }
}

}  // namespace pilot::providers::manifest
