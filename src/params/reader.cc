// What stands inside a reference: root, path, filters and their arguments.
#include "params/reader.h"

#include <fmt/format.h>

#include <charconv>

#include "base/nearest.h"
#include "model/limits.h"
#include "params/template.h"

namespace pilot::params {
namespace {

constexpr std::size_t kFiltersPerReference = 32;

const std::vector<std::string>& roots() {
  static const std::vector<std::string> kRoots = {"steps", "trigger", "inputs", "item", "index",
                                                  "run",   "plan",    "user",   "vars"};
  return kRoots;
}

const std::vector<std::string>& step_fields() {
  static const std::vector<std::string> kFields = {"output",   "success",  "message",   "error",
                                                   "metadata", "attempts", "started_at"};
  return kFields;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_secret_root(std::string_view name) {
  static constexpr std::string_view kSecretRoots[] = {
      "env",    "environ", "environment", "credential", "credentials",
      "secret", "secrets", "ENV",         "connection", "connections"};
  return std::find(std::begin(kSecretRoots), std::end(kSecretRoots), name) !=
         std::end(kSecretRoots);
}

// Non-ASCII text counts as letters, but not its spaces and invisible marks: a key that nobody can
// see must be written in brackets.
bool is_invisible(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xC2' && character[1] <= '\xA0';
  if (character.size() != 3) return false;
  const auto prefix = character.substr(0, 2);
  return prefix == "\xE2\x80" || prefix == "\xE2\x81" || character == "\xE3\x80\x80" ||
         character == "\xEF\xBB\xBF";
}

std::size_t name_character(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const char c = text[at];
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-') {
    return 1;
  }
  if (static_cast<unsigned char>(c) < 0x80) return 0;
  const auto size = character_bytes(text, at);
  return is_invisible(text.substr(at, size)) ? 0 : size;
}

// What stands between quotes of either kind, as a JSON string.
std::string as_json_string(std::string_view inner) {
  std::string json = "\"";
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const char c = inner[i];
    const bool escape = c == '\\' && i + 1 < inner.size();
    if (escape) ++i;
    if (escape ? inner[i] != '\'' : c == '"') json += '\\';
    json += inner[i];
  }
  json += '"';
  return json;
}

}  // namespace

// "0", "12", not "", "01", "1a", and nothing past 18 digits
std::optional<std::int64_t> canonical_index(std::string_view text) {
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool Reader::fail(std::size_t at, std::string message, std::string_view code) {
  failed_at_ = at;
  failure_ = std::move(message);
  failure_code_ = code;
  return false;
}

bool Reader::unexpected(std::string_view wanted) {
  if (quiet_) return false;
  if (at_end()) return fail(start_, "this reference is not closed with `}`");
  const char c = text_[at_];
  const bool plain = c > ' ' && c < '\x7f' && c != '`';
  return fail(at_, plain ? fmt::format("expected {}, found `{}`", wanted, c)
                         : fmt::format("expected {}", wanted));
}

bool Reader::read_reference(Reference& out) {
  at_ = start_ + 2;
  skip_spaces();
  const auto begin = at_;
  const auto root_at = at_;
  if (next_is('}')) return fail(at_, "this reference is empty; write for example ${inputs.name}");
  if (!read_root(out) || !read_path(out.path)) return false;
  if (out.root == "steps" && !name_step(out, root_at)) return false;
  skip_spaces();
  while (take('|')) {
    if (!read_filter(out)) return false;
    skip_spaces();
  }
  out.text = trimmed(text_.substr(begin, at_ - begin));
  return take('}') || unexpected("`.`, `[`, `|` or `}`");
}

bool Reader::read_root(Reference& out) {
  const auto begin = at_;
  out.root = read_name();
  if (out.root.empty()) return unexpected("a name such as steps or inputs");
  if (contains(roots(), out.root)) return true;
  if (is_secret_root(out.root)) {
    return fail(begin, "credentials and the environment cannot be referred to");
  }
  return fail(begin, fmt::format("nothing is called `{}`{}; a reference starts with one of {}",
                                 utf8_prefix(out.root, 100), did_you_mean(out.root, roots()),
                                 fmt::join(roots(), ", ")));
}

bool Reader::read_path(std::vector<PathPart>& out) {
  while (next_is('.') || next_is('[')) {
    if (out.size() >= limits::kReferencePath) {
      return fail(at_, fmt::format("a path has at most {} parts", limits::kReferencePath));
    }
    if (take('[')) {
      if (!read_bracket(out)) return false;
      continue;
    }
    ++at_;
    const auto name = read_name();
    if (name.empty()) return unexpected("a name or a number after `.`");
    PathPart part{PathPart::Kind::key, std::string(name), 0};
    if (const auto index = canonical_index(name)) {
      part.kind = PathPart::Kind::either;
      part.index = *index;
    }
    out.push_back(std::move(part));
  }
  return true;
}

bool Reader::read_bracket(std::vector<PathPart>& out) {
  skip_spaces();
  PathPart part;
  if (next_is('"') || next_is('\'')) {
    if (!read_quoted(part.key)) return false;
  } else {
    const auto begin = at_;
    const bool negative = take('-');
    while (!at_end() && is_digit(text_[at_])) ++at_;
    const auto digits = text_.substr(begin + negative, at_ - begin - negative);
    const auto index = canonical_index(digits);
    if (digits.empty()) return unexpected("a number or a quoted key after `[`");
    if (!index) return fail(begin, "this is no index of a list");
    part = {PathPart::Kind::index, std::string(text_.substr(begin, at_ - begin)),
            negative ? -*index : *index};
  }
  skip_spaces();
  if (!take(']')) return unexpected("`]`");
  out.push_back(std::move(part));
  return true;
}

// A string in either quotes, with JSON's escapes (and \').
bool Reader::read_quoted(std::string& out) {
  const auto begin = at_;
  const char quote = text_[at_++];
  bool plain = true;
  while (!at_end() && text_[at_] != quote) {
    plain = plain && text_[at_] != '\\' && static_cast<unsigned char>(text_[at_]) >= 0x20;
    at_ += text_[at_] == '\\' ? 2 : 1;
  }
  if (at_end()) return fail(begin, "this string is not closed");
  const auto inner = text_.substr(begin + 1, at_ - begin - 1);
  ++at_;
  if (plain && is_valid_utf8(inner)) {
    out = inner;
    return true;
  }
  const auto value = parse_json(as_json_string(inner));
  if (!value || !value->is_string()) {
    return fail(begin, "this is no valid string: escapes are those of JSON");
  }
  out = as_view(value->get_string());
  return true;
}

bool Reader::read_filter(Reference& out) {
  skip_spaces();
  const auto begin = at_;
  const auto name = read_name();
  if (name.empty()) return unexpected("the name of a filter after `|`");
  FilterCall call{find_filter(name), {}};
  if (call.filter == nullptr) {
    return fail(begin,
                fmt::format("there is no filter `{}`{}", utf8_prefix(name, 100),
                            did_you_mean(name, filter_names())),
                "unknown_filter");
  }
  skip_spaces();
  if (take(':')) {
    do {
      if (!read_literal(call.arguments.emplace_back())) return false;
      skip_spaces();
    } while (take(',') && call.arguments.size() <= call.filter->max_arguments);
  }
  if (auto wrong = check_arguments(*call.filter, call.arguments)) {
    return fail(begin, std::move(*wrong));
  }
  if (out.filters.size() >= kFiltersPerReference) {
    return fail(begin, fmt::format("a reference has at most {} filters", kFiltersPerReference));
  }
  out.has_default = out.has_default || name == kDefaultFilter;
  out.filters.push_back(std::move(call));
  return true;
}

bool Reader::read_literal(Json& out) {
  skip_spaces();
  const auto begin = at_;
  if (next_is('"') || next_is('\'')) {
    std::string text;
    if (!read_quoted(text)) return false;
    out = text_json(text);
    return true;
  }
  if (next_is('-') || (!at_end() && is_digit(text_[at_]))) return read_number(out);
  if (next_is('[') || next_is('{')) {
    const bool list = text_[at_++] == '[';
    skip_spaces();
    if (!take(list ? ']' : '}')) return unexpected("an empty list or object, a text or a number");
    out = list ? Json(JsonArray{}) : Json(JsonObject{});
    return true;
  }
  const auto word = read_name();
  if (word == "true" || word == "false") {
    out = word == "true";
  } else if (word == "null") {
    out = nullptr;
  } else {
    at_ = begin;
    return unexpected("a text in quotes, a number, true, false or null");
  }
  return true;
}

bool Reader::read_number(Json& out) {
  const auto begin = at_;
  const auto end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
  auto value = parse_json(text_.substr(begin, end - begin));
  if (!value || !value->is_number()) return fail(begin, "this is no number that JSON knows");
  at_ = end;
  out = std::move(*value);
  return true;
}

// The first part of a path under `steps` names the step.
bool Reader::name_step(Reference& out, std::size_t at) {
  if (out.path.empty()) return fail(at, "name a step after `steps`, for example ${steps.0.output}");
  if (out.path[0].kind == PathPart::Kind::index && out.path[0].key[0] == '-') {
    return fail(at, "steps are counted from 0, not from the end");
  }
  out.step = std::move(out.path[0].key);
  out.path.erase(out.path.begin());
  return out.path.empty() || check_step_field(out, at);
}

bool Reader::check_step_field(const Reference& reference, std::size_t at) {
  const auto& field = reference.path[0];
  if (field.kind == PathPart::Kind::key && contains(step_fields(), field.key)) return true;
  return fail(at,
              fmt::format("a step has no `{}`{}; it has {}", utf8_prefix(field.key, 100),
                          did_you_mean(field.key, step_fields()), fmt::join(step_fields(), ", ")));
}

std::string_view Reader::read_name() {
  const auto begin = at_;
  while (const auto size = name_character(text_, at_)) at_ += size;
  return text_.substr(begin, at_ - begin);
}

}  // namespace pilot::params
