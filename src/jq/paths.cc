// Reading, changing and deleting by path.
#include <algorithm>
#include <cmath>

#include "jq/ops.h"

namespace pilot::jq {

namespace {

// The place of `key` in `target`, made if it is not there; null: call.failed.
Val* edit(Call& call, Val& target, const Val& key) {
  if (key.is_string() && (target.is_object() || target.is_null())) {
    if (target.is_null()) target = Val::object(call.meter);
    return target.edit(call.meter, key);
  }
  if (key.is_number() && (target.is_array() || target.is_null())) {
    if (target.is_null()) target = Val::array(call.meter);
    double at = std::floor(key.as_double());
    if (at < 0) at += static_cast<double>(target.size());
    if (!(at >= 0)) {
      call.fail("Out of bounds negative array index");
      return nullptr;
    }
    return target.edit(call.meter, at < 4e9 ? static_cast<std::size_t>(at) : std::size_t{1} << 40);
  }
  index(call, target.is_null() ? Val(false) : target, key);  // for its message
  if (!call.failed) call.fail("Cannot change that place of " + std::string(kind_name(target)));
  return nullptr;
}

void set_slice(Call& call, Val& target, const Val& key, const Val& value) {
  if (target.is_null()) target = Val::array(call.meter);
  if (!target.is_array()) {
    index(call, target, key);
    if (!call.failed)
      call.fail("Cannot update field at object index of " + std::string(kind_name(target)));
    return;
  }
  if (!value.is_array()) {
    call.fail("A slice of an array can only be assigned another array");
    return;
  }
  std::size_t start = 0;
  std::size_t end = 0;
  if (!slice_bounds(call, key, target.size(), start, end)) return;
  const std::size_t count = target.size() - (end - start) + value.size();
  Val result = Val::array(call.meter, count);
  if (!call.meter.spend(static_cast<std::int64_t>(count / 8))) return;
  for (std::size_t i = 0; i < start; ++i) result.push(call.meter, target.at(i));
  for (std::size_t i = 0; i < value.size(); ++i) result.push(call.meter, value.at(i));
  for (std::size_t i = end; i < target.size(); ++i) result.push(call.meter, target.at(i));
  target = std::move(result);
}

constexpr int kSlices = 100;  // in one path

void set(Call& call, Val& root, std::span<const Val> path, Val value, int slices) {
  Val* place = &root;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!call.meter.spend()) return;
    const Val& key = path[i];
    if (!key.is_object()) {
      place = edit(call, *place, key);
      if (place == nullptr) return;
      continue;
    }
    if (slices >= kSlices) {
      call.fail("a path may hold at most " + std::to_string(kSlices) + " slices");
      return;
    }
    // The part that the slice names, changed, takes the place of what it was.
    Val part = index(call, *place, key);
    if (call.failed) return;
    set(call, part, path.subspan(i + 1), std::move(value), slices + 1);
    if (!call.failed) set_slice(call, *place, key, part);
    return;
  }
  *place = std::move(value);
}

void delete_key(Call& call, Val& target, const Val& key) {
  if (target.is_null()) return;
  if (target.is_object() && key.is_string()) {
    target.erase(call.meter, key.as_text());
  } else if (target.is_array() && key.is_number()) {
    double at = std::floor(key.as_double());
    if (at < 0) at += static_cast<double>(target.size());
    if (at >= 0 && at < static_cast<double>(target.size())) {
      target.erase(call.meter, static_cast<std::size_t>(at), static_cast<std::size_t>(at) + 1);
    }
  } else if (target.is_array() && key.is_object()) {
    std::size_t start = 0;
    std::size_t end = 0;
    if (slice_bounds(call, key, target.size(), start, end)) target.erase(call.meter, start, end);
  } else if (target.is_object() || target.is_array()) {
    const std::string_view what = key.is_string()   ? "field at object index"
                                  : key.is_number() ? "field at array index"
                                                    : "field at invalid index";
    call.fail("Cannot delete " + std::string(what) + " of " + std::string(kind_name(target)));
  } else {
    call.fail("Cannot delete fields from " + std::string(kind_name(target)));
  }
}

}  // namespace

std::vector<Val> path_keys(Call& call, const Val& path) {
  std::vector<Val> keys;
  if (!path.is_array()) {
    call.fail("Path must be specified as an array");
    return keys;
  }
  if (!call.meter.spend(static_cast<std::int64_t>(path.size() / 8))) return keys;
  keys.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) keys.push_back(path.at(i));
  return keys;
}

Val get_path(Call& call, Val root, const Val& path) {
  if (!path.is_array()) return call.fail("Path must be specified as an array");
  for (std::size_t i = 0; i < path.size() && !call.failed; ++i) {
    if (!call.meter.spend() || root.is_null()) return {};
    root = index(call, root, path.at(i));
  }
  return root;
}

void set_path(Call& call, Val& root, std::span<const Val> path, Val value) {
  set(call, root, path, std::move(value), 0);
}

Val take_path(Call& call, Val& root, std::span<const Val> path) {
  // A slice makes a copy anyway; an index that is no whole number reads null.
  const bool plain = std::none_of(path.begin(), path.end(), [](const Val& key) {
    return key.is_object() || key.tag() == Val::Tag::real;
  });
  if (!plain) {
    Val value = root;
    for (const Val& key : path) {
      if (!call.meter.spend() || call.failed) return {};
      value = index(call, value, key);
    }
    return value;
  }
  Val* place = &root;
  for (const Val& key : path) {
    if (!call.meter.spend()) return {};
    // Nothing is made for what is not there: perhaps nothing will be put there.
    if (index(call, *place, key).is_null() || call.failed) return {};
    place = edit(call, *place, key);
    if (place == nullptr) return {};
  }
  return std::move(*place);
}

namespace {

// Deletes several keys of one value, in one pass where they are of the usual kind.
void delete_keys(Call& call, Val& target, std::span<const Val> keys) {
  const auto all = [&](auto is) { return std::all_of(keys.begin(), keys.end(), is); };
  const bool list = target.is_array() && all([](const Val& key) { return key.is_number(); });
  const bool object = target.is_object() && all([](const Val& key) { return key.is_string(); });
  if (keys.size() < 4 || (!list && !object)) {
    for (std::size_t i = keys.size(); i-- > 0 && !call.failed;) delete_key(call, target, keys[i]);
    return;
  }
  const std::size_t count = target.size();
  if (!call.meter.spend(static_cast<std::int64_t>(count / 4 + keys.size()))) return;
  if (list) {
    std::vector<bool> gone(count, false);
    for (const Val& key : keys) {
      double at = std::floor(key.as_double());
      if (at < 0) at += static_cast<double>(count);
      if (at >= 0 && at < static_cast<double>(count)) gone[static_cast<std::size_t>(at)] = true;
    }
    Val kept = Val::array(call.meter);
    for (std::size_t i = 0; i < count; ++i) {
      if (!gone[i]) kept.push(call.meter, target.at(i));
    }
    target = std::move(kept);
    return;
  }
  Val names = Val::object(call.meter, keys.size());
  for (const Val& key : keys) names.put(call.meter, key, Val());
  Val kept = Val::object(call.meter);
  for (std::size_t i = 0; i < count; ++i) {
    if (names.has(target.key_at(i))) continue;
    kept.put(call.meter, target.key_value_at(i), target.member_at(i));
  }
  target = std::move(kept);
}

// Deletes `keys` of what stands at `parent`.
Val delete_below(Call& call, Val root, std::span<const Val> parent, std::span<const Val> keys) {
  // Nothing is made on the way to what is not there.
  Val here = root;
  bool plain = true;
  for (const Val& key : parent) {
    if (!call.meter.spend()) return {};
    here = index(call, here, key);
    if (call.failed) return {};
    if (here.is_null()) return root;
    plain = plain && !key.is_object();
  }
  if (!plain) {
    delete_keys(call, here, keys);
    if (!call.failed) set_path(call, root, parent, std::move(here));
    return root;
  }
  here = Val();
  Val* place = &root;
  for (const Val& key : parent) {
    place = edit(call, *place, key);
    if (place == nullptr) return {};
  }
  delete_keys(call, *place, keys);
  return root;
}

bool same_parent(Call& call, const Val& a, const Val& b) {
  if (!a.is_array() || !b.is_array() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i + 1 < a.size(); ++i) {
    if (!equal(call.meter, a.at(i), b.at(i))) return false;
  }
  return a.size() > 0;
}

}  // namespace

Val delete_path(Call& call, Val root, std::span<const Val> path) {
  if (path.empty()) return {};
  return delete_below(call, std::move(root), path.first(path.size() - 1), path.last(1));
}

// The last ones first, so that indices stay true.
Val delete_paths(Call& call, Val root, const Val& paths) {
  if (!paths.is_array()) return call.fail("Paths must be specified as an array");
  std::vector<Val> order = path_keys(call, paths);
  std::stable_sort(order.begin(), order.end(),
                   [&](const Val& a, const Val& b) { return compare(call.meter, a, b) < 0; });
  for (std::size_t end = order.size(); end > 0 && !call.failed;) {
    std::size_t begin = end - 1;
    while (begin > 0 && same_parent(call, order[begin - 1], order[end - 1])) --begin;
    if (!call.meter.spend()) return {};
    const std::vector<Val> parent = path_keys(call, order[end - 1]);
    if (call.failed) return {};
    if (parent.empty()) return {};
    std::vector<Val> keys;
    for (std::size_t i = begin; i < end; ++i) keys.push_back(order[i].at(parent.size() - 1));
    root = delete_below(call, std::move(root), std::span(parent).first(parent.size() - 1), keys);
    end = begin;
  }
  return root;
}

namespace {

Val setpath(Call& call, Val input, Val* args) {
  const std::vector<Val> keys = path_keys(call, args[0]);
  if (!call.failed) set_path(call, input, keys, std::move(args[1]));
  return input;
}
Val delpaths(Call& call, Val input, Val* args) {
  return delete_paths(call, std::move(input), args[0]);
}

constexpr Builtin kPaths[] = {
    {"setpath", 2, setpath, true},
    {"delpaths", 1, delpaths},
};

}  // namespace

std::span<const Builtin> path_builtins() { return kPaths; }

}  // namespace pilot::jq
