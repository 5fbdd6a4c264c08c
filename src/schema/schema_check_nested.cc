// The keywords of arrays and objects. An object's problems come in the order in which they help:
// unknown names (a misspelt one explains the missing one), missing ones, then what is inside.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/nearest.h"
#include "schema/schema_checker.h"
#include "schema/schema_words.h"

namespace pilot::schema {

namespace {

constexpr std::size_t kShownName = 100;       // bytes of an unknown one
constexpr std::size_t kShownNames = 12;       // of the known ones, beside an unknown one
constexpr std::size_t kNearestNames = 1'000;  // more are not searched for a near one
constexpr std::size_t kBytesPerStep = 64;     // of the text that stands for an item

std::string unknown_name(const Schema::Node& node, std::string_view name) {
  const std::string_view shown = utf8_prefix(name, kShownName);
  const std::vector<std::string> names(node.object->property_names.begin(),
                                       node.object->property_names.end());
  std::string text = "\"" + std::string(shown) + "\" is not known here";
  if (names.size() <= kNearestNames) text += did_you_mean(shown, names);
  if (names.size() + node.object->pattern_properties.size() > kShownNames) return text;
  std::vector<std::string> known;
  for (const std::string& one : names) known.push_back("\"" + one + "\"");
  for (const PatternNode& entry : node.object->pattern_properties) {
    known.push_back("what matches " + entry.pattern->text());
  }
  if (known.empty()) return text + "; nothing is";
  return text + "; known " + (known.size() == 1 ? "is " : "are ") + joined(known, "and");
}

}  // namespace

bool Checker::check_array(const Node& node, const Json& value, const Place& place) {
  const JsonArray& array = value.get_array();
  if ((node.array->min_items && array.size() < *node.array->min_items) ||
      (node.array->max_items && array.size() > *node.array->max_items)) {
    return fail_value(node, value, place);
  }
  bool fits = true;
  for (std::size_t i = 0; i < array.size() && may_go_on(); ++i) {
    const Node* item =
        i < node.array->prefix_items.size() ? node.array->prefix_items[i] : node.array->items;
    if (item == nullptr) break;
    if (!check(*item, array[i], place.item(i))) fits = false;
    if (!fits && most_ == 0) return false;
  }
  if (node.array->unique_items && !check_unique(node, value, place)) fits = false;
  if (node.array->contains != nullptr && !check_contains(node, value, place)) fits = false;
  return fits;
}

bool Checker::check_unique(const Node&, const Json& value, const Place& place) {
  const JsonArray& array = value.get_array();
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < array.size(); ++i) {
    std::string text = canonical(array[i]);
    if (!spend(1 + text.size() / kBytesPerStep)) return false;
    if (state_.skip != nullptr && has_unknown(array[i])) {
      ++state_.skipped;
      continue;
    }
    const auto [first, added] = seen.try_emplace(std::move(text), i);
    if (!added) {
      return fail(place.item(i), "invalid_value", [&] {
        return "expected items that differ, got the same one at " + std::to_string(first->second) +
               " and " + std::to_string(i);
      });
    }
  }
  return true;
}

bool Checker::has_unknown(const Json& value) const {
  if ((*state_.skip)(value)) return true;
  if (value.is_array()) {
    const JsonArray& array = value.get_array();
    return std::any_of(array.begin(), array.end(), [&](const Json& v) { return has_unknown(v); });
  }
  if (!value.is_object()) return false;
  const JsonObject& object = value.get_object();
  return std::any_of(object.begin(), object.end(),
                     [&](const auto& member) { return has_unknown(member.value()); });
}

bool Checker::check_contains(const Node& node, const Json& value, const Place& place) {
  const JsonArray& array = value.get_array();
  for (std::size_t i = 0; i < array.size() && state_.gave_up == nullptr; ++i) {
    if (try_out(*node.array->contains, array[i], place.item(i)).fits) return true;
  }
  return fail(place, "invalid_value", [&] {
    return "expected at least one item to be " + describe(*node.array->contains) + ", got " +
           got(value, state_.secret);
  });
}

bool Checker::check_object(const Node& node, const Json& value, const Place& place) {
  const JsonObject& object = value.get_object();
  bool fits = check_unknown_members(node, object, place);
  if (!check_required(node, object, place)) fits = false;
  if ((node.object->min_properties && object.size() < *node.object->min_properties) ||
      (node.object->max_properties && object.size() > *node.object->max_properties)) {
    fits = fail_value(node, value, place);
  }
  if (node.object->names != nullptr && !check_names(node, object, place)) fits = false;
  for (const auto& member : object) {
    if (!may_go_on() || (!fits && most_ == 0)) return false;
    const std::string_view name = member.key();
    if (!check_member(node, name, member.value(), place.member(name))) fits = false;
  }
  return fits;
}

bool Checker::check_unknown_members(const Node& node, const JsonObject& object,
                                    const Place& place) {
  if (node.object->additional_properties == nullptr ||
      !node.object->additional_properties->forbidden)
    return true;
  bool fits = true;
  for (const auto& member : object) {
    if (!may_go_on()) return false;
    const std::string_view name = member.key();
    if (!spend(1) || is_declared(node, name)) continue;
    fits = fail(place.member(name), "unknown_param", [&] { return unknown_name(node, name); });
  }
  return fits;
}

bool Checker::is_declared(const Node& node, std::string_view name) {
  if (node.object->properties.contains(name)) return true;
  return std::any_of(node.object->pattern_properties.begin(), node.object->pattern_properties.end(),
                     [&](const PatternNode& entry) {
                       return spend(entry.pattern->cost(name)) && entry.pattern->matches(name);
                     });
}

bool Checker::check_required(const Node& node, const JsonObject& object, const Place& place) {
  bool fits = true;
  for (const std::string_view name : node.object->required) {
    if (!may_go_on() || !spend(1)) return false;
    if (find(object, name) != nullptr) continue;
    fits = fail(place.member(name), "missing_param", [&] {
      const auto property = node.object->properties.find(name);
      const std::string words = property == node.object->properties.end()
                                    ? ""
                                    : ": expected " + describe(*property->second);
      return "\"" + std::string(name) + "\" is required" + words;
    });
  }
  return fits;
}

bool Checker::check_names(const Node& node, const JsonObject& object, const Place& place) {
  // A name is never unknown: references are resolved in values only.
  const Wildcard* skip = std::exchange(state_.skip, nullptr);
  bool fits = true;
  for (const auto& member : object) {
    if (!may_go_on()) break;
    const std::string_view name = member.key();
    if (try_out(*node.object->names, Json(name), place).fits) continue;
    fits = fail(place.member(name), "invalid_value", [&] {
      return "expected a name that is " + describe(*node.object->names) + ", got " +
             got(Json(name), false);
    });
  }
  state_.skip = skip;
  return fits;
}

bool Checker::check_member(const Node& node, std::string_view name, const Json& value,
                           const Place& place) {
  bool fits = true;
  bool declared = false;
  if (const auto property = node.object->properties.find(name);
      property != node.object->properties.end()) {
    declared = true;
    fits = check(*property->second, value, place);
  }
  for (const PatternNode& entry : node.object->pattern_properties) {
    if (!spend(entry.pattern->cost(name))) return false;
    if (!entry.pattern->matches(name)) continue;
    declared = true;
    if (!check(*entry.node, value, place)) fits = false;
  }
  // Where nothing more is allowed, check_unknown_members has said so.
  if (!declared && node.object->additional_properties != nullptr &&
      !node.object->additional_properties->forbidden) {
    return check(*node.object->additional_properties, value, place);
  }
  return fits;
}

}  // namespace pilot::schema
