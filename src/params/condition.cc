// Finding the operator of a condition and comparing its sides.
#include "params/condition.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "params/reader.h"
#include "params/reference.h"

namespace pilot::params {
namespace {

// If a reference stands at `at`, the end of it, else `at`. Asked with rising `at` only.
class ReferenceSpans {
 public:
  explicit ReferenceSpans(const std::vector<Part>& parts)
      : next_(parts.begin()), end_(parts.end()) {}

  std::size_t skip(std::size_t at) {
    while (next_ != end_ && (next_->end <= at || !next_->reference)) ++next_;
    return next_ != end_ && next_->begin <= at ? next_->end : at;
  }

 private:
  std::vector<Part>::const_iterator next_;
  std::vector<Part>::const_iterator end_;
};

bool is_quote(char c) { return c == '"' || c == '\''; }

// A quote opens only where a word could begin: the apostrophe of "don't" opens nothing.
bool may_open(std::string_view text, std::size_t at) {
  return at == 0 || is_space(text[at - 1]) || text[at - 1] == '=' || text[at - 1] == '(';
}

// The place after the quote that closes the one at `at`; `at` + 1 when none does.
std::size_t quoted_end(std::string_view text, std::size_t at, ReferenceSpans spans) {
  for (auto i = at + 1; i < text.size();) {
    if (const auto end = spans.skip(i); end != i) {
      i = end;
    } else if (text[i] == text[at]) {
      return i + 1;
    } else {
      ++i;
    }
  }
  return at + 1;
}

std::optional<std::size_t> find_operator(std::string_view text, const std::vector<Part>& parts) {
  ReferenceSpans spans(parts);
  bool closes[2] = {true, true};  // whether a later quote of this kind can close one
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (const auto end = spans.skip(i); end != i) {
      i = end;
      continue;
    }
    const auto here = text.substr(i, 2);
    if (here == "==" || here == "!=") return i;
    if (is_quote(text[i]) && closes[text[i] == '"'] && may_open(text, i)) {
      const auto end = quoted_end(text, i, spans);
      closes[text[i] == '"'] = end != i + 1;
      i = end;
    } else {
      ++i;
    }
  }
  return std::nullopt;
}

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && is_quote(text.front()) && text.front() == text.back()) {
    text.remove_prefix(1);
    text.remove_suffix(1);
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// One side of a comparison, as it is compared.
struct Side {
  std::string text;
  bool is_word = false;  // true, false or null itself, not a text that says so
};

Result<Side> evaluate_side(const Template& side, const Source& source) {
  if (side.is_one_reference()) {
    const auto value = side.evaluate(source);
    if (!value) return value.error();
    if (value->is_bool() || value->is_null()) return Side{to_json(*value), true};
  }
  auto text = side.evaluate_text(source);
  if (!text) return std::move(text).error();
  return Side{std::string(unquoted(*text)), false};
}

// Old plans were written for Python, where these words are True, False and None.
bool same(const Side& left, const Side& right) {
  if (!left.is_word && !right.is_word) return left.text == right.text;
  auto a = lower(left.text);
  auto b = lower(right.text);
  if (a == "none") a = "null";
  if (b == "none") b = "null";
  return a == b;
}

bool is_true_text(std::string_view text) {
  const auto trimmed_text = unquoted(text);
  if (trimmed_text.size() > 5) return true;
  const auto word = lower(trimmed_text);
  return word != "" && word != "false" && word != "0" && word != "no" && word != "none" &&
         word != "null";
}

Error as_condition_error(Error error) {
  error.code = "invalid_condition";
  return error;
}

}  // namespace

Result<Condition> Condition::compile_if(std::string_view text) {
  text = trimmed(text);
  auto whole = Template::compile(text);
  if (!whole) return as_condition_error(std::move(whole.error()));
  if (whole->is_one_reference()) {
    Condition condition;
    condition.left_ = std::move(*whole);
    return condition;
  }
  if (!whole->has_references()) {
    return invalid("invalid_condition", "no reference stands in it: it is a program");
  }
  auto comparison = compile_legacy(text);
  if (!comparison || comparison->kind_ != Kind::truth) return comparison;
  return invalid(
      "invalid_condition",
      "a condition is one reference such as ${steps.0.output.ok}, or two texts with == or "
      "!= between them");
}

Result<Condition> Condition::compile_legacy(std::string_view text) {
  const auto parts = parse_parts(text);
  if (!parts) return as_condition_error(parts.error());
  const auto at = find_operator(text, *parts);
  Condition condition;
  condition.kind_ = !at ? Kind::truth : text[*at] == '=' ? Kind::equal : Kind::not_equal;
  auto left = Template::compile(trimmed(text.substr(0, at.value_or(text.size()))));
  if (!left) return as_condition_error(std::move(left.error()));
  condition.left_ = std::move(*left);
  if (!at) return condition;
  auto right = Template::compile(trimmed(text.substr(*at + 2)));
  if (!right) return as_condition_error(std::move(right.error()));
  condition.right_ = std::move(*right);
  return condition;
}

Result<bool> Condition::evaluate(const Source& source) const {
  PILOT_ASSERT(left_.has_value());
  if (kind_ == Kind::reference) {
    const auto value = left_->evaluate(source);
    if (!value) return value.error();
    return is_true(*value);
  }
  if (kind_ == Kind::truth) {
    const auto text = left_->evaluate_text(source);
    if (!text) return text.error();
    return is_true_text(*text);
  }
  const auto left = evaluate_side(*left_, source);
  if (!left) return left.error();
  const auto right = evaluate_side(*right_, source);
  if (!right) return right.error();
  return same(*left, *right) == (kind_ == Kind::equal);
}

void Condition::list(std::vector<ReferenceInfo>& out, std::string_view pointer) const {
  if (left_) left_->list(out, pointer);
  if (right_) right_->list(out, pointer);
}

bool is_true(const Json& value) {
  return !value.is_null() && !(value.is_bool() && !value.get_bool());
}

}  // namespace pilot::params
