// Tree -> Program. Names are resolved here; functions that do not call themselves, and what is
// passed to them, are compiled into their callers, so that most programs make no frames at all.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "jq/ast.h"
#include "jq/code.h"

namespace pilot::jq {

// Names as "name/arity" of all that a program can call.
std::vector<std::string> all_builtin_names();

// A name and what it stands for, and the names around it.
struct Scope {
  enum class Kind : std::uint8_t { variable, label, function, argument, closure };
  const Scope* up = nullptr;
  Kind kind = Kind::variable;
  std::string_view name;
  std::uint32_t level = 0;  // variable, label, closure: of the frame; function: around its body
  std::uint32_t slot = 0;
  const FunctionDef* function = nullptr;
  const Expr* argument = nullptr;  // argument: what was passed ...
  const Scope* around = nullptr;   // ... and the names where it stands
  bool in_prelude = false;         // where the text of the function or argument is from
  // function: its code, once it was needed
  mutable std::uint32_t compiled = UINT32_MAX;
};

// What the program surely reads from its input (mentions.cc).
std::vector<Mention> find_mentions(std::string_view text, const Expr& root);

// Whether there is a call of that name in the tree (another's of the same name counts, too).
bool calls(const Expr& e, std::string_view name, std::size_t arity);

class Compiler {
 public:
  Compiler(std::string_view text, const std::vector<std::string>& variables);
  // Once. Errors: invalid_argument/invalid_program; too_large/program_too_large.
  Result<std::shared_ptr<const Program>> compile(const Ast& ast);

 private:
  // Of the function that is being compiled.
  struct Frame {
    std::uint32_t level = 0;
    std::uint32_t slots = kFrameHeader;
    bool may_be_path = false;  // path() may be around it
  };
  struct Pending {
    std::uint32_t function = 0;
    const FunctionDef* definition = nullptr;  // or:
    const Expr* closure = nullptr;
    const Scope* scope = nullptr;
    std::uint32_t level = 0;
    std::uint32_t at = 0;
    bool in_prelude = false;
  };

  // emitting (compiler.cc)
  std::uint32_t emit(Opcode opcode, std::uint32_t a = 0, std::uint32_t b = 0, std::uint16_t n = 0);
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_->code.size()); }
  void land(std::uint32_t insn) { program_->code[insn].a = here(); }
  std::uint32_t slot(std::uint32_t count = 1);
  std::uint32_t save();
  void load(std::uint32_t slot, bool last) { emit(last ? Opcode::take : Opcode::load, slot); }
  std::uint32_t constant(const Json& value);
  std::uint32_t builtin(const Builtin* found);
  std::uint32_t shape(Shape parts);
  void sub_begin();
  void sub_end();
  void fail(const Expr& at, const std::string& message);
  Scope* add(const Scope* up, Scope::Kind kind, std::string_view name);
  Scope* add_variable(const Scope* up, std::string_view name, std::uint32_t slot);
  void place(const Expr& e) {
    if (!in_prelude_) at_ = e.at;
  }
  void compile_pending();
  const Scope* parameters(const FunctionDef& function, const Scope* s);
  void mark_tail_calls(std::uint32_t from);

  // forms (compiler.cc, compiler_flow.cc, compiler_forms.cc)
  void gen(const Expr& e, const Scope* s);
  void gen_form(const Expr& e, const Scope* s);
  void gen_flow(const Expr& e, const Scope* s);
  void gen_define(const Expr& e, const Scope* s);
  void gen_recurse(const Expr& e);
  void gen_format(const Expr& e);
  const Builtin* find_format(const Expr& e);
  void gen_sub(const Expr& e, const Scope* s);  // not part of a path
  void gen_index(const Expr& e, const Scope* s, bool optional = false);
  void gen_slice(const Expr& e, const Scope* s, bool optional = false);
  void gen_each(const Expr& e, const Scope* s, bool optional = false);
  void gen_optional(const Expr& e, const Scope* s);
  void gen_comma(const Expr& e, const Scope* s);
  void gen_binary(const Expr& e, const Scope* s);
  void gen_logic(const Expr& e, const Scope* s);
  void gen_either(const Expr& e, const Scope* s);
  void gen_conditional(const Expr& e, const Scope* s);
  void gen_attempt(const Expr& body, const Expr* handler, const Scope* s);
  void gen_reduce(const Expr& e, const Scope* s);
  void gen_foreach(const Expr& e, const Scope* s);
  void gen_bind(const Expr& e, const Scope* s);
  void gen_destructured(const std::vector<const Pattern*>& patterns, const Scope* s,
                        std::uint32_t item, const std::function<void(const Scope*)>& body);
  void gen_pattern(const Pattern& pattern, const Scope* s);
  const Scope* declare(const Pattern& pattern, const Scope* s, const Scope* end);
  void gen_array(const Expr& e, const Scope* s);
  void gen_object(const Expr& e, const Scope* s);
  void gen_string(const Expr& e, const Scope* s);
  void gen_label(const Expr& e, const Scope* s);
  void gen_leave(const Expr& e, const Scope* s);
  void gen_variable(const Expr& e, const Scope* s);
  void load_variable(const Scope& found);

  // assignments (compiler_assign.cc)
  void gen_assignment(const Expr& e, const Scope* s);
  void gen_simple_assignment(const Expr& e, const Scope* s);
  void gen_new_value(const Expr& e, const Scope* s, std::uint32_t value);
  bool simple_path(const Expr& e, const Scope* s) const;
  void collect_keys(const Expr& e, const Scope* s, std::uint32_t input, Shape& keys);
  void gen_path(const Expr& e, const Scope* s);

  // calls (compiler_calls.cc)
  void gen_call(const Expr& e, const Scope* s);
  void gen_found(const Expr& e, const Scope& found, const Scope* s);
  bool gen_special(const Expr& e, const Scope* s);
  void gen_range(const Expr& e, const Scope* s);
  void gen_limit(const Expr& e, const Scope* s);
  void gen_is_empty(const Expr& e, const Scope* s);
  void gen_builtin(const Expr& e, const Builtin& found, const Scope* s);
  void gen_argument(const Scope& argument);
  void gen_inline(const Expr& e, const Scope& function, const Scope* s);
  void gen_real_call(const Expr& e, const Scope& function, const Scope* s);
  void gen_closure(const Expr& argument, const Scope* s, bool in_prelude);
  const Scope* bind_arguments(const Expr& e, const Scope& function, const Scope* s);
  bool recursive(const FunctionDef& function) const;
  const Scope* find_function(std::string_view name, std::size_t arity, const Scope* s) const;
  const Scope* prelude_function(std::string_view name, std::size_t arity);
  void unknown_function(const Expr& e, const Scope* s);

  // What is known of the outputs (compiler_counts.cc). `effort` bounds the search.
  enum class Count : std::uint8_t { any, at_most_one, one };
  Count count(const Expr& e, const Scope* s, int& effort) const;
  Count count_call(const Expr& e, const Scope* s, int& effort) const;
  Count count_all(const std::vector<const Expr*>& kids, const Scope* s, int& effort) const;
  // At most one comes, and then no choice is left behind.
  bool single(const Expr& e, const Scope* s) const;
  bool one(const Expr& e, const Scope* s) const;

  std::string_view text_;
  std::shared_ptr<Program> program_;
  std::deque<Scope> scopes_;
  const Scope* top_ = nullptr;
  Frame frame_;
  std::deque<Pending> pending_;
  std::unordered_map<std::string, std::uint32_t> text_constants_;
  std::unordered_map<const FunctionDef*, const Scope*> prelude_scopes_;
  std::optional<Error> error_;
  std::uint32_t at_ = 0;     // of what is being compiled, in the program's own text
  bool in_prelude_ = false;  // its offsets mean nothing to the user
  int inline_depth_ = 0;
  int depth_ = 0;
  int work_ = 0;
  mutable std::unordered_map<const FunctionDef*, bool> recursive_;
};

}  // namespace pilot::jq
