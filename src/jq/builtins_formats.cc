// Formats: @csv, @html, @base64 and so on, also by name as format("csv").
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/json.h"
#include "jq/builtins.h"
#include "jq/codepoints.h"
#include "jq/messages.h"

namespace pilot::jq {

namespace {

// Time and memory for `bytes` of text that are being made.
bool affords(Call& call, std::size_t bytes) {
  return call.meter.spend_bytes(bytes) && call.meter.fits(bytes);
}

Val as_json(Call& call, Val input, Val*) {
  return Val::text(call.meter, to_text(call.meter, input));
}
Val as_text(Call& call, Val input, Val*) {
  return input.is_string() ? input : as_json(call, std::move(input), nullptr);
}

// What stands for a byte; itself where there is no data.
using Escape = std::string_view (*)(char c);

// Appends `text` with what `escape` gives. False: it does not fit.
bool append_escaped(Call& call, std::string& out, std::string_view text, Escape escape) {
  std::size_t size = out.size();
  for (const char c : text) {
    const std::string_view other = escape(c);
    size += other.data() == nullptr ? 1 : other.size();
  }
  if (!call.meter.spend_bytes(2 * text.size()) || !call.meter.fits(2 * size)) return false;
  for (const char c : text) {
    const std::string_view other = escape(c);
    if (other.data() == nullptr) {
      out += c;
    } else {
      out += other;
    }
  }
  return true;
}

// The zero byte is written as \0 by all of these, as in jq.
std::string_view csv_escape(char c) {
  if (c == '"') return "\"\"";
  if (c == '\0') return "\\0";
  return {};
}

std::string_view tsv_escape(char c) {
  switch (c) {
    case '\0':
      return "\\0";
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\\':
      return "\\\\";
    default:
      return {};
  }
}

std::string_view html_escape(char c) {
  switch (c) {
    case '\0':
      return "\\0";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '\'':
      return "&apos;";  // as jq 1.6
    case '"':
      return "&quot;";
    default:
      return {};
  }
}

std::string_view sh_escape(char c) {
  if (c == '\'') return "'\\''";
  if (c == '\0') return "\\0";
  return {};
}

// "%00%01..."
constexpr std::array<char, 768> kPercent = [] {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::array<char, 768> all{};
  for (std::size_t i = 0; i < 256; ++i) {
    all[3 * i] = '%';
    all[3 * i + 1] = kHex[i >> 4];
    all[3 * i + 2] = kHex[i & 15];
  }
  return all;
}();

std::string_view uri_escape(char c) {
  constexpr std::string_view kPlain = "-_.!~*'()";
  const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  if (alnum || kPlain.find(c) != std::string_view::npos) return {};
  return {kPercent.data() + 3 * std::size_t{static_cast<unsigned char>(c)}, 3};
}

Val escaped(Call& call, Val input, Escape escape) {
  const Val text = as_text(call, std::move(input), nullptr);
  std::string out;
  if (!append_escaped(call, out, text.as_text(), escape)) return {};
  return Val::text(call.meter, out);
}
Val html(Call& call, Val input, Val*) { return escaped(call, std::move(input), html_escape); }
Val uri(Call& call, Val input, Val*) { return escaped(call, std::move(input), uri_escape); }

struct RowFormat {
  std::string_view name;
  char separator;
  std::string_view quote;
  Escape escape;
};

Val row(Call& call, const Val& input, const RowFormat& format) {
  if (!input.is_array()) {
    return type_error(call, input,
                      "cannot be " + std::string(format.name) + "-formatted, only array");
  }
  std::string out;
  for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
    const Val item = input.at(i);
    if (i > 0) out += format.separator;
    if (item.is_array() || item.is_object()) {
      return type_error(call, item, "is not valid in a csv row");
    }
    if (item.is_string()) {
      out += format.quote;
      if (!append_escaped(call, out, item.as_text(), format.escape)) return {};
      out += format.quote;
    } else if (!item.is_null() && !(item.is_number() && std::isnan(item.as_double()))) {
      append_text(call.meter, out, item);
    }
    if (!call.meter.fits(2 * out.size())) return {};
  }
  return Val::text(call.meter, out);
}
Val csv(Call& call, Val input, Val*) { return row(call, input, {"csv", ',', "\"", csv_escape}); }
Val tsv(Call& call, Val input, Val*) { return row(call, input, {"tsv", '\t', "", tsv_escape}); }

// False: it failed.
bool append_word(Call& call, std::string& out, const Val& item) {
  if (item.is_array() || item.is_object()) {
    type_error(call, item, "can not be escaped for shell");
    return false;
  }
  if (!item.is_string()) {
    append_text(call.meter, out, item);
    return call.meter.fits(2 * out.size());
  }
  out += '\'';
  if (!append_escaped(call, out, item.as_text(), sh_escape)) return false;
  out += '\'';
  return true;
}

Val sh(Call& call, Val input, Val*) {
  std::string out;
  if (!input.is_array()) {
    if (!append_word(call, out, input)) return {};
    return Val::text(call.meter, out);
  }
  for (std::size_t i = 0; i < input.size() && call.meter.spend(); ++i) {
    if (i > 0) out += ' ';
    if (!append_word(call, out, input.at(i))) return {};
  }
  return Val::text(call.meter, out);
}

Val base64(Call& call, Val input, Val*) {
  const Val text = as_text(call, std::move(input), nullptr);
  if (!affords(call, text.as_text().size() * 3)) return {};
  return Val::text(call.meter, crypto::base64(text.as_text()));
}

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Val base32(Call& call, Val input, Val*) {
  const Val value = as_text(call, std::move(input), nullptr);
  const std::string_view text = value.as_text();
  if (!affords(call, text.size() * 4)) return {};
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) out += kBase32[bits >> (count - 5) & 31];
  }
  if (count > 0) out += kBase32[bits << (5 - count) & 31];
  out.append((8 - out.size() % 8) % 8, '=');
  return Val::text(call.meter, out);
}

// As jq reads UTF-8: each broken sequence becomes one U+FFFD, one that the text ends in takes the
// rest.
std::string repaired(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    std::size_t size = 1;
    if (lead >= 0xC2 && lead < 0xF5) size = lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4);
    if (lead < 0x80) {
      out += bytes[at++];
      continue;
    }
    const bool cut = at + size > bytes.size();
    std::size_t good = 1;
    while (!cut && good < size && (bytes[at + good] & 0xC0) == 0x80) ++good;
    const std::size_t taken = cut ? bytes.size() - at : good;
    const std::string_view sequence = bytes.substr(at, taken);
    if (size > 1 && taken == size && is_valid_utf8(sequence)) {
      out += sequence;
    } else {
      append_code_point(out, kReplacement);
    }
    at += taken;
  }
  return out;
}

struct Encoding {
  std::string_view name;
  std::string_view alphabet;
  int bits;  // of a letter
};

// Up to the first '='. `left`: bits that made no byte.
std::optional<std::string> decoded(std::string_view text, const Encoding& encoding, int& left) {
  std::array<std::int8_t, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < encoding.alphabet.size(); ++i) {
    values[static_cast<unsigned char>(encoding.alphabet[i])] = static_cast<std::int8_t>(i);
  }
  std::string bytes;
  std::uint32_t bits = 0;
  left = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << encoding.bits | static_cast<std::uint32_t>(value);
    left += encoding.bits;
    if (left < 8) continue;
    left -= 8;
    bytes += static_cast<char>(bits >> left & 0xFF);
  }
  return bytes;
}

Val decode(Call& call, Val input, const Encoding& encoding) {
  const Val value = as_text(call, std::move(input), nullptr);
  const std::string_view text = value.as_text();
  if (!affords(call, text.size() * 4)) return {};
  int left = 0;
  const std::optional<std::string> bytes = decoded(text, encoding, left);
  const std::string name(encoding.name);
  if (!bytes) return type_error(call, value, "is not valid " + name + " data");
  if (left >= encoding.bits) return type_error(call, value, "trailing " + name + " byte found");
  return Val::text(call.meter, repaired(*bytes));
}
Val base64d(Call& call, Val input, Val*) {
  return decode(call, std::move(input), {"base64", kBase64, 6});
}
Val base32d(Call& call, Val input, Val*) {
  return decode(call, std::move(input), {"base32", kBase32, 5});
}

Val format(Call& call, Val input, Val* args);

constexpr Builtin kFormats[] = {
    {"@text", 0, as_text},  {"@json", 0, as_json},    {"@csv", 0, csv},
    {"@tsv", 0, tsv},       {"@html", 0, html},       {"@uri", 0, uri},
    {"@sh", 0, sh},         {"@base64", 0, base64},   {"@base64d", 0, base64d},
    {"@base32", 0, base32}, {"@base32d", 0, base32d}, {"format", 1, format},
};

Val format(Call& call, Val input, Val* args) {
  if (!args[0].is_string()) return type_error(call, args[0], "is not a valid format");
  for (const Builtin& builtin : kFormats) {
    if (builtin.arity == 0 && builtin.name.substr(1) == args[0].as_text()) {
      return builtin.function(call, std::move(input), nullptr);
    }
  }
  return call.fail(std::string(utf8_prefix(args[0].as_text(), 100)) + " is not a valid format");
}

}  // namespace

std::span<const Builtin> format_builtins() { return kFormats; }

}  // namespace pilot::jq
