// Tokens on their way into the store. Pure.
#pragma once

#include "providers/oauth2_request.h"
#include "store/oauth_store.h"
#include "vault/key_ring.h"

namespace pilot::engine {

// All values sealed with the first key; the access token has the expiry.
inline store::StoredGrant seal_grant(const providers::TokenGrant& grant,
                                     const store::ConnectionKey& key, const vault::KeyRing& ring,
                                     WallTime now, Random& random) {
  store::StoredGrant out;
  out.key = key;
  out.now = now;
  if (grant.scope) {
    out.scopes = fmt::format("{}", fmt::join(providers::split_scopes(*grant.scope), " "));
  }
  for (const auto& [type, value] : grant.values) {
    vault::Sealed sealed = ring.seal(value.reveal(), now, random);
    store::GrantValue& stored = out.values.emplace_back();
    stored.type = type;
    stored.encrypted_value = std::move(sealed.token);
    stored.key_id = std::move(sealed.key_id);
    if (type == "access_token") stored.expires_at = grant.expires_at;
  }
  return out;
}

}  // namespace pilot::engine
