#include "providers/jq_actions.h"

#include "jq/cache.h"

namespace pilot::providers {
namespace {

using Use = jq::ProgramCache::Use;

constexpr std::string_view kTransformParams = R"({
  "type": "object",
  "properties": {
    "program": {"type": "string", "description": "A jq program; its one output is the output."},
    "input": {"description": "What the program works on."},
    "vars": {"type": "object", "description": "More values: the program has them as $name."},
    "template": {"description": "Old plans: text with references, instead of a program."},
    "text": {"description": "Another name of template."}
  },
  "anyOf": [{"required": ["program"]}, {"required": ["template"]}, {"required": ["text"]}],
  "additionalProperties": false
})";

constexpr std::string_view kFilterParams = R"({
  "type": "object",
  "properties": {
    "program": {"type": "string",
                "description": "A jq program that is asked for each item; null and false drop it."},
    "input": {"type": "array", "description": "The list."},
    "vars": {"type": "object", "description": "More values: the program has them as $name."}
  },
  "required": ["program", "input"],
  "additionalProperties": false
})";

std::vector<std::string> names_of(const Json* vars) {
  std::vector<std::string> names;
  if (vars == nullptr || !vars->is_object()) return names;
  for (const auto& member : vars->get_object()) {
    names.emplace_back(member.key().data(), member.key().size());
  }
  return names;
}

// $name in a program; anything else could not be used there.
bool is_variable_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         std::string_view::npos;
}

LogicOutcome failure(std::string code, std::string message) {
  return ProviderResult::fail({.code = std::move(code), .message = std::move(message)});
}

class Programs {
 public:
  // What is wrong with the program of a plan that is being saved.
  void check(Use use, const Json& params, std::string_view pointer, Problems& problems) {
    const Json* program = find(params, "program");
    if (program == nullptr || !program->is_string()) return;
    const Json* vars = find(params, "vars");
    // A reference brings variables that are not known yet.
    if (vars != nullptr && !vars->is_object()) return;
    for (const std::string& name : names_of(vars)) {
      if (is_variable_name(name)) continue;
      problems.push_back({pointer_join(pointer_join(pointer, "vars"), name), "invalid_value",
                          "a variable's name is made of letters, digits and _: the program has it "
                          "as $name"});
    }
    const auto compiled = cache_.get(use, as_view(program->get_string()), names_of(vars));
    if (compiled) return;
    problems.push_back(
        {pointer_join(pointer, "program"), compiled.error().code, compiled.error().message});
  }

  LogicOutcome run(Use use, const Call& call) {
    const Json* vars = find(call.params, "vars");
    const auto program =
        cache_.get(use, as_view(find(call.params, "program")->get_string()), names_of(vars));
    if (!program) return failure(program.error().code, program.error().message);
    const Json* input = find(call.params, "input");
    static const Json kNull;
    static const JsonObject kNone;
    const jq::RunOptions options{.budget = {}, .now = call.now};
    auto outputs = jq::run(**program, input == nullptr ? kNull : *input,
                           vars == nullptr ? kNone : vars->get_object(), options);
    if (!outputs) return failure(outputs.error().code, outputs.error().message);
    if (outputs->size() > 1) {
      return failure("many_outputs", "the program gave " + std::to_string(outputs->size()) +
                                         " outputs; put it into [ ] to have them as one list");
    }
    return ProviderResult::ok(outputs->empty() ? Json(nullptr) : std::move(outputs->front()));
  }

 private:
  jq::ProgramCache cache_;
};

Action with_program(Use use, const std::shared_ptr<Programs>& programs) {
  Action action;
  action.code_params = {"program"};
  action.effect = EffectClass::pure;
  action.check = [use, programs](const Json& params, std::string_view pointer, Problems& problems) {
    programs->check(use, params, pointer, problems);
  };
  return action;
}

}  // namespace

Action transform_action(std::function<LogicOutcome(const Call&)> fill_in) {
  const auto programs = std::make_shared<Programs>();
  Action action = with_program(Use::program, programs);
  action.name = "transform";
  action.title = "Transform";
  action.description = "Makes a value out of another with a jq program.";
  action.params = params_schema(kTransformParams);
  action.body = LogicAction{[programs, fill_in = std::move(fill_in)](const Call& call) {
    const bool has_program = find(call.params, "program") != nullptr;
    const bool has_text =
        find(call.params, "template") != nullptr || find(call.params, "text") != nullptr;
    if (has_program && has_text) {
      return failure("invalid_value", "give a program or a template, not both");
    }
    return has_program ? programs->run(Use::program, call) : fill_in(call);
  }};
  return action;
}

Action filter_action() {
  const auto programs = std::make_shared<Programs>();
  Action action = with_program(Use::filter, programs);
  action.name = "filter";
  action.title = "Filter";
  action.description =
      "Keeps the items of a list for which a jq program gives neither null nor false.";
  action.params = params_schema(kFilterParams);
  action.body =
      LogicAction{[programs](const Call& call) { return programs->run(Use::filter, call); }};
  return action;
}

}  // namespace pilot::providers
