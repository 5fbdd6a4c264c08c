// The texts that say who is calling: API keys, session cookies, and what of them is stored. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace pilot::api {

inline constexpr std::string_view kKeyMark = "pk_";
inline constexpr std::size_t kTokenLength = 43;     // 256 bits in base64url without padding
inline constexpr std::size_t kKeyPrefixLength = 8;  // of a key's secret part, to know it by

std::string random_token(Random& random);
std::string new_api_key(Random& random);       // "pk_" and a token
bool has_key_shape(std::string_view text);     // "pk_" and 43 characters of base64url
std::string key_prefix(std::string_view key);  // "pk_" and the first eight

// SHA-256 in hexadecimal. The texts have 256 bits of chance, so nothing slower is needed.
std::string token_hash(std::string_view token);
// What a page of the session must send along: known to whoever may read the session's answers, and
// to nobody else's page. It follows from the cookie's value, so nothing more is stored.
std::string csrf_token(std::string_view session_token);

}  // namespace pilot::api
