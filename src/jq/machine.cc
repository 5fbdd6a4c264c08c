// The loop over instructions.
#include "jq/machine.h"

#include "jq/ops.h"

namespace pilot::jq {

Machine::Machine(const Program& program, const RunOptions& options)
    : program_(program), meter_(options.budget), budget_(options.budget), now_(options.now) {}

Result<std::vector<Json>> Machine::run(const Json& input, const JsonObject& vars, bool first_only) {
  return start(Val::view(input), vars, first_only);
}

Result<std::vector<Json>> Machine::run(const View& input, bool first_only) {
  return start(assembled(input), {}, first_only);
}

Val Machine::assembled(const View& view) {
  if (view.json != nullptr) return Val::view(*view.json);
  Val object = Val::object(meter_, view.members.size());
  for (const auto& [key, member] : view.members) {
    object.put(meter_, Val::borrowed(key), assembled(member));
  }
  return object;
}

Result<std::vector<Json>> Machine::start(Val input, const JsonObject& vars, bool first_only) {
  first_only_ = first_only;
  const FunctionInfo& main = program_.functions[0];
  slots_.resize(std::max<std::size_t>(main.slots + 64, 256));
  meter_.took(slots_.size() * sizeof(Val));
  top_ = main.slots;
  for (std::size_t i = 0; i < program_.variables.size(); ++i) {
    const Json* value = find(vars, program_.variables[i]);
    if (value != nullptr) slots_[kFrameHeader + i] = Val::view(*value);
  }
  acc_ = std::move(input);
  const Insn* code = program_.code.data();
  for (;;) {
    if (!meter_.spend()) break;
    const Insn& insn = code[pc_++];
    if (execute(insn) == Step::over) break;
  }
  if (meter_.spent() != Spent::nothing || uncaught_) return error_now();
  return std::move(outputs_);
}

// What moves values and decides the way; the commonest.
Machine::Step Machine::execute(const Insn& insn) {
  switch (insn.opcode) {
    case Opcode::constant:
      acc_ = program_.constants[insn.a];
      break;
    case Opcode::load:
      acc_ = local(insn.a);
      break;
    case Opcode::take:
      acc_ = std::move(local(insn.a));
      break;
    case Opcode::load_up:
      acc_ = slots_[frame_up(insn.n) + insn.a];
      break;
    case Opcode::save:
      local(insn.a) = acc_;
      break;
    case Opcode::clear:
      local(insn.a) = Val();
      break;
    case Opcode::index_const:
      return do_index(program_.constants[insn.a], insn.n != 0);
    case Opcode::index_slot:
      return do_index(Val(local(insn.a)), insn.n != 0);
    case Opcode::slice:
      return do_slice(insn);
    case Opcode::each:
      return do_each(insn.n != 0);
    case Opcode::fork:
      choose(Choice::Kind::fork, insn.a);
      break;
    case Opcode::jump:
      pc_ = insn.a;
      break;
    case Opcode::jump_false:
      if (!acc_.truthy()) pc_ = insn.a;
      break;
    case Opcode::branch:
      if (!acc_.truthy()) pc_ = insn.a;
      acc_ = insn.n != 0 ? std::move(local(insn.b)) : local(insn.b);
      break;
    case Opcode::backtrack:
      return backtrack();
    case Opcode::collect:
      local(insn.a) = Val::array(meter_);
      choose(Choice::Kind::fork, insn.b);
      break;
    case Opcode::append:
      local(insn.a).push(meter_, std::move(acc_));
      return backtrack();
    case Opcode::wrap: {
      Val list = Val::array(meter_, 1);
      list.push(meter_, std::move(acc_));
      acc_ = std::move(list);
      break;
    }
    default:
      return execute_work(insn);
  }
  return Step::go_on;
}

// What makes values, and calls.
Machine::Step Machine::execute_work(const Insn& insn) {
  switch (insn.opcode) {
    case Opcode::arith_slot:
    case Opcode::arith_const:
      return do_arithmetic(insn);
    case Opcode::compare_slot:
      acc_ = Val(holds(meter_, static_cast<Op>(insn.n), acc_, local(insn.a)));
      break;
    case Opcode::compare_const:
      acc_ = Val(holds(meter_, static_cast<Op>(insn.n), acc_, program_.constants[insn.a]));
      break;
    case Opcode::negate: {
      Call call = new_call();
      return finish(call, negated(call, acc_));
    }
    case Opcode::boolean:
      acc_ = Val(acc_.truthy());
      break;
    case Opcode::invert:
      acc_ = Val(!acc_.truthy());
      break;
    case Opcode::builtin:
      return do_builtin(insn);
    case Opcode::object:
      return do_object(insn);
    case Opcode::concat:
      return do_concat(insn);
    case Opcode::range:
      return do_range(insn);
    case Opcode::call:
    case Opcode::tail_call:
      call(insn.a, frame_up(insn.n), insn.b, insn.opcode == Opcode::tail_call);
      break;
    case Opcode::call_closure:
    case Opcode::tail_call_closure: {
      const Val closure = slots_[frame_up(insn.n) + insn.a];
      call(closure.mark_a(), closure.mark_b(), 0, insn.opcode == Opcode::tail_call_closure);
      break;
    }
    case Opcode::closure:
      acc_ = Val::mark(insn.a, frame_);
      break;
    case Opcode::ret:
      leave_frame();
      break;
    case Opcode::output:
      return do_output();
    default:
      return execute_control(insn);
  }
  return Step::go_on;
}

// Labels, errors and paths; what is left are assignments.
Machine::Step Machine::execute_control(const Insn& insn) {
  switch (insn.opcode) {
    case Opcode::label:
      local(insn.a) = Val::mark(static_cast<std::uint32_t>(choices_.size()), 0);
      break;
    case Opcode::leave:
      cut_to(slots_[frame_up(insn.n) + insn.a].mark_a());
      return backtrack();
    case Opcode::cut:
      cut_to(local(insn.a).mark_a());
      break;
    case Opcode::cut_at: {
      Val& left = local(insn.a);
      left = Val::integer(left.as_integer() - 1);
      if (left.as_integer() == 0) cut_to(local(insn.b).mark_a());
      break;
    }
    case Opcode::count:
      return do_count(insn);
    case Opcode::attempt:
      local(insn.b) = Val::mark(static_cast<std::uint32_t>(choices_.size()), 0);
      choose(Choice::Kind::attempt, insn.a);
      break;
    case Opcode::attempt_end: {
      const std::uint32_t height = local(insn.a).mark_a();
      if (choices_.size() == height + 1) {
        choices_.pop_back();  // nothing inside to come back to
      } else {
        choose(Choice::Kind::boundary, 0).height = height;
      }
      break;
    }
    case Opcode::destructure:
      choose(Choice::Kind::destructure, insn.a);
      break;
    case Opcode::path_begin:
      return do_path_begin(insn);
    case Opcode::path_end:
      return do_path_end(insn);
    case Opcode::sub_begin:
      ++sub_;
      break;
    case Opcode::sub_end:
      --sub_;
      break;
    case Opcode::getpath:
      return do_getpath(insn);
    default:
      return do_change(insn);
  }
  return Step::go_on;
}

Machine::Step Machine::do_output() {
  Json value = to_json_value(meter_, acc_, budget_.output_bytes - output_bytes_);
  if (meter_.spent() != Spent::nothing) return Step::over;
  output_bytes_ += json_size(value);
  if (output_bytes_ > budget_.output_bytes) {
    meter_.use_up(Spent::output_bytes);
    return Step::over;
  }
  if (outputs_.size() >= budget_.outputs) meter_.use_up(Spent::outputs);
  outputs_.push_back(std::move(value));
  return first_only_ ? Step::over : backtrack();
}

}  // namespace pilot::jq
