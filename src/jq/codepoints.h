// Characters of UTF-8 text. Texts of values are always valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pilot::jq {

inline constexpr std::uint32_t kReplacement = 0xFFFD;  // stands for what is no character

// The bytes of the character at `at`.
inline std::size_t character_size(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80 ? 1 : (lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4));
  return size <= text.size() - at ? size : text.size() - at;
}

// The character at `at`, which is moved past it.
inline std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const std::size_t size = character_size(text, at);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  std::uint32_t value = size == 1 ? byte(0) : byte(0) & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3Fu);
  at += size;
  return value;
}

inline bool is_character(std::uint32_t value) {
  return value < 0xD800 || (value > 0xDFFF && value <= 0x10FFFF);
}

// What is no character becomes kReplacement.
inline void append_code_point(std::string& out, std::uint32_t value) {
  if (!is_character(value)) value = kReplacement;
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  if (value < 0x800) {
    out += static_cast<char>(0xC0 | value >> 6);
  } else {
    if (value < 0x10000) {
      out += static_cast<char>(0xE0 | value >> 12);
    } else {
      out += static_cast<char>(0xF0 | value >> 18);
      out += static_cast<char>(0x80 | (value >> 12 & 0x3F));
    }
    out += static_cast<char>(0x80 | (value >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (value & 0x3F));
}

}  // namespace pilot::jq
