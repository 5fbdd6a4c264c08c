// Calls: of the program's functions and parameters, of builtins, of the prelude.
#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "jq/compiler.h"
#include "jq/library.h"

namespace pilot::jq {

namespace {

constexpr std::size_t kInlineCode = 20'000;  // past so many instructions functions stay functions
constexpr int kInlineDepth = 100;

struct Refused {
  std::string_view name;
  std::string_view reason;
};
constexpr std::string_view kSealed = "a program sees its input and its variables only";
constexpr std::array<Refused, 24> kRefused = {{
    {"input", kSealed},
    {"inputs", kSealed},
    {"input_filename", kSealed},
    {"input_line_number", kSealed},
    {"debug", "a program can only give outputs; put the value into the output"},
    {"stderr", "a program can only give outputs; put the value into the output"},
    {"env", kSealed},
    {"halt", "use error(\"...\") or empty"},
    {"halt_error", "use error(\"...\")"},
    {"get_search_list", "modules do not exist here"},
    {"modulemeta", "modules do not exist here"},
    {"$__loc__", "use error(\"...\"); errors name their place"},
    {"INDEX", "use group_by, or reduce to an object"},
    {"GROUP_BY", "use group_by"},
    {"UNIQUE_BY", "use unique_by"},
    {"IN", "use any(...; . == $x)"},
    {"JOIN", "use reduce"},
    {"ascii", "use [.] | implode"},
    {"tostream", "use paths and getpath; streams do not exist here"},
    {"fromstream", "use setpath; streams do not exist here"},
    {"truncate_stream", "use paths and getpath; streams do not exist here"},
    {"limit_stream", "use limit"},
    {"getpath_stream", "use getpath"},
    {"input_stream", kSealed},
}};

}  // namespace

bool calls(const Expr& e, std::string_view name, std::size_t arity) {
  if (e.form == Form::call && e.text == name && e.kids.size() == arity) return true;
  if (e.function != nullptr && calls(*e.function->body, name, arity)) return true;
  const auto in_pattern = [&](const auto& self, const Pattern& pattern) -> bool {
    return std::any_of(pattern.entries.begin(), pattern.entries.end(), [&](const auto& entry) {
      return (entry.key != nullptr && calls(*entry.key, name, arity)) ||
             (entry.pattern != nullptr && self(self, *entry.pattern));
    });
  };
  for (const Pattern* pattern : e.patterns) {
    if (in_pattern(in_pattern, *pattern)) return true;
  }
  return std::any_of(e.kids.begin(), e.kids.end(),
                     [&](const Expr* kid) { return kid != nullptr && calls(*kid, name, arity); });
}

const Scope* Compiler::find_function(std::string_view name, std::size_t arity,
                                     const Scope* s) const {
  for (; s != nullptr; s = s->up) {
    if (s->name != name) continue;
    if (s->kind == Scope::Kind::function && s->function->parameters.size() == arity) return s;
    const bool parameter = s->kind == Scope::Kind::argument || s->kind == Scope::Kind::closure;
    if (parameter && arity == 0) return s;
  }
  return nullptr;
}

const Scope* Compiler::prelude_function(std::string_view name, std::size_t arity) {
  const FunctionDef* found = find_prelude(name, arity);
  if (found == nullptr) return nullptr;
  const auto [place, fresh] = prelude_scopes_.try_emplace(found, nullptr);
  if (fresh) {
    Scope* made = add(nullptr, Scope::Kind::function, found->name);
    made->level = 0;
    made->function = found;
    made->in_prelude = true;
    place->second = made;
  }
  return place->second;
}

void Compiler::gen_call(const Expr& e, const Scope* s) {
  if (const Scope* found = find_function(e.text, e.kids.size(), s)) return gen_found(e, *found, s);
  if (gen_special(e, s)) return;
  // Names with _ in front are the prelude's own.
  if (e.text.starts_with('_') && !in_prelude_) return unknown_function(e, s);
  if (const Builtin* found = find_builtin(e.text, static_cast<int>(e.kids.size()))) {
    return gen_builtin(e, *found, s);
  }
  if (const Scope* found = prelude_function(e.text, e.kids.size())) return gen_found(e, *found, s);
  unknown_function(e, s);
}

void Compiler::gen_found(const Expr& e, const Scope& found, const Scope* s) {
  switch (found.kind) {
    case Scope::Kind::argument:
      return gen_argument(found);
    case Scope::Kind::closure:
      emit(Opcode::call_closure, found.slot, 0,
           static_cast<std::uint16_t>(frame_.level - found.level));
      return;
    default:
      break;
  }
  const bool small = program_->code.size() < kInlineCode && inline_depth_ < kInlineDepth;
  const FunctionDef& function = *found.function;
  if (small && !recursive(function)) {
    return gen_inline(e, found, s);
  }
  gen_real_call(e, found, s);
}

bool Compiler::recursive(const FunctionDef& function) const {
  const auto [found, fresh] = recursive_.try_emplace(&function, false);
  if (fresh) found->second = calls(*function.body, function.name, function.parameters.size());
  return found->second;
}

// What was passed to a function that is compiled into its caller.
void Compiler::gen_argument(const Scope& argument) {
  const bool outer = in_prelude_;
  in_prelude_ = argument.in_prelude;
  gen(*argument.argument, argument.around);
  in_prelude_ = outer;
}

// The names inside of a function: what was passed, as it stands.
const Scope* Compiler::bind_arguments(const Expr& e, const Scope& function, const Scope* s) {
  const Scope* inner = &function;
  for (std::size_t i = 0; i < e.kids.size(); ++i) {
    Scope* made = add(inner, Scope::Kind::argument, function.function->parameters[i].name);
    made->argument = e.kids[i];
    made->around = s;
    inner = made;
  }
  return inner;
}

void Compiler::gen_inline(const Expr& e, const Scope& function, const Scope* s) {
  const Scope* inner = bind_arguments(e, function, s);
  const std::vector<FunctionDef::Parameter>& parameters = function.function->parameters;
  if (std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.value; })) {
    const std::uint32_t input = save();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!parameters[i].value) continue;
      gen_sub(*e.kids[i], s);
      inner = add_variable(inner, parameters[i].name, save());
      load(input, false);
    }
  }
  ++inline_depth_;
  const bool outer = in_prelude_;
  in_prelude_ = function.in_prelude;
  gen(*function.function->body, inner);
  in_prelude_ = outer;
  --inline_depth_;
}

void Compiler::gen_real_call(const Expr& e, const Scope& function, const Scope* s) {
  const FunctionDef& definition = *function.function;
  if (function.compiled == UINT32_MAX) {
    function.compiled = static_cast<std::uint32_t>(program_->functions.size());
    program_->functions.emplace_back();
    pending_.push_back({function.compiled, &definition, nullptr, &function, function.level + 1, at_,
                        function.in_prelude});
  }
  const std::vector<FunctionDef::Parameter>& parameters = definition.parameters;
  const std::uint32_t input = parameters.empty() ? kNoSlot : save();
  const std::uint32_t base = slot(static_cast<std::uint32_t>(parameters.size() * 2));
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].value) continue;
    gen_sub(*e.kids[i], s);
    emit(Opcode::save, base + i);
    load(input, false);
  }
  auto next = base + static_cast<std::uint32_t>(parameters.size());
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].value && !calls(*definition.body, parameters[i].name, 0)) continue;
    gen_closure(*e.kids[i], s, in_prelude_);
    emit(Opcode::save, parameters[i].value ? next++ : base + i);
  }
  if (input != kNoSlot) load(input, true);
  place(e);
  emit(Opcode::call, function.compiled, base,
       static_cast<std::uint16_t>(frame_.level - function.level));
}

// acc = something that can be called later from another frame.
void Compiler::gen_closure(const Expr& argument, const Scope* s, bool in_prelude) {
  if (argument.form == Form::call && argument.kids.empty()) {
    const Scope* found = find_function(argument.text, 0, s);
    if (found != nullptr && found->kind == Scope::Kind::closure) return load_variable(*found);
    if (found != nullptr && found->kind == Scope::Kind::argument) {
      return gen_closure(*found->argument, found->around, found->in_prelude);
    }
  }
  const auto made = static_cast<std::uint32_t>(program_->functions.size());
  program_->functions.emplace_back();
  pending_.push_back({made, nullptr, &argument, s, frame_.level + 1, at_, in_prelude});
  emit(Opcode::closure, made);
}

// What needs instructions of its own. A program may define the same names; then those count.
bool Compiler::gen_special(const Expr& e, const Scope* s) {
  const std::size_t arity = e.kids.size();
  if (arity == 0) {
    if (e.text == "empty") return emit(Opcode::backtrack), true;
    if (e.text == "not") return emit(Opcode::invert), true;
    if (e.text != "builtins") return false;
    JsonArray names;
    for (const std::string& name : all_builtin_names()) names.emplace_back(name);
    emit(Opcode::constant, constant(Json(std::move(names))));
    return true;
  }
  if (e.text == "range" && arity <= 3) return gen_range(e, s), true;
  if (e.text == "limit" && arity == 2) return gen_limit(e, s), true;
  if (arity != 1) return false;
  if (e.text == "path") return gen_path(*e.kids[0], s), true;
  if (e.text == "isempty") return gen_is_empty(e, s), true;
  if (e.text == "first") {
    const std::uint32_t height = slot();
    emit(Opcode::label, height);
    gen(*e.kids[0], s);
    emit(Opcode::cut, height);
    return true;
  }
  if (e.text != "getpath") return false;
  const std::uint32_t input = save();
  gen_sub(*e.kids[0], s);
  const std::uint32_t path = save();
  load(input, single(*e.kids[0], s));
  place(e);
  emit(Opcode::getpath, path);
  return true;
}

// range(upto), range(from; upto), range(from; upto; by): the first argument is the outer loop.
void Compiler::gen_range(const Expr& e, const Scope* s) {
  sub_begin();
  const std::uint32_t input = save();
  std::uint32_t parts[3] = {slot(), slot(), slot()};  // from, upto, by
  const std::size_t arity = e.kids.size();
  if (arity == 1) {
    emit(Opcode::constant, constant(Json(0)));
    emit(Opcode::save, parts[0]);
    load(input, false);
  }
  for (std::size_t i = 0; i < arity; ++i) {
    if (i > 0) load(input, false);
    gen(*e.kids[i], s);
    emit(Opcode::save, parts[arity == 1 ? 1 : i]);
  }
  if (arity < 3) {
    emit(Opcode::constant, constant(Json(1)));
    emit(Opcode::save, parts[2]);
  }
  load(parts[0], false);
  place(e);
  emit(Opcode::range, parts[1], parts[2]);
  sub_end();
}

void Compiler::gen_limit(const Expr& e, const Scope* s) {
  const std::uint32_t input = save();
  gen_sub(*e.kids[0], s);
  const std::uint32_t left = slot();
  const std::uint32_t height = slot();
  emit(Opcode::count, left);
  load(input, single(*e.kids[0], s));
  emit(Opcode::label, height);
  gen(*e.kids[1], s);
  emit(Opcode::cut_at, left, height);
}

void Compiler::gen_is_empty(const Expr& e, const Scope* s) {
  sub_begin();
  const std::uint32_t height = slot();
  emit(Opcode::label, height);
  const std::uint32_t fork = emit(Opcode::fork);
  gen(*e.kids[0], s);
  emit(Opcode::cut, height);
  emit(Opcode::constant, constant(Json(false)));
  const std::uint32_t end = emit(Opcode::jump);
  land(fork);
  emit(Opcode::constant, constant(Json(true)));
  land(end);
  sub_end();
}

void Compiler::gen_builtin(const Expr& e, const Builtin& found, const Scope* s) {
  const auto arity = static_cast<std::uint32_t>(e.kids.size());
  std::uint32_t base = 0;
  if (arity > 0) {
    sub_begin();
    const std::uint32_t input = save();
    base = slot(arity);
    for (std::uint32_t i = 0; i < arity; ++i) {
      const std::uint32_t argument = found.first_varies_fastest ? arity - 1 - i : i;
      if (i > 0) load(input, false);
      gen(*e.kids[argument], s);
      emit(Opcode::save, base + argument);
    }
    load(input, std::all_of(e.kids.begin(), e.kids.end(),
                            [&](const Expr* kid) { return single(*kid, s); }));
    sub_end();
  }
  place(e);
  emit(Opcode::builtin, builtin(&found), base);
}

void Compiler::unknown_function(const Expr& e, const Scope* s) {
  const std::string called = e.text + "/" + std::to_string(e.kids.size());
  for (const Refused& refused : kRefused) {
    if (refused.name == e.text) {
      return fail(e, called + " does not exist here: " + std::string(refused.reason));
    }
  }
  std::vector<std::string> arities;
  std::vector<std::string> names;
  const auto see = [&](std::string_view name, std::size_t arity) {
    if (name.starts_with('_') || name.starts_with('@')) return;
    if (name == e.text) arities.push_back(std::string(name) + "/" + std::to_string(arity));
    names.emplace_back(name);
  };
  for (; s != nullptr; s = s->up) {
    if (s->kind == Scope::Kind::function) see(s->name, s->function->parameters.size());
    if (s->kind == Scope::Kind::argument || s->kind == Scope::Kind::closure) see(s->name, 0);
  }
  for (const std::string& name : all_builtin_names()) {
    const std::size_t slash = name.rfind('/');
    see(std::string_view(name).substr(0, slash), static_cast<std::size_t>(name[slash + 1] - '0'));
  }
  if (!arities.empty()) {
    std::string known = arities[0];
    for (std::size_t i = 1; i < arities.size(); ++i) known += ", " + arities[i];
    return fail(e, e.text + " does not take " + std::to_string(e.kids.size()) +
                       (e.kids.size() == 1 ? " argument" : " arguments") + "; there is " + known);
  }
  fail(e, "there is no function " + called + did_you_mean(e.text, names));
}

}  // namespace pilot::jq
