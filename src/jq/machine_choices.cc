// Choices to come back to, errors, and frames.
#include "jq/machine.h"
#include "jq/ops.h"

namespace pilot::jq {

Machine::Choice& Machine::choose(Choice::Kind kind, std::uint32_t pc) {
  // Grown while there is room for one more: past the budget the machine stops at its next step.
  if (choices_.size() + 1 >= choices_.capacity()) {
    const std::size_t wanted = std::max<std::size_t>(16, choices_.capacity() * 2);
    if (meter_.fits(wanted * sizeof(Choice))) {
      meter_.took((wanted - choices_.capacity()) * sizeof(Choice));
      choices_.reserve(wanted);
    }
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
    // Both the old and the new ones are there while they grow.
    if (size > UINT32_MAX / 2 || !meter_.fits(size * sizeof(Val))) {
      return meter_.use_up(Spent::memory);
    }
    meter_.took((size - slots_.size()) * sizeof(Val));
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

}  // namespace pilot::jq
