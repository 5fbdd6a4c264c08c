#include "providers/openapi/schema_view.h"

#include <algorithm>
#include <array>

#include "providers/openapi/words.h"

namespace pilot::providers::openapi {
namespace {

constexpr int kLevels = 40;              // $ref and allOf inside one another
constexpr std::size_t kListed = 16;      // more properties are found by a table
constexpr std::size_t kMembers = 5'000;  // of one schema

struct TypeWord {
  std::string_view given;
  std::string_view meant;
};
// What people write where JSON Schema has a word of its own.
constexpr std::array<TypeWord, 22> kTypeWords = {{
    {"string", "string"},  {"integer", "integer"}, {"number", "number"}, {"boolean", "boolean"},
    {"object", "object"},  {"array", "array"},     {"int", "integer"},   {"int32", "integer"},
    {"int64", "integer"},  {"long", "integer"},    {"float", "number"},  {"double", "number"},
    {"decimal", "number"}, {"bool", "boolean"},    {"str", "string"},    {"text", "string"},
    {"date", "string"},    {"datetime", "string"}, {"uuid", "string"},   {"list", "array"},
    {"file", "file"},      {"null", "null"},
}};

std::string_view type_word(std::string_view given) {
  const std::string word = lower_case(given);
  for (const TypeWord& known : kTypeWords) {
    if (known.given == word) return known.meant;
  }
  return {};
}

}  // namespace

SchemaView::SchemaView(Document& document, const Json& schema, Notes& notes)
    : document_(document), notes_(notes) {
  gather(schema, 0);
  std::sort(required_.begin(), required_.end());
}

void SchemaView::set(std::string_view key, const Json& value) {
  for (Member& known : keywords_) {
    if (known.first != key) continue;
    known.second = &value;
    return;
  }
  keywords_.emplace_back(key, &value);
}

void SchemaView::gather(const Json& schema, int level) {
  if (level > kLevels || !document_.steps().spend()) {
    unknown_ = true;
    return;
  }
  const JsonObject* object = schema.if_object();
  if (object == nullptr) return;  // true
  if (const Json* ref = object->if_contains("$ref"); ref != nullptr && ref->is_string()) {
    const Json* target = document_.target(as_view(ref->get_string()), notes_);
    if (target == nullptr) {
      unknown_ = true;
    } else if (std::find(targets_.begin(), targets_.end(), target) == targets_.end()) {
      targets_.push_back(target);
      gather(*target, level + 1);
    }
  }
  if (const Json* all = object->if_contains("allOf"); all != nullptr && all->is_array()) {
    for (const Json& part : all->get_array()) gather(part, level + 1);
  }
  for (const auto& member : *object) {
    const std::string_view key = member.key();
    const Json& value = member.value();
    if (key == "$ref" || key == "allOf") continue;
    if (key == "properties") {
      if (value.is_object()) gather_properties(value.get_object());
    } else if (key == "required") {
      if (!value.is_array()) continue;
      for (const Json& name : value.get_array()) {
        if (name.is_string() && required_.size() < kMembers && document_.steps().spend()) {
          required_.push_back(as_view(name.get_string()));
        }
      }
    } else if (!key.starts_with("x-") || key == "x-nullable") {
      set(key, value);
    }
  }
}

// A property that is said twice is what is said last. One block of properties has no two of a name.
void SchemaView::gather_properties(const JsonObject& members) {
  const bool first = properties_.empty();
  if (first) properties_.reserve(std::min(members.size(), kMembers));
  for (const auto& member : members) {
    const std::string_view name = member.key();
    const auto known = first ? std::nullopt : place_of(name);
    if (known) {
      properties_[*known].second = &member.value();
    } else if (properties_.size() < kMembers && document_.steps().spend()) {
      properties_.emplace_back(name, &member.value());
    } else {
      unknown_ = true;
      return;
    }
  }
}

std::optional<std::size_t> SchemaView::place_of(std::string_view name) {
  if (properties_.size() > kListed) {
    for (std::size_t i = places_.size(); i < properties_.size(); ++i) {
      places_[properties_[i].first] = i;
    }
    const auto place = places_.find(name);
    return place == places_.end() ? std::nullopt : std::optional(place->second);
  }
  for (std::size_t i = 0; i < properties_.size(); ++i) {
    if (properties_[i].first == name) return i;
  }
  return std::nullopt;
}

const Json* SchemaView::get(std::string_view key) const {
  for (const Member& known : keywords_) {
    if (known.first == key) return known.second;
  }
  return nullptr;
}

std::string_view SchemaView::text(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr && value->is_string() ? as_view(value->get_string()) : std::string_view();
}

bool SchemaView::flag(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const Json* SchemaView::property(std::string_view name) const {
  for (const Member& known : properties_) {
    if (known.first == name) return known.second;
  }
  return nullptr;
}

bool SchemaView::requires_member(std::string_view name) const {
  return std::binary_search(required_.begin(), required_.end(), name);
}

bool SchemaView::nullable() const {
  if (flag("nullable") || flag("x-nullable")) return true;
  const Json* type = get("type");
  if (type == nullptr) return false;
  if (type->is_string()) return type_word(as_view(type->get_string())) == "null";
  if (!type->is_array()) return type->is_null();
  return std::any_of(type->get_array().begin(), type->get_array().end(), [](const Json& one) {
    return one.is_null() || (one.is_string() && as_view(one.get_string()) == "null");
  });
}

std::vector<std::string_view> SchemaView::types() const {
  std::vector<std::string_view> out;
  const auto take = [&](const Json& one) {
    if (!one.is_string()) return;
    const std::string_view word = type_word(as_view(one.get_string()));
    if (word.empty() || word == "null") return;
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  };
  if (const Json* type = get("type"); type != nullptr && type->is_array()) {
    for (const Json& one : type->get_array()) take(one);
  } else if (type != nullptr) {
    take(*type);
  }
  if (!out.empty() || get("type") != nullptr) return out;
  if (!properties_.empty()) return {"object"};
  if (get("items") != nullptr) return {"array"};
  return out;
}

bool SchemaView::is_object() const {
  const auto all = types();
  return all.size() == 1 && all[0] == "object";
}

}  // namespace pilot::providers::openapi
