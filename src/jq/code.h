// A compiled program: instructions for the machine. Immutable; shared between threads.
//
// There is one accumulator; each instruction works on it and on slots of the current frame. A
// frame is [return address | frame of the caller] [static link | function] slots...; each temporary
// of a function has a slot of its own, so that going back to a choice point finds what it needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "jq/builtins.h"
#include "jq/jq.h"
#include "jq/value.h"

namespace pilot::jq {

enum class Opcode : std::uint8_t {
  constant,     // acc = constants[a]
  load,         // acc = slot a
  take,         // the same, leaving null: the last use
  load_up,      // acc = slot a of the frame n static links up
  save,         // slot a = acc
  clear,        // slot a = null
  index_const,  // acc = acc[constants[a]]; n: errors become no output
  index_slot,   // acc = acc[slot a]
  slice,        // acc = acc[slot a : slot b]
  each,         // acc = each element; n: errors become no output
  fork,         // choice: on the way back, go on at a with this acc
  jump,         // to a
  jump_false,   // to a if acc is null or false
  branch,       // to a if acc is null or false; in both cases acc = slot b (n: take)
  backtrack,
  collect,       // slot a = []; then as fork to b
  append,        // push acc to slot a; backtrack
  wrap,          // acc = [acc]
  arith_slot,    // acc = acc op slot a (n: op; b: take)
  arith_const,   // acc = acc op constants[a]
  compare_slot,  // the same for comparisons
  compare_const,
  negate,
  boolean,      // acc = whether acc is truthy
  invert,       // not
  builtin,      // acc = builtins[a](acc, slots b...)
  object,       // acc = object by shapes[b] from slots a...
  concat,       // acc = slots a ... a+n-1 joined
  label,        // slot a = height of the choice points
  leave,        // cut to the label in slot a, n links up; backtrack
  cut,          // cut to the label in slot a
  cut_at,       // one less in slot a; when it reaches 0, cut to the label in slot b
  count,        // slot a = acc as a count; none: backtrack
  attempt,      // choice: on an error go on at a with the error in acc; slot b = its height
  attempt_end,  // what comes later is not under the protection of slot a's attempt
  destructure,  // choice: only on an error go on at a with this acc
  path_begin,   // slots a..a+2 = the path so far; a new path starts at acc
  path_end,     // acc = the path as an array; restore it from slots a..a+2
  sub_begin,    // steps are not part of the path
  sub_end,
  getpath,            // acc = acc at the path in slot a
  set_path,           // slot a = slot a with slot b at path acc
  take_path,          // slot b = acc (a path); acc = what is there in slot a, leaving null
  put_path,           // slot a = slot a with acc at the path in slot b
  drop_path,          // push the path in slot b to the list in slot a
  delete_paths,       // acc = acc without the paths in slot a (null: none)
  take_at,            // acc = what is in slot a at the keys of shapes[b], leaving null
  put_at,             // slot a = slot a with acc at the keys of shapes[b]
  delete_at,          // acc = acc without what is at the keys of shapes[b]
  range,              // each number from acc up to slot a in steps of slot b
  call,               // function a with arguments from slot b..., n links up
  tail_call,          // the same, and return
  call_closure,       // the closure in slot a, n links up
  tail_call_closure,  // the same, and return
  closure,            // acc = closure of function a over this frame
  ret,
  output,  // an answer of the program; backtrack
};

struct Insn {
  Opcode opcode = Opcode::backtrack;
  std::uint16_t n = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t at = 0;  // where in the program's text
};
static_assert(sizeof(Insn) == 16);

struct FunctionInfo {
  std::uint32_t entry = 0;
  std::uint32_t slots = 0;
  std::uint32_t arguments = 0;
};

// What an object or a fixed path is made of: constants, and slots.
struct ShapePart {
  bool constant = true;
  std::uint32_t index = 0;
};
using Shape = std::vector<ShapePart>;

class Program {
 public:
  std::string text;  // for places in errors
  std::vector<Insn> code;
  std::vector<Json> json;      // what `constants` are views of
  std::vector<Val> constants;  // borrowed, so shared without counting
  std::vector<const Builtin*> builtins;
  std::vector<Shape> shapes;
  std::vector<FunctionInfo> functions;  // the first is the program itself
  std::vector<std::string> variables;   // their slots are the first of the first frame
  std::vector<Mention> mentions;
};

inline constexpr std::uint32_t kFrameHeader = 2;
inline constexpr std::uint32_t kNoSlot = UINT32_MAX;

}  // namespace pilot::jq
