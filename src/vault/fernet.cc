// Fernet: see fernet.h. Every refusal has the same code and the same words, whatever was wrong with
// the token: how far a forged token got is nobody's business. Pure; any thread.
#include "vault/fernet.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/crypto.h"

namespace pilot::vault {

namespace {

constexpr char kVersion = static_cast<char>(0x80);
constexpr std::size_t kHalfKey = 16;
constexpr std::size_t kKeyBytes = 2 * kHalfKey;
constexpr std::size_t kKeyText = 44;  // 32 bytes in base64 with their padding
constexpr std::size_t kTimeAt = 1;
constexpr std::size_t kIvAt = kTimeAt + 8;
constexpr std::size_t kTextAt = kIvAt + 16;
constexpr std::size_t kBlock = 16;
constexpr std::size_t kMac = 32;
constexpr std::string_view kIdLabel = "pilot key id:";  // so that it is the digest of nothing else
constexpr std::size_t kIdBytes = 4;
constexpr std::uint64_t kClockSkew = 60;  // seconds, as Python's cryptography has it

Error invalid_token() {
  return invalid(
      "invalid_token",
      "this is not a token of this key: it is damaged, too old, or was made with another key");
}

void append_time(std::string& out, WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::uint64_t time = seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((time >> shift) & 0xff));
  }
}

std::uint64_t read_time(std::string_view bytes) {
  std::uint64_t time = 0;
  for (const char byte : bytes.substr(kTimeAt, 8)) {
    time = time << 8 | static_cast<std::uint8_t>(byte);
  }
  return time;
}

bool is_fresh(std::uint64_t made, std::chrono::seconds ttl, WallTime now) {
  const auto count = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::uint64_t seconds = count < 0 ? 0 : static_cast<std::uint64_t>(count);
  const std::uint64_t age = seconds > made ? seconds - made : 0;
  const std::uint64_t ahead = made > seconds ? made - seconds : 0;
  return ttl.count() >= 0 && age <= static_cast<std::uint64_t>(ttl.count()) && ahead <= kClockSkew;
}

// The bytes of a token that has the right shape, or "". decode_base64url takes only the one
// spelling that an encoder writes, so a token has no second form.
std::string token_bytes(std::string_view token) {
  Result<std::string> bytes = crypto::decode_base64url(token);
  if (!bytes || bytes->size() < kTextAt + kBlock + kMac || bytes->front() != kVersion ||
      (bytes->size() - kTextAt - kMac) % kBlock != 0) {
    return {};
  }
  return std::move(*bytes);
}

// Python takes keys that `openssl rand -base64 32` or a person made: + and / for - and _, and any
// value in the two bits that the last character has too many. Credentials of an old installation
// must open with such a key, so it is brought into the strict form.
std::string strict_form(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string strict{text};
  std::replace(strict.begin(), strict.end(), '+', '-');
  std::replace(strict.begin(), strict.end(), '/', '_');
  char& last = strict[kKeyText - 2];
  const std::size_t value = kAlphabet.find(last);
  if (value != std::string_view::npos) last = kAlphabet[value & ~std::size_t{3}];
  return strict;
}

Result<Secret> open_bytes(std::string_view bytes, std::string_view signing,
                          std::string_view encryption) {
  const std::string_view signed_part = bytes.substr(0, bytes.size() - kMac);
  const crypto::Sha256 mac = crypto::hmac_sha256(signing, signed_part);
  if (!crypto::constant_time_equal(crypto::as_text(mac), bytes.substr(bytes.size() - kMac))) {
    return invalid_token();
  }
  Result<std::string> text = crypto::aes128_cbc_decrypt(encryption, bytes.substr(kIvAt, kBlock),
                                                        signed_part.substr(kTextAt));
  if (!text) return invalid_token();
  Secret secret{*text};
  wipe(*text);
  return secret;
}

}  // namespace

Result<FernetKey> FernetKey::parse(std::string_view text) {
  if (text.size() != kKeyText) {
    return invalid("invalid_key", "a Fernet key has 44 characters, this has " +
                                      std::to_string(text.size()) +
                                      (text.size() < kKeyText ? ": part of it is missing" : ""));
  }
  std::string strict = strict_form(text);
  Result<std::string> bytes = crypto::decode_base64url(strict);
  wipe(strict);
  if (!bytes || bytes->size() != kKeyBytes) {
    if (bytes) wipe(*bytes);
    return invalid(
        "invalid_key",
        "this is not a Fernet key: expected 32 bytes as URL-safe base64 (letters, digits, "
        "- and _, with one = at the end)");
  }
  FernetKey key;
  key.signing_ = Secret{bytes->substr(0, kHalfKey)};
  key.encryption_ = Secret{bytes->substr(kHalfKey)};
  wipe(*bytes);
  return key;
}

FernetKey FernetKey::generate(Random& random) {
  std::string bytes(kKeyBytes, '\0');
  random.fill(std::as_writable_bytes(std::span{bytes}));
  FernetKey key;
  key.signing_ = Secret{bytes.substr(0, kHalfKey)};
  key.encryption_ = Secret{bytes.substr(kHalfKey)};
  wipe(bytes);
  return key;
}

Secret FernetKey::to_text() const {
  std::string bytes;
  bytes.reserve(kKeyBytes);
  bytes.append(signing_.reveal()).append(encryption_.reveal());
  Secret text{crypto::base64url(bytes)};
  wipe(bytes);
  return text;
}

std::string FernetKey::id() const {
  std::string bytes;
  bytes.reserve(kIdLabel.size() + kKeyBytes);
  bytes.append(kIdLabel).append(signing_.reveal()).append(encryption_.reveal());
  const crypto::Sha256 digest = crypto::sha256(bytes);
  wipe(bytes);
  return crypto::hex(std::span{digest}.first(kIdBytes));
}

std::string FernetKey::encrypt(std::string_view text, WallTime now, Random& random) const {
  std::array<char, kBlock> iv{};
  random.fill(std::as_writable_bytes(std::span{iv}));
  return encrypt_with_iv(text, now, {iv.data(), iv.size()});
}

std::string FernetKey::encrypt_with_iv(std::string_view text, WallTime now,
                                       std::string_view iv) const {
  PILOT_ASSERT(iv.size() == kBlock);
  std::string bytes{kVersion};
  append_time(bytes, now);
  bytes.append(iv).append(crypto::aes128_cbc_encrypt(encryption_.reveal(), iv, text));
  const crypto::Sha256 mac = crypto::hmac_sha256(signing_.reveal(), bytes);
  bytes.append(crypto::as_text(mac));
  return crypto::base64url(bytes);
}

Result<Secret> FernetKey::decrypt(std::string_view token) const {
  const std::string bytes = token_bytes(token);
  if (bytes.empty()) return invalid_token();
  return open_bytes(bytes, signing_.reveal(), encryption_.reveal());
}

Result<Secret> FernetKey::decrypt(std::string_view token, std::chrono::seconds ttl,
                                  WallTime now) const {
  const std::string bytes = token_bytes(token);
  if (bytes.empty()) return invalid_token();
  Result<Secret> text = open_bytes(bytes, signing_.reveal(), encryption_.reveal());
  if (text && !is_fresh(read_time(bytes), ttl, now)) return invalid_token();
  return text;
}

}  // namespace pilot::vault
