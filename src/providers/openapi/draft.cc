#include "providers/openapi/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kName = 64;  // characters of a param

std::string_view word(Where where) {
  switch (where) {
    case Where::path:
      return "path";
    case Where::query:
      return "query";
    case Where::header:
      return "header";
    case Where::body:
      break;
  }
  return "body";
}

std::string name_of(const Slot& slot, NameSet& names) {
  std::string name =
      slot.where == Where::header ? snake_case(slot.wire, kName) : identifier(slot.wire, kName);
  if (name.empty()) name = "value";
  if (name.front() >= '0' && name.front() <= '9') name.insert(name.begin(), '_');
  if (name.size() <= kName && names.take(name)) return name;
  return names.unique(fmt::format("{}_{}", name, word(slot.where)), kName);
}

// {petId} -> {petId}, {pet-id} -> {pet_id}; a brace that stands for itself is escaped.
std::string renamed(std::string_view target,
                    const std::map<std::string, std::string, std::less<>>& names) {
  std::string out;
  for (std::size_t at = 0; at < target.size();) {
    const std::size_t end = target[at] == '{' ? target.find('}', at) : std::string_view::npos;
    if (end != std::string_view::npos) {
      const auto known = names.find(target.substr(at + 1, end - at - 1));
      if (known != names.end()) {
        out += "{" + known->second + "}";
        at = end + 1;
        continue;
      }
    }
    out += target[at] == '{' ? "%7B" : target[at] == '}' ? "%7D" : std::string(1, target[at]);
    ++at;
  }
  return out;
}

// `required: true` of a param beside `required: [...]` of the members of its value.
void mark_required(JsonObject& schema) {
  if (Json* members = schema.if_contains("required")) {
    Json* type = schema.if_contains("type");
    if (type != nullptr && type->is_string()) {
      *type = std::string(type->get_string()) + "!";
      return;
    }
    JsonObject inner{{"required", std::move(*members)}};
    schema["allOf"] = JsonArray{std::move(inner)};
  }
  schema["required"] = true;
}

bool is_constant(const Slot& slot) {
  const Json* choices = slot.schema.if_contains("enum");
  return slot.required && slot.where != Where::path && choices != nullptr &&
         choices->get_array().size() == 1;
}

}  // namespace

bool without_body(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE";
}

bool Draft::put_constant(Where where, std::string_view wire, const Json& value) {
  const bool scalar = value.is_string() || value.is_number() || value.is_bool();
  if (!scalar || wire.empty()) return false;
  if (value.is_string() && as_view(value.get_string()).find('{') != std::string_view::npos) {
    return false;
  }
  if (where == Where::body && wire.find('.') != std::string_view::npos) return false;
  set[fmt::format("{}.{}", word(where), wire)] = value;
  return true;
}

JsonObject Draft::finished() && {
  NameSet names;
  std::map<std::string, std::string, std::less<>> in_path;
  for (const Slot& slot : slots) {
    if (slot.where == Where::path) in_path.emplace(slot.wire, name_of(slot, names));
  }
  JsonObject params;
  JsonObject query;
  JsonObject header;
  std::string send;
  const Where usual = without_body(method) ? Where::query : Where::body;
  for (Slot& slot : slots) {
    const bool whole = slot.where == Where::body && whole_body;
    if (!whole && is_constant(slot) &&
        put_constant(slot.where, slot.wire, slot.schema["enum"].get_array()[0])) {
      continue;
    }
    const std::string name =
        slot.where == Where::path ? in_path.find(slot.wire)->second : name_of(slot, names);
    if (whole) {
      send = "." + name;
    } else if (name != slot.wire && slot.where != Where::path) {
      slot.schema["as"] = slot.wire;
    }
    if (slot.required || slot.where == Where::path) mark_required(slot.schema);
    JsonObject& group = slot.where == Where::path || slot.where == usual ? params
                        : slot.where == Where::header                    ? header
                                                                         : query;
    group[name] = std::move(slot.schema);
  }
  JsonObject out{{"do", method + " " + renamed(target, in_path)}};
  if (!params.empty()) out["params"] = std::move(params);
  if (!query.empty()) out["query"] = std::move(query);
  if (!header.empty()) out["header"] = std::move(header);
  if (!set.empty()) out["set"] = std::move(set);
  if (!body.empty()) out["body"] = std::move(body);
  if (!arrays.empty()) out["arrays"] = std::move(arrays);
  // A raw body is its one param as it is.
  if (!send.empty() && string_or(Json(out), "body") != "raw") out["send"] = std::move(send);
  for (auto& member : more) out[member.key()] = std::move(member.value());
  return out;
}

}  // namespace pilot::providers::openapi
