// Signatures that the outside world asks for: HMAC with an older or longer hash, RSA and ECDSA for
// JWT. By OpenSSL 3. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilot::crypto {

enum class Hash { md5, sha1, sha256, sha384, sha512 };

// "md5", "sha1", "sha256", "sha384", "sha512"; none for any other word.
std::optional<Hash> hash_named(std::string_view name);

std::string digest(Hash hash, std::string_view data);                      // bytes
std::string hmac(Hash hash, std::string_view key, std::string_view data);  // bytes

// Signs `data` as JWS (RFC 7518) says for `alg`: HS256/384/512 with the key's bytes, RS256/384/512
// and ES256/384 with a private key in PEM. Bytes of the signature (ES: r and s, fixed length).
// Codes: unsupported_alg, invalid_key (never quotes the key).
Result<std::string> sign_jws(std::string_view alg, std::string_view key, std::string_view data);

// base64url without padding, as JWT and PKCE want it (RFC 7515 2).
std::string base64url_bare(std::string_view bytes);

}  // namespace pilot::crypto
