// The jq language: text -> Program -> values. A program sees its input and its variables and
// nothing else: no files, no environment, no network, no other program. docs/jq.md is the
// reference.
//
// A Program is immutable and may be shared between threads. run() is pure but for `now`, never
// recurses on the native stack (the machine keeps its own, counted in the memory budget) and ends
// within its budget. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace pilot::jq {

class Program;  // compiled; immutable
using ProgramPtr = std::shared_ptr<const Program>;

// Compiles `text`; `vars` are the names (without $) of the variables that it may use.
// Errors: invalid_argument/invalid_program, with the place ("line 1, column 7") in `pointer` and in
// the message, and the nearest name where a function or variable does not exist; too_large/
// program_too_large past limits::kJqProgram.
Result<ProgramPtr> compile(std::string_view text, const std::vector<std::string>& vars = {});

// The program that keeps those elements of its input (a list) for which `text` gives something that
// is neither null nor false. Places in errors are those in `text`.
Result<ProgramPtr> compile_filter(std::string_view text, const std::vector<std::string>& vars = {});

// Two keys that a program surely reads from its input: .steps.fetch is {"steps", "fetch"}.
struct Mention {
  std::string first;
  std::string second;
  std::string place;  // "line 1, column 7"
};
std::vector<Mention> mentions(const Program& program);

// A value that is put together from others without copying them: `json`, or an object of members.
// All that it points to outlives the run.
struct ViewMember;
struct View {
  const Json* json = nullptr;
  std::vector<ViewMember> members;
};
struct ViewMember {
  std::string key;
  View value;
};

// What a run may use. Whatever is used up first ends it.
struct Budget {
  std::uint64_t steps = 20'000'000;      // instructions and units of work in builtins
  std::size_t memory_bytes = 64u << 20;  // values, frames, choice points at one moment
  std::size_t output_bytes = 5u << 20;   // of all outputs as JSON text
  std::size_t outputs = 100'000;         // how many
  std::chrono::milliseconds time{100};   // of this thread's CPU, looked at every few hundred steps
};

struct RunOptions {
  Budget budget;
  WallTime now{};  // what `now` gives
};

// The outputs of `program` for `input`, in order. `vars` must hold a value for each name it was
// compiled with (a missing one is null).
// Errors (all say where in the program, as "line 1, column 7: ..."):
//   invalid_argument/program_failed      the program raised an error that it did not catch
//   timeout/expression_timeout           steps or time used up
//   too_large/expression_too_large       memory or output used up
Result<std::vector<Json>> run(const Program& program, const Json& input,
                              const JsonObject& vars = {}, const RunOptions& options = {});

// The first output only (the rest is not computed); none if there is no output.
Result<std::optional<Json>> run_first(const Program& program, const Json& input,
                                      const JsonObject& vars = {}, const RunOptions& options = {});
Result<std::optional<Json>> run_first(const Program& program, const View& input,
                                      const RunOptions& options = {});

// Names of all builtins as "name/arity", sorted; for docs and for `builtins`.
std::vector<std::string> builtin_names();

}  // namespace pilot::jq
