// Forms with names and with parts: reduce, foreach, as, labels, arrays, objects, strings.
#include <algorithm>

#include "base/nearest.h"
#include "jq/compiler.h"

namespace pilot::jq {

// reduce source as pattern (init; update). The state moves from turn to turn, so that it can be
// changed in place. A turn without output leaves null, as in jq 1.6.
void Compiler::gen_reduce(const Expr& e, const Scope* s) {
  sub_begin();
  const std::uint32_t input = save();
  gen(*e.kids[1], s);
  const std::uint32_t state = save();
  load(input, single(*e.kids[1], s));
  const std::uint32_t fork = emit(Opcode::fork);
  gen(*e.kids[0], s);
  gen_destructured(e.patterns, s, save(), [&](const Scope* inner) {
    load(state, true);
    gen(*e.kids[2], inner);
    emit(Opcode::save, state);
    emit(Opcode::backtrack);
  });
  land(fork);
  load(state, true);
  sub_end();
}

// foreach source as pattern (init; update; extract)
void Compiler::gen_foreach(const Expr& e, const Scope* s) {
  const std::uint32_t input = save();
  gen_sub(*e.kids[1], s);
  const std::uint32_t state = save();
  load(input, single(*e.kids[1], s));
  gen(*e.kids[0], s);
  gen_destructured(e.patterns, s, save(), [&](const Scope* inner) {
    sub_begin();
    load(state, true);
    gen(*e.kids[2], inner);
    emit(Opcode::save, state);
    sub_end();
    if (e.kids[3] != nullptr) gen(*e.kids[3], inner);
  });
}

// Whether nothing in the pattern can have several outputs.
static bool fixed_keys(const Pattern& pattern) {
  return std::all_of(pattern.entries.begin(), pattern.entries.end(), [](const auto& entry) {
    return (entry.key == nullptr || entry.key->form == Form::constant) &&
           (entry.pattern == nullptr || fixed_keys(*entry.pattern));
  });
}

// source as pattern | body
void Compiler::gen_bind(const Expr& e, const Scope* s) {
  const Expr& source = *e.kids[0];
  const std::uint32_t input = save();
  gen_sub(source, s);
  const std::uint32_t item = save();
  const bool last = e.patterns.size() == 1 && single(source, s) && fixed_keys(*e.patterns[0]);
  gen_destructured(e.patterns, s, item, [&](const Scope* inner) {
    load(input, last);
    gen(*e.kids[1], inner);
  });
}

// Takes the value in slot `item` apart, then goes on with `body`, which sees the variables. With
// several patterns (?//) an error in one or in what follows goes on with the next; the variables
// that a pattern does not have are null.
void Compiler::gen_destructured(const std::vector<const Pattern*>& patterns, const Scope* s,
                                std::uint32_t item, const std::function<void(const Scope*)>& body) {
  if (patterns.size() == 1 && patterns[0]->kind == Pattern::Kind::variable) {
    return body(add_variable(s, patterns[0]->variable, item));
  }
  const Scope* inner = s;
  for (const Pattern* pattern : patterns) inner = declare(*pattern, inner, s);
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const bool last = i + 1 == patterns.size();
    const std::uint32_t next = last ? 0 : emit(Opcode::destructure);
    if (patterns.size() > 1) {
      for (const Scope* v = inner; v != s; v = v->up) emit(Opcode::clear, v->slot);
    }
    sub_begin();
    load(item, false);
    gen_pattern(*patterns[i], inner);
    sub_end();
    body(inner);
    if (last) break;
    ends.push_back(emit(Opcode::jump));
    land(next);
  }
  for (std::uint32_t end : ends) land(end);
}

// Makes the variables of a pattern; one that several patterns have (down to `end`) only once.
const Scope* Compiler::declare(const Pattern& pattern, const Scope* s, const Scope* end) {
  const auto add_once = [&](std::string_view name) {
    for (const Scope* v = s; v != end; v = v->up) {
      if (v->name == name) return;
    }
    s = add_variable(s, name, slot());
  };
  if (pattern.kind == Pattern::Kind::variable) add_once(pattern.variable);
  for (const Pattern::Entry& entry : pattern.entries) {
    if (!entry.variable.empty()) add_once(entry.variable);
    if (entry.pattern != nullptr) s = declare(*entry.pattern, s, end);
  }
  return s;
}

// The value is in acc; its parts go to the variables that `s` has for them.
void Compiler::gen_pattern(const Pattern& pattern, const Scope* s) {
  const auto bind = [&](std::string_view name) {
    const Scope* v = s;
    while (v->kind != Scope::Kind::variable || v->name != name) v = v->up;
    emit(Opcode::save, v->slot);
  };
  if (pattern.kind == Pattern::Kind::variable) return bind(pattern.variable);
  const std::uint32_t whole = save();
  for (std::size_t i = 0; i < pattern.entries.size(); ++i) {
    const Pattern::Entry& entry = pattern.entries[i];
    load(whole, false);
    if (pattern.kind == Pattern::Kind::array) {
      emit(Opcode::index_const, constant(Json(static_cast<std::int64_t>(i))));
    } else if (entry.key->form == Form::constant) {
      emit(Opcode::index_const, constant(entry.key->value));
    } else {
      gen(*entry.key, s);
      const std::uint32_t key = save();
      load(whole, false);
      emit(Opcode::index_slot, key);
    }
    if (!entry.variable.empty()) bind(entry.variable);
    if (entry.pattern != nullptr) gen_pattern(*entry.pattern, s);
  }
}

void Compiler::gen_array(const Expr& e, const Scope* s) {
  if (e.kids.empty()) {
    emit(Opcode::constant, constant(Json(JsonArray())));
    return;
  }
  sub_begin();
  if (one(*e.kids[0], s)) {
    gen(*e.kids[0], s);
    emit(Opcode::wrap);
  } else {
    const std::uint32_t list = slot();
    const std::uint32_t collect = emit(Opcode::collect, list);
    gen(*e.kids[0], s);
    emit(Opcode::append, list);
    program_->code[collect].b = here();
    load(list, true);
  }
  sub_end();
}

// Several outputs of keys and values make several objects; the last pair varies fastest.
void Compiler::gen_object(const Expr& e, const Scope* s) {
  if (e.kids.empty()) {
    emit(Opcode::constant, constant(Json(JsonObject())));
    return;
  }
  sub_begin();
  const std::uint32_t input = save();
  const auto pairs = static_cast<std::uint32_t>(e.kids.size() / 2);
  const std::uint32_t base = slot(pairs * 2);
  Shape parts;
  bool loaded = true;  // whether acc is the input
  bool alone = true;   // whether nothing goes back to a pair before
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const Expr& key = *e.kids[i * 2];
    const Expr& value = *e.kids[i * 2 + 1];
    if (key.form == Form::constant) {
      if (!key.value.is_string()) {
        fail(key, "a key of an object must be a string; put a number through tostring");
        return;
      }
      parts.push_back({true, constant(key.value)});
    } else {
      if (!loaded) load(input, false);
      alone = alone && single(key, s);
      gen(key, s);
      emit(Opcode::save, base + i * 2);
      parts.push_back({false, base + i * 2});
      loaded = false;
    }
    // The last look at the input: nothing else needs to hold it.
    if (i + 1 == pairs && alone) {
      load(input, true);
    } else if (!loaded) {
      load(input, false);
    }
    alone = alone && single(value, s);
    gen(value, s);
    emit(Opcode::save, base + i * 2 + 1);
    parts.push_back({false, base + i * 2 + 1});
    loaded = false;
  }
  place(e);
  emit(Opcode::object, 0, shape(std::move(parts)));
  sub_end();
}

// "text \(expression) text". The last expression is the outer loop, as in jq.
void Compiler::gen_string(const Expr& e, const Scope* s) {
  const Builtin* format = find_format(e);
  if (format == nullptr) return;
  sub_begin();
  const std::uint32_t input = save();
  const auto count = static_cast<std::uint32_t>(e.kids.size());
  const std::uint32_t base = slot(count);
  // A constant's place is that of the whole string; one that stands in \(...) has its own.
  const auto is_literal = [&](std::uint32_t i) {
    return e.kids[i]->form == Form::constant && e.kids[i]->at == e.at;
  };
  std::uint32_t last = 0;  // the part that looks at the input last
  while (last + 1 < count && is_literal(last)) ++last;
  bool alone = true;  // whether nothing goes back to a part before
  for (std::uint32_t i = count; i-- > 0;) {
    const Expr& part = *e.kids[i];
    const bool literal = is_literal(i);
    if (!literal) load(input, i == last && alone);
    gen(part, s);
    alone = alone && single(part, s);
    if (!literal) emit(Opcode::builtin, builtin(format));
    emit(Opcode::save, base + i);
  }
  emit(Opcode::concat, base, 0, static_cast<std::uint16_t>(count));
  sub_end();
}

void Compiler::gen_label(const Expr& e, const Scope* s) {
  const std::uint32_t height = slot();
  emit(Opcode::label, height);
  Scope* made = add(s, Scope::Kind::label, e.text);
  made->slot = height;
  gen(*e.kids[0], made);
}

void Compiler::gen_leave(const Expr& e, const Scope* s) {
  for (; s != nullptr; s = s->up) {
    if (s->kind != Scope::Kind::label || s->name != e.text) continue;
    emit(Opcode::leave, s->slot, 0, static_cast<std::uint16_t>(frame_.level - s->level));
    return;
  }
  fail(e, "$" + e.text + " is not a label; \"break $" + e.text + "\" needs \"label $" + e.text +
              " | ...\" around it");
}

void Compiler::gen_variable(const Expr& e, const Scope* s) {
  for (const Scope* v = s; v != nullptr; v = v->up) {
    if (v->kind == Scope::Kind::variable && v->name == e.text) return load_variable(*v);
  }
  if (e.text == "ENV" || e.text == "__loc__" || e.text == "__prog_args") {
    return fail(e, "$" + e.text +
                       " does not exist here: a program sees its input and its "
                       "variables only");
  }
  std::vector<std::string> names;
  for (; s != nullptr; s = s->up) {
    if (s->kind == Scope::Kind::variable) names.push_back("$" + std::string(s->name));
  }
  fail(e, "there is no variable $" + e.text + did_you_mean("$" + e.text, names));
}

void Compiler::load_variable(const Scope& found) {
  if (found.level == frame_.level) {
    emit(Opcode::load, found.slot);
  } else {
    emit(Opcode::load_up, found.slot, 0, static_cast<std::uint16_t>(frame_.level - found.level));
  }
}

}  // namespace pilot::jq
