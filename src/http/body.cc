#include "http/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"

namespace pilot::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// HTML, "multipart/form-data encoding algorithm": quotes and line breaks, nothing else. NUL and the
// other controls are ours: no server has a use for them in a name.
std::string escaped_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || byte < 0x20 || byte == 0x7f) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// RFC 2046 5.1.1, without the characters that would need quotes.
bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= 70 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  });
}

// No part can hold it but by finding a text that has its own hash in it.
std::string boundary_for(const std::vector<Part>& parts) {
  std::string digests;
  for (const Part& part : parts) {
    digests += crypto::as_text(crypto::sha256(part.name));
    digests += crypto::as_text(crypto::sha256(part.value));
    digests += crypto::as_text(crypto::sha256(part.filename.value_or("")));
  }
  return "pilot-" + crypto::hex(crypto::sha256(digests)).substr(0, 40);
}

Status check(const Part& part, std::string_view boundary) {
  if (!is_printable(part.content_type)) {
    return invalid("invalid_header",
                   fmt::format("the content type of the part {} has a line break, another control "
                               "character or a letter beyond ASCII",
                               escaped_name(part.name)));
  }
  if (part.value.find(boundary) != std::string::npos) {
    return invalid("invalid_body",
                   fmt::format("the boundary occurs in the part {}", escaped_name(part.name)));
  }
  return ok();
}

void append(std::string& body, const Part& part, std::string_view boundary) {
  body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", boundary,
                      escaped_name(part.name));
  if (part.filename) body += fmt::format("; filename=\"{}\"", escaped_name(*part.filename));
  body += "\r\n";
  const std::string_view type = !part.content_type.empty() ? std::string_view(part.content_type)
                                : part.filename            ? "application/octet-stream"
                                                           : "";
  if (!type.empty()) body += fmt::format("Content-Type: {}\r\n", type);
  body += "\r\n";
  body += part.value;
  body += "\r\n";
}

// `"a\"b"` -> `a"b`; a token as it is.
std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

// Where the parameter at the front ends: at a semicolon outside quotes.
std::size_t parameter_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ';' && !quoted) {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string encode_form(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += encode_form_component(name);
    out += '=';
    out += encode_form_component(value);
  }
  return out;
}

Result<Multipart> build_multipart(const std::vector<Part>& parts, std::string_view boundary) {
  const std::string chosen = boundary.empty() ? boundary_for(parts) : std::string(boundary);
  if (!is_boundary(chosen)) {
    return invalid("invalid_header",
                   "a boundary is 1 to 70 letters, digits and the characters - _ . +");
  }
  std::size_t size = 0;
  for (const Part& part : parts) {
    if (Status checked = check(part, chosen); !checked) return checked.error();
    size += part.value.size() + part.name.size() + 256;
  }
  Multipart out{.content_type = "multipart/form-data; boundary=" + chosen, .body = {}};
  out.body.reserve(size);
  for (const Part& part : parts) append(out.body, part, chosen);
  out.body += "--" + chosen + "--\r\n";
  return out;
}

bool MediaType::is_json() const {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

bool MediaType::is_text() const {
  return type.starts_with("text/") || is_json() || type == "application/xml" ||
         type.ends_with("+xml") || type == "application/javascript" ||
         type == "application/x-www-form-urlencoded" || type == "application/x-ndjson" ||
         type == "application/yaml";
}

MediaType parse_content_type(std::string_view value) {
  std::size_t end = parameter_end(value);
  MediaType out{.type = lower(trimmed(value.substr(0, end))), .charset = {}};
  const std::size_t slash = out.type.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == out.type.size()) out.type.clear();
  while (end < value.size()) {
    value.remove_prefix(end + 1);
    end = parameter_end(value);
    const std::string_view parameter = trimmed(value.substr(0, end));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !out.charset.empty()) continue;
    if (lower(trimmed(parameter.substr(0, equals))) != "charset") continue;
    out.charset = lower(unquoted(trimmed(parameter.substr(equals + 1))));
  }
  return out;
}

}  // namespace pilot::http
