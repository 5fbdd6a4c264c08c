// Schema::check, and the keywords of scalar values. Containers: schema_check_nested.cc; anyOf and
// its kin: schema_check_branches.cc.
#include <algorithm>
#include <utility>

#include "schema/schema_checker.h"
#include "schema/schema_words.h"

namespace pilot::schema {

namespace {

// A check is synchronous on a thread that serves others, so its work is bounded: about a second.
constexpr std::size_t kCheckSteps = 5'000'000;
constexpr std::size_t kCheckDepth = 400;   // nodes inside one another, anyOf and $ref counted
constexpr std::size_t kMessageSteps = 50;  // what words cost, in steps

std::uint64_t characters(std::string_view text) {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string Place::pointer() const {
  std::vector<const Place*> path;
  for (const Place* place = this; place != nullptr; place = place->parent) path.push_back(place);
  std::string text{path.back()->key};
  for (auto place = path.rbegin() + 1; place != path.rend(); ++place) {
    text =
        (*place)->is_item ? pointer_join(text, (*place)->index) : pointer_join(text, (*place)->key);
  }
  return text;
}

bool Checker::spend(std::size_t steps) {
  state_.steps += steps;
  if (state_.steps > kCheckSteps) state_.gave_up = "it is too large for so involved a schema";
  return state_.gave_up == nullptr;
}

void Checker::add(Problem problem) {
  const bool known = std::any_of(problems_.begin(), problems_.end(), [&](const Problem& other) {
    return other.pointer == problem.pointer && other.message == problem.message;
  });
  if (!known && problems_.size() < most_) problems_.push_back(std::move(problem));
}

bool Checker::fail(const Place& place, std::string_view code,
                   const std::function<std::string()>& words) {
  if (most_ > 0 && problems_.size() < most_ && spend(kMessageSteps)) {
    add({place.pointer(), std::string(code), words()});
  }
  return false;
}

bool Checker::fail_value(const Node& node, const Json& value, const Place& place) {
  return fail(place, "invalid_value", [&] {
    return "expected " + describe_for(node, value) + ", got " + got(value, state_.secret);
  });
}

bool Checker::check(const Node& node, const Json& value, const Place& place) {
  if (!may_go_on() || !spend(1)) return false;
  if (state_.skip != nullptr && (*state_.skip)(value)) {
    ++state_.skipped;
    return true;
  }
  if (state_.depth == kCheckDepth) {
    state_.gave_up = "it is nested too deeply";
    return false;
  }
  const bool was_secret = std::exchange(state_.secret, state_.secret || node.secret);
  ++state_.depth;
  const bool fits = check_known(node, value, place);
  --state_.depth;
  state_.secret = was_secret;
  return fits && state_.gave_up == nullptr;
}

bool Checker::check_known(const Node& node, const Json& value, const Place& place) {
  if (node.forbidden) {
    return fail(place, "invalid_value",
                [&] { return "nothing is allowed here, got " + got(value, state_.secret); });
  }
  if (!check_type(node, value, place) || !check_choice(node, value, place)) return false;
  bool fits = true;
  if (value.is_number()) fits = check_number(node, value, place);
  if (value.is_string()) fits = check_string(node, value, place);
  if (value.is_array()) fits = check_array(node, value, place);
  if (value.is_object()) fits = check_object(node, value, place);
  return check_branches(node, value, place) && fits;
}

bool Checker::check_type(const Node& node, const Json& value, const Place& place) {
  if (node.types == 0 || (node.types & type_bits(value)) != 0) return true;
  return fail(place, "wrong_type",
              [&] { return "expected " + describe(node) + ", got " + got(value, state_.secret); });
}

bool Checker::check_choice(const Node& node, const Json& value, const Place& place) {
  const std::size_t before = state_.skipped;
  const Wildcard counting = [this](const Json& part) {
    const bool unknown = (*state_.skip)(part);
    if (unknown) ++state_.skipped;
    return unknown;
  };
  const Wildcard* wildcard = state_.skip == nullptr ? nullptr : &counting;
  bool fits = node.constant == nullptr || same(value, *node.constant, wildcard);
  if (fits && node.choices != nullptr) {
    if (value.is_structured()) {
      spend(node.chosen->nested.size());
      fits = std::any_of(node.chosen->nested.begin(), node.chosen->nested.end(),
                         [&](const Json* choice) { return same(value, *choice, wildcard); });
    } else {
      fits = node.chosen->scalars.contains(canonical(value));
    }
  }
  if (fits) return true;
  state_.skipped = before;  // it does not fit, whatever they are
  ++mismatches_;
  return fail(place, "invalid_value",
              [&] { return "expected " + describe(node) + ", got " + got(value, state_.secret); });
}

bool Checker::check_number(const Node& node, const Json& value, const Place& place) {
  const bool fits =
      (node.number->minimum == nullptr || compare(value, *node.number->minimum) >= 0) &&
      (node.number->maximum == nullptr || compare(value, *node.number->maximum) <= 0) &&
      (node.number->exclusive_minimum == nullptr ||
       compare(value, *node.number->exclusive_minimum) > 0) &&
      (node.number->exclusive_maximum == nullptr ||
       compare(value, *node.number->exclusive_maximum) < 0) &&
      (node.number->multiple_of == nullptr || is_multiple(value, *node.number->multiple_of));
  return fits || fail_value(node, value, place);
}

bool Checker::check_string(const Node& node, const Json& value, const Place& place) {
  const std::string_view text = as_view(value.get_string());
  if (node.string->min_length || node.string->max_length) {
    const std::uint64_t length = characters(text);
    if ((node.string->min_length && length < *node.string->min_length) ||
        (node.string->max_length && length > *node.string->max_length)) {
      return fail(place, "invalid_value", [&] {
        return "expected " + describe_for(node, value) + ", got one of " + std::to_string(length);
      });
    }
  }
  if (node.string->format != Format::none && !fits(node.string->format, text)) {
    return fail_value(node, value, place);
  }
  if (!node.string->pattern) return true;
  if (!spend(node.string->pattern->cost(text))) return false;
  return node.string->pattern->matches(text) || fail_value(node, value, place);
}

Problems Schema::check(const Json& value, std::string_view base, std::size_t max_problems) const {
  return check(value, base, max_problems, nullptr);
}

Problems Schema::check(const Json& value, std::string_view base, std::size_t max_problems,
                       const std::function<bool(const Json&)>& skip) const {
  CheckState state;
  state.skip = skip ? &skip : nullptr;
  Checker checker{state, std::max<std::size_t>(max_problems, 1)};
  const Place root{nullptr, base, 0, false};
  checker.check(*root_, value, root);
  if (state.gave_up == nullptr) return std::move(checker.problems());
  return {{std::string(base), "invalid_value",
           "this cannot be checked: " + std::string(state.gave_up)}};
}

}  // namespace pilot::schema
