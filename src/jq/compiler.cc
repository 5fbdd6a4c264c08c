// Emitting, scopes, and the forms that are neither calls nor assignments.
#include "jq/compiler.h"

#include "base/nearest.h"
#include "jq/parser.h"
#include "model/limits.h"

namespace pilot::jq {

namespace {
constexpr std::size_t kCode = 100'000;  // instructions
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
  if (depth_ >= kDepth)
    return fail(e, "the program is nested too deep once its functions are put in");
  ++depth_;
  const std::uint32_t outer = at_;
  place(e);
  switch (e.form) {
    case Form::identity:
      break;
    case Form::recurse: {
      Expr call;
      call.form = Form::call;
      call.at = e.at;
      call.text = "recurse";
      gen_call(call, nullptr);
      break;
    }
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
    case Form::define: {
      // A loop: programs may begin with many definitions.
      const Expr* rest = &e;
      for (; rest->form == Form::define; rest = rest->kids[0]) {
        Scope* made = add(s, Scope::Kind::function, rest->function->name);
        made->function = rest->function;
        s = made;
      }
      gen(*rest, s);
      break;
    }
    case Form::call:
      gen_call(e, s);
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
    case Form::format: {
      const Builtin* found = find_builtin(e.text, 0);
      if (found == nullptr) {
        fail(e, e.text +
                    " is not a format; there are @text @json @csv @tsv @html @uri @sh @base64 "
                    "@base64d @base32 @base32d");
        break;
      }
      emit(Opcode::builtin, builtin(found));
      break;
    }
    case Form::label:
      gen_label(e, s);
      break;
    case Form::leave:
      gen_leave(e, s);
      break;
  }
  at_ = outer;
  --depth_;
}

void Compiler::gen_sub(const Expr& e, const Scope* s) {
  sub_begin();
  gen(e, s);
  sub_end();
}

void Compiler::gen_index(const Expr& e, const Scope* s, bool optional) {
  const Expr& target = *e.kids[0];
  const Expr& key = *e.kids[1];
  if (key.form == Form::constant) {
    gen(target, s);
    place(e);
    emit(Opcode::index_const, constant(key.value), 0, optional);
    return;
  }
  const bool target_is_input = target.form == Form::identity;
  const std::uint32_t input = save();
  gen_sub(key, s);
  const std::uint32_t key_slot = save();
  load(input, single(key, s));
  if (!target_is_input) gen(target, s);
  place(e);
  emit(Opcode::index_slot, key_slot, 0, optional);
}

void Compiler::gen_slice(const Expr& e, const Scope* s, bool optional) {
  const std::uint32_t input = save();
  std::uint32_t ends[2] = {kNoSlot, kNoSlot};
  for (int i = 0; i < 2; ++i) {
    const Expr* end = e.kids[static_cast<std::size_t>(i) + 1];
    if (end == nullptr) continue;
    gen_sub(*end, s);
    ends[i] = save();
    load(input, false);
  }
  gen(*e.kids[0], s);
  place(e);
  emit(Opcode::slice, ends[0], ends[1], optional);
}

void Compiler::gen_each(const Expr& e, const Scope* s, bool optional) {
  gen(*e.kids[0], s);
  place(e);
  emit(Opcode::each, 0, 0, optional);
}

// Behind an index, "?" covers that index only: .a.b? fails where .a does.
void Compiler::gen_optional(const Expr& e, const Scope* s) {
  const Expr& body = *e.kids[0];
  switch (body.form) {
    case Form::index:
      return gen_index(body, s, true);
    case Form::slice:
      return gen_slice(body, s, true);
    case Form::iterate:
      return gen_each(body, s, true);
    default:
      return gen_attempt(body, nullptr, s);
  }
}

void Compiler::gen_comma(const Expr& e, const Scope* s) {
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i + 1 < e.kids.size(); ++i) {
    const std::uint32_t fork = emit(Opcode::fork);
    gen(*e.kids[i], s);
    ends.push_back(emit(Opcode::jump));
    land(fork);
  }
  gen(*e.kids.back(), s);
  for (std::uint32_t end : ends) land(end);
}

// Arithmetic and comparison. The right operand is the outer loop, as in jq.
void Compiler::gen_binary(const Expr& e, const Scope* s) {
  const Expr& left = *e.kids[0];
  const Expr& right = *e.kids[1];
  const bool arithmetic = e.form == Form::arithmetic;
  const auto op = static_cast<std::uint16_t>(e.op);
  sub_begin();
  if (right.form == Form::constant) {
    gen(left, s);
    place(e);
    emit(arithmetic ? Opcode::arith_const : Opcode::compare_const, constant(right.value), 0, op);
  } else {
    const std::uint32_t input = left.form == Form::constant ? kNoSlot : save();
    gen(right, s);
    const std::uint32_t operand = save();
    if (input != kNoSlot) load(input, single(right, s));
    gen(left, s);
    place(e);
    emit(arithmetic ? Opcode::arith_slot : Opcode::compare_slot, operand, single(left, s), op);
  }
  sub_end();
}

void Compiler::gen_logic(const Expr& e, const Scope* s) {
  const bool is_and = e.form == Form::logical_and;
  sub_begin();
  const std::uint32_t input = save();
  gen(*e.kids[0], s);
  if (!is_and) emit(Opcode::invert);
  const std::uint32_t skip = emit(Opcode::jump_false);
  load(input, single(*e.kids[0], s));
  gen(*e.kids[1], s);
  emit(Opcode::boolean);
  const std::uint32_t end = emit(Opcode::jump);
  land(skip);
  emit(Opcode::constant, constant(Json(!is_and)));
  land(end);
  sub_end();
}

// left // right: the outputs of left that are neither null nor false, or else those of right. An
// error of left stays one, as in jq 1.6.
void Compiler::gen_either(const Expr& e, const Scope* s) {
  const Expr& left = *e.kids[0];
  const bool one = single(left, s);
  // With one output, finding it ends the choice; else a slot says that something was found.
  const std::uint32_t found = slot();
  emit(one ? Opcode::label : Opcode::clear, found);
  const std::uint32_t fork = emit(Opcode::fork);
  gen(left, s);
  const std::uint32_t skip = emit(Opcode::jump_false);
  if (one) {
    emit(Opcode::cut, found);
  } else {
    const std::uint32_t keep = save();
    emit(Opcode::constant, constant(Json(true)));
    emit(Opcode::save, found);
    load(keep, true);
  }
  const std::uint32_t end = emit(Opcode::jump);
  land(skip);
  emit(Opcode::backtrack);
  land(fork);
  if (!one) {
    const std::uint32_t input = save();
    load(found, false);
    const std::uint32_t none = emit(Opcode::jump_false);
    emit(Opcode::backtrack);
    land(none);
    load(input, true);
  }
  gen(*e.kids[1], s);
  land(end);
}

void Compiler::gen_conditional(const Expr& first, const Scope* s) {
  std::vector<std::uint32_t> ends;
  for (const Expr* e = &first;;) {
    const std::uint32_t input = save();
    gen_sub(*e->kids[0], s);
    const std::uint32_t branch = emit(Opcode::branch, 0, input, single(*e->kids[0], s) ? 1 : 0);
    gen(*e->kids[1], s);
    ends.push_back(emit(Opcode::jump));
    land(branch);
    const Expr* otherwise = e->kids[2];
    if (otherwise != nullptr && otherwise->form == Form::conditional) {
      e = otherwise;
      continue;
    }
    if (otherwise != nullptr) gen(*otherwise, s);
    break;
  }
  for (std::uint32_t end : ends) land(end);
}

// try body catch handler. What comes after the body is not covered (as in jq 1.7).
void Compiler::gen_attempt(const Expr& body, const Expr* handler, const Scope* s) {
  const std::uint32_t height = slot();
  const std::uint32_t begin = emit(Opcode::attempt, 0, height);
  gen(body, s);
  emit(Opcode::attempt_end, height);
  const std::uint32_t end = emit(Opcode::jump);
  land(begin);
  if (handler == nullptr) {
    emit(Opcode::backtrack);
  } else {
    gen(*handler, s);
  }
  land(end);
}

}  // namespace pilot::jq
