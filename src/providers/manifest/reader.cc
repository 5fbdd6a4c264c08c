#include "providers/manifest/reader.h"

#include <algorithm>

#include "base/nearest.h"

namespace pilot::providers::manifest {
namespace {

const JsonObject& no_object() {
  static const JsonObject kNone;
  return kNone;
}

// Programs of a manifest may also look at these.
const std::vector<std::string>& program_vars() {
  static const std::vector<std::string> kVars{"params", "status", "headers"};
  return kVars;
}

}  // namespace

jq::ProgramPtr compile_program(const Json& value, const std::string& pointer, Faults& faults) {
  return compile_program(value, program_vars(), pointer, faults);
}

jq::ProgramPtr compile_program(const Json& value, const std::vector<std::string>& vars,
                               const std::string& pointer, Faults& faults) {
  if (!value.is_string()) {
    faults.add(pointer, "wrong_type", "a jq program (a text) is wanted");
    return nullptr;
  }
  Result<jq::ProgramPtr> program = jq::compile(as_view(value.get_string()), vars);
  if (program) return std::move(*program);
  faults.add(pointer, "invalid_program",
             fmt::format("{} (in `{}`)", program.error().message, as_view(value.get_string())));
  return nullptr;
}

std::optional<Text> compile_text(const Json& value, const std::string& pointer, Faults& faults) {
  if (value.is_number() || value.is_bool()) return *Text::parse(to_json(value));
  if (!value.is_string()) {
    faults.add(pointer, "wrong_type", "a text is wanted");
    return std::nullopt;
  }
  Result<Text> text = Text::parse(as_view(value.get_string()));
  if (text) return std::move(*text);
  faults.add(pointer, "invalid_template", text.error().message);
  return std::nullopt;
}

Map::Map(const Json& value, std::string pointer, Faults& faults)
    : object_(value.is_object() ? &value.get_object() : &no_object()),
      pointer_(std::move(pointer)),
      faults_(faults) {
  if (!value.is_object()) {
    faults_.add(pointer_, "wrong_type",
                fmt::format("a map is wanted, this is {}", json_type_name(value)));
  }
}

void Map::only(std::initializer_list<std::string_view> keys) const {
  for (const auto& member : object()) {
    const std::string_view key = key_of(member);
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const std::vector<std::string> known(keys.begin(), keys.end());
    fault(key, "unknown_key",
          fmt::format("unknown key \"{}\"{}", key, did_you_mean(std::string(key), known)));
  }
}

std::string Map::text(std::string_view key, std::string_view otherwise) const {
  const Json* value = get(key);
  if (value == nullptr) return std::string(otherwise);
  if (value->is_string()) return std::string(as_view(value->get_string()));
  if (value->is_number()) return to_json(*value);
  fault(key, "wrong_type", "a text is wanted");
  return std::string(otherwise);
}

std::optional<Text> Map::templated(std::string_view key) const {
  const Json* value = get(key);
  return value == nullptr ? std::nullopt : compile_text(*value, at(key), faults_);
}

std::optional<std::int64_t> Map::integer(std::string_view key) const {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  fault(key, "wrong_type", "a whole number is wanted");
  return std::nullopt;
}

bool Map::flag(std::string_view key, bool otherwise) const {
  const Json* value = get(key);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  fault(key, "wrong_type", "true or false is wanted");
  return otherwise;
}

std::vector<std::string> Map::texts(std::string_view key) const {
  const Json* value = get(key);
  if (value == nullptr) return {};
  if (value->is_string()) return {std::string(as_view(value->get_string()))};
  std::vector<std::string> out;
  bool good = value->is_array();
  if (good) {
    for (const Json& item : value->get_array()) {
      if (item.is_string()) {
        out.emplace_back(as_view(item.get_string()));
      } else if (item.is_number()) {
        out.push_back(to_json(item));
      } else {
        good = false;
      }
    }
  }
  if (!good) fault(key, "wrong_type", "a list of texts is wanted");
  return out;
}

jq::ProgramPtr Map::program(std::string_view key) const {
  const Json* value = get(key);
  return value == nullptr ? nullptr : compile_program(*value, at(key), faults_);
}

jq::ProgramPtr Map::program(std::string_view key, const std::vector<std::string>& vars) const {
  const Json* value = get(key);
  return value == nullptr ? nullptr : compile_program(*value, vars, at(key), faults_);
}

std::optional<Map> Map::map(std::string_view key) const {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  return Map(*value, at(key), faults_);
}

bool is_snake_case(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!lower(name[0]) && !digit(name[0])) return false;
  return std::ranges::all_of(name, [&](char c) { return lower(c) || digit(c) || c == '_'; });
}

}  // namespace pilot::providers::manifest
