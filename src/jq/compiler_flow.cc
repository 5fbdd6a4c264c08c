// Reading parts of values, operators, and the forms that decide: comma, //, if, try, and, or.
#include "jq/compiler.h"

namespace pilot::jq {

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
  bool alone = true;
  for (int i = 0; i < 2; ++i) {
    const Expr* end = e.kids[static_cast<std::size_t>(i) + 1];
    if (end == nullptr) continue;
    gen_sub(*end, s);
    ends[i] = save();
    alone = alone && single(*end, s);
    load(input, false);
  }
  load(input, alone);  // nothing else needs to hold it
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
