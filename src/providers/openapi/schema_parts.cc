// The parts of converted schemas (schema_convert.h): items, members, branches.
#include <algorithm>

#include "providers/openapi/schema_convert.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kBranches = 30;  // of one anyOf

void add_null(JsonObject& schema) {
  Json* type = schema.if_contains("type");
  if (type == nullptr) return;
  const Json none("null");
  if (type->is_string()) *type = JsonArray{*type};
  JsonArray& list = type->get_array();
  if (std::find(list.begin(), list.end(), none) == list.end()) list.push_back(none);
}

// {type: X} and no more.
bool is_bare_type(const JsonObject& schema) {
  return schema.size() == 1 && schema.begin()->key() == "type";
}

}  // namespace

void Converter::add_items(JsonObject& out, const SchemaView& view, int depth) {
  copy_count(out, view, "minItems");
  copy_count(out, view, "maxItems");
  if (view.flag("uniqueItems")) out["uniqueItems"] = true;
  const Json* items = view.get("items");
  if (items == nullptr || !items->is_object()) return;
  if (depth <= 0) {
    notes_.add("truncated", "what lies deeper in a schema is not written out; any value is taken");
    return;
  }
  JsonObject inner = convert(*items, depth - 1);
  spend(10);
  if (!inner.empty()) out["items"] = std::move(inner);
}

void Converter::add_members(JsonObject& out, const SchemaView& view, int depth) {
  const Json* more = view.get("additionalProperties");
  const bool closed = more != nullptr && more->is_bool() && !more->get_bool();
  if (view.properties().empty() && (more == nullptr || more->is_bool())) {
    copy_count(out, view, "minProperties");
    copy_count(out, view, "maxProperties");
    return;
  }
  if (depth <= 0) {
    notes_.add("truncated", "what lies deeper in a schema is not written out; any value is taken");
    return;
  }
  JsonObject properties;
  JsonArray required;
  bool whole = true;
  for (const auto& [name, schema] : view.properties()) {
    if (full_) return;
    const SchemaView property(document_, *schema, notes_);
    if (property.read_only()) {
      whole = false;  // an answer may come back with it
      continue;
    }
    spend(name.size() + 6);
    properties[name] = convert(property, depth - 1);
    if (view.requires_member(name)) {
      required.emplace_back(name);
      spend(name.size() + 3);
    }
  }
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  if (closed && whole) out["additionalProperties"] = false;
  if (more != nullptr && more->is_object()) {
    JsonObject inner = convert(*more, depth - 1);
    spend(24);
    if (!inner.empty() && whole) out["additionalProperties"] = std::move(inner);
  }
}

// oneOf is taken as anyOf: that a value fits two of them is the vendor's to judge.
void Converter::add_branches(JsonObject& out, const SchemaView& view, int depth) {
  const Json* list = view.get("anyOf");
  if (list == nullptr) list = view.get("oneOf");
  if (list == nullptr || !list->is_array() || list->get_array().empty()) return;
  if (list->get_array().size() > kBranches) {
    notes_.add("many_branches", "an anyOf or oneOf has too many forms; any value is taken");
    return;
  }
  JsonArray branches;
  bool null = view.nullable();
  for (const Json& branch : list->get_array()) {
    if (full_) return;
    const SchemaView inner(document_, branch, notes_);
    JsonObject form = convert(inner, depth);
    const Json* type = form.if_contains("type");
    if (form.empty()) {
      if (!inner.nullable() || !inner.types().empty()) return;  // any value
      null = true;
      continue;
    }
    // An object that says no more than the outside does.
    if (is_bare_type(form) && out.contains("properties") && type->is_string() &&
        as_view(type->get_string()) == "object") {
      return;
    }
    if (std::find(branches.begin(), branches.end(), Json(form)) == branches.end()) {
      branches.emplace_back(std::move(form));
    }
  }
  spend(12);
  if (null && branches.size() == 1 && !out.contains("type") && !out.contains("properties")) {
    JsonObject& only = branches[0].get_object();
    if (only.contains("type") && !only.contains("enum") && !only.contains("const")) {
      add_null(only);
      null = false;
    }
  }
  if (null) branches.emplace_back(JsonObject{{"type", "null"}});
  if (branches.empty()) return;
  if (branches.size() > 1 || out.contains("type")) {
    out["anyOf"] = std::move(branches);
    return;
  }
  for (auto& member : branches[0].get_object()) {
    if (!out.contains(member.key())) out[member.key()] = std::move(member.value());
  }
}

}  // namespace pilot::providers::openapi
