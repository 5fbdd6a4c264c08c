#include "jq/jq.h"

#include "jq/compiler.h"
#include "jq/machine.h"
#include "jq/parser.h"
#include "model/limits.h"

namespace pilot::jq {

namespace {

Result<std::unique_ptr<Ast>> parse_bounded(std::string_view text) {
  if (text.size() > limits::kJqProgram) {
    return too_large("program_too_large", "the program has " + std::to_string(text.size()) +
                                              " bytes; the limit is " +
                                              std::to_string(limits::kJqProgram));
  }
  if (!is_valid_utf8(text)) {
    return invalid("invalid_program", "the program is not valid UTF-8", "line 1, column 1");
  }
  return parse_program(text);
}

// [.[] | select(first(root))]
void wrap_as_filter(Ast& ast) {
  const auto make = [&](Form form, std::string name, std::vector<const Expr*> kids) {
    Expr& made = ast.exprs.emplace_back();
    made.form = form;
    made.text = std::move(name);
    made.at = ast.root->at;
    made.kids = std::move(kids);
    return &made;
  };
  const Expr* first = make(Form::call, "first", {ast.root});
  const Expr* keep = make(Form::call, "select", {first});
  const Expr* each = make(Form::iterate, {}, {make(Form::identity, {}, {})});
  ast.root = make(Form::array, {}, {make(Form::pipe, {}, {each, keep})});
}

}  // namespace

Result<ProgramPtr> compile(std::string_view text, const std::vector<std::string>& vars) {
  Result<std::unique_ptr<Ast>> ast = parse_bounded(text);
  if (!ast) return ast.error();
  return Compiler(text, vars).compile(**ast);
}

Result<ProgramPtr> compile_filter(std::string_view text, const std::vector<std::string>& vars) {
  Result<std::unique_ptr<Ast>> ast = parse_bounded(text);
  if (!ast) return ast.error();
  wrap_as_filter(**ast);
  return Compiler(text, vars).compile(**ast);
}

std::vector<Mention> mentions(const Program& program) { return program.mentions; }

Result<std::vector<Json>> run(const Program& program, const Json& input, const JsonObject& vars,
                              const RunOptions& options) {
  return Machine(program, options).run(input, vars, false);
}

Result<std::optional<Json>> run_first(const Program& program, const Json& input,
                                      const JsonObject& vars, const RunOptions& options) {
  Result<std::vector<Json>> outputs = Machine(program, options).run(input, vars, true);
  if (!outputs) return outputs.error();
  if (outputs->empty()) return std::optional<Json>();
  return std::optional<Json>(std::move(outputs->front()));
}

Result<std::optional<Json>> run_first(const Program& program, const View& input,
                                      const RunOptions& options) {
  Result<std::vector<Json>> outputs = Machine(program, options).run(input, true);
  if (!outputs) return outputs.error();
  if (outputs->empty()) return std::optional<Json>();
  return std::optional<Json>(std::move(outputs->front()));
}

std::vector<std::string> builtin_names() { return all_builtin_names(); }

}  // namespace pilot::jq
