// How many outputs an expression has: where it is one at most, values can be moved instead of
// shared, and where it is one, an array needs no loop.
#include <algorithm>

#include "jq/compiler.h"
#include "jq/library.h"

namespace pilot::jq {

bool Compiler::single(const Expr& e, const Scope* s) const {
  int effort = 200;
  return count(e, s, effort) != Count::any;
}

bool Compiler::one(const Expr& e, const Scope* s) const {
  int effort = 200;
  return count(e, s, effort) == Count::one;
}

Compiler::Count Compiler::count_all(const std::vector<const Expr*>& kids, const Scope* s,
                                    int& effort) const {
  Count all = Count::one;
  for (const Expr* kid : kids) {
    if (kid == nullptr) continue;
    all = std::min(all, count(*kid, s, effort));
    if (all == Count::any) break;
  }
  return all;
}

Compiler::Count Compiler::count(const Expr& e, const Scope* s, int& effort) const {
  if (--effort < 0) return Count::any;
  switch (e.form) {
    case Form::identity:
    case Form::constant:
    case Form::variable:
    case Form::array:
    case Form::format:
      return Count::one;
    case Form::index:
    case Form::slice:
    case Form::pipe:
    case Form::negate:
    case Form::arithmetic:
    case Form::comparison:
    case Form::logical_and:
    case Form::logical_or:
    case Form::conditional:
    case Form::object:
    case Form::string:
      return count_all(e.kids, s, effort);
    case Form::optional:
      return std::min(Count::at_most_one, count(*e.kids[0], s, effort));
    case Form::attempt:
    case Form::alternative:
      return std::min(Count::at_most_one, count_all(e.kids, s, effort));
    case Form::assign:
    case Form::arithmetic_update:
    case Form::alternative_update:
      return count(*e.kids[1], s, effort);
    case Form::update:
      return Count::one;
    case Form::reduce:
      return count(*e.kids[1], s, effort);
    case Form::bind: {
      const Pattern& pattern = *e.patterns[0];
      if (e.patterns.size() > 1 || pattern.kind != Pattern::Kind::variable) return Count::any;
      return count_all(e.kids, s, effort);  // names of variables do not matter here
    }
    case Form::label:
      return std::min(Count::at_most_one, count(*e.kids[0], s, effort));
    case Form::leave:
      return Count::at_most_one;
    case Form::call:
      return count_call(e, s, effort);
    case Form::recurse:
    case Form::iterate:
    case Form::comma:
    case Form::foreach:
    case Form::define:
      return Count::any;
  }
  return Count::any;
}

Compiler::Count Compiler::count_call(const Expr& e, const Scope* s, int& effort) const {
  // Of a function that is compiled into its caller. Where it is not (see gen_found), a call that
  // counts one at most leaves no choice behind either.
  const auto inside = [&](const FunctionDef& function, const Scope* around) {
    if (recursive(function)) return Count::any;
    effort -= 10;
    // Arguments as names of this search only.
    std::deque<Scope> names;
    const Scope* inner = around;
    Count values = Count::one;
    for (std::size_t i = 0; i < e.kids.size(); ++i) {
      if (function.parameters[i].value) values = std::min(values, count(*e.kids[i], s, effort));
      Scope& made = names.emplace_back();
      made.up = inner;
      made.kind = Scope::Kind::argument;
      made.name = function.parameters[i].name;
      made.argument = e.kids[i];
      made.around = s;
      inner = &made;
    }
    return std::min(values, count(*function.body, inner, effort));
  };
  const std::size_t arity = e.kids.size();
  if (const Scope* found = find_function(e.text, arity, s)) {
    if (found->kind == Scope::Kind::argument) return count(*found->argument, found->around, effort);
    if (found->kind != Scope::Kind::function) return Count::any;
    return inside(*found->function, found);
  }
  if (arity == 0 && e.text == "empty") return Count::at_most_one;
  if (arity == 0 && (e.text == "not" || e.text == "builtins")) return Count::one;
  if (arity == 1 && e.text == "first") return Count::at_most_one;
  if (arity == 1 && e.text == "isempty") return Count::one;
  if (arity == 1 && (e.text == "path" || e.text == "getpath")) return count(*e.kids[0], s, effort);
  if (arity <= 3 && e.text == "range") return Count::any;
  if (arity == 2 && e.text == "limit") return Count::any;
  if (find_builtin(e.text, static_cast<int>(arity)) != nullptr) {
    return count_all(e.kids, s, effort);
  }
  const FunctionDef* prelude = find_prelude(e.text, arity);
  return prelude == nullptr ? Count::any : inside(*prelude, nullptr);
}

}  // namespace pilot::jq
