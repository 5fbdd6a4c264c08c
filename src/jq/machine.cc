// The loop, choices and frames.
#include "jq/machine.h"

#include <cmath>

#include "jq/ops.h"
#include "jq/parser.h"
#include "model/limits.h"

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
    case Opcode::set_path:
    case Opcode::take_path:
    case Opcode::put_path:
    case Opcode::drop_path:
    case Opcode::delete_paths:
    case Opcode::take_at:
    case Opcode::put_at:
    case Opcode::delete_at:
      return do_change(insn);
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
  }
  return Step::go_on;
}

// choices

Machine::Choice& Machine::choose(Choice::Kind kind, std::uint32_t pc) {
  if (choices_.size() == choices_.capacity()) {
    const std::size_t wanted = std::max<std::size_t>(16, choices_.size() * 2);
    meter_.took((wanted - choices_.size()) * sizeof(Choice));
    choices_.reserve(wanted);
  }
  Choice& made = choices_.emplace_back();
  made.kind = kind;
  made.pc = pc;
  made.frame = frame_;
  made.top = top_;
  made.sub = sub_;
  made.acc = acc_;
  made.tracking = tracking_;
  if (tracking_) {
    made.path = path_;
    made.path_value = path_value_;
  }
  return made;
}

void Machine::restore(const Choice& choice) {
  truncate(choice.top);
  frame_ = choice.frame;
  sub_ = choice.sub;
  pc_ = choice.pc;
  tracking_ = choice.tracking;
  if (tracking_) {
    path_ = choice.path;
    path_value_ = choice.path_value;
  }
}

void Machine::cut_to(std::uint32_t height) {
  if (height < choices_.size()) choices_.erase(choices_.begin() + height, choices_.end());
}

Machine::Step Machine::backtrack() {
  while (!choices_.empty()) {
    Choice& last = choices_.back();
    switch (last.kind) {
      case Choice::Kind::fork:
        restore(last);
        acc_ = std::move(last.acc);
        choices_.pop_back();
        return Step::go_on;
      case Choice::Kind::each:
        return next_element(last);
      case Choice::Kind::range:
        return next_number(last);
      default:
        choices_.pop_back();
    }
  }
  return Step::over;
}

// Unwinds to what catches errors.
Machine::Step Machine::raise(Val error) {
  at_ = program_.code[pc_ - 1].at;
  while (!choices_.empty()) {
    Choice& last = choices_.back();
    switch (last.kind) {
      case Choice::Kind::boundary:
        cut_to(last.height);
        continue;
      case Choice::Kind::attempt:
        restore(last);
        acc_ = std::move(error);
        choices_.pop_back();
        return Step::go_on;
      case Choice::Kind::destructure:
        restore(last);
        acc_ = std::move(last.acc);
        choices_.pop_back();
        return Step::go_on;
      default:
        choices_.pop_back();
    }
  }
  uncaught_ = std::move(error);
  return Step::over;
}

Machine::Step Machine::raise_text(std::string_view message) {
  return raise(Val::text(meter_, message));
}

Machine::Step Machine::next_element(Choice& choice) {
  restore(choice);
  const std::uint64_t at = choice.next++;
  const bool array = choice.acc.is_array();
  if (tracking()) {
    const Val container = choice.acc;
    extend(array ? Val::integer(static_cast<std::int64_t>(at)) : container.key_value_at(at));
  }
  acc_ = array ? choice.acc.at(at) : choice.acc.member_at(at);
  if (tracking()) path_value_ = acc_;
  if (choice.next >= choice.acc.size()) choices_.pop_back();
  return Step::go_on;
}

Machine::Step Machine::next_number(Choice& choice) {
  restore(choice);
  Call call = new_call();
  choice.acc = arithmetic(call, Op::add, std::move(choice.acc), choice.by);
  const bool up = choice.by.as_double() > 0;
  const int order = compare(meter_, choice.acc, choice.upto);
  if (up ? order >= 0 : order <= 0) {
    choices_.pop_back();
    return backtrack();
  }
  acc_ = choice.acc;
  return Step::go_on;
}

// frames

std::uint32_t Machine::frame_up(std::uint32_t links) const {
  std::uint32_t frame = frame_;
  for (; links > 0; --links) frame = slots_[frame + 1].mark_a();
  return frame;
}

void Machine::truncate(std::uint32_t top) {
  for (; top_ > top; --top_) slots_[top_ - 1] = Val();
}

void Machine::push_frame(std::uint32_t function, std::uint32_t link, std::uint32_t arguments,
                         std::uint32_t base) {
  const FunctionInfo& info = program_.functions[function];
  const std::uint64_t end = std::uint64_t{base} + info.slots;
  if (end > slots_.size()) {
    const std::size_t size = std::max<std::size_t>(end, slots_.size() * 2);
    const std::size_t more = (size - slots_.size()) * sizeof(Val);
    if (size > UINT32_MAX / 2 || !meter_.fits(more)) return meter_.use_up(Spent::memory);
    meter_.took(more);
    slots_.resize(size);
  }
  for (std::uint32_t i = 0; i < info.arguments; ++i) {
    slots_[base + kFrameHeader + i] = slots_[frame_ + arguments + i];
  }
  slots_[base] = Val::mark(pc_, frame_);
  slots_[base + 1] = Val::mark(link, function);
  frame_ = base;
  top_ = static_cast<std::uint32_t>(end);
  pc_ = info.entry;
}

void Machine::call(std::uint32_t function, std::uint32_t link, std::uint32_t arguments, bool tail) {
  if (!tail || !frame_is_free(function, link, arguments)) {
    return push_frame(function, link, arguments, top_);
  }
  // The caller has nothing more to do: its frame makes room.
  const Val back = slots_[frame_];
  const std::uint32_t count = program_.functions[function].arguments;
  std::vector<Val> passed;
  for (std::uint32_t i = 0; i < count; ++i) passed.push_back(std::move(local(arguments + i)));
  const std::uint32_t base = frame_;
  truncate(base);
  push_frame(function, link, 0, base);
  if (frame_ != base || meter_.spent() != Spent::nothing) return;
  for (std::uint32_t i = 0; i < count; ++i) local(kFrameHeader + i) = std::move(passed[i]);
  slots_[base] = back;
}

// Whether no choice, and nothing that is passed on, needs the present frame.
bool Machine::frame_is_free(std::uint32_t function, std::uint32_t link,
                            std::uint32_t arguments) const {
  if (frame_ == 0 || link >= frame_) return false;
  if (!choices_.empty() && choices_.back().top > frame_) return false;
  for (std::uint32_t i = 0; i < program_.functions[function].arguments; ++i) {
    const Val& argument = slots_[frame_ + arguments + i];
    if (argument.tag() == Val::Tag::mark && argument.mark_b() >= frame_) return false;
  }
  return true;
}

void Machine::leave_frame() {
  const std::uint32_t base = frame_;
  const Val back = slots_[base];
  pc_ = back.mark_a();
  frame_ = back.mark_b();
  if (choices_.empty() || choices_.back().top <= base) truncate(base);
}

// the end

Machine::Step Machine::do_output() {
  Json value = to_json_value(meter_, acc_);
  if (meter_.spent() != Spent::nothing) return Step::over;
  output_bytes_ += json_size(value);
  if (output_bytes_ > budget_.output_bytes) meter_.use_up(Spent::output_bytes);
  if (outputs_.size() >= budget_.outputs) meter_.use_up(Spent::outputs);
  outputs_.push_back(std::move(value));
  return first_only_ ? Step::over : backtrack();
}

Error Machine::error_now() const {
  const auto say = [&](std::uint32_t at, const std::string& message) {
    return place_in(program_.text, at) + ": " + message;
  };
  const std::uint32_t here = program_.code[pc_ == 0 ? 0 : pc_ - 1].at;
  const std::string memory = std::to_string(budget_.memory_bytes >> 20) +
                             " MiB; filter earlier, or work on less at a time";
  switch (meter_.spent()) {
    case Spent::nothing:
      break;
    case Spent::steps:
      return {ErrorKind::timeout, "expression_timeout",
              say(here, "the program took more than " + std::to_string(budget_.steps) +
                            " steps; is there a loop that does not end?"),
              place_in(program_.text, here)};
    case Spent::time:
      return {ErrorKind::timeout, "expression_timeout",
              say(here, "the program took longer than " + std::to_string(budget_.time.count()) +
                            " ms; is there a loop that does not end?"),
              place_in(program_.text, here)};
    case Spent::memory:
      return too_large("expression_too_large", say(here, "the program needs more than " + memory),
                       place_in(program_.text, here));
    case Spent::depth:
      return too_large("expression_too_large",
                       say(here, "a value is nested too deep; the limit is " +
                                     std::to_string(limits::kJsonDepth) + " levels for an output"),
                       place_in(program_.text, here));
    case Spent::outputs:
      return too_large("expression_too_large",
                       say(here, "more than " + std::to_string(budget_.outputs) + " outputs"),
                       place_in(program_.text, here));
    case Spent::output_bytes:
      return too_large("expression_too_large",
                       say(here, "the outputs are larger than " +
                                     std::to_string(budget_.output_bytes) + " bytes"),
                       place_in(program_.text, here));
  }
  Meter meter({});
  std::string message;
  if (uncaught_->is_string()) {
    message = uncaught_->as_text();
  } else {
    message = to_text(meter, *uncaught_) + " (not a string)";
  }
  Error error = invalid("program_failed", say(at_, std::string(utf8_prefix(message, 2'000))));
  error.pointer = place_in(program_.text, at_);
  return error;
}

}  // namespace pilot::jq
