// Runs a compiled program: one loop over instructions, with stacks of its own for frames and for
// choices to come back to, both counted in the memory budget. It never recurses on the native
// stack. Of one run, one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jq/code.h"
#include "jq/jq.h"
#include "jq/meter.h"
#include "jq/regex.h"

namespace pilot::jq {

class Machine {
 public:
  Machine(const Program& program, const RunOptions& options);

  // Outputs in order; with `first_only` it stops at the first.
  Result<std::vector<Json>> run(const Json& input, const JsonObject& vars, bool first_only);
  Result<std::vector<Json>> run(const View& input, bool first_only);

 private:
  struct Choice {
    enum class Kind : std::uint8_t {
      fork,         // go on at pc with acc
      each,         // the next element of acc
      range,        // the next number
      attempt,      // only for errors: go on at pc with the error
      destructure,  // only for errors: go on at pc with acc
      boundary,     // errors from here on pass by what `height` protects
    };
    Kind kind = Kind::fork;
    bool tracking = false;
    std::uint32_t pc = 0;
    std::uint32_t frame = 0;
    std::uint32_t top = 0;
    std::uint32_t sub = 0;
    std::uint32_t height = 0;
    std::uint64_t next = 0;  // element
    Val acc;
    Val path;
    Val path_value;
    Val upto;  // range
    Val by;
  };
  enum class Step : std::uint8_t { go_on, over };

  Result<std::vector<Json>> start(Val input, const JsonObject& vars, bool first_only);
  Val assembled(const View& view);
  Step execute(const Insn& insn);
  Step execute_work(const Insn& insn);
  Step execute_control(const Insn& insn);
  Val& local(std::uint32_t slot) { return slots_[frame_ + slot]; }
  std::uint32_t frame_up(std::uint32_t links) const;

  // choices
  Choice& choose(Choice::Kind kind, std::uint32_t pc);
  void restore(const Choice& choice);
  Step backtrack();
  Step next_element(Choice& choice);
  Step next_number(Choice& choice);
  Step raise(Val error);
  Step raise_text(std::string_view message);
  void cut_to(std::uint32_t height);

  // frames
  void push_frame(std::uint32_t function, std::uint32_t link, std::uint32_t arguments,
                  std::uint32_t base);
  void call(std::uint32_t function, std::uint32_t link, std::uint32_t arguments, bool tail);
  bool frame_is_free(std::uint32_t function, std::uint32_t link, std::uint32_t arguments) const;
  void leave_frame();
  void truncate(std::uint32_t top);

  // paths
  bool tracking() const { return tracking_ && sub_ == 0; }
  bool on_path() const { return acc_.same(path_value_); }
  Step off_path(std::string_view what);
  void extend(Val key);

  // instructions that are more than a line
  Step do_index(const Val& key, bool optional);
  Step do_slice(const Insn& insn);
  Step do_each(bool optional);
  Step do_arithmetic(const Insn& insn);
  Step do_builtin(const Insn& insn);
  Step do_object(const Insn& insn);
  Step do_concat(const Insn& insn);
  Step do_count(const Insn& insn);
  Step do_path_begin(const Insn& insn);
  Step do_path_end(const Insn& insn);
  Step do_getpath(const Insn& insn);
  Step do_change(const Insn& insn);
  Step do_range(const Insn& insn);
  Step do_output();
  Step finish(Call& call, Val result);
  std::vector<Val> keys_of(const Shape& shape);
  Call new_call() { return Call{meter_, now_, regexes_, false, {}}; }
  Error error_now() const;

  const Program& program_;
  Meter meter_;
  Budget budget_;
  WallTime now_;
  RegexCache regexes_;
  std::vector<Val> slots_;  // above top_ all are null
  std::vector<Choice> choices_;
  Val acc_;
  Val path_;  // while tracking_: where path_value_ stands
  Val path_value_;
  bool tracking_ = false;
  std::uint32_t sub_ = 0;
  std::uint32_t pc_ = 0;
  std::uint32_t frame_ = 0;
  std::uint32_t top_ = 0;
  std::uint32_t at_ = 0;  // of the last error
  std::optional<Val> uncaught_;
  std::vector<Json> outputs_;
  std::size_t output_bytes_ = 0;
  bool first_only_ = false;
};

}  // namespace pilot::jq
