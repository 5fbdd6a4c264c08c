// What a program says, as a tree: made by the parser, read by the compiler. Nodes live in the Ast
// that made them and never change afterwards. Values.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace pilot::jq {

enum class Form : std::uint8_t {
  identity,     // .
  recurse,      // ..
  constant,     // value
  index,        // kids: [target, key]
  slice,        // kids: [target, from or null, to or null]
  iterate,      // kids: [target]
  optional,     // kids: [body]: body?
  pipe,         // kids: two or more
  comma,        // kids: two or more
  negate,       // kids: [operand]
  arithmetic,   // op, kids: [left, right]
  comparison,   // op, kids: [left, right]
  logical_and,  // kids: [left, right]
  logical_or,
  alternative,         // left // right
  assign,              // paths = value
  update,              // paths |= body
  arithmetic_update,   // op; paths op= value
  alternative_update,  // paths //= value
  conditional,         // kids: [condition, then, else or null]
  attempt,             // try: kids: [body, handler or null]
  reduce,              // patterns; kids: [source, init, update]
  foreach,             // patterns; kids: [source, init, update, extract or null]
  bind,                // as: patterns; kids: [source, body]
  define,              // function; kids: [rest]
  call,                // text; kids: arguments
  variable,            // text
  array,               // kids: [body] or none
  object,              // kids: key, value, key, value, ...
  string,              // text: format with @; kids: parts (constants and expressions)
  format,              // text: with @
  label,               // text; kids: [body]
  leave,               // break; text
};

enum class Op : std::uint8_t { add, subtract, multiply, divide, modulo, eq, ne, lt, le, gt, ge };

struct Expr;

// What `as` binds: a variable, or an array or object of patterns.
struct Pattern {
  enum class Kind : std::uint8_t { variable, array, object };
  struct Entry {
    const Expr* key = nullptr;  // null for arrays
    std::string variable;       // {$name} and {$name: pattern} bind the member, too
    const Pattern* pattern = nullptr;
  };
  Kind kind = Kind::variable;
  std::uint32_t at = 0;
  std::string variable;
  std::vector<Entry> entries;
};

struct FunctionDef {
  struct Parameter {
    std::string name;
    bool value = false;  // $name: the name is a function, too
  };
  std::string name;
  std::uint32_t at = 0;
  std::vector<Parameter> parameters;
  const Expr* body = nullptr;
};

struct Expr {
  Form form = Form::identity;
  Op op = Op::add;
  std::uint32_t at = 0;  // byte offset in the text
  std::string text;
  Json value;
  std::vector<const Expr*> kids;
  std::vector<const Pattern*> patterns;  // more than one: `?//`
  const FunctionDef* function = nullptr;
};

struct Ast {
  std::deque<Expr> exprs;  // addresses stay
  std::deque<Pattern> patterns;
  std::deque<FunctionDef> functions;
  const Expr* root = nullptr;
  std::vector<const FunctionDef*> definitions;  // of a text that only has definitions
};

}  // namespace pilot::jq
