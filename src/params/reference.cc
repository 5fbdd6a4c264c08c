// Texts into parts: finds the references, the old placeholders and the escapes of a text.
#include "params/reference.h"

#include <fmt/format.h>

#include "model/limits.h"
#include "params/reader.h"

namespace pilot::params {

Result<std::vector<Part>> Reader::read() {
  if (text_.find("${") == text_.npos && text_.find("{{") == text_.npos) {
    if (!text_.empty()) add_literal(text_, text_.size());
    return std::move(parts_);
  }
  while (!at_end()) {
    const auto stop = std::min(text_.find_first_of("${", at_), text_.size());
    if (stop > at_) {
      add_literal(text_.substr(at_, stop - at_), stop - at_);
      continue;
    }
    if (!(text_[at_] == '$' ? read_dollar() : read_braces())) {
      if (failure_code_ == "template_too_large") {
        return too_large("template_too_large", std::move(failure_));
      }
      return error();
    }
  }
  return std::move(parts_);
}

bool Reader::read_dollar() {
  const auto rest = text_.substr(at_);
  if (rest.starts_with("$${")) {
    add_literal("${", 3);
    return true;
  }
  if (!rest.starts_with("${")) {
    add_literal("$", 1);
    return true;
  }
  start_ = at_;
  Reference reference;
  std::size_t end = 0;
  // "$" before an old placeholder is money: "Total: ${{step_1.output}}".
  if (rest.starts_with("${{") && try_placeholder(at_ + 1, reference, end)) {
    add_literal("$", 1);
    return true;
  }
  return read_reference(reference) && add_reference(std::move(reference), start_);
}

bool Reader::read_braces() {
  const auto begin = at_;
  if (!text_.substr(at_).starts_with("{{") || text_.substr(at_).starts_with("{{{")) {
    add_literal("{", 1);
    return true;
  }
  Reference reference;
  std::size_t end = 0;
  failure_.clear();
  if (try_placeholder(at_, reference, end)) {
    if (!failure_.empty()) return false;
    at_ = end;
    return add_reference(std::move(reference), begin);
  }
  at_ = begin;
  add_literal("{", 1);
  return true;
}

// True for what is an old placeholder; failure_ is then set if it is one that cannot be. at_ stays.
bool Reader::try_placeholder(std::size_t at, Reference& out, std::size_t& end) {
  if (!text_.substr(at).starts_with("{{")) return false;
  const auto keep = at_;
  quiet_ = true;
  at_ = at + 2;
  skip_spaces();
  const auto name_at = at_;
  auto name = read_name();
  const bool is_step = name.starts_with("step_") && name.size() > 5 &&
                       std::all_of(name.begin() + 5, name.end(), is_digit);
  const bool known =
      is_step || name == "trigger" || name == "inputs" || name == "item" || name == "index";
  bool matches = known && read_path(out.path);
  const auto text = trimmed(text_.substr(name_at, at_ - name_at));
  if (matches) {
    skip_spaces();
    matches = text_.substr(std::min(at_, text_.size())).starts_with("}}");
    end = at_ + 2;
  }
  at_ = keep;
  quiet_ = false;
  failure_.clear();
  if (!matches) return false;
  out.text = text;
  if (!is_step) {
    out.root = name;
    return true;
  }
  name.remove_prefix(5);
  const auto number = canonical_index(name);
  if (!number || *number == 0) {
    fail(name_at, "steps are counted from 1 in {{step_1...}}");
    return true;
  }
  out.root = "steps";
  out.step = std::to_string(*number - 1);
  if (out.path.empty()) out.path.push_back({PathPart::Kind::key, "output", 0});
  check_step_field(out, name_at);
  return true;
}

bool Reader::add_reference(Reference reference, std::size_t begin) {
  if (text_.size() > limits::kTemplateBytes) {
    return fail(begin,
                fmt::format("a text with references has at most {} bytes, this one has {}",
                            limits::kTemplateBytes, text_.size()),
                "template_too_large");
  }
  parts_.push_back({begin, at_, {}, std::move(reference)});
  return true;
}

void Reader::add_literal(std::string_view literal, std::size_t length) {
  if (parts_.empty() || parts_.back().reference) parts_.push_back({at_, at_, {}, std::nullopt});
  parts_.back().literal += literal;
  at_ += length;
  parts_.back().end = at_;
}

Error Reader::error() const {
  const auto before = text_.substr(0, failed_at_);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column =
      1 + count_characters(newline == before.npos ? before : before.substr(newline + 1));
  const auto place = line == 1 ? fmt::format("column {}", column)
                               : fmt::format("line {}, column {}", line, column);
  const auto hint =
      failure_code_ == "invalid_reference" ? " (a literal `${` is written `$${`)" : "";
  return invalid(std::string(failure_code_), fmt::format("{}: {}{}", place, failure_, hint));
}

Result<std::vector<Part>> parse_parts(std::string_view text) { return Reader(text).read(); }

bool is_one_reference(const std::vector<Part>& parts) {
  return parts.size() == 1 && parts[0].reference.has_value();
}

}  // namespace pilot::params
