#include "base/id.h"

#include <array>
#include <cstring>

#include "base/crypto.h"

namespace pilot {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

std::string to_text(Bytes bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0x0f];
  }
  return text;
}

Bytes with_millis(std::uint64_t millis) {
  Bytes bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(millis >> (8 * (5 - i)));
  }
  return bytes;
}

}  // namespace

// RFC 9562, 5.7 with method 3 of 6.2: the 12 bits after the milliseconds carry their fraction, so
// that ids made within one millisecond still sort by time; 62 bits are random.
std::string make_uuid7(WallTime now, Random& random) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_unix_micros(now)));
  const std::uint64_t fraction = micros % 1000 * 4096 / 1000;
  Bytes bytes = with_millis(micros / 1000);
  bytes[6] = static_cast<std::uint8_t>(fraction >> 8);
  bytes[7] = static_cast<std::uint8_t>(fraction);
  const std::uint64_t tail = random.next();
  std::memcpy(bytes.data() + 8, &tail, sizeof tail);
  return to_text(bytes, 7);
}

std::string first_uuid7(WallTime at) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_unix_micros(at)));
  return to_text(with_millis(micros / 1000), 7);
}

std::string make_uuid8(std::string_view name) {
  const crypto::Sha256 digest = crypto::sha256(name);
  Bytes bytes;
  std::memcpy(bytes.data(), digest.data(), bytes.size());
  return to_text(bytes, 8);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      return false;
    }
  }
  return true;
}

}  // namespace pilot
