// OAuth 1.0a (RFC 5849): the Authorization header of a signed request. Pure; any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/sign.h"
#include "http/message.h"

namespace pilot::providers::manifest {

struct OAuth1Keys {
  std::string consumer_key;
  std::string consumer_secret;
  std::string token;
  std::string token_secret;
  std::string realm;  // empty: none
};

// Code invalid_url.
Result<std::string> oauth1_header(const http::Request& request, const OAuth1Keys& keys,
                                  crypto::Hash hash, std::string_view nonce, WallTime now);

}  // namespace pilot::providers::manifest
