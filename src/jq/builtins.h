// The builtins that are made in C++: a table of name -> function. Those that jq's own language
// says best are in prelude.h. Pure; any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "jq/value.h"

namespace pilot::jq {

class RegexCache;  // compiled patterns of one run

// What a builtin may use besides its input and its arguments, and where it says what went wrong.
struct Call {
  Meter& meter;
  WallTime now;
  RegexCache& regexes;
  bool failed = false;
  Val error;

  // Raises an error that `try` can catch; answer what it returns (null).
  Val fail(Val value) {
    failed = true;
    error = std::move(value);
    return {};
  }
  Val fail(std::string_view message) { return fail(Val::text(meter, message)); }
};

// `args` are as many as the table says; the function may move out of them. When the meter is spent
// it may answer anything.
using Function = Val (*)(Call& call, Val input, Val* args);

struct Builtin {
  std::string_view name;
  int arity;
  Function function;
  // In which order several outputs of several arguments are combined: jq's C functions vary the
  // first argument fastest, those that jq defines in its own language the last.
  bool first_varies_fastest = false;
};

// Each group's table lives in its own file.
std::span<const Builtin> value_builtins();   // builtins_values.cc: keys, length, add, ...
std::span<const Builtin> order_builtins();   // builtins_order.cc: sort, group_by, min, ...
std::span<const Builtin> path_builtins();    // paths.cc: setpath, delpaths
std::span<const Builtin> number_builtins();  // builtins_numbers.cc: floor, pow, ...
std::span<const Builtin> text_builtins();    // builtins_text.cc: split, ltrimstr, explode, ...
std::span<const Builtin> format_builtins();  // builtins_formats.cc: @csv, @base64, tojson, ...
std::span<const Builtin> regex_builtins();   // builtins_regex.cc: _match
std::span<const Builtin> time_builtins();    // builtins_time.cc: strftime, mktime, ...

// All of them, or none.
const Builtin* find_builtin(std::string_view name, int arity);

}  // namespace pilot::jq
