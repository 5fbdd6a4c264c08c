// Old forms into today's.
#include "plan/legacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <unordered_set>

#include "model/limits.h"

namespace pilot::plan {
namespace {

constexpr std::array<std::string_view, 4> kTriggerTypes{"manual", "schedule", "webhook", "event"};
constexpr std::array<std::string_view, 9> kRoots{"steps", "trigger", "inputs", "item", "index",
                                                 "run",   "plan",    "user",   "vars"};

template <class Names>
bool one_of(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// A number that a step could have; none for what is no number at all or a far too large one.
std::optional<std::size_t> step_count_number(std::string_view digits) {
  std::size_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || failure != std::errc{} || stop != end || number > 1'000'000) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::size_t> number_after(std::string_view text, std::string_view prefix) {
  if (text.size() <= prefix.size() + 1 || !text.starts_with(prefix) || text[prefix.size()] != '_') {
    return std::nullopt;
  }
  return step_count_number(text.substr(prefix.size() + 1));
}

std::string_view without_braces(std::string_view text) {
  for (const auto& [open, close] : {std::pair{"{{", "}}"}, std::pair{"${", "}"}}) {
    const std::string_view begin = open;
    const std::string_view end = close;
    if (text.size() >= begin.size() + end.size() && text.starts_with(begin) &&
        text.ends_with(end)) {
      return trimmed(text.substr(begin.size(), text.size() - begin.size() - end.size()));
    }
  }
  return text;
}

}  // namespace

std::vector<std::size_t> reading_order(const JsonArray& steps) {
  std::vector<std::size_t> indices(steps.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  std::vector<std::int64_t> keys;
  for (const Json& step : steps) {
    const Json* order = find(step, "order");
    if (order == nullptr || !order->is_int64()) return indices;
    keys.push_back(order->get_int64());
  }
  std::stable_sort(indices.begin(), indices.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  return indices;
}

std::string step_name(const Json& value, std::string_view prefix) {
  if (value.is_int64() && value.get_int64() >= 0) {
    return fmt::format("{}_{}", prefix, value.get_int64());
  }
  if (!value.is_string()) return {};
  const std::string_view text = trimmed(as_view(value.get_string()));
  if (const auto number = step_count_number(text)) return fmt::format("{}_{}", prefix, *number);
  return std::string(text);
}

std::string default_id(const Fields& step, std::string_view prefix, std::size_t n) {
  const Json* number = step.get("step_number");
  if (number != nullptr && number->is_int64()) {
    if (std::string name = step_name(*number, prefix); !name.empty()) return name;
  }
  return fmt::format("{}_{}", prefix, n);
}

std::string reference_from_items_source(std::string_view text) {
  const std::string_view inner = without_braces(trimmed(text));
  const std::size_t end = std::min(inner.find_first_of(".[| "), inner.size());
  const std::string_view first = inner.substr(0, end);
  // "step_1" alone means its output, as in the old placeholders.
  const std::string rest = end == inner.size() ? ".output" : std::string(inner.substr(end));
  if (const auto number = number_after(first, "step"); number && *number > 0) {
    return fmt::format("${{steps.{}{}}}", *number - 1, rest);
  }
  if (one_of(first, kRoots)) return fmt::format("${{{}}}", inner);
  return fmt::format("${{steps.{}{}}}", first, rest);
}

Json normal_trigger(Fields& plan) {
  const JsonObject* written = plan.object("trigger");
  if (written == nullptr || written->empty()) return nullptr;
  Fields trigger(*written, plan.at("trigger"), plan.findings());

  std::string type = trigger.text("type", limits::kNameLength).value_or("");
  if (type == "cron" || (!trigger.has("type") && trigger.has("cron_expression"))) type = "schedule";
  const bool told = trigger.has("type") && !trigger.get("type")->is_string();
  if (!told && !one_of(type, kTriggerTypes)) {
    const std::vector<std::string> names(kTriggerTypes.begin(), kTriggerTypes.end());
    trigger.problem(
        "type", "invalid_value",
        fmt::format("a trigger's `type` is manual, schedule, webhook or event, not {}{}",
                    quoted(type), suggestion(type, names)));
  }
  JsonObject normal{{"type", type}};
  for (const auto& member : *written) {
    if (member.key() != "type" && member.key() != "config") normal.insert(member);
  }
  if (const JsonObject* config = trigger.object("config")) {
    // What stands outside wins; insert leaves what is there alone.
    for (const auto& member : *config) {
      if (member.key() != "type") normal.insert(member);
    }
  }
  return normal;
}

void resolve_numbered_names(std::vector<Step>& body, std::string_view prefix) {
  std::unordered_set<std::string_view> ids;
  for (const Step& step : body) ids.insert(step.id);
  const auto resolve = [&](std::string& name) {
    if (name.empty() || ids.contains(name)) return;
    const auto number = number_after(name, prefix);
    if (number && *number >= 1 && *number <= body.size()) name = body[*number - 1].id;
  };
  for (Step& step : body) {
    std::vector<std::string> names;
    std::unordered_set<std::string> known;
    for (std::string& name : step.depends_on) {
      resolve(name);
      if (known.insert(name).second) names.push_back(std::move(name));
    }
    step.depends_on = std::move(names);
    resolve(step.else_jump);
  }
}

}  // namespace pilot::plan
