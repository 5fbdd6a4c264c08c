// path(f) and the assignments. A path that is written out (.a.b[0], .[$key]) is changed in place;
// any other is a loop over path(...).
#include "jq/compiler.h"

namespace pilot::jq {

void Compiler::gen_path(const Expr& e, const Scope* s) {
  const std::uint32_t state = slot(3);
  const bool outer = frame_.may_be_path;
  emit(Opcode::path_begin, state);
  frame_.may_be_path = true;
  gen(e, s);
  frame_.may_be_path = outer;
  emit(Opcode::path_end, state);
}

// Only keys that are one each, from the input on.
bool Compiler::simple_path(const Expr& e, const Scope* s) const {
  const Expr* step = &e;
  while (step->form == Form::index) {
    const Expr& key = *step->kids[1];
    if (key.form != Form::constant && !one(key, s)) return false;
    step = step->kids[0];
  }
  if (step->form == Form::pipe) {
    for (const Expr* kid : step->kids) {
      // Keys behind a pipe would see another input.
      for (const Expr* at = kid; at->form != Form::identity; at = at->kids[0]) {
        if (at->form != Form::index || at->kids[1]->form != Form::constant) return false;
      }
    }
    return true;
  }
  return step->form == Form::identity;
}

void Compiler::collect_keys(const Expr& e, const Scope* s, std::uint32_t input, Shape& keys) {
  if (e.form == Form::identity) return;
  if (e.form == Form::pipe) {
    for (const Expr* kid : e.kids) collect_keys(*kid, s, input, keys);
    return;
  }
  collect_keys(*e.kids[0], s, input, keys);
  const Expr& key = *e.kids[1];
  if (key.form == Form::constant) {
    keys.push_back({true, constant(key.value)});
    return;
  }
  load(input, false);
  gen(key, s);
  keys.push_back({false, save()});
}

void Compiler::gen_assignment(const Expr& e, const Scope* s) {
  sub_begin();
  if (simple_path(*e.kids[0], s)) {
    gen_simple_assignment(e, s);
    sub_end();
    return;
  }
  // The value is the outer loop; each of its outputs gives one changed input.
  std::uint32_t value = kNoSlot;
  const std::uint32_t input = save();
  if (e.form != Form::update) {
    gen(*e.kids[1], s);
    value = save();
    load(input, false);
  }
  const std::uint32_t state = save();
  const std::uint32_t path = slot();
  const std::uint32_t dropped = slot();
  emit(Opcode::clear, dropped);
  const std::uint32_t each_path = emit(Opcode::fork);
  gen_path(*e.kids[0], s);
  std::uint32_t empty = kNoSlot;
  if (e.form == Form::assign) {
    emit(Opcode::set_path, state, value);
  } else {
    emit(Opcode::take_path, state, path);
    if (e.form == Form::update) {
      const std::uint32_t height = slot();
      emit(Opcode::label, height);
      empty = emit(Opcode::fork);
      gen_new_value(e, s, value);
      emit(Opcode::cut, height);
    } else {
      gen_new_value(e, s, value);
    }
    emit(Opcode::put_path, state, path);
  }
  emit(Opcode::backtrack);
  if (empty != kNoSlot) {  // no new value: the path is deleted, after all others are done
    land(empty);
    emit(Opcode::drop_path, dropped, path);
    emit(Opcode::backtrack);
  }
  land(each_path);
  load(state, true);
  emit(Opcode::delete_paths, dropped);
  sub_end();
}

// acc is the old value.
void Compiler::gen_new_value(const Expr& e, const Scope* s, std::uint32_t value) {
  switch (e.form) {
    case Form::update:
      gen(*e.kids[1], s);
      break;
    case Form::alternative_update: {
      const std::uint32_t has = slot();
      emit(Opcode::save, has);
      const std::uint32_t none = emit(Opcode::jump_false);
      load(has, true);
      const std::uint32_t end = emit(Opcode::jump);
      land(none);
      load(value, false);
      land(end);
      break;
    }
    default:
      emit(Opcode::arith_slot, value, 0, static_cast<std::uint16_t>(e.op));
  }
}

void Compiler::gen_simple_assignment(const Expr& e, const Scope* s) {
  const std::uint32_t input = save();
  std::uint32_t value = kNoSlot;
  if (e.form != Form::update) {
    gen(*e.kids[1], s);
    value = save();
  }
  Shape keys;
  collect_keys(*e.kids[0], s, input, keys);
  const std::uint32_t fixed = shape(keys);
  // The input's last use, if nothing goes back to before it.
  load(input, e.form == Form::update || single(*e.kids[1], s));
  const std::uint32_t state = save();
  emit(Opcode::constant, constant(Json(nullptr)));  // so that only the slot holds it
  if (e.form == Form::assign) {
    load(value, false);
    emit(Opcode::put_at, state, fixed);
    load(state, true);
    return;
  }
  if (e.form != Form::update || one(*e.kids[1], s)) {
    emit(Opcode::take_at, state, fixed);
    gen_new_value(e, s, value);
    emit(Opcode::put_at, state, fixed);
    load(state, true);
    return;
  }
  const std::uint32_t height = slot();
  emit(Opcode::take_at, state, fixed);
  emit(Opcode::label, height);
  const std::uint32_t empty = emit(Opcode::fork);
  gen(*e.kids[1], s);
  emit(Opcode::cut, height);
  emit(Opcode::put_at, state, fixed);
  load(state, true);
  const std::uint32_t end = emit(Opcode::jump);
  land(empty);
  load(state, true);
  emit(Opcode::delete_at, 0, fixed);
  land(end);
}

}  // namespace pilot::jq
