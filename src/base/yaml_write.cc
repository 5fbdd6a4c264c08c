// The writer of yaml.h: JSON's texts and numbers are YAML's, too, so only layout is decided here.
#include <algorithm>

#include "base/yaml.h"
#include "base/yaml_scalar.h"

namespace pilot {
namespace {

constexpr std::size_t kFlow = 70;  // bytes of JSON that still stand on one line

bool is_plain(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || text.size() > 200 || text.back() == ' ') return false;
  if (!letter(text[0]) && text[0] != '_' && text[0] != '/') return false;
  const bool safe = std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') ||
           std::string_view("_ ./-").find(c) != std::string_view::npos;
  });
  if (!safe) return false;
  const Result<Json> meant = yaml_plain_scalar(text);
  return meant && meant->is_string();
}

void append_text(std::string& out, std::string_view text) {
  if (is_plain(text)) {
    out += text;
    return;
  }
  std::string quoted;
  append_json_string(quoted, text);
  for (const char c : quoted) {
    if (c == '\x7f') {
      out += "\\x7f";
    } else {
      out += c;
    }
  }
}

void append_flow(std::string& out, const Json& value) {
  if (value.is_string()) return append_text(out, as_view(value.get_string()));
  if (!value.is_structured()) return append_json(out, value);
  const char* comma = "";
  if (value.is_array()) {
    out += '[';
    for (const Json& item : value.get_array()) {
      out += std::exchange(comma, ", ");
      append_flow(out, item);
    }
    out += ']';
    return;
  }
  out += '{';
  for (const auto& member : value.get_object()) {
    out += std::exchange(comma, ", ");
    append_text(out, member.key());
    out += ": ";
    append_flow(out, member.value());
  }
  out += '}';
}

bool is_small(const Json& value) {
  if (!value.is_structured()) return true;
  const bool empty = value.is_array() ? value.get_array().empty() : value.get_object().empty();
  return empty || json_size(value) <= kFlow;
}

// `value` stands behind "key:" or "-" and is not small: on lines of its own.
void append_block(std::string& out, const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  const auto append = [&](const Json& inner) {
    if (is_small(inner)) {
      out += ' ';
      append_flow(out, inner);
      out += '\n';
    } else {
      out += '\n';
      append_block(out, inner, indent + 2);
    }
  };
  if (value.is_array()) {
    for (const Json& item : value.get_array()) {
      out += margin + "-";
      append(item);
    }
    return;
  }
  for (const auto& member : value.get_object()) {
    out += margin;
    append_text(out, member.key());
    out += ':';
    append(member.value());
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  std::string out;
  const bool empty = value.is_structured() && is_small(value) && json_size(value) <= 2;
  if (!value.is_structured() || empty) {
    append_flow(out, value);
    out += '\n';
  } else {
    append_block(out, value, 0);
  }
  return out;
}

}  // namespace pilot
