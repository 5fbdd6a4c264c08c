// Members of one object, checked for type and bounds.
#include "plan/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "model/limits.h"
#include "plan/durations.h"

namespace pilot::plan {

std::string quoted(std::string_view name) {
  std::string out;
  append_json_string(out, utf8_prefix(name, limits::kNameLength));
  if (name.size() > limits::kNameLength) out.insert(out.size() - 1, "...");
  return out;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& names) {
  if (name.size() > limits::kNameLength) return {};
  return did_you_mean(name, names);
}

const Json* Fields::get(std::string_view key) const {
  const Json* value = find(object_, key);
  return value != nullptr && value->is_null() ? nullptr : value;
}

bool Fields::says(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr && !(value->is_string() && value->get_string().empty());
}

std::optional<std::string> Fields::text(std::string_view key, std::size_t most_characters) {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    wrong_type(key, "a text");
    return std::nullopt;
  }
  const std::string_view text = as_view(value->get_string());
  if (utf8_prefix_characters(text, most_characters).size() < text.size()) {
    problem(key, "plan_too_large",
            fmt::format("`{}` may have at most {} characters", key, most_characters));
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least,
                                            std::int64_t most) {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int64() && !value->is_uint64()) {
    wrong_type(key, "a whole number");
    return std::nullopt;
  }
  const bool fits = value->is_int64() && value->get_int64() >= least && value->get_int64() <= most;
  if (!fits) {
    problem(key, "invalid_value", fmt::format("`{}` must be from {} to {}", key, least, most));
    return std::nullopt;
  }
  return value->get_int64();
}

std::optional<Millis> Fields::duration(std::string_view key, Millis least, Millis most) {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  const Result<Millis> parsed = parse_duration(*value);
  if (!parsed) {
    problem(key, "invalid_value", fmt::format("`{}`: {}", key, parsed.error().message));
    return std::nullopt;
  }
  if (*parsed < least || *parsed > most) {
    problem(
        key, "invalid_value",
        fmt::format("`{}` must be from {} to {}", key, duration_text(least), duration_text(most)));
    return std::nullopt;
  }
  return *parsed;
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const Json* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong_type(key, "true or false");
  return std::nullopt;
}

const JsonObject* Fields::object(std::string_view key) {
  const Json* value = get(key);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) wrong_type(key, "an object");
  return value->if_object();
}

const JsonArray* Fields::list(std::string_view key) {
  const Json* value = get(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) wrong_type(key, "a list");
  return value->if_array();
}

const Json* Fields::either(std::string_view key, std::string_view old_key, std::string_view& name) {
  const Json* value = get(key);
  const Json* old = get(old_key);
  name = value == nullptr && old != nullptr ? old_key : key;
  if (value != nullptr && old != nullptr && *value != *old) {
    problem(old_key, "invalid_value",
            fmt::format("`{}` and `{}` are two names of one thing and differ; keep `{}`", key,
                        old_key, key));
  }
  return value != nullptr ? value : old;
}

void Fields::refuse_unknown(std::span<const std::string_view> known,
                            std::span<const std::string_view> dropped) {
  const auto has_name = [](std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& member : object_) {
    if (findings_.full()) return;
    const std::string_view key{member.key().data(), member.key().size()};
    if (has_name(known, key) || has_name(dropped, key)) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    findings_.add(at(key), "unknown_key",
                  fmt::format("there is no key {} here{}", quoted(key), suggestion(key, names)));
  }
}

void Fields::wrong_type(std::string_view key, std::string_view wanted) {
  const Json* value = get(key);
  problem(key, "wrong_type",
          fmt::format("`{}` must be {}, not {}", key, wanted,
                      value == nullptr ? "null" : json_type_name(*value)));
}

void Fields::problem(std::string_view key, std::string_view code, std::string message) {
  findings_.add(at(key), code, std::move(message));
}

}  // namespace pilot::plan
