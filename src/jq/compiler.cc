// Emitting, scopes, and which form is compiled where.
#include "jq/compiler.h"

#include "jq/parser.h"

namespace pilot::jq {

namespace {
constexpr std::size_t kCode = 100'000;  // instructions
constexpr int kWork = 200'000;          // calls of gen(): functions call functions call ...
constexpr int kDepth = 2'000;           // calls of gen(), about half a kilobyte of stack each
}  // namespace

Compiler::Compiler(std::string_view text, const std::vector<std::string>& variables)
    : text_(text), program_(std::make_shared<Program>()) {
  program_->text = text;
  program_->variables = variables;
  for (const std::string& name : program_->variables) top_ = add_variable(top_, name, slot());
}

Result<std::shared_ptr<const Program>> Compiler::compile(const Ast& ast) {
  program_->functions.emplace_back();
  program_->mentions = find_mentions(text_, *ast.root);
  gen(*ast.root, top_);
  emit(Opcode::output);
  program_->functions[0].slots = frame_.slots;
  compile_pending();
  if (error_) return *error_;
  mark_tail_calls(0);
  for (const Json& value : program_->json) program_->constants.push_back(Val::view(value));
  return std::shared_ptr<const Program>(std::move(program_));
}

void Compiler::compile_pending() {
  while (!pending_.empty() && !error_) {
    const Pending next = pending_.front();
    pending_.pop_front();
    frame_ = Frame{next.level, kFrameHeader, true};
    at_ = next.at;
    in_prelude_ = next.in_prelude;
    program_->functions[next.function].entry = here();
    if (next.definition != nullptr) {
      const Scope* inner = parameters(*next.definition, next.scope);
      program_->functions[next.function].arguments = frame_.slots - kFrameHeader;
      gen(*next.definition->body, inner);
    } else {
      gen(*next.closure, next.scope);
    }
    emit(Opcode::ret);
    program_->functions[next.function].slots = frame_.slots;
  }
}

// The names of a function's arguments, in the order in which gen_real_call passes them.
const Scope* Compiler::parameters(const FunctionDef& function, const Scope* s) {
  const auto add_one = [&](Scope::Kind kind, std::string_view name) {
    Scope* made = add(s, kind, name);
    made->slot = slot();
    s = made;
  };
  for (const FunctionDef::Parameter& parameter : function.parameters) {
    add_one(parameter.value ? Scope::Kind::variable : Scope::Kind::closure, parameter.name);
  }
  for (const FunctionDef::Parameter& parameter : function.parameters) {
    if (parameter.value && calls(*function.body, parameter.name, 0)) {
      add_one(Scope::Kind::closure, parameter.name);
    }
  }
  return s;
}

// A call whose outputs are its function's own needs no frame to come back to.
void Compiler::mark_tail_calls(std::uint32_t from) {
  std::vector<Insn>& code = program_->code;
  for (std::uint32_t i = from; i < code.size(); ++i) {
    if (code[i].opcode != Opcode::call && code[i].opcode != Opcode::call_closure) continue;
    std::uint32_t next = i + 1;
    while (code[next].opcode == Opcode::jump) next = code[next].a;
    if (code[next].opcode != Opcode::ret) continue;
    code[i].opcode = code[i].opcode == Opcode::call ? Opcode::tail_call : Opcode::tail_call_closure;
  }
}

std::uint32_t Compiler::emit(Opcode opcode, std::uint32_t a, std::uint32_t b, std::uint16_t n) {
  std::vector<Insn>& code = program_->code;
  if (code.size() >= kCode) {
    if (!error_) {
      error_ = too_large("program_too_large",
                         "the program becomes too large when its functions are put in; make it "
                         "smaller or split it over several steps");
    }
    return 0;
  }
  code.push_back({opcode, n, a, b, at_});
  return static_cast<std::uint32_t>(code.size() - 1);
}

std::uint32_t Compiler::slot(std::uint32_t count) {
  const std::uint32_t first = frame_.slots;
  frame_.slots += count;
  return first;
}

std::uint32_t Compiler::save() {
  const std::uint32_t made = slot();
  emit(Opcode::save, made);
  return made;
}

std::uint32_t Compiler::constant(const Json& value) {
  const bool text = value.is_string();
  const auto next = static_cast<std::uint32_t>(program_->json.size());
  if (text) {
    const auto [found, fresh] =
        text_constants_.try_emplace(std::string(as_view(value.get_string())), next);
    if (!fresh) return found->second;
  }
  program_->json.push_back(value);
  return next;
}

std::uint32_t Compiler::builtin(const Builtin* found) {
  std::vector<const Builtin*>& all = program_->builtins;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == found) return static_cast<std::uint32_t>(i);
  }
  all.push_back(found);
  return static_cast<std::uint32_t>(all.size() - 1);
}

std::uint32_t Compiler::shape(Shape parts) {
  program_->shapes.push_back(std::move(parts));
  return static_cast<std::uint32_t>(program_->shapes.size() - 1);
}

void Compiler::sub_begin() {
  if (frame_.may_be_path) emit(Opcode::sub_begin);
}
void Compiler::sub_end() {
  if (frame_.may_be_path) emit(Opcode::sub_end);
}

void Compiler::fail(const Expr& at, const std::string& message) {
  if (!error_) error_ = program_error(text_, in_prelude_ ? at_ : at.at, message);
}

Scope* Compiler::add(const Scope* up, Scope::Kind kind, std::string_view name) {
  Scope& made = scopes_.emplace_back();
  made.up = up;
  made.kind = kind;
  made.name = name;
  made.level = frame_.level;
  made.in_prelude = in_prelude_;
  return &made;
}

Scope* Compiler::add_variable(const Scope* up, std::string_view name, std::uint32_t slot) {
  Scope* made = add(up, Scope::Kind::variable, name);
  made->slot = slot;
  return made;
}

void Compiler::gen(const Expr& e, const Scope* s) {
  if (error_) return;
  if (++work_ > kWork) {
    error_ = too_large("program_too_large",
                       "the program becomes too large when its functions are put in; make it "
                       "smaller or split it over several steps");
    return;
  }
  if (depth_ >= kDepth)
    return fail(e, "the program is nested too deep once its functions are put in");
  ++depth_;
  const std::uint32_t outer = at_;
  place(e);
  gen_form(e, s);
  at_ = outer;
  --depth_;
}

void Compiler::gen_form(const Expr& e, const Scope* s) {
  switch (e.form) {
    case Form::identity:
      break;
    case Form::recurse:
      gen_recurse(e);
      break;
    case Form::constant:
      emit(Opcode::constant, constant(e.value));
      break;
    case Form::index:
      gen_index(e, s);
      break;
    case Form::slice:
      gen_slice(e, s);
      break;
    case Form::iterate:
      gen_each(e, s);
      break;
    case Form::optional:
      gen_optional(e, s);
      break;
    case Form::pipe:
      for (const Expr* kid : e.kids) gen(*kid, s);
      break;
    case Form::comma:
      gen_comma(e, s);
      break;
    case Form::negate:
      gen_sub(*e.kids[0], s);
      place(e);
      emit(Opcode::negate);
      break;
    case Form::arithmetic:
    case Form::comparison:
      gen_binary(e, s);
      break;
    case Form::logical_and:
    case Form::logical_or:
      gen_logic(e, s);
      break;
    case Form::variable:
      gen_variable(e, s);
      break;
    case Form::array:
      gen_array(e, s);
      break;
    case Form::object:
      gen_object(e, s);
      break;
    case Form::string:
      gen_string(e, s);
      break;
    case Form::format:
      gen_format(e);
      break;
    default:
      gen_flow(e, s);
  }
}

// Forms that decide what is done, or give names.
void Compiler::gen_flow(const Expr& e, const Scope* s) {
  switch (e.form) {
    case Form::alternative:
      gen_either(e, s);
      break;
    case Form::assign:
    case Form::update:
    case Form::arithmetic_update:
    case Form::alternative_update:
      gen_assignment(e, s);
      break;
    case Form::conditional:
      gen_conditional(e, s);
      break;
    case Form::attempt:
      gen_attempt(*e.kids[0], e.kids[1], s);
      break;
    case Form::reduce:
      gen_reduce(e, s);
      break;
    case Form::foreach:
      gen_foreach(e, s);
      break;
    case Form::bind:
      gen_bind(e, s);
      break;
    case Form::define:
      gen_define(e, s);
      break;
    case Form::call:
      gen_call(e, s);
      break;
    case Form::label:
      gen_label(e, s);
      break;
    case Form::leave:
      gen_leave(e, s);
      break;
    default:
      break;
  }
}

// Programs may begin with many definitions: a loop.
void Compiler::gen_define(const Expr& e, const Scope* s) {
  const Expr* rest = &e;
  for (; rest->form == Form::define; rest = rest->kids[0]) {
    Scope* made = add(s, Scope::Kind::function, rest->function->name);
    made->function = rest->function;
    s = made;
  }
  gen(*rest, s);
}

// ".." is recurse, whatever the program calls so.
void Compiler::gen_recurse(const Expr& e) {
  Expr call;
  call.form = Form::call;
  call.at = e.at;
  call.text = "recurse";
  gen_call(call, nullptr);
}

const Builtin* Compiler::find_format(const Expr& e) {
  const Builtin* found = find_builtin(e.text, 0);
  if (found == nullptr) {
    fail(e, e.text +
                " is not a format; there are @text @json @csv @tsv @html @uri @sh @base64 @base64d "
                "@base32 @base32d");
  }
  return found;
}

void Compiler::gen_format(const Expr& e) {
  if (const Builtin* found = find_format(e)) emit(Opcode::builtin, builtin(found));
}

}  // namespace pilot::jq
