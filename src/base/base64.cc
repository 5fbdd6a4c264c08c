// The text forms of bytes in crypto.h: hex, base64, base64url (RFC 4648). Pure; any thread.
#include <charconv>

#include "base/crypto.h"

namespace pilot::crypto {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto kStandardValues = values_of(kStandard);
constexpr auto kUrlValues = values_of(kUrl);

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

Error malformed(std::string_view why) {
  return invalid("invalid_base64", "not valid base64: " + std::string(why));
}

// Strict: padded, no blanks, and the unused bits of the last character zero, so that there is one
// text for each sequence of bytes.
Result<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& values) {
  if (text.size() % 4 != 0) return malformed("its length is not a multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const std::int8_t value = values[static_cast<unsigned char>(c)];
    if (value < 0) return malformed("a character outside its alphabet");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 0xff);
    }
  }
  if ((bits & ((1u << have) - 1)) != 0) return malformed("bits after its end");
  return out;
}

}  // namespace

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0x0f];
  }
  return out;
}

std::string base64(std::string_view bytes) { return encode(bytes, kStandard); }
std::string base64url(std::string_view bytes) { return encode(bytes, kUrl); }

Result<std::string> decode_base64(std::string_view text) { return decode(text, kStandardValues); }
Result<std::string> decode_base64url(std::string_view text) { return decode(text, kUrlValues); }

Result<std::string> decode_hex(std::string_view text) {
  std::string out;
  unsigned char byte = 0;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const char* end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, byte, 16).ptr != end) break;
    out += static_cast<char>(byte);
  }
  if (out.size() * 2 == text.size()) return out;
  return invalid("invalid_hex", "this is not hexadecimal: pairs of 0-9 and a-f are wanted");
}

}  // namespace pilot::crypto
