// The walk down a path, the chain of filters, and texts put together from parts.
#include "params/resolve.h"

#include <fmt/format.h>

#include "base/nearest.h"

namespace pilot::params {
namespace {

constexpr std::size_t kElementWeight = 16;  // what a value costs beside its text
constexpr std::size_t kShownBytes = 500;    // of a reference, in messages
constexpr std::size_t kKeysCompared = 50;   // when looking for the nearest key

std::string shown(std::string_view text) {
  const auto cut = utf8_prefix(text, kShownBytes);
  return fmt::format("`{}{}`", cut, cut.size() < text.size() ? "..." : "");
}

// The reference as far as its first `parts` path parts, in today's form.
std::string shown_prefix(const Reference& reference, std::size_t parts) {
  std::string text = reference.root;
  if (!reference.step.empty()) text += "." + reference.step;
  for (std::size_t i = 0; i < parts && text.size() <= kShownBytes; ++i) {
    const auto& part = reference.path[i];
    if (part.kind == PathPart::Kind::index) {
      text += "[" + part.key + "]";
    } else {
      text += "." + part.key;
    }
  }
  return shown(text);
}

Error unresolved(const Reference& reference, std::string_view why) {
  return invalid("unresolved_reference", fmt::format("{}: {}", shown(reference.text), why));
}

std::string why_no_root(const Reference& reference) {
  if (reference.root == "steps") {
    return fmt::format("step {} has not run", utf8_prefix(reference.step, kShownBytes));
  }
  if (reference.root == "item" || reference.root == "index") {
    return fmt::format("there is no {} here; only what a foreach repeats has one", reference.root);
  }
  return fmt::format("there is no `{}` in this run", reference.root);
}

std::string why_no_key(const JsonObject& object, std::string_view key, std::string_view where) {
  std::vector<std::string> keys;
  if (object.size() <= kKeysCompared && key.size() <= limits::kNameLength) {
    for (const auto& member : object) {
      if (member.key().size() <= limits::kNameLength) keys.emplace_back(member.key());
    }
  }
  return fmt::format("{} has no \"{}\"{}", where, utf8_prefix(key, kShownBytes),
                     did_you_mean(key, keys));
}

// One step down; null and the reason in `why` when there is nothing.
const Json* descend(const Reference& reference, std::size_t at, const Json& value,
                    std::string* why) {
  const auto& part = reference.path[at];
  if (value.is_array() && part.kind != PathPart::Kind::key) {
    const auto& list = value.get_array();
    const auto size = static_cast<std::int64_t>(list.size());
    const auto index = part.index < 0 ? part.index + size : part.index;
    if (index >= 0 && index < size) return &list[static_cast<std::size_t>(index)];
    if (why != nullptr) {
      *why = fmt::format("the list at {} has {} item{}", shown_prefix(reference, at), size,
                         size == 1 ? "" : "s");
    }
    return nullptr;
  }
  if (value.is_object() && part.kind != PathPart::Kind::index) {
    const Json* member = find(value.get_object(), part.key);
    if (member == nullptr && why != nullptr) {
      *why = why_no_key(value.get_object(), part.key, shown_prefix(reference, at));
    }
    return member;
  }
  if (why != nullptr) {
    const bool wants_index = part.kind == PathPart::Kind::index;
    *why = fmt::format("{} is {}, so it has no {} {}", shown_prefix(reference, at),
                       describe_kinds(kind_of(value)), wants_index ? "item" : "key",
                       utf8_prefix(part.key, kShownBytes));
  }
  return nullptr;
}

// All of a step, for who refers to it as a whole.
JsonObject whole_step(const StepView& step) {
  JsonObject whole;
  if (step.output != nullptr) whole["output"] = *step.output;
  if (const JsonObject* fields = step.fields->if_object()) {
    whole.insert(fields->begin(), fields->end());
  }
  return whole;
}

// Where the path begins: in the source, or in `scratch`.
const Json* start_of(const Reference& reference, const Source& source, std::size_t& next,
                     Json& scratch) {
  if (reference.root != "steps") return source.root(reference.root);
  const std::optional<StepView> step = source.step(reference.step);
  if (!step) return nullptr;
  if (reference.path.empty()) {
    scratch = whole_step(*step);
    return &scratch;
  }
  const PathPart& field = reference.path.front();
  const bool is_output = field.kind == PathPart::Kind::key && field.key == "output";
  if (!is_output || step->output == nullptr) return step->fields;
  next = 1;
  return step->output;
}

const Json* look_up(const Reference& reference, const Source& source, Json& scratch,
                    std::string* why) {
  std::size_t next = 0;
  const Json* value = start_of(reference, source, next, scratch);
  if (value == nullptr) {
    if (why != nullptr) *why = why_no_root(reference);
    return nullptr;
  }
  for (std::size_t i = next; i < reference.path.size() && value != nullptr; ++i) {
    value = descend(reference, i, *value, why);
  }
  return value;
}

Error in_filter(const Reference& reference, const Filter& filter, Error error) {
  error.message =
      fmt::format("filter `{}` in {}: {}", filter.name, shown(reference.text), error.message);
  return error;
}

Error out_of_budget() {
  return too_large("limit_exceeded", fmt::format("the references bring in more than {} MiB in all",
                                                 limits::kRunOutput >> 20));
}

Status charge_input(const Filter& filter, const Json& input, Budget& budget) {
  if (filter.deep) return budget.take_value(input, 0);
  std::size_t weight = kElementWeight;
  if (input.is_string()) weight += input.get_string().size();
  if (input.is_array()) weight += input.get_array().size() * kElementWeight;
  if (input.is_object()) weight += input.get_object().size() * kElementWeight;
  if (budget.take(weight)) return ok();
  return out_of_budget();
}

Result<Json> run_filter(const FilterCall& call, const Json& input, Budget& budget) {
  const auto& filter = *call.filter;
  if (!(kind_of(input) & filter.takes)) {
    return filter_error(fmt::format("it takes {}, this is {}", describe_kinds(filter.takes),
                                    describe_kinds(kind_of(input))));
  }
  if (auto status = charge_input(filter, input, budget); !status) return status.error();
  auto result = filter.apply(input, call.arguments);
  if (!result) return result;
  if (result->is_string() && result->get_string().size() > limits::kString) {
    return text_limit_error();
  }
  if (auto status = budget.take_value(*result, 0); !status) return status.error();
  return result;
}

std::size_t next_default(const Reference& reference, std::size_t from) {
  while (from < reference.filters.size() &&
         reference.filters[from].filter->name != kDefaultFilter) {
    ++from;
  }
  return from;
}

// Points into the source, the compiled reference, or `scratch`. A missing path or a null goes
// straight to the next `default`, past the filters before it.
Result<const Json*> resolve(const Reference& reference, const Source& source, Budget& budget,
                            Json& scratch) {
  const Json* value = look_up(reference, source, scratch, nullptr);
  if (value == nullptr && !reference.has_default) {
    std::string why;
    look_up(reference, source, scratch, &why);
    return unresolved(reference, why);
  }
  const auto& filters = reference.filters;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (value == nullptr || value->is_null()) {
      const auto next = next_default(reference, i);
      if (next < filters.size()) {
        i = next;
        value = filters[i].arguments.data();
        continue;
      }
    }
    if (filters[i].filter->name == kDefaultFilter) continue;
    auto result = run_filter(filters[i], *value, budget);
    if (!result) return in_filter(reference, *filters[i].filter, std::move(result.error()));
    scratch = std::move(*result);
    value = &scratch;
  }
  return value;
}

// False when the budget is used up, or when the value is nested too deep.
bool weigh(const Json& value, std::size_t depth, std::size_t& left, bool& too_deep) {
  std::size_t weight = kElementWeight;
  if (value.is_string()) weight += value.get_string().size();
  if (weight > left) return false;
  left -= weight;
  const bool container = value.is_array() || value.is_object();
  if (container && depth >= limits::kJsonDepth) {
    too_deep = true;
    return false;
  }
  if (value.is_array()) {
    for (const auto& item : value.get_array()) {
      if (!weigh(item, depth + 1, left, too_deep)) return false;
    }
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      if (member.key().size() > left) return false;
      left -= member.key().size();
      if (!weigh(member.value(), depth + 1, left, too_deep)) return false;
    }
  }
  return true;
}

}  // namespace

Status Budget::take_value(const Json& value, std::size_t depth) {
  bool too_deep = false;
  if (weigh(value, depth, left_, too_deep)) return ok();
  if (!too_deep) return out_of_budget();
  return too_large("limit_exceeded",
                   fmt::format("the result is nested deeper than {} levels", limits::kJsonDepth));
}

Result<Json> evaluate_parts(const std::vector<Part>& parts, const Source& source, Budget& budget,
                            std::size_t depth) {
  if (!is_one_reference(parts)) {
    auto text = evaluate_parts_text(parts, source, budget);
    if (!text) return std::move(text).error();
    return text_json(*text);
  }
  const auto& reference = *parts[0].reference;
  Json scratch;
  const auto value = resolve(reference, source, budget, scratch);
  if (!value) return value.error();
  if (auto status = budget.take_value(**value, depth); !status) {
    return status.error().prefixed(shown(reference.text));
  }
  if (*value == &scratch) return scratch;
  return **value;
}

Result<std::string> evaluate_parts_text(const std::vector<Part>& parts, const Source& source,
                                        Budget& budget) {
  std::string text;
  for (const auto& part : parts) {
    if (!part.reference) {
      text += part.literal;
      continue;
    }
    Json scratch;
    const auto value = resolve(*part.reference, source, budget, scratch);
    if (!value) return value.error();
    const auto before = text.size();
    append_text(text, **value);
    if (text.size() > limits::kStepOutput) {
      return too_large("limit_exceeded",
                       fmt::format("{} makes the text longer than {} bytes",
                                   shown(part.reference->text), limits::kStepOutput));
    }
    if (!budget.take(text.size() - before)) {
      return out_of_budget().prefixed(shown(part.reference->text));
    }
  }
  return text;
}

void list_references(const std::vector<Part>& parts, std::vector<ReferenceInfo>& out,
                     std::string_view pointer) {
  for (const auto& part : parts) {
    if (!part.reference) continue;
    const auto& reference = *part.reference;
    ReferenceInfo entry{reference.text,        reference.root,      reference.step, {},
                        reference.has_default, std::string(pointer)};
    entry.path.reserve(reference.path.size());
    for (const auto& path_part : reference.path) entry.path.push_back(path_part.key);
    out.push_back(std::move(entry));
  }
}

}  // namespace pilot::params
