// pilot jq PROGRAM [FILE]: tries a program of the language that plans transform data with, under
// the limits that it has there. docs/jq.md is the reference.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/plan_file.h"
#include "jq/jq.h"

namespace pilot::app {
namespace {

// name=value; a value that is JSON counts as such, anything else as text.
Result<JsonObject> read_vars(const std::vector<std::string>& given) {
  JsonObject vars;
  for (const std::string& one : given) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid("invalid_value",
                     fmt::format("--var takes name=value, not \"{}\"", one_line(one, 60)));
    }
    const std::string value = one.substr(equals + 1);
    const auto json = parse_json(value);
    vars[one.substr(0, equals)] = json ? *json : Json(boost::json::string(value));
  }
  return vars;
}

Result<Json> read_input(const JqOptions& options) {
  if (options.null_input) return Json(nullptr);
  const auto text = read_text(options.file, limits::kBody);
  if (!text) return text.error();
  auto json = parse_json(*text);
  if (!json) return json.error().prefixed(options.file == "-" ? "the input" : options.file);
  return json;
}

void print_output(const JqOptions& options, const Json& output) {
  if (options.raw && output.is_string()) {
    print_line(as_view(output.get_string()));
  } else if (options.compact) {
    print_line(to_json(output));
  } else {
    print_json(output);
  }
}

}  // namespace

int jq(const GlobalOptions& global, const JqOptions& options) {
  const auto vars = read_vars(options.vars);
  if (!vars) return refuse(vars.error());
  std::vector<std::string> names;
  for (const auto& member : *vars) names.emplace_back(member.key().data(), member.key().size());
  const auto program = pilot::jq::compile(options.program, names);
  if (!program) return refuse(program.error());
  const auto input = read_input(options);
  if (!input) return refuse(input.error());
  const pilot::jq::RunOptions run{.budget = {}, .now = make_system_clock()->now()};
  const auto outputs = pilot::jq::run(**program, *input, *vars, run);
  if (!outputs) {
    refuse(outputs.error());
    return kExitFailed;
  }
  JqOptions shown = options;
  shown.compact = options.compact || global.json;
  for (const Json& output : *outputs) print_output(shown, output);
  return kExitOk;
}

}  // namespace pilot::app
