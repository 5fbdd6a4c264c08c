// Filters on lists and objects. None of them makes more elements than it was given.
#include <fmt/format.h>

#include <unordered_set>

#include "model/limits.h"
#include "params/filters.h"

namespace pilot::params {
namespace {

Result<Json> length(const Json& in, Arguments) {
  if (in.is_string()) return Json(static_cast<std::int64_t>(count_characters(text_of(in))));
  const auto size = in.is_array() ? in.get_array().size() : in.get_object().size();
  return Json(static_cast<std::int64_t>(size));
}

Result<Json> first(const Json& in, Arguments) {
  const auto& list = in.get_array();
  return list.empty() ? Json(nullptr) : list.front();
}
Result<Json> last(const Json& in, Arguments) {
  const auto& list = in.get_array();
  return list.empty() ? Json(nullptr) : list.back();
}

Result<Json> join(const Json& in, Arguments arguments) {
  const std::string_view separator = arguments.empty() ? "," : text_of(arguments[0]);
  std::string out;
  bool first_item = true;
  for (const auto& item : in.get_array()) {
    if (!first_item) out += separator;
    first_item = false;
    append_text(out, item);
    if (out.size() > limits::kString) return text_limit_error();
  }
  return text_json(out);
}

Result<Json> slice(const Json& in, Arguments arguments) {
  if (in.is_array()) {
    const auto& list = in.get_array();
    const auto [begin, end] = slice_bounds(list.size(), arguments);
    return Json(JsonArray(list.data() + begin, list.data() + end));
  }
  const auto text = text_of(in);
  const auto [begin, end] = slice_bounds(count_characters(text), arguments);
  const auto skipped = utf8_prefix_characters(text, begin).size();
  return text_json(utf8_prefix_characters(text.substr(skipped), end - begin));
}

Result<Json> reverse(const Json& in, Arguments) {
  const auto& list = in.get_array();
  return Json(
      JsonArray(std::make_reverse_iterator(list.end()), std::make_reverse_iterator(list.begin())));
}

Result<Json> unique(const Json& in, Arguments) {
  JsonArray out;
  std::unordered_set<std::string> seen;
  for (const auto& item : in.get_array()) {
    if (seen.insert(to_json(item)).second) out.push_back(item);
  }
  return Json(std::move(out));
}

// A long double holds every 64-bit integer and every double exactly.
long double real_of(const Json& value) {
  if (value.is_int64()) return static_cast<long double>(value.get_int64());
  if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
  return static_cast<long double>(value.get_double());
}

struct Sortable {
  const Json* key;
  const Json* item;
};

Result<Json> sort(const Json& in, Arguments arguments) {
  std::vector<Sortable> items;
  items.reserve(in.get_array().size());
  Kinds kinds = 0;
  for (const auto& item : in.get_array()) {
    const Json* key = arguments.empty() ? &item : find(item, text_of(arguments[0]));
    if (key == nullptr) return filter_error("an item does not have the key to sort by");
    kinds |= kind_of(*key);
    items.push_back({key, &item});
  }
  if (kinds == kText) {
    std::stable_sort(items.begin(), items.end(), [](const Sortable& a, const Sortable& b) {
      return text_of(*a.key) < text_of(*b.key);
    });
  } else if (kinds == kNumber) {
    std::stable_sort(items.begin(), items.end(), [](const Sortable& a, const Sortable& b) {
      return real_of(*a.key) < real_of(*b.key);
    });
  } else if (kinds != 0) {
    return filter_error(
        fmt::format("it sorts texts or numbers, this has {}", describe_kinds(kinds)));
  }
  JsonArray out;
  out.reserve(items.size());
  for (const auto& entry : items) out.push_back(*entry.item);
  return Json(std::move(out));
}

Result<Json> map(const Json& in, Arguments arguments) {
  const auto key = text_of(arguments[0]);
  JsonArray out;
  out.reserve(in.get_array().size());
  for (const auto& item : in.get_array()) {
    if (!item.is_object()) {
      return filter_error(
          fmt::format("item {} is {}, not an object", out.size(), describe_kinds(kind_of(item))));
    }
    const Json* value = find(item, key);
    out.push_back(value == nullptr ? Json(nullptr) : *value);
  }
  return Json(std::move(out));
}

Result<Json> keys(const Json& in, Arguments) {
  JsonArray out;
  out.reserve(in.get_object().size());
  for (const auto& member : in.get_object()) out.emplace_back(member.key());
  return Json(std::move(out));
}

Result<Json> values(const Json& in, Arguments) {
  JsonArray out;
  out.reserve(in.get_object().size());
  for (const auto& member : in.get_object()) out.push_back(member.value());
  return Json(std::move(out));
}

Result<Json> contains(const Json& in, Arguments arguments) {
  const auto& wanted = arguments[0];
  if (in.is_array()) {
    const auto& list = in.get_array();
    return Json(std::find(list.begin(), list.end(), wanted) != list.end());
  }
  if (!wanted.is_string()) return filter_error("only a text can be in a text or be a key");
  if (in.is_object()) return Json(find(in, text_of(wanted)) != nullptr);
  return Json(find_text(text_of(in), text_of(wanted)) != std::string_view::npos);
}

constexpr Kinds kSized = kText | kList | kObject;

constexpr Filter kFilters[] = {
    {"contains",
     kSized,
     1,
     1,
     {kAny, 0},
     "true when the text, item or key is in it",
     contains,
     true},
    {"first", kList, 0, 0, {}, "the first item, null when there is none", first},
    {"join", kList, 0, 1, {kText, 0}, "one text of all items, with a text (\",\") between", join},
    {"keys", kObject, 0, 0, {}, "the keys, in their order", keys},
    {"last", kList, 0, 0, {}, "the last item, null when there is none", last},
    {"length", kSized, 0, 0, {}, "how many characters, items or keys", length},
    {"map", kList, 1, 1, {kText, 0}, "one member of each item, null where it is missing", map},
    {"reverse", kList, 0, 0, {}, "from the end", reverse},
    {"slice",
     kText | kList,
     1,
     2,
     {kInteger, kInteger},
     "from a position (-1 is the last), so many characters or items",
     slice},
    {"sort", kList, 0, 1, {kText, 0}, "numbers or texts in order; objects by a key", sort},
    {"unique", kList, 0, 0, {}, "without repetitions, in the first one's place", unique, true},
    {"values", kObject, 0, 0, {}, "the values, in the order of their keys", values},
};

}  // namespace

std::span<const Filter> list_filters() { return kFilters; }

}  // namespace pilot::params
