// Instructions that are more than a line.
#include <cmath>

#include "jq/machine.h"
#include "jq/ops.h"

namespace pilot::jq {

// What a builtin or an operator gave, or the error that it raised.
Machine::Step Machine::finish(Call& call, Val result) {
  if (call.failed) [[unlikely]]
    return raise(std::move(call.error));
  acc_ = std::move(result);
  return Step::go_on;
}

Machine::Step Machine::off_path(std::string_view what) {
  std::string message = "Invalid path expression ";
  message.append(what).append(brief(acc_));
  return raise_text(message);
}

void Machine::extend(Val key) {
  PathNode* parent = retain_path(path_.as_path());
  path_ = Val::path(extend_path(meter_, parent, std::move(key)));
}

Machine::Step Machine::do_index(const Val& key, bool optional) {
  if (tracking() && !on_path()) {
    return off_path("near attempt to access element " + brief(key) + " of ");
  }
  // What most programs do most of the time.
  if (!tracking_ && acc_.tag() == Val::Tag::object_view && key.is_string()) {
    acc_ = acc_.get(key.as_text());
    return Step::go_on;
  }
  Call call = new_call();
  Val found = index(call, acc_, key);
  if (call.failed) return optional ? backtrack() : raise(std::move(call.error));
  acc_ = std::move(found);
  if (tracking()) {
    extend(key);
    path_value_ = acc_;
  }
  return Step::go_on;
}

Machine::Step Machine::do_slice(const Insn& insn) {
  const Val from = insn.a == kNoSlot ? Val() : local(insn.a);
  const Val to = insn.b == kNoSlot ? Val() : local(insn.b);
  if (tracking() && !on_path()) return off_path("near attempt to take a slice of ");
  Call call = new_call();
  Val found = slice(call, acc_, from, to);
  if (call.failed) return insn.n != 0 ? backtrack() : raise(std::move(call.error));
  acc_ = std::move(found);
  if (tracking()) {
    Val key = Val::object(meter_, 2);
    key.put(meter_, Val::borrowed("start"), from);
    key.put(meter_, Val::borrowed("end"), to);
    extend(std::move(key));
    path_value_ = acc_;
  }
  return Step::go_on;
}

Machine::Step Machine::do_each(bool optional) {
  if (tracking() && !on_path()) return off_path("near attempt to iterate through ");
  if (!acc_.is_array() && !acc_.is_object()) {
    if (optional) return backtrack();
    std::string message = "Cannot iterate over " + std::string(kind_name(acc_));
    if (!acc_.is_null()) message += " (" + brief(acc_) + ")";
    return raise_text(message);
  }
  if (acc_.size() == 0) return backtrack();
  return next_element(choose(Choice::Kind::each, pc_));
}

Machine::Step Machine::do_arithmetic(const Insn& insn) {
  Val right;
  if (insn.opcode == Opcode::arith_const) {
    right = program_.constants[insn.a];
  } else {
    right = insn.b != 0 ? std::move(local(insn.a)) : local(insn.a);
  }
  const Op op = static_cast<Op>(insn.n);
  Call call = new_call();
  return finish(call, arithmetic(call, op, std::move(acc_), std::move(right)));
}

Machine::Step Machine::do_builtin(const Insn& insn) {
  const Builtin& builtin = *program_.builtins[insn.a];
  Call call = new_call();
  if (builtin.arity == 0) {
    return finish(call, builtin.function(call, std::move(acc_), nullptr));
  }
  // Copies: a later output of an argument's generator calls again with the others as they are.
  Val args[4];
  for (int i = 0; i < builtin.arity; ++i) args[i] = local(insn.b + static_cast<std::uint32_t>(i));
  return finish(call, builtin.function(call, std::move(acc_), args));
}

Machine::Step Machine::do_object(const Insn& insn) {
  const Shape& parts = program_.shapes[insn.b];
  Val made = Val::object(meter_, parts.size() / 2);
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const Val key = parts[i].constant ? program_.constants[parts[i].index] : local(parts[i].index);
    if (!key.is_string()) {
      return raise_text("Object keys must be strings, not " + std::string(kind_name(key)) + " (" +
                        brief(key) + ")");
    }
    made.put(meter_, key, local(parts[i + 1].index));
  }
  acc_ = std::move(made);
  return Step::go_on;
}

Machine::Step Machine::do_concat(const Insn& insn) {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < insn.n; ++i) bytes += local(insn.a + i).as_text().size();
  if (!meter_.fits(bytes * 2) || !meter_.spend_bytes(bytes)) return Step::go_on;
  std::string all;
  all.reserve(bytes);
  for (std::uint32_t i = 0; i < insn.n; ++i) all += local(insn.a + i).as_text();
  acc_ = Val::text(meter_, all);
  return Step::go_on;
}

// 0: nothing comes; below 0: all come, as in jq 1.6.
Machine::Step Machine::do_count(const Insn& insn) {
  if (!acc_.is_number()) {
    return raise_text("limit needs a number, not " + std::string(kind_name(acc_)) + " (" +
                      brief(acc_) + ")");
  }
  const double wanted = std::ceil(std::min(acc_.as_double(), 9e15));
  if (wanted == 0 || std::isnan(wanted)) return backtrack();
  local(insn.a) = Val::integer(wanted < 0 ? -1 : static_cast<std::int64_t>(wanted));
  return Step::go_on;
}

Machine::Step Machine::do_path_begin(const Insn& insn) {
  local(insn.a) = tracking_ ? path_ : Val();
  local(insn.a + 1) = tracking_ ? path_value_ : Val();
  local(insn.a + 2) = Val::mark(sub_, tracking_ ? 1 : 0);
  tracking_ = true;
  sub_ = 0;
  path_ = Val::path(nullptr);
  path_value_ = acc_;
  return Step::go_on;
}

Machine::Step Machine::do_path_end(const Insn& insn) {
  if (!on_path()) return off_path("with result ");
  acc_ = path_to_array(meter_, path_.as_path());
  path_ = local(insn.a);
  path_value_ = local(insn.a + 1);
  sub_ = local(insn.a + 2).mark_a();
  tracking_ = local(insn.a + 2).mark_b() != 0;
  return Step::go_on;
}

Machine::Step Machine::do_getpath(const Insn& insn) {
  const Val keys = local(insn.a);
  if (tracking() && !on_path()) return off_path("near attempt to access a path of ");
  Call call = new_call();
  Val found = get_path(call, acc_, keys);
  if (call.failed) return raise(std::move(call.error));
  acc_ = std::move(found);
  if (tracking()) {
    for (std::size_t i = 0; i < keys.size() && meter_.spend(); ++i) extend(keys.at(i));
    path_value_ = acc_;
  }
  return Step::go_on;
}

std::vector<Val> Machine::keys_of(const Shape& shape) {
  std::vector<Val> keys;
  keys.reserve(shape.size());
  for (const ShapePart& part : shape) {
    keys.push_back(part.constant ? program_.constants[part.index] : local(part.index));
  }
  return keys;
}

// Instructions of assignments.
Machine::Step Machine::do_change(const Insn& insn) {
  Call call = new_call();
  switch (insn.opcode) {
    case Opcode::set_path:
      set_path(call, local(insn.a), path_keys(call, acc_), local(insn.b));
      break;
    case Opcode::take_path:
      local(insn.b) = acc_;
      acc_ = take_path(call, local(insn.a), path_keys(call, acc_));
      break;
    case Opcode::put_path:
      set_path(call, local(insn.a), path_keys(call, local(insn.b)), std::move(acc_));
      break;
    case Opcode::drop_path:
      if (local(insn.a).is_null()) local(insn.a) = Val::array(meter_);
      local(insn.a).push(meter_, std::move(local(insn.b)));
      break;
    case Opcode::delete_paths:
      if (local(insn.a).is_null()) break;
      acc_ = delete_paths(call, std::move(acc_), local(insn.a));
      break;
    case Opcode::take_at:
      acc_ = take_path(call, local(insn.a), keys_of(program_.shapes[insn.b]));
      break;
    case Opcode::put_at:
      set_path(call, local(insn.a), keys_of(program_.shapes[insn.b]), std::move(acc_));
      break;
    default:  // delete_at
      acc_ = delete_path(call, std::move(acc_), keys_of(program_.shapes[insn.b]));
  }
  return call.failed ? raise(std::move(call.error)) : Step::go_on;
}

Machine::Step Machine::do_range(const Insn& insn) {
  const Val& upto = local(insn.a);
  const Val& by = local(insn.b);
  if (!acc_.is_number() || !upto.is_number() || !by.is_number()) {
    return raise_text("Range bounds must be numeric");
  }
  const double step = by.as_double();
  const int order = compare(meter_, acc_, upto);
  if (step == 0 || std::isnan(step) || (step > 0 ? order >= 0 : order <= 0)) return backtrack();
  Choice& choice = choose(Choice::Kind::range, pc_);
  choice.upto = upto;
  choice.by = by;
  return Step::go_on;
}

}  // namespace pilot::jq
