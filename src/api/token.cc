#include "api/token.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"

namespace pilot::api {
namespace {

std::string unpadded(std::string_view bytes) {
  std::string text = crypto::base64url(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::string random_token(Random& random) {
  std::array<std::byte, 32> bytes;
  random.fill(bytes);
  return unpadded({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string new_api_key(Random& random) { return std::string(kKeyMark) + random_token(random); }

bool has_key_shape(std::string_view text) {
  if (text.size() != kKeyMark.size() + kTokenLength || !text.starts_with(kKeyMark)) return false;
  text.remove_prefix(kKeyMark.size());
  return std::all_of(text.begin(), text.end(), is_base64url);
}

std::string key_prefix(std::string_view key) {
  return std::string(key.substr(0, kKeyMark.size() + kKeyPrefixLength));
}

std::string token_hash(std::string_view token) { return crypto::hex(crypto::sha256(token)); }

std::string csrf_token(std::string_view session_token) {
  return unpadded(crypto::as_text(crypto::hmac_sha256(session_token, "pilot csrf token")));
}

}  // namespace pilot::api
