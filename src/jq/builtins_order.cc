// Builtins that put values in order: sorting, groups, extremes, search.
#include <algorithm>
#include <vector>

#include "jq/builtins.h"
#include "jq/messages.h"

namespace pilot::jq {

namespace {

// Elements of `input` in the order of `keys` (of input itself, where keys is null).
struct Sorted {
  std::vector<Val> items;
  std::vector<Val> keys;
  std::vector<std::uint32_t> order;
};
Sorted sorted(Call& call, const Val& input, const Val* by, std::string_view verb) {
  Sorted result;
  if (!input.is_array()) {
    call.fail(described(input) + " cannot be " + std::string(verb) + ", as it is not an array");
    return result;
  }
  const std::size_t count = input.size();
  if (!call.meter.fits(count * (2 * sizeof(Val) + 4))) return result;
  result.order.reserve(count);
  for (std::size_t i = 0; i < count && call.meter.spend(); ++i) {
    result.items.push_back(input.at(i));
    result.keys.push_back(by == nullptr ? input.at(i) : by->at(i));
    result.order.push_back(static_cast<std::uint32_t>(i));
  }
  // Once the meter is spent all compare as equal, which ends the sorting soon.
  std::stable_sort(result.order.begin(), result.order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return compare(call.meter, result.keys[a], result.keys[b]) < 0;
  });
  return result;
}

Val sort_with(Call& call, const Val& input, const Val* by) {
  Sorted all = sorted(call, input, by, "sorted");
  Val result = Val::array(call.meter, all.order.size());
  for (std::uint32_t i : all.order) result.push(call.meter, std::move(all.items[i]));
  return result;
}
Val sort(Call& call, Val input, Val*) { return sort_with(call, input, nullptr); }
Val sort_by(Call& call, Val input, Val* args) { return sort_with(call, input, &args[0]); }

Val group_by(Call& call, Val input, Val* args) {
  Sorted all = sorted(call, input, &args[0], "grouped");
  Val groups = Val::array(call.meter);
  Val group;
  for (std::size_t i = 0; i < all.order.size() && call.meter.spend(); ++i) {
    const bool fresh =
        i == 0 || compare(call.meter, all.keys[all.order[i - 1]], all.keys[all.order[i]]) != 0;
    if (fresh) {
      if (i > 0) groups.push(call.meter, std::move(group));
      group = Val::array(call.meter);
    }
    group.push(call.meter, std::move(all.items[all.order[i]]));
  }
  if (!all.order.empty()) groups.push(call.meter, std::move(group));
  return groups;
}

Val unique_with(Call& call, const Val& input, const Val* by) {
  Sorted all = sorted(call, input, by, by == nullptr ? "sorted" : "grouped");
  Val result = Val::array(call.meter);
  for (std::size_t i = 0; i < all.order.size() && call.meter.spend(); ++i) {
    if (i > 0 && compare(call.meter, all.keys[all.order[i - 1]], all.keys[all.order[i]]) == 0) {
      continue;
    }
    result.push(call.meter, std::move(all.items[all.order[i]]));
  }
  return result;
}
Val unique(Call& call, Val input, Val*) { return unique_with(call, input, nullptr); }
Val unique_by(Call& call, Val input, Val* args) { return unique_with(call, input, &args[0]); }

// The first of the smallest, the last of the greatest.
Val extreme(Call& call, const Val& input, const Val* by, bool greatest) {
  if (!input.is_array()) {
    return call.fail("Cannot find the " + std::string(greatest ? "greatest" : "smallest") + " of " +
                     described(input) + ", as it is not an array");
  }
  std::size_t best = 0;
  const auto key = [&](std::size_t i) { return by == nullptr ? input.at(i) : by->at(i); };
  for (std::size_t i = 1; i < input.size() && call.meter.spend(); ++i) {
    const int order = compare(call.meter, key(i), key(best));
    if (greatest ? order >= 0 : order < 0) best = i;
  }
  return input.size() == 0 ? Val() : input.at(best);
}
Val min(Call& call, Val input, Val*) { return extreme(call, input, nullptr, false); }
Val max(Call& call, Val input, Val*) { return extreme(call, input, nullptr, true); }
Val min_by(Call& call, Val input, Val* args) { return extreme(call, input, &args[0], false); }
Val max_by(Call& call, Val input, Val* args) { return extreme(call, input, &args[0], true); }

// Where it stands in a sorted array, or -1 - the place where it would have to be put in.
Val bsearch(Call& call, Val input, Val* args) {
  if (!input.is_array()) return call.fail(described(input) + " cannot be searched from");
  std::size_t low = 0;
  std::size_t high = input.size();
  while (low < high && call.meter.spend()) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = compare(call.meter, input.at(middle), args[0]);
    if (order == 0) return Val::integer(static_cast<std::int64_t>(middle));
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Val::integer(-1 - static_cast<std::int64_t>(low));
}

constexpr Builtin kOrder[] = {
    {"sort", 0, sort},       {"_sort_by", 1, sort_by},     {"_group_by", 1, group_by},
    {"unique", 0, unique},   {"_unique_by", 1, unique_by}, {"min", 0, min},
    {"max", 0, max},         {"_min_by", 1, min_by},       {"_max_by", 1, max_by},
    {"bsearch", 1, bsearch},
};

}  // namespace

std::span<const Builtin> order_builtins() { return kOrder; }

}  // namespace pilot::jq
