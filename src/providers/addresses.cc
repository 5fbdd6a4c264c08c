// Reads mail addresses as people write them (see mime.h). Pure; any thread.
#include <algorithm>

#include "base/json.h"
#include "providers/mime.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kAddressBytes = 254;  // RFC 5321: a path has 256, with its brackets
constexpr std::size_t kLocalBytes = 64;

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         is_beyond_ascii(c);
}

bool is_good_local(std::string_view local) {
  constexpr std::string_view kAlso = "!#$%&'*+-/=?^_`{|}~.";
  if (local.empty() || local.size() > kLocalBytes) return false;
  if (local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(
      local, [&](char c) { return is_word(c) || kAlso.find(c) != std::string_view::npos; });
}

bool is_good_domain(std::string_view domain) {
  if (domain.empty()) return false;
  while (true) {
    const std::size_t dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    const bool good = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                      label.back() != '-' &&
                      std::ranges::all_of(label, [](char c) { return is_word(c) || c == '-'; });
    if (!good) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool is_good_spec(std::string_view spec) {
  const std::size_t at = spec.rfind('@');
  return at != std::string_view::npos && spec.size() <= kAddressBytes && is_valid_utf8(spec) &&
         is_good_local(spec.substr(0, at)) && is_good_domain(spec.substr(at + 1));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts at commas that stand neither in quotes nor in angle brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  bool quoted = false;
  bool bracket = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text[i] == '<') bracket = true;
    if (!quoted && text[i] == '>') bracket = false;
    if (!quoted && !bracket && text[i] == ',') {
      out.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  out.push_back(text.substr(from));
  return out;
}

std::string unquoted(std::string_view name) {
  if (name.size() < 2 || name.front() != '"' || name.back() != '"') return std::string(name);
  std::string out;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] == '\\' && i + 2 < name.size()) ++i;
    out += name[i];
  }
  return out;
}

Address read_one(std::string_view text) {
  const std::size_t open = text.rfind('<');
  if (!text.ends_with('>') || open == std::string_view::npos) return {{}, std::string(text)};
  return {unquoted(trimmed(text.substr(0, open))),
          std::string(trimmed(text.substr(open + 1, text.size() - open - 2)))};
}

bool has_line_break(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

}  // namespace

std::string_view Address::domain() const {
  const std::size_t at = spec.rfind('@');
  return at == std::string::npos ? std::string_view{} : std::string_view(spec).substr(at + 1);
}

Result<std::vector<Address>> parse_addresses(std::string_view text, std::string_view pointer) {
  if (has_line_break(text)) {
    return invalid("invalid_address", "an address holds a line break or another control character",
                   std::string(pointer));
  }
  std::vector<Address> out;
  for (const std::string_view piece : split(text)) {
    const std::string_view bare = trimmed(piece);
    if (bare.empty()) continue;  // "a@b.org, " is how people write
    Address address = read_one(bare);
    if (!is_good_spec(address.spec)) {
      return invalid("invalid_address",
                     fmt::format("\"{}\" is no mail address; write name@example.org or "
                                 "Name <name@example.org>",
                                 utf8_prefix(bare, 100)),
                     std::string(pointer));
    }
    out.push_back(std::move(address));
  }
  return out;
}

}  // namespace pilot::providers
