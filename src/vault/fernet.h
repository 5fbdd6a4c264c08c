// Fernet tokens (github.com/fernet/spec): 0x80 | time | iv | AES-128-CBC | HMAC-SHA256, base64url.
// Byte-compatible with Python's `cryptography`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace pilot::vault {

class FernetKey {
 public:
  // 32 bytes as base64url, as Fernet.generate_key() prints them.
  static Result<FernetKey> parse(std::string_view text);
  static FernetKey generate(Random& random);
  Secret to_text() const;
  // Names the key in rows, listings and logs without telling of it: 8 hex digits of SHA-256 over a
  // label and the key. 32 of the digest's bits cannot be led back to 256 bits of key.
  std::string id() const;

  std::string encrypt(std::string_view text, WallTime now, Random& random) const;
  // Code `invalid_token` for anything that is not a token of this key.
  Result<Secret> decrypt(std::string_view token) const;
  // As decrypt, and refuses tokens older than `ttl` or from more than 60 s in the future.
  Result<Secret> decrypt(std::string_view token, std::chrono::seconds ttl, WallTime now) const;

  // For tests with published vectors: encrypts with a given iv of 16 bytes.
  std::string encrypt_with_iv(std::string_view text, WallTime now, std::string_view iv) const;

 private:
  FernetKey() = default;
  Secret signing_;     // 16 bytes
  Secret encryption_;  // 16 bytes
};

}  // namespace pilot::vault
