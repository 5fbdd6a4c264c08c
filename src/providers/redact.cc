// Makes the needles of a connection (every way its secrets come back in answers) and masks them.
// Pure; any thread. Never fails.
#include "providers/redact.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/crypto.h"
#include "base/markup.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kShortest = 5;       // what is shorter would mask ordinary words
constexpr std::size_t kShortestLine = 16;  // one line of a secret of many lines (a PEM key)
constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kLowerHex = "0123456789abcdef";

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Percent-encoding as the world does it: what stays differs between encoders, so does the case.
std::string percent(std::string_view text, std::string_view kept, std::string_view digits,
                    bool space_is_plus = false) {
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ' && space_is_plus) {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

// The letters of base64 that `secret` alone decides, when `before` bytes of a group precede it.
std::string base64_core(std::string_view secret, std::size_t before) {
  const std::string all = crypto::base64(std::string(before, '\0') + std::string(secret));
  const std::size_t from = (8 * before + 5) / 6;
  const std::size_t to = 8 * (before + secret.size()) / 6;
  return to > from ? all.substr(from, to - from) : std::string{};
}

void append_utf16_escape(std::string& out, std::uint32_t unit, std::string_view digits) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 15U];
}

// JSON with everything but plain ASCII as \uXXXX, as Python's json and others write it.
std::string json_ascii(std::string_view text, std::string_view also, std::string_view digits) {
  std::string out;
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t lead = byte(i);
    if (lead < 0x80) {
      const char c = text[i];
      if (also.find(c) != std::string_view::npos || lead == 0x7f) {
        append_utf16_escape(out, lead, digits);
      } else {
        std::string quoted;
        append_json_string(quoted, {&c, 1});
        out.append(quoted, 1, quoted.size() - 2);
      }
      continue;
    }
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    std::uint32_t point = lead & (0x3fU >> more);
    for (int k = 0; k < more; ++k) point = (point << 6) | (byte(++i) & 0x3fU);
    if (point >= 0x10000) {
      append_utf16_escape(out, 0xd800 + ((point - 0x10000) >> 10), digits);
      point = 0xdc00 + ((point - 0x10000) & 0x3ffU);
    }
    append_utf16_escape(out, point, digits);
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string slashes_escaped(std::string_view json) {
  std::string out;
  for (const char c : json) out += c == '/' ? std::string("\\/") : std::string(1, c);
  return out;
}

std::string interleaved_with_nul(std::string_view text) {  // UTF-16 of ASCII, either byte order
  std::string out;
  for (const char c : text) {
    if (!out.empty()) out += '\0';
    out += c;
  }
  return out;
}

void add_escaped(std::string_view text, std::set<std::string>& out) {
  for (const std::string_view digits : {kUpperHex, kLowerHex}) {
    const std::string strict = percent(text, "-_.~", digits);
    out.insert(strict);
    out.insert(percent(strict, "-_.~", digits));                // twice
    out.insert(percent(text, "-_.~!'()*", digits));             // encodeURIComponent
    out.insert(percent(text, "-_.~!'()*;,/?:@&=+$#", digits));  // encodeURI
    out.insert(percent(text, "-_.*", digits, true));            // HTML forms
    out.insert(percent(text, "-_.~", digits, true));
    out.insert(json_ascii(text, "", digits));
    out.insert(json_ascii(text, "<>&'", digits));
  }
  out.insert(json_escaped(text));
  out.insert(json_escaped(json_escaped(text)));
  out.insert(slashes_escaped(json_escaped(text)));
  out.insert(escape_markup(text, "&quot;", "&#39;"));
  out.insert(escape_markup(text, "&#34;", "&#39;"));
  out.insert(escape_markup(text, "&quot;", "&#x27;"));
  out.insert(escape_markup(text, "&quot;", "'"));
}

void add_bytes(std::string_view text, std::set<std::string>& out) {
  for (std::size_t before = 0; before < 3; ++before) {
    std::string core = base64_core(text, before);
    out.insert(core);
    std::ranges::replace(core, '+', '-');
    std::ranges::replace(core, '/', '_');
    out.insert(core);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::string hex = crypto::hex({bytes, text.size()});
  out.insert(hex);
  std::ranges::transform(hex, hex.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  out.insert(hex);
  out.insert(interleaved_with_nul(text));
}

void add_secret(std::string_view text, std::set<std::string>& out) {
  if (text.size() < kShortest) return;
  out.insert(std::string(text));
  add_escaped(text, out);
  add_bytes(text, out);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

void add_value(std::string_view value, std::set<std::string>& out) {
  add_secret(value, out);
  const std::string_view bare = trimmed(value);
  if (bare.size() != value.size()) add_secret(bare, out);
  if (bare.starts_with("whsec_")) add_secret(bare.substr(6), out);
  if (bare.find('\n') == std::string_view::npos) return;
  // A key of many lines may come back with other line ends: look for the lines, too.
  for (std::size_t at = 0; at < bare.size();) {
    const std::size_t end = std::min(bare.find('\n', at), bare.size());
    const std::string_view line = trimmed(bare.substr(at, end - at));
    if (line.size() >= kShortestLine && !line.starts_with("-----")) add_secret(line, out);
    at = end + 1;
  }
}

bool is_declared_open(const Provider* provider, std::string_view type) {
  if (provider == nullptr) return false;
  const auto field = std::ranges::find(provider->auth, type, &AuthField::type);
  return field != provider->auth.end() && !field->secret;
}

std::size_t position(std::string_view text, std::string_view needle, std::size_t from) {
  if (text.size() < from + needle.size()) return std::string_view::npos;
  const void* hit = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (hit == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

}  // namespace

Redactor::Redactor(const Connection& connection, const Provider* provider) {
  add(connection.values, provider);
}

void Redactor::add(const std::map<std::string, Secret, std::less<>>& values,
                   const Provider* provider) {
  std::set<std::string> needles(std::make_move_iterator(needles_.begin()),
                                std::make_move_iterator(needles_.end()));
  for (const auto& [type, secret] : values) {
    if (!is_declared_open(provider, type)) add_value(secret.reveal(), needles);
  }
  std::erase_if(needles, [](const std::string& n) { return n.size() < kShortest; });
  needles_.assign(needles.begin(), needles.end());
  std::ranges::stable_sort(needles_, std::ranges::greater{}, &std::string::size);
}

Redactor::~Redactor() {
  for (std::string& needle : needles_) wipe(needle);
}

std::string Redactor::text(std::string_view text) const {
  std::string out(text);
  for (const std::string& needle : needles_) {
    std::size_t at = position(out, needle, 0);
    if (at == std::string_view::npos) continue;
    std::string masked;
    std::size_t done = 0;
    for (; at != std::string_view::npos; at = position(out, needle, done)) {
      masked.append(out, done, at - done).append(kMask);
      done = at + needle.size();
    }
    masked.append(out, done);
    out = std::move(masked);
  }
  return out;
}

void Redactor::json(Json& value) const {
  if (empty()) return;
  if (value.is_string()) {
    const std::string_view before = as_view(value.get_string());
    const bool hit = std::ranges::any_of(needles_, [&](const std::string& needle) {
      return position(before, needle, 0) != std::string_view::npos;
    });
    if (hit) value = text(before);
  } else if (value.is_array()) {
    for (Json& item : value.get_array()) json(item);
  } else if (value.is_object()) {
    JsonObject& object = value.get_object();
    bool keys_hit = false;
    for (auto& member : object) {
      json(member.value());
      keys_hit = keys_hit || text(member.key()) != std::string_view(member.key());
    }
    if (!keys_hit) return;
    JsonObject renamed;
    for (auto& member : object) {
      const std::string masked = text(member.key());
      std::string key = masked;  // two keys may become the same; neither is to be lost
      for (int n = 2; renamed.contains(key); ++n) key = fmt::format("{} ({})", masked, n);
      renamed.emplace(key, std::move(member.value()));
    }
    value = std::move(renamed);
  }
}

void Redactor::result(ProviderResult& result) const {
  if (empty()) return;
  json(result.output);
  json(result.metadata);
  result.message = text(result.message);
  if (!result.error) return;
  result.error->message = text(result.error->message);
  json(result.error->details);
}

}  // namespace pilot::providers
