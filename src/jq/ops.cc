// Operators.
#include "jq/ops.h"

#include <cmath>

namespace pilot::jq {

namespace {

Val fail_pair(Call& call, const Val& left, const Val& right, std::string_view what) {
  std::string message(kind_name(left));
  message.append(" (").append(brief(left)).append(") and ").append(kind_name(right));
  message.append(" (").append(brief(right)).append(") cannot be ").append(what);
  return call.fail(message);
}

bool is_whole(const Val& v) { return v.tag() == Val::Tag::integer || v.tag() == Val::Tag::natural; }
__int128 whole(const Val& v) {
  return v.tag() == Val::Tag::natural ? static_cast<__int128>(v.as_natural())
                                      : static_cast<__int128>(v.as_integer());
}
// Exact while it fits into 64 bits, else the nearest double.
Val from_whole(__int128 value) {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    return Val::integer(static_cast<std::int64_t>(value));
  }
  if (value > 0 && value <= UINT64_MAX) return Val::natural(static_cast<std::uint64_t>(value));
  return Val::number(static_cast<double>(value));
}

Val add_arrays(Call& call, Val left, const Val& right) {
  const std::size_t count = right.size();
  if (!call.meter.fits(count * sizeof(Val)) || !call.meter.spend(static_cast<int>(count / 8))) {
    return {};
  }
  for (std::size_t i = 0; i < count; ++i) left.push(call.meter, right.at(i));
  return left;
}

Val add_objects(Call& call, Val left, const Val& right) {
  const std::size_t count = right.size();
  for (std::size_t i = 0; i < count && call.meter.spend(); ++i) {
    left.put(call.meter, right.key_value_at(i), right.member_at(i));
  }
  return left;
}

Val add(Call& call, Val left, Val right) {
  if (left.tag() == Val::Tag::integer && right.tag() == Val::Tag::integer) {
    std::int64_t sum;
    if (!__builtin_add_overflow(left.as_integer(), right.as_integer(), &sum)) {
      return Val::integer(sum);
    }
  }
  if (left.is_null()) return right;
  if (right.is_null()) return left;
  if (left.is_number() && right.is_number()) {
    if (is_whole(left) && is_whole(right)) return from_whole(whole(left) + whole(right));
    return Val::number(left.as_double() + right.as_double());
  }
  if (left.is_string() && right.is_string()) {
    if (!call.meter.spend_bytes(right.as_text().size())) return {};
    left.append(call.meter, right.as_text());
    return left;
  }
  if (left.is_array() && right.is_array()) return add_arrays(call, std::move(left), right);
  if (left.is_object() && right.is_object()) return add_objects(call, std::move(left), right);
  return fail_pair(call, left, right, "added");
}

Val subtract(Call& call, const Val& left, const Val& right) {
  if (left.is_number() && right.is_number()) {
    if (is_whole(left) && is_whole(right)) return from_whole(whole(left) - whole(right));
    return Val::number(left.as_double() - right.as_double());
  }
  if (!left.is_array() || !right.is_array()) return fail_pair(call, left, right, "subtracted");
  Val result = Val::array(call.meter);
  for (std::size_t i = 0; i < left.size() && call.meter.spend(); ++i) {
    Val item = left.at(i);
    bool found = false;
    for (std::size_t k = 0; k < right.size() && !found; ++k) {
      found = equal(call.meter, item, right.at(k));
    }
    if (!found) result.push(call.meter, std::move(item));
  }
  return result;
}

// Members that both have as objects are merged in turn.
Val merge(Call& call, Val left, const Val& right, int depth) {
  if (depth > kValueDepth) call.meter.use_up(Spent::depth);
  for (std::size_t i = 0; i < right.size() && call.meter.spend(); ++i) {
    const Val key = right.key_value_at(i);
    Val item = right.member_at(i);
    Val* place = left.edit(call.meter, key);
    if (place->is_object() && item.is_object()) {
      Val old = std::move(*place);
      item = merge(call, std::move(old), item, depth + 1);
    }
    *left.edit(call.meter, key) = std::move(item);
  }
  return left;
}

// As jq 1.6: times 2.7 is twice, times 0.5 is once, times 0 or less is null.
Val repeat(Call& call, const Val& text, double times) {
  if (!(times > 0)) return {};
  const std::string_view one = text.as_text();
  const double count = std::max(1.0, std::floor(times));
  if (one.empty() || count == 1) return text;
  const double bytes = count * static_cast<double>(one.size());
  if (!(bytes < 2e9) || !call.meter.fits(static_cast<std::size_t>(bytes)) ||
      !call.meter.spend_bytes(static_cast<std::size_t>(bytes))) {
    call.meter.use_up(Spent::memory);
    return {};
  }
  // Doubling what is there, in one piece of memory.
  Val all = Val::text_room(call.meter, static_cast<std::size_t>(bytes));
  all.append(call.meter, one);
  const auto wanted = static_cast<std::size_t>(bytes);
  while (all.as_text().size() < wanted && call.meter.spent() == Spent::nothing) {
    const std::size_t have = all.as_text().size();
    all.append(call.meter, all.as_text().substr(0, std::min(have, wanted - have)));
  }
  return all;
}

Val multiply(Call& call, Val left, const Val& right) {
  if (left.is_number() && right.is_number()) {
    if (is_whole(left) && is_whole(right)) {
      __int128 product;
      if (!__builtin_mul_overflow(whole(left), whole(right), &product)) return from_whole(product);
    }
    return Val::number(left.as_double() * right.as_double());
  }
  if (left.is_string() && right.is_number()) return repeat(call, left, right.as_double());
  if (left.is_number() && right.is_string()) return repeat(call, right, left.as_double());
  if (left.is_object() && right.is_object()) return merge(call, std::move(left), right, 0);
  return fail_pair(call, left, right, "multiplied");
}

Val divide(Call& call, Val left, Val right) {
  if (left.is_number() && right.is_number()) {
    if (right.as_double() == 0) {
      return fail_pair(call, left, right, "divided because the divisor is zero");
    }
    if (is_whole(left) && is_whole(right) && whole(left) % whole(right) == 0) {
      return from_whole(whole(left) / whole(right));
    }
    return Val::number(left.as_double() / right.as_double());
  }
  if (left.is_string() && right.is_string()) {
    return find_builtin("split", 1)->function(call, std::move(left), &right);
  }
  return fail_pair(call, left, right, "divided");
}

// On whole numbers, with the sign of the dividend; doubles are cut.
Val modulo(Call& call, const Val& left, const Val& right) {
  if (!left.is_number() || !right.is_number()) {
    return fail_pair(call, left, right, "divided (remainder)");
  }
  const auto cut = [](const Val& v) -> __int128 {
    if (is_whole(v)) return whole(v);
    const double real = v.as_real();
    if (std::isnan(real)) return INT64_MIN;
    if (real >= 9.2e18) return INT64_MAX;
    return real <= -9.2e18 ? INT64_MIN : static_cast<__int128>(real);
  };
  const __int128 divisor = cut(right);
  if (divisor == 0) {
    return fail_pair(call, left, right, "divided (remainder) because the divisor is zero");
  }
  return from_whole(cut(left) % divisor);
}

// The first element and the one behind the last of a slice, within 0..size.
bool slice_ends(Call& call, const Val& from, const Val& to, std::size_t size, std::size_t& start,
                std::size_t& end) {
  if ((!from.is_null() && !from.is_number()) || (!to.is_null() && !to.is_number())) {
    call.fail("Start and end indices of an array slice must be numbers");
    return false;
  }
  const auto length = static_cast<double>(size);
  double first = from.is_null() ? 0 : from.as_double();
  double last = to.is_null() ? length : to.as_double();
  if (std::isnan(first)) first = 0;
  if (std::isnan(last)) last = length;
  if (first < 0) first += length;
  if (last < 0) last += length;
  first = std::min(std::max(std::floor(first), 0.0), length);
  last = std::max(std::min(std::ceil(last), length), first);
  start = static_cast<std::size_t>(first);
  end = static_cast<std::size_t>(last);
  return true;
}

Val slice_text(Call& call, const Val& target, const Val& from, const Val& to) {
  const std::string_view text = target.as_text();
  if (!call.meter.spend_bytes(text.size())) return {};
  std::size_t points = 0;
  for (const char c : text) points += (c & 0xc0) != 0x80;
  std::size_t start = 0;
  std::size_t end = 0;
  if (!slice_ends(call, from, to, points, start, end)) return {};
  std::size_t byte = 0;
  const auto skip = [&](std::size_t count) {
    while (count > 0 && byte < text.size()) {
      ++byte;
      while (byte < text.size() && (text[byte] & 0xc0) == 0x80) ++byte;
      --count;
    }
    return byte;
  };
  const std::size_t first = points == text.size() ? start : skip(start);
  const std::size_t last = points == text.size() ? end : skip(end - start);
  return Val::text(call.meter, text.substr(first, last - first));
}

Val fail_index(Call& call, const Val& target, const Val& key) {
  std::string message = "Cannot index " + std::string(kind_name(target)) + " with ";
  message += kind_name(key);
  if (key.is_string()) message += " \"" + std::string(utf8_prefix(key.as_text(), 200)) + "\"";
  return call.fail(message);
}

// Where in `target` the sequence `wanted` begins.
Val indices_of(Call& call, const Val& target, const Val& wanted) {
  Val found = Val::array(call.meter);
  const std::size_t count = wanted.size();
  if (count == 0) return found;
  for (std::size_t i = 0; i + count <= target.size() && call.meter.spend(); ++i) {
    bool same = true;
    for (std::size_t k = 0; k < count && same; ++k) {
      same = equal(call.meter, target.at(i + k), wanted.at(k));
    }
    if (same) found.push(call.meter, Val::integer(static_cast<std::int64_t>(i)));
  }
  return found;
}

}  // namespace

Val arithmetic(Call& call, Op op, Val left, Val right) {
  switch (op) {
    case Op::add:
      return add(call, std::move(left), std::move(right));
    case Op::subtract:
      return subtract(call, left, right);
    case Op::multiply:
      return multiply(call, std::move(left), right);
    case Op::divide:
      return divide(call, std::move(left), std::move(right));
    default:
      return modulo(call, left, right);
  }
}

bool holds(Meter& meter, Op op, const Val& left, const Val& right) {
  switch (op) {
    case Op::eq:
      return equal(meter, left, right);
    case Op::ne:
      return !equal(meter, left, right);
    case Op::lt:
      return compare(meter, left, right) < 0;
    case Op::le:
      return compare(meter, left, right) <= 0;
    case Op::gt:
      return compare(meter, left, right) > 0;
    default:
      return compare(meter, left, right) >= 0;
  }
}

Val negated(Call& call, const Val& value) {
  if (is_whole(value)) return from_whole(-whole(value));
  if (value.is_number()) return Val::number(-value.as_real());
  return call.fail(std::string(kind_name(value)) + " (" + brief(value) + ") cannot be negated");
}

Val index(Call& call, const Val& target, const Val& key) {
  if (key.is_string() && (target.is_object() || target.is_null())) {
    return target.get(key.as_text());
  }
  if (key.is_number() && (target.is_array() || target.is_null())) {
    if (target.is_null()) return {};
    double at = key.as_double();
    const auto count = static_cast<double>(target.size());
    if (at < 0) at += count;
    if (!(at >= 0 && at < count) || at != std::floor(at)) return {};
    return target.at(static_cast<std::size_t>(at));
  }
  if (key.is_object() && (target.is_array() || target.is_null() || target.is_string())) {
    return slice(call, target, key.get("start"), key.get("end"));
  }
  if (key.is_array() && target.is_array()) return indices_of(call, target, key);
  if (key.is_array() && target.is_null()) return {};
  return fail_index(call, target, key);
}

Val slice(Call& call, const Val& target, const Val& from, const Val& to) {
  if (target.is_null()) return {};
  if (target.is_string()) return slice_text(call, target, from, to);
  if (!target.is_array()) {
    return call.fail("Cannot index " + std::string(kind_name(target)) + " with object");
  }
  std::size_t start = 0;
  std::size_t end = 0;
  if (!slice_ends(call, from, to, target.size(), start, end)) return {};
  Val result = Val::array(call.meter, end - start);
  if (!call.meter.spend(static_cast<std::int64_t>((end - start) / 8))) return {};
  for (std::size_t i = start; i < end; ++i) result.push(call.meter, target.at(i));
  return result;
}

bool slice_bounds(Call& call, const Val& key, std::size_t size, std::size_t& start,
                  std::size_t& end) {
  return slice_ends(call, key.get("start"), key.get("end"), size, start, end);
}

}  // namespace pilot::jq
