#include "bad_plans.h"

#include <fmt/format.h>

#include "wire.h"

namespace pilot::e2e {
namespace {

// A plan of these steps; ' stands for ", and $S for a good step's provider and action.
std::string plan(std::string steps) {
  const std::string good = "'provider':'logic','action':'set'";
  for (std::size_t at = 0; (at = steps.find("$S", at)) != std::string::npos;) {
    steps.replace(at, 2, good);
  }
  return quoted("{'steps':[" + steps + "]}");
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string many_steps(std::size_t count) {
  std::string steps = "{$S}";
  for (std::size_t i = 1; i < count; ++i) steps += ",{$S}";
  return plan(std::move(steps));
}

std::vector<BadPlan> unreadable() {
  const std::string deep = repeated("[", 150) + repeated("]", 150);
  return {
      {"NotJson", "{\"steps\":\n [{\"provider\" \"logic\"}]}", "invalid_json", "line 2", "", 400},
      {"CutShort", "{\"steps\": [", "invalid_json", "line 1", "", 400},
      {"TooDeep", plan("{$S,'params':{'x':" + deep + "}}"), "json_too_deep", "line 1", "100", 400},
      {"DuplicateKey", plan("{$S,'params':{'x':1,\n'x':2}}"), "duplicate_key", "line 2", "x", 400},
      {"InvalidUtf8", plan("{$S,'params':{'x':'\xff\xfe'}}"), "invalid_json", "line 1", "UTF-8",
       400},
      {"NumberOutOfRange", plan("{$S,\n'params':{'x':1e999}}"), "number_out_of_range", "line 2", "",
       400},
  };
}

std::vector<BadPlan> wrong_calls() {
  return {
      {"UnknownProvider", plan("{'provider':'htttp','action':'get'}"), "unknown_provider",
       "/steps/0/provider", "did you mean \"http\""},
      {"UnknownAction", plan("{$S},{'provider':'http','action':'gett'}"), "unknown_action",
       "/steps/1/action", "did you mean \"get\""},
      {"MissingParam", plan("{'provider':'http','action':'get','params':{}}"), "missing_param",
       "/steps/0/params", "url"},
      {"WrongType", plan("{'provider':'http','action':'get','params':{'url':7}}"), "wrong_type",
       "/steps/0/params/url", ""},
      {"UnknownParam", plan("{'provider':'http','action':'get','params':{'url':'x','quary':{}}}"),
       "unknown_param", "/steps/0/params/quary", "query"},
      {"UnknownKey", plan("{$S,'parms':{}}"), "unknown_key", "/steps/0/parms", "params"},
  };
}

std::vector<BadPlan> wrong_flow() {
  return {
      {"UnknownStep", plan("{$S,'id':'fetch'},{$S,'params':{'x':'${steps.fecth.output}'}}"),
       "unknown_step", "/steps/1/params/x", "did you mean \"fetch\""},
      {"ForwardReference", plan("{$S,'params':{'x':'${steps.b.output}'}},{$S,'id':'b'}"),
       "forward_reference", "/steps/0/params/x", "b"},
      {"Cycle", plan("{$S,'id':'a','depends_on':['b']},{$S,'id':'b','depends_on':['a']}"),
       "dependency_cycle", "/steps/0/depends_on", "a -> b -> a"},
      {"DuplicateStepId", plan("{$S,'id':'a'},{$S,'id':'a'}"), "duplicate_step_id", "/steps/1/id",
       "a"},
      {"UnknownFilter", plan("{$S,'params':{'x':'${run.id | uper}'}}"), "unknown_filter",
       "/steps/0/params/x", "upper"},
      {"NoSteps", "{\"steps\":[]}", "missing_steps", "/steps", ""},
      {"TooManySteps", many_steps(1'001), "plan_too_large", "/steps", "1000"},
      {"TooManyIterations", plan("{$S,'foreach':[1],'max_iterations':10001}"), "invalid_value",
       "/steps/0/max_iterations", "10000"},
  };
}

}  // namespace

std::vector<BadPlan> bad_plans() {
  std::vector<BadPlan> all;
  for (auto part : {unreadable(), wrong_calls(), wrong_flow()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace pilot::e2e
