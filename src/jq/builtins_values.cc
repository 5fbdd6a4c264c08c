// Builtins over any value, arrays and objects.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "jq/builtins.h"
#include "jq/messages.h"
#include "jq/ops.h"

namespace pilot::jq {

namespace {

Val number_of(std::size_t count) { return Val::integer(static_cast<std::int64_t>(count)); }

Val type(Call&, Val input, Val*) { return Val::borrowed(kind_name(input)); }

Val length(Call& call, Val input, Val*) {
  switch (input.kind()) {
    case Kind::null:
      return Val::integer(0);
    case Kind::number:
      if (input.as_double() < 0) return negated(call, input);
      return input;
    case Kind::string: {
      if (!call.meter.spend_bytes(input.as_text().size())) return {};
      const std::string_view text = input.as_text();
      return number_of(static_cast<std::size_t>(
          std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; })));
    }
    case Kind::array:
    case Kind::object:
      return number_of(input.size());
    default:
      return call.fail(described(input) + " has no length");
  }
}

Val key_list(Call& call, const Val& input, bool sorted) {
  if (input.is_array()) {
    Val keys = Val::array(call.meter, input.size());
    for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
      keys.push(call.meter, number_of(i));
    }
    return keys;
  }
  if (!input.is_object()) return call.fail(described(input) + " has no keys");
  const std::size_t count = input.size();
  if (!call.meter.fits(count * sizeof(Val))) return {};
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  if (sorted) {
    call.meter.spend(static_cast<std::int64_t>(count));
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return input.key_at(a) < input.key_at(b); });
  }
  Val keys = Val::array(call.meter, count);
  for (std::size_t i : order) keys.push(call.meter, input.key_value_at(i));
  return keys;
}
Val keys(Call& call, Val input, Val*) { return key_list(call, input, true); }
Val keys_unsorted(Call& call, Val input, Val*) { return key_list(call, input, false); }

Val has(Call& call, Val input, Val* args) {
  if (input.is_object() && args[0].is_string()) return Val(input.has(args[0].as_text()));
  if (input.is_array() && args[0].is_number()) {
    const double at = args[0].as_double();
    return Val(at >= 0 && at < static_cast<double>(input.size()));
  }
  return call.fail("Cannot check whether " + std::string(kind_name(input)) + " has a " +
                   std::string(kind_name(args[0])) + " key");
}

bool contained(Call& call, const Val& whole, const Val& part, int depth) {
  if (depth > kValueDepth) call.meter.use_up(Spent::depth);
  if (!call.meter.spend()) return false;
  if (whole.is_object() && part.is_object()) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::string_view key = part.key_at(i);
      if (!whole.has(key)) return false;
      const Val inner = whole.get(key);
      const Val wanted = part.member_at(i);
      if (inner.kind() != wanted.kind() || !contained(call, inner, wanted, depth + 1)) return false;
    }
    return true;
  }
  if (whole.is_array() && part.is_array()) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Val wanted = part.at(i);
      bool found = false;
      for (std::size_t k = 0; k < whole.size() && !found && call.meter.spend(); ++k) {
        const Val inner = whole.at(k);
        found = inner.kind() == wanted.kind() && contained(call, inner, wanted, depth + 1);
      }
      if (!found) return false;
    }
    return true;
  }
  if (whole.is_string() && part.is_string()) {
    const std::string_view text = whole.as_text();
    const std::string_view wanted = part.as_text();
    if (!call.meter.spend_bytes(text.size() + wanted.size())) return false;
    // Linear; std::string_view::find is not.
    return ::memmem(text.data(), text.size(), wanted.data(), wanted.size()) != nullptr;
  }
  return equal(call.meter, whole, part);
}

Val contains(Call& call, Val input, Val* args) {
  const bool booleans = std::max(input.kind(), args[0].kind()) <= Kind::boolean_true &&
                        std::min(input.kind(), args[0].kind()) >= Kind::boolean_false;
  if (input.kind() == args[0].kind() || booleans) {
    return Val(contained(call, input, args[0], 0));
  }
  return call.fail(described(input) + " and " + described(args[0]) +
                   " cannot have their containment checked");
}

Val add(Call& call, Val input, Val*) {
  if (!input.is_array() && !input.is_object()) {
    if (input.is_null()) return {};
    return call.fail("Cannot iterate over " + described(input));
  }
  Val sum;
  const bool array = input.is_array();
  for (std::size_t i = 0; i < input.size() && call.meter.spend() && !call.failed; ++i) {
    sum = arithmetic(call, Op::add, std::move(sum), array ? input.at(i) : input.member_at(i));
  }
  return sum;
}

Val reverse(Call& call, Val input, Val*) {
  // As jq 1.6, which counts down from the length: nothing, where that is 0.
  if (!input.is_array() && length(call, input, nullptr).same(Val::integer(0))) {
    return Val::array(call.meter);
  }
  if (call.failed) return {};
  if (!input.is_array()) {
    return call.fail("Cannot reverse " + described(input) + ", as it is not an array");
  }
  Val result = Val::array(call.meter, input.size());
  for (std::size_t i = input.size(); i-- > 0 && call.meter.spend();) {
    result.push(call.meter, input.at(i));
  }
  return result;
}

void flatten_into(Call& call, Val& out, const Val& list, double depth, int level) {
  if (level > kValueDepth) call.meter.use_up(Spent::depth);
  for (std::size_t i = 0; i < list.size() && call.meter.spend(); ++i) {
    Val item = list.at(i);
    if (item.is_array() && depth > 0) {
      flatten_into(call, out, item, depth - 1, level + 1);
    } else {
      out.push(call.meter, std::move(item));
    }
  }
}
Val flatten_to(Call& call, const Val& input, double depth) {
  Val out = Val::array(call.meter);
  if (input.is_object()) {  // as jq: its values
    Val values = Val::array(call.meter, input.size());
    for (std::size_t i = 0; i < input.size(); ++i) values.push(call.meter, input.member_at(i));
    flatten_into(call, out, values, depth, 0);
  } else if (input.is_array()) {
    flatten_into(call, out, input, depth, 0);
  } else {
    return call.fail("Cannot iterate over " + described(input));
  }
  return out;
}
Val flatten(Call& call, Val input, Val*) { return flatten_to(call, input, 1e9); }
Val flatten_by(Call& call, Val input, Val* args) {
  if (!args[0].is_number()) return call.fail("flatten depth must be a number");
  if (args[0].as_double() < 0) return call.fail("flatten depth must not be negative");
  return flatten_to(call, input, args[0].as_double());
}

Val to_entries(Call& call, Val input, Val*) {
  Val keys = key_list(call, input, false);
  if (call.failed) return {};
  Val entries = Val::array(call.meter, keys.size());
  for (std::size_t i = 0; i < keys.size() && call.meter.spend(); ++i) {
    Val entry = Val::object(call.meter, 2);
    entry.put(call.meter, Val::borrowed("key"), keys.at(i));
    entry.put(call.meter, Val::borrowed("value"),
              input.is_array() ? input.at(i) : input.member_at(i));
    entries.push(call.meter, std::move(entry));
  }
  return entries;
}

// The first of these that is neither null nor false is the key.
constexpr std::string_view kKeyNames[] = {"key", "k", "name", "Name", "K", "Key"};

Val from_entries(Call& call, Val input, Val*) {
  if (!input.is_array() && !input.is_object()) {
    return call.fail("Cannot iterate over " + described(input));
  }
  Val result = Val::object(call.meter, input.size());
  for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
    const Val entry = input.is_array() ? input.at(i) : input.member_at(i);
    Val key;
    for (std::string_view name : kKeyNames) {
      key = index(call, entry, Val::borrowed(name));
      if (call.failed) return {};
      if (key.truthy()) break;
    }
    if (key.is_number() || key.kind() == Kind::boolean_true || key.kind() == Kind::boolean_false) {
      key = Val::text(call.meter, to_text(call.meter, key));
    }
    if (!key.is_string()) return call.fail("Cannot use " + described(key) + " as object key");
    result.put(call.meter, key, entry.has("value") ? entry.get("value") : entry.get("Value"));
  }
  return result;
}

// As jq: a row is as wide as its length, whatever it is, and is read by index.
Val transpose(Call& call, Val input, Val*) {
  if (!input.is_array()) return call.fail("Cannot transpose " + described(input));
  double width = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const Val wide = length(call, input.at(i), nullptr);
    if (call.failed || !call.meter.spend()) return {};
    width = std::max(width, wide.as_double());
  }
  Val result = Val::array(call.meter);
  for (std::int64_t c = 0; static_cast<double>(c) < width; ++c) {
    Val column = Val::array(call.meter, input.size());
    for (std::size_t r = 0; r < input.size(); ++r) {
      if (!call.meter.spend()) return {};
      column.push(call.meter, index(call, input.at(r), Val::integer(c)));
      if (call.failed) return {};
    }
    result.push(call.meter, std::move(column));
  }
  return result;
}

Val error_input(Call& call, Val input, Val*) { return call.fail(std::move(input)); }
Val error_with(Call& call, Val, Val* args) { return call.fail(std::move(args[0])); }

// Where `wanted` stands: in a string the places of a string, in an array those of a sequence or of
// one element.
Val indices(Call& call, Val input, Val* args) {
  if (input.is_null()) return {};
  if (input.is_string() && args[0].is_string()) {
    return find_builtin("_strindices", 1)->function(call, std::move(input), args);
  }
  Val wanted = args[0];
  if (input.is_array() && !wanted.is_array()) {
    wanted = Val::array(call.meter, 1);
    wanted.push(call.meter, args[0]);
  }
  return index(call, input, wanted);
}
Val first_index(Call& call, Val input, Val* args) {
  const Val all = indices(call, std::move(input), args);
  return all.size() == 0 ? Val() : all.at(0);
}
Val last_index(Call& call, Val input, Val* args) {
  const Val all = indices(call, std::move(input), args);
  return all.size() == 0 ? Val() : all.at(all.size() - 1);
}

Val toarray(Call& call, Val input, Val*) {
  if (input.is_array()) return input;
  Val list = Val::array(call.meter, 1);
  list.push(call.meter, std::move(input));
  return list;
}

constexpr Builtin kValues[] = {
    {"type", 0, type},
    {"length", 0, length},
    {"keys", 0, keys},
    {"keys_unsorted", 0, keys_unsorted},
    {"has", 1, has},
    {"contains", 1, contains},
    {"add", 0, add},
    {"reverse", 0, reverse},
    {"flatten", 0, flatten},
    {"flatten", 1, flatten_by},
    {"to_entries", 0, to_entries},
    {"from_entries", 0, from_entries},
    {"transpose", 0, transpose},
    {"error", 0, error_input},
    {"error", 1, error_with},
    {"indices", 1, indices},
    {"index", 1, first_index},
    {"rindex", 1, last_index},
    {"toarray", 0, toarray},
};

}  // namespace

std::span<const Builtin> value_builtins() { return kValues; }

}  // namespace pilot::jq
