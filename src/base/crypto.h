// The few primitives that Pilot needs, by OpenSSL 3 with prefetched algorithms. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilot::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view data);
Sha256 hmac_sha256(std::string_view key, std::string_view data);
// Equal in a time that does not depend on where they differ.
bool constant_time_equal(std::string_view a, std::string_view b);

std::string hex(std::span<const std::uint8_t> bytes);
std::string base64(std::string_view bytes);     // RFC 4648 4, padded
std::string base64url(std::string_view bytes);  // RFC 4648 5, padded (as Fernet has it)
Result<std::string> decode_base64(std::string_view text);
Result<std::string> decode_base64url(std::string_view text);
Result<std::string> decode_hex(std::string_view text);  // code invalid_hex

// AES-128-CBC with PKCS #7 padding; key and iv of 16 bytes.
std::string aes128_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view text);
Result<std::string> aes128_cbc_decrypt(std::string_view key, std::string_view iv,
                                       std::string_view bytes);

// How many X.509 certificates the PEM text holds. Code invalid_certificate for one that cannot be
// read.
Result<int> count_certificates(std::string_view pem);

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace pilot::crypto
